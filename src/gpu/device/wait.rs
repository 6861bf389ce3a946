//! [`Mapping`]: waiting for the GPU, up to a deadline, and noticing a lost device.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use super::clock::Clock;
use crate::error::{Error, Result};

/// Time without an answer after which a GPU counts as lost. A piece is sized to take a tenth of a second.
const DEADLINE: Duration = Duration::from_secs(30);

/// Time for which a wait polls without sleeping. The results of a small call are there within that time, and a sleep
/// would take longer than the call.
#[cfg(not(target_family = "wasm"))]
const AWAKE: Duration = Duration::from_micros(300);

/// Sleep between two later polls: short compared with the tenth of a second that a piece takes.
#[cfg(not(target_family = "wasm"))]
const SLICE: Duration = Duration::from_micros(200);

/// State of a buffer's mapping, shared with its callback.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mapping(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    result: Option<Result<(), String>>,
    waker: Option<Waker>,
}

impl Mapping {
    /// Callback for `map_async` and `map_buffer_on_submit`.
    pub(crate) fn callback(&self) -> impl FnOnce(Result<(), wgpu::BufferAsyncError>) + Send + 'static {
        let this = self.clone();
        move |result| {
            let mut state = this.lock();
            state.result = Some(result.map_err(|error| error.to_string()));
            if let Some(waker) = state.waker.take() {
                waker.wake();
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Error of a mapping that has already failed.
    pub(super) fn failure(&self) -> Option<Error> {
        let reason = self.lock().result.as_ref()?.as_ref().err()?.clone();
        Some(Error::GpuLost { reason })
    }

    /// Waits until the buffer is mapped.
    ///
    /// # Errors
    /// [`Error::GpuLost`] if the device is lost, or does not answer by the deadline.
    pub(crate) async fn wait(&self, device: &wgpu::Device) -> Result<()> {
        super::fail_points::fail_point()?;
        let clock = Clock::start();
        poll_fn(|context| {
            let mut state = self.lock();
            if state.result.is_none() {
                state.waker = Some(context.waker().clone());
                drop(state);
                if let Err(lost) = poll_once(device) {
                    return Poll::Ready(Err(lost));
                }
                state = self.lock();
            }
            match state.result.take() {
                Some(Ok(())) => Poll::Ready(Ok(())),
                Some(Err(reason)) => Poll::Ready(Err(Error::GpuLost { reason })),
                None if clock.elapsed().is_some_and(|elapsed| elapsed > DEADLINE) => {
                    let reason = format!("no answer for {} s", DEADLINE.as_secs());
                    Poll::Ready(Err(Error::GpuLost { reason }))
                }
                None => {
                    // On the web the callback wakes the task. Elsewhere only another poll can make progress.
                    #[cfg(not(target_family = "wasm"))]
                    {
                        drop(state);
                        pause(&clock);
                        context.waker().wake_by_ref();
                    }
                    Poll::Pending
                }
            }
        })
        .await
    }
}

/// Lets other threads run between two polls.
#[cfg(not(target_family = "wasm"))]
fn pause(began: &Clock) {
    if began.elapsed().is_some_and(|elapsed| elapsed < AWAKE) {
        std::thread::yield_now();
    } else {
        std::thread::sleep(SLICE);
    }
}

/// Polls wgpu once.
///
/// The function never waits inside wgpu: a wait that ends by its timeout panics in wgpu 30.0.1 if another thread has
/// meanwhile seen the queue empty (gfx-rs/wgpu#9958), and that panic loses the callbacks of other callers.
fn poll_once(device: &wgpu::Device) -> Result<()> {
    match catch_unwind(AssertUnwindSafe(|| device.poll(wgpu::PollType::Poll))) {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(Error::GpuLost { reason: error.to_string() }),
        Err(_) => Err(Error::GpuLost { reason: "wgpu panicked while polling it".to_owned() }),
    }
}

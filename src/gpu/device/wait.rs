//! Waiting for the GPU: in short slices, with a deadline, and with an eye on whether it is still there.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// A piece is meant to take a tenth of a second; a GPU that is silent for this long has gone.
const DEADLINE: Duration = Duration::from_secs(30);

/// Between two looks at whether it is done: little beside the tenth of a second that a piece takes.
#[cfg(not(target_family = "wasm"))]
const SLICE: Duration = Duration::from_micros(200);

/// Whether a buffer has been mapped; shared with the callback.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mapping(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    result: Option<Result<(), String>>,
    waker: Option<Waker>,
}

impl Mapping {
    /// What to give to `map_buffer_on_submit`.
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

    /// Waits until the buffer is mapped.
    ///
    /// # Errors
    /// [`Error::GpuLost`] if the device goes, or does not answer by the deadline.
    pub(crate) async fn wait(&self, device: &wgpu::Device) -> Result<()> {
        super::fail_points::fail_point()?;
        let began = Instant::now();
        poll_fn(|context| {
            let mut state = self.lock();
            if state.result.is_none() {
                state.waker = Some(context.waker().clone());
                drop(state);
                if let Err(lost) = poll_slice(device) {
                    return Poll::Ready(Err(lost));
                }
                state = self.lock();
            }
            match state.result.take() {
                Some(Ok(())) => Poll::Ready(Ok(())),
                Some(Err(reason)) => Poll::Ready(Err(Error::GpuLost { reason })),
                None if began.elapsed() > DEADLINE => {
                    let reason = format!("no answer for {} s", DEADLINE.as_secs());
                    Poll::Ready(Err(Error::GpuLost { reason }))
                }
                None => {
                    // On the web the callback wakes; elsewhere nothing does but polling again.
                    #[cfg(not(target_family = "wasm"))]
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
            }
        })
        .await
    }
}

/// Lets wgpu look after what is done, and gives the GPU a moment if nothing was.
///
/// It never waits inside wgpu: a wait that ends by its timeout panics in wgpu 30.0.1 if another thread has meanwhile seen the
/// queue empty (gfx-rs/wgpu#9958), and a panic there takes other callers' callbacks with it.
fn poll_slice(device: &wgpu::Device) -> Result<()> {
    match catch_unwind(AssertUnwindSafe(|| device.poll(wgpu::PollType::Poll))) {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => return Err(Error::GpuLost { reason: error.to_string() }),
        Err(_) => return Err(Error::GpuLost { reason: "wgpu gave up while waiting for it".to_owned() }),
    }
    #[cfg(not(target_family = "wasm"))]
    std::thread::sleep(SLICE);
    Ok(())
}

//! [`Clock`]: elapsed time, on targets that have a clock.
//!
//! On `wasm32-unknown-unknown`, `std` has no clock: `Instant::now` panics. There the clock is `performance.now()`, whose
//! steps are 5 to 100 µs, and which some scopes lack, such as that of an audio worklet. No result depends on time.
//! polyphase uses it to choose a backend, to give up on a GPU that does not answer, and to size pieces by the time that
//! earlier ones took.

use std::time::Duration;

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
type Moment = std::time::Instant;

/// Milliseconds of `performance.now()`.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
type Moment = f64;

/// A moment from which time is measured; `None` without a clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Option<Moment>);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(now())
    }
}

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
fn now() -> Option<Moment> {
    Some(Moment::now())
}

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
impl Clock {
    /// Time since the start; `None` without a clock.
    pub(crate) fn elapsed(self) -> Option<Duration> {
        self.0.map(|start| start.elapsed())
    }
}

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
fn now() -> Option<Moment> {
    use wasm_bindgen::JsCast;

    let performance = js_sys::Reflect::get(&js_sys::global(), &"performance".into()).ok()?;
    let now: js_sys::Function = js_sys::Reflect::get(&performance, &"now".into()).ok()?.dyn_into().ok()?;
    now.call0(&performance).ok()?.as_f64()
}

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
impl Clock {
    /// Time since the start; `None` without a clock.
    pub(crate) fn elapsed(self) -> Option<Duration> {
        Duration::try_from_secs_f64((now()? - self.0?).max(0.0) / 1000.0).ok()
    }
}

//! [`Clock`]: time since a moment, on targets that have a clock.
//!
//! `std` has none on `wasm32-unknown-unknown`: `Instant::now` panics there. Nothing that polyphase computes depends on time; it
//! gives up on a GPU that is silent, and sizes pieces by the time that earlier ones took. In a browser it does neither: the
//! browser itself ends work that takes too long.

use std::time::Duration;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use std::time::Instant;

/// A moment, to measure time from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    start: Instant,
}

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
impl Clock {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Time since the start.
    pub(crate) fn elapsed(self) -> Option<Duration> {
        Some(self.start.elapsed())
    }
}

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
impl Clock {
    pub(crate) fn start() -> Self {
        Self {}
    }

    /// `None`: there is no clock.
    pub(crate) fn elapsed(self) -> Option<Duration> {
        None
    }
}

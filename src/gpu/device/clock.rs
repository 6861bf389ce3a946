//! [`Clock`]: elapsed time, on targets that have a clock.
//!
//! On `wasm32-unknown-unknown`, `std` has no clock: `Instant::now` panics. No result depends on time. polyphase uses it
//! to give up on a GPU that does not answer, and to size pieces by the time that earlier ones took. In a browser it
//! does neither: the browser itself ends work that takes too long.

use std::time::Duration;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use std::time::Instant;

/// A moment from which time is measured.
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

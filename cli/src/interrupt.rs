//! Ctrl-C and SIGTERM: the first signal lets the program clean up, the second ends it at once. Everything that
//! references signal-hook is in this file.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Number of the first signal received; 0 if there was none.
static SIGNAL: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// Error of a conversion that a signal stopped.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl std::error::Error for Interrupted {}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

/// Handles signals from now on. Until this call, a signal ends the process at once.
pub(crate) fn watch() -> io::Result<()> {
    let received = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // Handlers run in the order of registration. At the first signal, the conditional shutdown finds the flag false
        // before the next handler sets it.
        flag::register_conditional_shutdown(signal, exit_code(signal), Arc::clone(&received))?;
        flag::register(signal, Arc::clone(&received))?;
        flag::register_usize(signal, Arc::clone(&SIGNAL), usize::try_from(signal).unwrap_or(usize::MAX))?;
    }
    Ok(())
}

/// Exit code that shells report for a process that was ended by a signal.
fn exit_code(signal: i32) -> i32 {
    128 + signal
}

/// Exit code for the signal that was received, if there was one.
pub(crate) fn exit_requested() -> Option<u8> {
    match SIGNAL.load(Ordering::Relaxed) {
        0 => None,
        signal => Some(i32::try_from(signal).ok().and_then(|signal| u8::try_from(exit_code(signal)).ok()).unwrap_or(1)),
    }
}

/// Returns an error if a signal was received.
pub(crate) fn check() -> Result<(), Interrupted> {
    if exit_requested().is_some() { Err(Interrupted) } else { Ok(()) }
}

//! Ctrl-C and requests to end: the first is obeyed in good order, the second at once. Everything that references signal-hook
//! is here.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// The signal that has come, 0 for none.
static SIGNAL: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// The user, or the system, wants an end.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl std::error::Error for Interrupted {}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

/// From now on signals are noted; before, they end the process as they always do.
pub(crate) fn watch() -> io::Result<()> {
    let come = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal finds the condition unmet.
        flag::register_conditional_shutdown(signal, exit_code(signal), Arc::clone(&come))?;
        flag::register(signal, Arc::clone(&come))?;
        flag::register_usize(signal, Arc::clone(&SIGNAL), usize::try_from(signal).unwrap_or(usize::MAX))?;
    }
    Ok(())
}

/// What shells give for a process that a signal ended.
fn exit_code(signal: i32) -> i32 {
    128 + signal
}

/// The exit code that a signal asks for, if one has come.
pub(crate) fn asked() -> Option<u8> {
    match SIGNAL.load(Ordering::Relaxed) {
        0 => None,
        signal => Some(i32::try_from(signal).ok().and_then(|signal| u8::try_from(exit_code(signal)).ok()).unwrap_or(1)),
    }
}

/// # Errors
/// If an end has been asked for.
pub(crate) fn check() -> Result<(), Interrupted> {
    if asked().is_some() { Err(Interrupted) } else { Ok(()) }
}

//! [`fail_point`]: called before each file operation, so that tests can make it fail. It does nothing in release
//! builds.

#[cfg(not(debug_assertions))]
#[inline(always)]
pub(super) fn fail_point(_: &str) -> std::io::Result<()> {
    Ok(())
}

#[cfg(debug_assertions)]
pub(super) use self::injection::fail_point;

#[cfg(debug_assertions)]
mod injection {
    use std::io::{self, Write};
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Environment variable with the number of the operation that fails, counted from 0. `7` fails operation 7 alone,
    /// `7+` also all later ones.
    const VARIABLE: &str = "POLYPHASE_FILE_FAULT";

    static FAULT: LazyLock<Option<(u64, bool)>> = LazyLock::new(|| {
        let text = std::env::var(VARIABLE).ok()?;
        let number = text.strip_suffix('+');
        Some((number.unwrap_or(&text).parse().ok()?, number.is_some()))
    });

    /// Number of operations so far.
    static COUNT: AtomicU64 = AtomicU64::new(0);

    /// Fails if this is the operation that the environment variable names.
    pub(in super::super) fn fail_point(operation: &str) -> io::Result<()> {
        let Some((at, onwards)) = *FAULT else { return Ok(()) };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        if number != at && !(onwards && number > at) {
            return Ok(());
        }
        if number == at {
            let _ = writeln!(io::stderr(), "{VARIABLE}: {operation} fails");
        }
        // EIO on Unix.
        Err(io::Error::from_raw_os_error(5))
    }
}

//! The seam at which tests make file operations fail: each of them passes it. Nothing in release builds.

#[cfg(not(debug_assertions))]
#[inline(always)]
pub(super) fn gate(_: &str) -> std::io::Result<()> {
    Ok(())
}

#[cfg(debug_assertions)]
pub(super) use self::injection::gate;

#[cfg(debug_assertions)]
mod injection {
    use std::io::{self, Write};
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// `7`: the operation with that number fails, counted from 0; `7+`: that and all after it.
    const VARIABLE: &str = "POLYPHASE_FILE_FAULT";

    static FAULT: LazyLock<Option<(u64, bool)>> = LazyLock::new(|| {
        let text = std::env::var(VARIABLE).ok()?;
        let number = text.strip_suffix('+');
        Some((number.unwrap_or(&text).parse().ok()?, number.is_some()))
    });

    static PASSED: AtomicU64 = AtomicU64::new(0);

    pub(in super::super) fn gate(operation: &str) -> io::Result<()> {
        let Some((at, onwards)) = *FAULT else { return Ok(()) };
        let number = PASSED.fetch_add(1, Ordering::Relaxed);
        if number != at && !(onwards && number > at) {
            return Ok(());
        }
        if number == at {
            let _ = writeln!(io::stderr(), "{VARIABLE}: {operation} fails");
        }
        // EIO where errors have Unix's numbers.
        Err(io::Error::from_raw_os_error(5))
    }
}

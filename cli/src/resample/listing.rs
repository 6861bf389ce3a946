//! [`read`]: the list of inputs that `--files-from` names.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::terminal::shown;

/// Reads a list of paths from a file, or from standard input if its name is `-`.
///
/// # Errors
/// If the list cannot be read or, on systems other than Unix, is not UTF-8.
pub(super) fn read(list: &Path) -> Result<Vec<PathBuf>> {
    let context = || format!("--files-from {}", shown(list));
    let bytes = if list == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(list)
    };
    split(&bytes.with_context(context)?).map(path).collect::<Result<_>>().with_context(context)
}

/// Splits a list at every NUL, or at every end of a line if it holds no NUL. Empty entries are left out.
fn split(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let separator = if list.contains(&0) { 0 } else { b'\n' };
    let list = if separator == 0 { list } else { list.strip_prefix(b"\xef\xbb\xbf").unwrap_or(list) };
    let entries = list.split(move |&byte| byte == separator);
    let entries = entries.map(move |entry| match entry {
        // Lines of Windows.
        [line @ .., b'\r'] if separator == b'\n' => line,
        entry => entry,
    });
    entries.filter(|entry| !entry.is_empty())
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems do not accept all bytes")]
fn path(bytes: &[u8]) -> Result<PathBuf> {
    Ok(PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn path(bytes: &[u8]) -> Result<PathBuf> {
    Ok(PathBuf::from(std::str::from_utf8(bytes)?))
}

#[cfg(test)]
mod tests {
    #[test]
    fn lists_are_split_at_nul_or_at_lines() {
        let split = |list: &'static [u8]| super::split(list).collect::<Vec<_>>();
        assert_eq!(split(b"a b\nc\r\n\n\xff\n"), [&b"a b"[..], b"c", b"\xff"]);
        assert_eq!(split(b"a\nb\0c\r\0\0"), [&b"a\nb"[..], b"c\r"]);
        assert_eq!(split(b"\xef\xbb\xbfa\r\nb"), [b"a", b"b"]);
        assert_eq!(split(b""), [&b""[..]; 0]);
    }
}

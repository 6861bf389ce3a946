//! Output to the terminal. Work continues if a line cannot be printed.

use std::io::{self, ErrorKind, Write, stderr, stdout};

/// Prints a line to standard output. A closed pipe is not an error.
pub(crate) fn print_line(line: &str) -> io::Result<()> {
    match writeln!(stdout(), "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Prints a line to standard error, and ignores errors.
pub(crate) fn eprint_line(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}

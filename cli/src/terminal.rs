//! Lines to the terminal, or to whatever stands in for it. One that is closed or full is no reason to give up work.

use std::io::{self, ErrorKind, Write, stderr, stdout};

/// Prints a line to standard output. That nobody reads on is no error.
pub(crate) fn print(line: &str) -> io::Result<()> {
    match writeln!(stdout(), "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Prints a line to standard error, if that is possible: there is nowhere to say that it was not.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}

//! Tests that lack something to run on: a GPU, a browser, another user. Each says so and is counted; where a variable
//! requires what is missing, it fails.

use std::env;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Counts a test that cannot run because something is missing, and prints that it was skipped.
///
/// # Panics
/// If the environment variable `requires` is set, which says that nothing may be missing.
pub fn skipped(requires: &str, missing: &str) {
    static SKIPPED: AtomicUsize = AtomicUsize::new(0);
    assert!(env::var_os(requires).is_none(), "{requires} is set, and there is no {missing}");
    let count = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
    let thread = thread::current();
    say(&format!("SKIPPED ({count} so far): {}, no {missing}", thread.name().unwrap_or("a test")));
}

/// Prints a line past the test harness, which keeps what passing tests print to itself.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

//! [`skipped`]: reports tests that cannot run, for lack of a GPU, a browser or the like. Each prints a line and is
//! counted, or fails if an environment variable requires the test to run.

use std::env;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Counts the current test as skipped, and prints the name of the missing requirement.
///
/// # Panics
/// If the environment variable `requires` is set.
pub fn skipped(requires: &str, missing: &str) {
    static SKIPPED: AtomicUsize = AtomicUsize::new(0);
    assert!(env::var_os(requires).is_none(), "{requires} is set, but there is no {missing}");
    let count = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
    let thread = thread::current();
    say(&format!("SKIPPED ({count} so far): {}: no {missing}", thread.name().unwrap_or("a test")));
}

/// Prints a line to standard error. The test harness captures `println!` and `eprintln!` of passing tests.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

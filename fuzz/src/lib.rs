//! What is fuzzed: the program's ways in, and the library's. The program's modules are compiled into this crate as they are,
//! since it has no public API, and so are the functions of the test suite that put the library to the test. The tests run the
//! same functions, on the seeds and on random bytes.

#![forbid(unsafe_code)]
#![allow(dead_code, unused_imports, reason = "the program uses what this crate does not")]

#[path = "../../tests/suite/compare.rs"]
mod compare;
#[path = "../../tests/suite/fuzzed/mod.rs"]
pub mod library;
#[path = "../../tests/suite/oracle.rs"]
mod oracle;
#[path = "../../tests/suite/signals.rs"]
mod signals;

#[path = "../../src/bin/polyphase/audio/mod.rs"]
mod audio;
#[path = "../../src/bin/polyphase/files/mod.rs"]
mod files;
#[path = "../../src/bin/polyphase/terminal.rs"]
mod terminal;

#[path = "../../src/bin/polyphase/fuzzed.rs"]
pub mod program;
mod resample;

/// Clips and devices of any size: [`polyphase::fuzzed`], from bytes.
#[cfg(feature = "gpu")]
pub fn pieces(bytes: &[u8]) {
    let mut bytes = arbitrary::Unstructured::new(bytes);
    polyphase::fuzzed::pieces(&mut |bound| bytes.int_in_range(0..=bound - 1).unwrap_or(0));
}

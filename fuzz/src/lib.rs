//! What is fuzzed. The program's modules are compiled into this crate as they are, since it has no public API; its own test
//! suite runs the same functions on the seeds and on mutations of them.

#![forbid(unsafe_code)]
#![allow(dead_code, unused_imports, reason = "the program uses what this crate does not")]

#[path = "../../src/bin/polyphase/audio/mod.rs"]
mod audio;
#[path = "../../src/bin/polyphase/files/mod.rs"]
mod files;
#[path = "../../src/bin/polyphase/terminal.rs"]
mod terminal;

#[path = "../../src/bin/polyphase/fuzzed.rs"]
pub mod program;
mod resample;

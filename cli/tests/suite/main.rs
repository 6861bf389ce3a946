//! The program on real files, in one binary: the recordings of `tests/data`, arrays, and files that are broken; its pictures,
//! and its page in a browser.
//!
//! A missing GPU adapter or Chromium is said, and fails with `POLYPHASE_REQUIRE_GPU=1` or `POLYPHASE_REQUIRE_BROWSER=1`.
//!
//! # What can go wrong, and where it is tested
//!
//! Paths are of modules here; those that begin with `audio` or `cli` are of tests beside the code.
//!
//! | the program | tests |
//! |---|---|
//! | corrupt, truncated and forged files | `bad_files`, `hostile`, `audio/src/fuzzed.rs`, `cli/src/fuzzed.rs` |
//! | outputs are whole or not there: kill −9, full disks, failing calls | `interruptions::killed_runs_lose_nothing_that_was_done`, `limits::a_full_disk_fails_files_and_loses_none`, `faults::every_file_operation_may_fail` |
//! | names that collide, links, pipes, `..` | `paths` |
//! | outputs that are there, `--resume` | `resume` |
//! | Ctrl-C, once and twice | `interruptions::signals_end_the_work_in_good_order`, `interruptions::what_cannot_end_is_left` |
//! | thousands of files under few descriptors, little memory | `limits` |
//! | integer output: clipping counted, dither | `outputs` |
//! | beyond 4 GiB | `audio/src/wav.rs`, with a lower limit |
//!
//! Not tested: power loss (a kill is); a WAV beyond 4 GiB end to end.

#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "a panic is how a test fails, and equal means equal")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the sizes here are small"
)]

mod arrays;
mod bad_files;
mod bench;
#[cfg(unix)]
mod faults;
mod files;
mod gpu;
mod hostile;
#[cfg(unix)]
mod interruptions;
#[cfg(target_os = "linux")]
mod limits;
mod outputs;
mod paths;
mod pictures;
mod quality;
mod resume;
mod terminal;
mod tutorial;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use polyphase_checks::seeds::repository;
use polyphase_checks::signals;
use tempfile::TempDir;

const RECORD: &str = ".polyphase-done.jsonl";

fn data() -> PathBuf {
    repository().join("tests/data")
}

fn polyphase(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_polyphase")).args(arguments).output().unwrap()
}

/// It, about to run in a folder.
fn program(folder: &TempDir, command: &str) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_polyphase"));
    // Without this Mesa's Vulkan writes a line of its own to stderr.
    program.env("XDG_RUNTIME_DIR", folder.path());
    program.args(command.split_whitespace()).current_dir(folder.path());
    program
}

/// Runs it in a folder, and returns exit code, stdout and stderr.
fn run(folder: &TempDir, command: &str) -> (i32, String, String) {
    let output = program(folder, command).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Runs it and expects success.
fn done(folder: &TempDir, command: &str) -> String {
    let (code, stdout, stderr) = run(folder, command);
    assert_eq!((code, stderr.as_str()), (0, ""), "{command}: {stdout}");
    stdout
}

/// All files but the record of what was done, which is wherever anything was.
fn files_below(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file() && entry.file_name() != RECORD)
        .map(|entry| entry.path().strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/"))
        .collect();
    names.sort();
    names
}

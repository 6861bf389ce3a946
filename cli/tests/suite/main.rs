//! The program on real files: the recordings of `tests/data`, arrays, and damaged files; its pictures, and its page in
//! a browser.
//!
//! Some tests need a GPU adapter, Chromium, another user, or a file system to mount. Without it they print `SKIPPED`,
//! or fail if `POLYPHASE_REQUIRE_GPU`, `_BROWSER`, `_USER` or `_MOUNT` is set.
//!
//! # Risks and their tests
//!
//! Paths are those of modules here; paths that begin with `audio` or `cli` are those of tests beside the code.
//!
//! | risk | tests |
//! |---|---|
//! | corrupt, truncated and forged files | `bad_files`, `hostile`, `audio/src/fuzzed.rs`, `cli/src/fuzzed.rs` |
//! | outputs that are incomplete: kill −9, full disks, failing operations | `interruptions::killed_runs_lose_nothing_that_was_done`, `limits::a_full_disk_fails_files_and_loses_none`, `faults::every_file_operation_may_fail` |
//! | names that collide, links, pipes, `..` | `paths` |
//! | existing outputs, `--resume` | `resume` |
//! | Ctrl-C, once and twice | `interruptions::signals_end_a_run_cleanly`, `interruptions::blocked_reads_do_not_delay_the_end` |
//! | thousands of files with few descriptors, little memory, missing permissions | `limits` |
//! | integer output: clipping counted, dither | `outputs` |
//! | WAV beyond 4 GiB | `audio/src/wav.rs`, with a lower limit |
//!
//! Not tested: power loss; a WAV beyond 4 GiB end to end.

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

/// The program, to be run in a folder.
fn program(folder: &TempDir, command: &str) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_polyphase"));
    // Otherwise Mesa's Vulkan driver writes a line to stderr.
    program.env("XDG_RUNTIME_DIR", folder.path());
    program.args(command.split_whitespace()).current_dir(folder.path());
    program
}

/// Runs the program in a folder. Returns exit code, stdout and stderr.
fn run(folder: &TempDir, command: &str) -> (i32, String, String) {
    let output = program(folder, command).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Runs the program in a folder, asserts that it succeeds without errors, and returns stdout.
fn done(folder: &TempDir, command: &str) -> String {
    let (code, stdout, stderr) = run(folder, command);
    assert_eq!((code, stderr.as_str()), (0, ""), "{command}: {stdout}");
    stdout
}

/// Names of the files below a folder, without the record.
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

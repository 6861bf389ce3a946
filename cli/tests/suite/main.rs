//! Tests of the program on the recordings of `tests/data`, on arrays and on damaged files, of its pictures, and of its
//! web page in a browser.
//!
//! Some tests need a GPU adapter, Chromium, another user, a file system to mount, or a build with debug assertions.
//! Without it they print `SKIPPED`, or fail if `POLYPHASE_REQUIRE_GPU`, `_BROWSER`, `_USER`, `_MOUNT` or `_FAULTS` is
//! set.
//!
//! # Risks and their tests
//!
//! Paths are those of modules here; paths that begin with `audio` or `cli` are those of unit tests.
//!
//! | risk | tests |
//! |---|---|
//! | corrupt, truncated and forged files | `bad_files`, `hostile`, `audio/src/fuzzed.rs`, `cli/src/fuzzed.rs` |
//! | incomplete outputs: kill −9, full disks, failing operations | `interruptions::killed_runs_lose_no_finished_output`, `limits::a_full_disk_loses_no_finished_output`, `faults::every_file_operation_may_fail` |
//! | names that collide, links, pipes, `..` | `paths` |
//! | existing outputs, `--resume`, moved folders | `resume` |
//! | lists of files, patterns, dry runs | `lists` |
//! | shares of several machines in one folder | `shards` |
//! | Ctrl-C, once and twice | `interruptions::signals_end_a_run_cleanly`, `interruptions::blocked_reads_do_not_delay_the_exit` |
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
mod lists;
mod mixes;
mod outputs;
mod paths;
mod pictures;
mod quality;
mod resume;
mod shards;
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

/// Prepares a run of the program in a folder.
fn program(folder: &TempDir, command: &str) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_polyphase"));
    program.args(command.split_whitespace()).current_dir(folder.path());
    program
}

/// Runs the program in a folder, and returns its exit code, stdout and stderr.
fn run(folder: &TempDir, command: &str) -> (i32, String, String) {
    let output = program(folder, command).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Runs the program in a folder, asserts that it succeeds and prints no errors, and returns stdout.
fn done(folder: &TempDir, command: &str) -> String {
    let (code, stdout, stderr) = run(folder, command);
    assert_eq!((code, errors(&stderr)), (0, Vec::new()), "{command}: {stdout}");
    stdout
}

/// Lines of stderr that are no warnings of clipping: noise is clipped often.
fn errors(stderr: &str) -> Vec<&str> {
    stderr.lines().filter(|line| !(line.contains(": warning: ") && line.contains(" samples clipped"))).collect()
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

//! The program on real files: the recordings of `tests/data`, arrays, and files that are broken.

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

use tempfile::TempDir;

const RECORD: &str = ".polyphase-done.jsonl";

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
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

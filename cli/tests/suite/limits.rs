//! Limits and permissions of the system: full disks, few descriptors, little memory, files that may not be read or
//! written.
//!
//! Three tests mount a file system or run as another user, for which they need privileges. Without these they are
//! skipped, or fail if `POLYPHASE_REQUIRE_MOUNT` or `POLYPHASE_REQUIRE_USER` is set.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

use polyphase_checks::skips::skipped;
use tempfile::TempDir;

use super::files::{wav_bytes, write_npy};
use super::{done, errors, files_below, program};
use crate::signals::noise_f32;

/// Runs the program in a folder through a wrapper that sets limits, and returns its exit code, stdout and stderr.
fn run_under(folder: &TempDir, wrapper: &[&str], command: &str) -> (Option<i32>, String, String) {
    let inner = program(folder, command);
    let mut outer = Command::new(wrapper[0]);
    outer.args(&wrapper[1..]).arg(inner.get_program()).args(inner.get_args());
    outer.current_dir(folder.path()).env("XDG_RUNTIME_DIR", folder.path());
    let Output { status, stdout, stderr } = outer.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// Asserts that stderr contains only lines of the program, without panics, and that no temporary file is left.
fn assert_orderly(folder: &TempDir, code: Option<i32>, stderr: &str) {
    assert!(code.is_some(), "ended by a signal: {stderr}");
    for line in stderr.lines() {
        assert!(line.starts_with("polyphase: ") && !line.contains("panic"), "{stderr}");
    }
    assert_eq!(partial_files(folder.path()), Vec::<String>::new());
}

fn partial_files(folder: &Path) -> Vec<String> {
    files_below(folder).into_iter().filter(|name| name.ends_with(".partial")).collect()
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

/// Wrapper that runs a program as a user without privileges.
const NOBODY: [&str; 4] = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/// Returns a wrapper that runs a program without root's privileges, if there is one.
fn as_nobody(folder: &TempDir) -> Option<&'static [&'static str]> {
    // Temporary folders are private by default. Their parents may be private too.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let wrapper = if is_root() { &NOBODY[..] } else { &["env"] };
    let found = run_under(folder, wrapper, "--version").0 == Some(0);
    if !found {
        skipped("POLYPHASE_REQUIRE_USER", "other user to run the program");
    }
    found.then_some(wrapper)
}

/// To the program, a limit of the size of files differs from a full disk only by the number of the error.
#[test]
fn files_that_cannot_grow_fail_alone() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    for (name, frames) in [("a.wav", 2000), ("b.wav", 90_000), ("c.wav", 2000)] {
        fs::write(folder.path().join("in").join(name), wav_bytes(8000, 1, &noise_f32(1, frames))).unwrap();
    }
    for (format, sample_format) in [("wav", "f32"), ("flac", "i24"), ("npy", "f32")] {
        let command =
            format!("resample in --rate 16000 --format {format} --sample-format {sample_format} --out {format}");
        // SIGXFSZ, which is sent at the limit, would end the program.
        let wrapper = ["sh", "-c", "trap '' XFSZ; exec prlimit --fsize=100000 \"$@\"", "sh"];
        let (code, stdout, stderr) = run_under(&folder, &wrapper, &command);
        assert_orderly(&folder, code, &stderr);
        assert_eq!((code, errors(&stderr).len()), (Some(1), 1), "{stderr}");
        assert!(stderr.contains("in/b.wav: ") && stderr.contains("File too large"), "{stderr}");
        assert!(stdout.starts_with("2 files, ") && stdout.contains("1 file failed"), "{stdout}");
        let names = [format!("a.{format}"), format!("c.{format}")];
        assert_eq!(files_below(&folder.path().join(format)), names);
        assert!(done(&folder, &format!("{command} --resume")).contains("2 files skipped"));
    }
}

/// A full disk, on systems where a small one can be mounted.
#[test]
fn a_full_disk_loses_no_finished_output() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    fs::create_dir(folder.path().join("disk")).unwrap();
    for i in 0..20 {
        let samples = noise_f32(i, 8000 * (1 + i as usize % 3));
        fs::write(folder.path().join(format!("in/{i:02}.wav")), wav_bytes(8000, 1, &samples)).unwrap();
    }
    // In a mount namespace of its own, which ends with its last process.
    let script = "mount -t tmpfs -o size=400k none disk && \"$@\"; code=$?; cp -r disk held; exit $code";
    let wrapper = ["unshare", "--mount", "sh", "-c", script, "sh"];
    if run_under(&folder, &["unshare", "--mount", "sh", "-c", "mount -t tmpfs none disk && \"$@\"", "sh"], "--version")
        .0
        != Some(0)
    {
        return skipped("POLYPHASE_REQUIRE_MOUNT", "file system to mount");
    }
    let command = "resample in --rate 16000 --threads 2";
    let (code, stdout, stderr) = run_under(&folder, &wrapper, &format!("{command} --out disk"));
    assert_orderly(&folder, code, &stderr);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("No space left on device"), "{stderr}");
    done(&folder, &format!("{command} --out whole"));
    let held = files_below(&folder.path().join("held"));
    assert!(!held.is_empty() && held.len() < 20, "{held:?}: {stdout}");
    assert!(stdout.starts_with(&format!("{} file", held.len())), "{held:?}: {stdout}");
    for name in held {
        let read = |tree: &str| fs::read(folder.path().join(tree).join(&name)).unwrap();
        assert!(read("held") == read("whole"), "{name}");
    }
}

#[test]
fn unwritable_folders_are_one_error() {
    let folder = TempDir::new().unwrap();
    let Some(wrapper) = as_nobody(&folder) else { return };
    for name in ["a.wav", "b.wav"] {
        fs::write(folder.path().join(name), wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
    }
    fs::create_dir(folder.path().join("out")).unwrap();
    fs::set_permissions(folder.path().join("out"), fs::Permissions::from_mode(0o555)).unwrap();
    for (out, what) in [("out", "writing in out: "), ("out/below", "creating the folder out/below: ")] {
        let (code, _, stderr) = run_under(&folder, wrapper, &format!("resample a.wav b.wav --rate 16000 --out {out}"));
        assert_orderly(&folder, code, &stderr);
        assert_eq!((code, stderr.lines().count()), (Some(2), 1), "{stderr}");
        assert!(stderr.contains(what) && stderr.contains("Permission denied"), "{stderr}");
        assert!(!stderr.contains(".partial"), "{stderr}");
    }
    let (code, _, stderr) =
        run_under(&folder, wrapper, "resample a.wav --rate 16000 --out here --json out/report.json");
    assert_eq!((code, stderr.lines().count()), (Some(2), 1), "{stderr}");
    assert!(stderr.contains("--json out/report.json: Permission denied"), "{stderr}");
}

#[test]
fn unreadable_files_fail_alone() {
    let folder = TempDir::new().unwrap();
    let Some(wrapper) = as_nobody(&folder) else { return };
    fs::create_dir_all(folder.path().join("in/closed")).unwrap();
    for name in ["a.wav", "b.wav", "closed/c.wav", "d.npy"] {
        fs::write(folder.path().join("in").join(name), wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
    }
    symlink("nowhere", folder.path().join("in/dangling.wav")).unwrap();
    symlink("self.wav", folder.path().join("in/self.wav")).unwrap();
    for name in ["in/b.wav", "in/closed", "in/d.npy"] {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o000)).unwrap();
    }
    let (code, stdout, stderr) = run_under(&folder, wrapper, "resample in --rate 16000 --orig-freq 8000");
    fs::set_permissions(folder.path().join("in/closed"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_orderly(&folder, code, &stderr);
    assert!(code == Some(1) && stdout.starts_with("1 file, ") && stdout.contains("5 files failed"), "{stdout}{stderr}");
    for (name, reason) in [
        ("in/b.wav", "Permission denied"),
        ("in/closed", "Permission denied"),
        ("in/d.npy", "Permission denied"),
        ("in/dangling.wav", "No such file"),
        ("in/self.wav", "Too many levels of symbolic links"),
    ] {
        let line = stderr.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name}: {stderr}"));
        assert!(line.contains(reason), "{line}");
    }
    assert_eq!(stderr.lines().count(), 5, "{stderr}");
}

/// With more threads than the limit of open files allows, fewer are used.
#[test]
fn a_few_descriptors_are_enough_for_thousands_of_files() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    let wav = wav_bytes(8000, 2, &noise_f32(1, 40));
    for i in 0..5000 {
        fs::write(folder.path().join(format!("in/{i:04}.wav")), &wav).unwrap();
    }
    let command = "resample in --rate 16000 --threads 64 --quiet";
    let wrapper = ["prlimit", "--nofile=64"];
    let (code, _, stderr) = run_under(&folder, &wrapper, command);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(files_below(&folder.path().join("resampled")).len(), 5000);
    // An array opens one more file per channel.
    for i in 200..5000 {
        fs::remove_file(folder.path().join(format!("in/{i:04}.wav"))).unwrap();
    }
    let (code, _, stderr) = run_under(&folder, &wrapper, &format!("{command} --format npy --out arrays"));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(files_below(&folder.path().join("arrays")).len(), 200);
}

/// An array that does not fit in memory fails alone. Without address space for all threads, fewer are used.
#[test]
fn little_memory_fails_only_arrays_that_do_not_fit() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    let array = ndarray::Array::<f32, _>::zeros(vec![1, 50_000_000]);
    write_npy(&folder.path().join("in/large.npy"), &array);
    write_npy(&folder.path().join("in/small.npy"), &ndarray::Array::<f32, _>::zeros(vec![1, 5000]));
    fs::write(folder.path().join("in/a.wav"), wav_bytes(8000, 1, &noise_f32(1, 5000))).unwrap();
    let command = "resample in --rate 16000 --orig-freq 8000 --threads 2 --backend cpu";
    let (code, stdout, stderr) = run_under(&folder, &["prlimit", "--as=500000000"], command);
    assert_orderly(&folder, code, &stderr);
    assert_eq!((code, stderr.lines().count()), (Some(1), 1), "{stderr}");
    assert!(stderr.contains("in/large.npy: there is no memory for "), "{stderr}");
    assert!(stdout.starts_with("2 files, "), "{stdout}");

    let command = "resample in/a.wav in/small.npy --rate 16000 --orig-freq 8000 --threads 500 --out many";
    for limit in ["--as=150000000", "--as=300000000", "--as=1000000000"] {
        let (code, _, stderr) = run_under(&folder, &["prlimit", limit], &format!("{command} --overwrite"));
        assert_orderly(&folder, code, &stderr);
        assert!(stderr.lines().count() <= 1, "{limit}: {stderr}");
    }
}

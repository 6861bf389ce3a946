//! Runs that are killed, and runs that receive signals.

#![expect(clippy::print_stdout, reason = "the result of a campaign")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::files::{wav_bytes, write_npy};
use super::{RECORD, data, done, program};
use crate::signals::{noise, noise_f32};

/// Environment variable with the number of runs to kill, for a campaign.
const KILLS: &str = "POLYPHASE_KILLS";

/// Contents of the files below a folder by name, without the record.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file() && entry.file_name() != RECORD);
    files
        .map(|entry| (entry.path().strip_prefix(folder).unwrap().to_owned(), fs::read(entry.path()).unwrap()))
        .collect()
}

fn is_partial(path: &Path) -> bool {
    path.to_str().unwrap().ends_with(".partial")
}

/// A folder with inputs that give every output format, in two folders.
fn clips() -> TempDir {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join("in").join(name);
    fs::create_dir_all(at("below")).unwrap();
    for i in 0..12 {
        let samples = noise_f32(i, 12_000 * (1 + i as usize % 4));
        fs::write(at(&format!("{i:02}.wav")), wav_bytes(48_000, 2, &samples)).unwrap();
        fs::write(at(&format!("below/{i:02}.wav")), wav_bytes(22_050, 1, &samples)).unwrap();
    }
    fs::copy(data().join("stereo-44100.flac"), at("a.flac")).unwrap();
    fs::copy(data().join("speech-mpeg-22050.mp3"), at("below/b.mp3")).unwrap();
    let array = ndarray::Array::from_shape_vec(vec![3, 20_000], noise(1, 60_000)).unwrap();
    write_npy(&at("array.npy"), &array);
    folder
}

const BATCH: &str = "resample in --rate 16000 --orig-freq 44100 --sample-format i16 --threads 2 --quiet --resume \
     --lowpass-filter-width 200";

/// Whenever a run is killed, all outputs are complete, and the next runs finish with the bytes of an undisturbed run.
#[test]
fn killed_runs_lose_no_finished_output() {
    let kills = std::env::var(KILLS).map_or(12, |kills| kills.parse().unwrap());
    let folder = clips();
    let began = Instant::now();
    done(&folder, &format!("{BATCH} --out whole"));
    let takes = began.elapsed();
    let expected = tree(&folder.path().join("whole"));
    assert_eq!(expected.len(), 27);

    let out = folder.path().join("out");
    let (mut midway, mut left_behind) = (0, 0);
    for (kill, instant) in noise(7, kills).into_iter().enumerate() {
        let mut child = program(&folder, &format!("{BATCH} --out out")).stderr(Stdio::null()).spawn().unwrap();
        let left = 1.0 - tree(&out).len() as f64 / expected.len() as f64;
        sleep(takes.mul_f64(left * (instant + 1.0) / 2.0));
        child.kill().unwrap();
        child.wait().unwrap();
        let held = tree(&out);
        let (partial, named): (Vec<_>, Vec<_>) = held.iter().partition(|(name, _)| is_partial(name));
        for (name, bytes) in &named {
            assert!(expected.get(*name) == Some(*bytes), "kill {kill}: {} is incomplete", name.display());
        }
        midway += usize::from(!named.is_empty() && named.len() < expected.len());
        left_behind += usize::from(!partial.is_empty());
        // Kill some of the resumed runs too.
        if kill % 3 == 2 || kill + 1 == kills {
            done(&folder, &format!("{BATCH} --out out"));
            assert!(tree(&out) == expected, "after kill {kill}");
            fs::remove_dir_all(&out).unwrap();
        }
    }
    println!("{kills} kills within {takes:?}, {midway} midway, {left_behind} left temporary files");
    assert!(midway > 0 && left_behind > 0, "{midway} runs were killed midway, {left_behind} left temporary files");
}

fn send(signal: &str, child: &Child) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

/// A folder with two short recordings and, between them by name, one that takes long.
fn long_work() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    fs::write(folder.path().join("in/a.wav"), wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
    let mut header = wav_bytes(48_000, 1, &[]);
    let bytes = 1_u32 << 30;
    header[4..8].copy_from_slice(&(36 + bytes).to_le_bytes());
    header[40..44].copy_from_slice(&bytes.to_le_bytes());
    let long = folder.path().join("in/b.wav");
    fs::write(&long, header).unwrap();
    // Silence, in a sparse file.
    fs::File::options().write(true).open(long).unwrap().set_len(44 + u64::from(bytes)).unwrap();
    fs::write(folder.path().join("in/c.wav"), wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
    folder
}

/// Starts the program, and waits until the first file is done and the second has begun.
fn start(folder: &TempDir, arguments: &str) -> Child {
    let command = format!("resample in --rate 44100 --preset kaiser_best --out out {arguments}");
    let child = program(folder, &command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let out = folder.path().join("out");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !out.join("a.wav").exists() || !tree(&out).keys().any(|name| is_partial(name)) {
        assert!(Instant::now() < deadline, "the run does not start");
        sleep(Duration::from_millis(5));
    }
    child
}

/// Waits for the end of the program. Returns its exit code, the time until it ended, stdout and stderr.
fn end(mut child: Child) -> (i32, Duration, String, String) {
    let began = Instant::now();
    let code = child.wait().unwrap().code().expect("an exit code of its own");
    let (elapsed, mut stdout, mut stderr) = (began.elapsed(), String::new(), String::new());
    child.stdout.unwrap().read_to_string(&mut stdout).unwrap();
    child.stderr.unwrap().read_to_string(&mut stderr).unwrap();
    (code, elapsed, stdout, stderr)
}

#[test]
fn signals_end_a_run_cleanly() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let folder = long_work();
        let child = start(&folder, "--threads 1 --json report.json");
        send(signal, &child);
        let (ended_with, elapsed, stdout, stderr) = end(child);
        assert_eq!((ended_with, stderr.as_str()), (code, ""), "{signal}: {stdout}");
        assert!(elapsed < Duration::from_secs(1), "{signal}: {elapsed:?}");
        assert!(stdout.starts_with("1 file, ") && stdout.contains("interrupted, 2 files left: continue with --resume"));
        assert_eq!(tree(&folder.path().join("out")).into_keys().collect::<Vec<_>>(), [Path::new("a.wav")]);
        let report: serde_json::Value =
            serde_json::from_slice(&fs::read(folder.path().join("report.json")).unwrap()).unwrap();
        let statuses: Vec<_> = report["files"].as_array().unwrap().iter().map(|row| &row["status"]).collect();
        assert_eq!(statuses, ["done", "interrupted", "interrupted"]);
        // The finished file is skipped.
        fs::remove_file(folder.path().join("in/b.wav")).unwrap();
        let summary = done(&folder, "resample in --rate 44100 --preset kaiser_best --out out --resume");
        assert!(summary.starts_with("1 file, ") && summary.contains("1 file skipped"), "{summary}");
    }
}

/// The program does not wait for a pipe without a writer, and ends at once at the second signal.
#[test]
fn blocked_reads_do_not_delay_the_exit() {
    for twice in [false, true] {
        let folder = long_work();
        fs::remove_file(folder.path().join("in/c.wav")).unwrap();
        let pipe = folder.path().join("pipe.wav");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // One worker reads the pipe, one the long file.
        let child = start(&folder, "--threads 2 pipe.wav");
        sleep(Duration::from_millis(100));
        send("-INT", &child);
        if twice {
            sleep(Duration::from_millis(100));
            send("-INT", &child);
        }
        let (code, elapsed, stdout, _) = end(child);
        assert_eq!(code, 130);
        assert_eq!(stdout.is_empty(), twice, "{stdout}");
        let limit = Duration::from_millis(if twice { 300 } else { 1000 });
        assert!(elapsed < limit, "{elapsed:?}");
        assert!(twice || elapsed > Duration::from_millis(300), "no read was blocked: {elapsed:?}");
        if !twice {
            assert!(stdout.starts_with("1 file, ") && stdout.contains("interrupted, 2 files left"), "{stdout}");
        }
        assert_eq!(tree(&folder.path().join("out")).into_keys().collect::<Vec<_>>(), [Path::new("a.wav")]);
    }
}

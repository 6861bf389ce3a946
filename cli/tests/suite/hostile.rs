//! Small files of every format, damaged at many positions: truncated, altered and forged.

#![expect(clippy::print_stdout, reason = "the result of a campaign")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use polyphase_checks::seeds::repository;
use tempfile::TempDir;

use super::files::wav_bytes;
use super::{done, files_below, program};

/// Environment variable with the step from one damaged position to the next. 1 damages every byte, for a campaign.
const EVERY: &str = "POLYPHASE_DAMAGE_EVERY";

/// Limit of the memory of a process for files of a few kilobytes. A release build starts with about 20 MiB.
const MAX_MEMORY: u64 = 256 << 20;

/// Values to write over a field: zero, negative and very large, in both byte orders.
const FORGERIES: [[u8; 4]; 6] =
    [[0; 4], [0xff; 4], [0x7f, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0x7f], [0, 0, 0xff, 0xff], [0x80, 0, 0, 0]];

/// Returns damaged versions of a file, for every `step`th byte, with their names.
fn mutants(bytes: &[u8], step: usize) -> Vec<(String, Vec<u8>)> {
    let mut mutants = Vec::new();
    for at in (0..bytes.len()).step_by(step) {
        let mut add = |what: &str, mutant: Vec<u8>| mutants.push((format!("{what}-{at:05}"), mutant));
        add("cut", bytes[..at].to_vec());
        for (what, mask) in [("not", 0xff), ("bit", 1 << (at % 8))] {
            let mut mutant = bytes.to_vec();
            mutant[at] ^= mask;
            add(what, mutant);
        }
        for (index, forgery) in FORGERIES.iter().enumerate() {
            let mut mutant = bytes.to_vec();
            let end = bytes.len().min(at + 4);
            mutant[at..end].copy_from_slice(&forgery[..end - at]);
            add(&format!("forged{index}"), mutant);
        }
        add("without", [&bytes[..at], &bytes[at + 1..]].concat());
        add("twice", [&bytes[..at], &bytes[at / 2..]].concat());
    }
    mutants
}

/// Waits for a process to end, and returns its peak memory; 0 on systems other than Linux.
fn peak_memory(child: &mut Child, limit: Duration) -> u64 {
    let (began, mut peak) = (Instant::now(), 0);
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > limit {
            child.kill().unwrap();
            panic!("still running after {limit:?}");
        }
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        peak = peak.max(kibibytes.unwrap_or(0) << 10);
        sleep(Duration::from_millis(2));
    }
    assert!(peak > 0 || !cfg!(target_os = "linux"), "the memory of the process could not be read");
    peak
}

/// Resamples damaged files, in bounded time and memory. Each file is either resampled or reported in one line, and no
/// truncated file passes for a complete one. Returns the numbers of files and of failures, and the peak memory.
fn resample_mutants(seed: &Path, step: usize) -> (usize, usize, u64) {
    let folder = TempDir::new().unwrap();
    let extension = seed.extension().unwrap().to_str().unwrap();
    let bytes = fs::read(seed).unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    fs::write(folder.path().join("in/whole").with_extension(extension), &bytes).unwrap();
    let mutants = mutants(&bytes, step);
    for (name, mutant) in &mutants {
        fs::write(folder.path().join(format!("in/{name}.{extension}")), mutant).unwrap();
    }

    // The rate is given, so that a forged rate cannot make a large output.
    let command = "resample in --orig-freq 8000 --rate 8000 --format npy --sample-format f32 --quiet --out out";
    let log = fs::File::create(folder.path().join("log")).unwrap();
    let began = Instant::now();
    let mut child = program(&folder, command).stdout(Stdio::null()).stderr(log).spawn().unwrap();
    let peak = peak_memory(&mut child, Duration::from_secs(300));
    let (code, elapsed) = (child.wait().unwrap().code(), began.elapsed());
    let stderr = fs::read_to_string(folder.path().join("log")).unwrap();
    assert_eq!(code, Some(1), "{}: {stderr}", seed.display());
    assert!(peak < MAX_MEMORY, "{}: {} MiB", seed.display(), peak >> 20);
    let per_file = elapsed / u32::try_from(mutants.len()).unwrap();
    assert!(per_file < Duration::from_millis(100), "{}: {per_file:?} for a file", seed.display());

    let outputs = files_below(&folder.path().join("out"));
    let resampled: BTreeSet<_> = outputs.iter().map(|name| name.strip_suffix(".npy").expect("an output")).collect();
    let mut failed = BTreeSet::new();
    for line in stderr.lines() {
        let (name, reason) = line
            .strip_prefix("polyphase: in/")
            .and_then(|line| line.split_once(": "))
            .unwrap_or_else(|| panic!("{line}"));
        assert!(failed.insert(name.split_once('.').unwrap().0), "{name} has more than one line: {line}");
        assert!(!reason.is_empty() && reason.len() < 300, "{line}");
        for word in ["panic", "please report", "called `", "out of range for", "index out of", "attempt to", "src/"] {
            assert!(!reason.contains(word), "{line}");
        }
    }
    assert!(resampled.contains("whole"), "{}: {stderr}", seed.display());
    for (name, _) in &mutants {
        assert!(resampled.contains(name.as_str()) != failed.contains(name.as_str()), "{extension} {name}: {stderr}");
    }
    // The truncation of formats without a length in the header cannot be detected.
    let streams = ["aac", "mp2"];
    if !streams.contains(&extension) {
        let whole = fs::read(folder.path().join("out/whole.npy")).unwrap();
        for name in resampled.iter().filter(|name| name.starts_with("cut")) {
            let output = fs::read(folder.path().join(format!("out/{name}.npy"))).unwrap();
            assert!(output == whole, "{}, {name}: a truncated file was accepted", seed.display());
        }
    }
    (mutants.len(), failed.len(), peak)
}

#[test]
fn damaged_files_fail_alone_in_bounded_time_and_memory() {
    let step: Option<usize> = std::env::var(EVERY).ok().map(|step| step.parse().unwrap());
    let seeds = repository().join("fuzz/seeds");
    let (mut all, mut all_failed, mut formats) = (0, 0, 0);
    for kind in ["audio", "npy"] {
        let mut seeds: Vec<_> = fs::read_dir(seeds.join(kind)).unwrap().map(|entry| entry.unwrap().path()).collect();
        seeds.sort();
        // Only the valid arrays, except for the array without dimensions, i4.
        seeds.retain(|seed| kind == "audio" || seed.file_stem().is_some_and(|name| name.len() == 2 && name != "i4"));
        for seed in seeds {
            // Different positions in each file.
            let step = step.unwrap_or(301 + 2 * formats);
            let (mutants, failed, peak) = resample_mutants(&seed, step);
            println!("{}: {mutants} mutants, {failed} failed, {} MiB", seed.file_name().unwrap().display(), peak >> 20);
            all += mutants;
            all_failed += failed;
            formats += 1;
        }
    }
    println!("{formats} files, {all} mutants, {all_failed} failed");
    assert!(formats > 20 && all > 1000 && all_failed > all / 4, "{formats} files, {all} mutants, {all_failed} failed");
}

/// Silence takes almost no space in FLAC, but as much as any signal when it is decoded.
#[test]
fn long_silence_takes_little_memory() {
    let folder = TempDir::new().unwrap();
    let header = wav_bytes(8000, 1, &vec![0.0; 3_000_000]);
    fs::write(folder.path().join("silence.wav"), header).unwrap();
    done(&folder, "resample silence.wav --rate 8000 --format flac --sample-format i16 --no-dither --out small");
    let small = folder.path().join("small/silence.flac");
    assert!(fs::metadata(&small).unwrap().len() < 100_000);
    let mut peaks = Vec::new();
    for format in ["wav", "npy"] {
        let command = format!("resample small/silence.flac --rate 16000 --sample-format f32 --format {format} --quiet");
        let mut child = program(&folder, &command).spawn().unwrap();
        peaks.push(peak_memory(&mut child, Duration::from_secs(60)));
        assert!(child.wait().unwrap().success());
        let output = folder.path().join("resampled/silence").with_extension(format);
        assert!(fs::metadata(output).unwrap().len() > 24_000_000);
    }
    // The output has 24 MB.
    assert!(peaks.iter().all(|&peak| peak < 60 << 20), "{peaks:?}");
}

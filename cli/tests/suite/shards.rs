//! `--shard`: shares of several machines in one output folder.

use std::collections::BTreeMap;
use std::fs;

use tempfile::TempDir;

use super::files::wav_bytes;
use super::{RECORD, done, files_below, program, run};
use crate::signals::noise_f32;

/// A folder with files in several folders, and two names that differ only in the extension.
fn clips() -> TempDir {
    let folder = TempDir::new().unwrap();
    for i in 0..30 {
        let name = format!("in/{}/{i}.wav", i % 4);
        fs::create_dir_all(folder.path().join(&name).parent().unwrap()).unwrap();
        fs::write(folder.path().join(name), wav_bytes(8000, 1, &noise_f32(i, 100))).unwrap();
    }
    fs::write(folder.path().join("in/0/0.flac"), wav_bytes(8000, 1, &noise_f32(50, 100))).unwrap();
    fs::write(folder.path().join("in/notes.txt"), "").unwrap();
    folder
}

const COMMAND: &str = "resample in -r 16000 --format wav --sample-format i16 -q --json report.json";

/// Outputs of a folder by name.
fn tree(folder: &TempDir, name: &str) -> BTreeMap<String, Vec<u8>> {
    let path = folder.path().join(name);
    let names = files_below(&path).into_iter().filter(|name| !name.starts_with(".polyphase-done"));
    names.map(|name| (name.clone(), fs::read(path.join(&name)).unwrap())).collect()
}

#[test]
fn shares_that_run_together_make_the_whole() {
    let folder = clips();
    done(&folder, &format!("{COMMAND} -o whole"));
    let whole = tree(&folder, "whole");
    assert_eq!(whole.len(), 31);
    let start = |index| program(&folder, &format!("{COMMAND} -o out --shard {index}/5")).spawn().unwrap();
    let children: Vec<_> = (1..=5).map(start).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert!(tree(&folder, "out") == whole);
    // Each share has a report and a record, and each file is in one of them.
    let (mut rows, mut lines) = (Vec::new(), 0);
    for index in 1..=5 {
        let report = fs::read(folder.path().join(format!("report.{index}-of-5.json"))).unwrap();
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        let own = report["files"].as_array().unwrap();
        rows.extend(own.iter().map(|row| row["input"].as_str().unwrap().to_owned()));
        let others = report["totals"]["other_shares"].as_u64().unwrap();
        assert_eq!(report["totals"]["clips"].as_u64().unwrap() + others, 31);
        let record = folder.path().join(format!("out/.polyphase-done-{index}-of-5.jsonl"));
        lines += fs::read_to_string(record).unwrap().lines().count();
    }
    assert_eq!((rows.len(), lines), (32, 31));
    rows.sort();
    rows.dedup();
    assert_eq!(rows.len(), 32);
    assert!(!folder.path().join("out").join(RECORD).exists());
    // Runs of any share read all records.
    for shard in ["", "--shard 2/3"] {
        let summary = done(
            &folder,
            &format!("resample in -r 16000 --format wav --sample-format i16 -o out --resume --dry-run {shard}"),
        );
        assert!(summary.contains("0 files would be resampled"), "{summary}");
    }
    // A share without files is complete.
    let (code, stdout, _) = run(&folder, "resample in/0/0.wav -r 16000 -o one --shard 1/2");
    let (other_code, other, _) = run(&folder, "resample in/0/0.wav -r 16000 -o one --shard 2/2");
    assert_eq!((code, other_code, files_below(&folder.path().join("one")).len()), (0, 0, 2), "{stdout}{other}");
    assert!(stdout.contains("1 file in other shares") != other.contains("1 file in other shares"));
}

/// A path that cannot be read fails in one share.
#[cfg(unix)]
#[test]
fn failures_are_in_one_share() {
    let folder = clips();
    for i in 0..6 {
        std::os::unix::fs::symlink("nothing", folder.path().join(format!("in/{i}.wav"))).unwrap();
    }
    let (mut failures, mut shares) = (0, 0);
    for index in 1..=3 {
        let (code, summary, stderr) = run(&folder, &format!("{COMMAND} -o out --shard {index}/3"));
        let count = stderr.matches("No such file").count();
        assert_eq!(code, i32::from(count > 0), "{summary}{stderr}");
        (failures, shares) = (failures + count, shares + usize::from(count > 0));
    }
    assert!(failures == 6 && shares > 1, "{failures} in {shares}");
}

/// The shares of these names never change: runs of different versions may share a set.
#[test]
fn shares_are_those_of_the_documented_hash() {
    let folder = clips();
    let fnv1a = |name: &str| {
        name.bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    };
    let plan = done(&folder, "resample in -r 16000 --format wav --shard 3/8 --dry-run");
    let planned: Vec<_> = plan.lines().filter_map(|line| line.split_once(" → ")).map(|(input, _)| input).collect();
    let names: Vec<_> =
        files_below(&folder.path().join("in")).into_iter().filter(|name| !name.ends_with("txt")).collect();
    let expected: Vec<_> =
        names.iter().filter(|name| 1 + fnv1a(name) % 8 == 3).map(|name| format!("in/{name}")).collect();
    assert!(!expected.is_empty());
    assert_eq!(planned, expected);
}

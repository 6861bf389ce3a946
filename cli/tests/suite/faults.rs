//! Faults of file operations: each operation fails in turn.

#![expect(clippy::print_stdout, reason = "the result of a campaign")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use polyphase_checks::skips::skipped;
use tempfile::TempDir;

use super::files::{wav_bytes, write_npy};
use super::{RECORD, data, done, program};
use crate::signals::{noise, noise_f32};

/// Environment variable with the number of the operation that fails, in builds with debug assertions.
const FAULT: &str = "POLYPHASE_FILE_FAULT";

/// Environment variable that, set to `all`, adds inputs of several formats and persistent faults, which takes minutes.
const CAMPAIGN: &str = "POLYPHASE_FAULTS";

fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
    let files = files.filter(|entry| entry.file_type().is_file() && entry.file_name() != RECORD);
    let name = |path: &Path| path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
    files.map(|entry| (name(entry.path()), fs::read(entry.path()).unwrap())).collect()
}

/// Runs the program with one fault. Returns its exit code, or `None` if there are fewer operations, and stderr.
fn run_with_fault(folder: &TempDir, command: &str, fault: &str) -> (Option<i32>, String) {
    let began = Instant::now();
    let output = program(folder, command).env(FAULT, fault).output().unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{command}, {fault}: {:?}", began.elapsed());
    let stderr = String::from_utf8(output.stderr).unwrap();
    let code = output.status.code().unwrap_or_else(|| panic!("{command}, {fault}: ended by a signal: {stderr}"));
    (stderr.contains(FAULT).then_some(code), stderr)
}

/// Whichever operation fails, existing outputs are correct, each missing output is reported in a line, no temporary
/// file is left, and the next run completes.
#[test]
fn every_file_operation_may_fail() {
    if !cfg!(debug_assertions) {
        return skipped("POLYPHASE_REQUIRE_FAULTS", "fail points in this build");
    }
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("in")).unwrap();
    fs::write(at("in/a.wav"), wav_bytes(8000, 2, &noise_f32(1, 600))).unwrap();
    let campaign = std::env::var(CAMPAIGN).is_ok_and(|faults| faults == "all");
    let inputs = if campaign { &["a.wav", "b.ogg", "c.npy"][..] } else { &["a.wav"] };
    if campaign {
        fs::copy(data().join("speech-vorbis-22050.ogg"), at("in/b.ogg")).unwrap();
        write_npy(&at("in/c.npy"), &ndarray::Array::from_shape_vec(vec![2, 300], noise(2, 600)).unwrap());
    }
    let mut operations = 0;
    for (format, sample_format) in [("wav", "f32"), ("flac", "i24"), ("npy", "f64")] {
        let command = format!(
            "resample in --rate 16000 --orig-freq 8000 --threads 1 --quiet --format {format} \
             --sample-format {sample_format}"
        );
        done(&folder, &format!("{command} --out whole-{format}"));
        let whole = tree(&at(&format!("whole-{format}")));
        assert_eq!(whole.len(), inputs.len());
        for onwards in if campaign { &["", "+"][..] } else { &[""] } {
            for operation in 0.. {
                let fault = format!("{operation}{onwards}");
                let case = format!("{format}, operation {fault}");
                let command = format!("{command} --out out --resume --json out/report.json");
                let (code, stderr) = run_with_fault(&folder, &command, &fault);
                let Some(code) = code else {
                    fs::remove_dir_all(at("out")).unwrap();
                    break;
                };
                operations += 1;
                let mut held = tree(&at("out"));
                let reported = held.remove("report.json").is_some();
                for (name, bytes) in &held {
                    assert!(whole.get(name) == Some(bytes), "{case}: {name} should not exist, or is wrong");
                }
                assert!(!stderr.contains("panic") && !stderr.contains("please report"), "{case}: {stderr}");
                let complaints: Vec<_> = stderr.lines().filter(|line| !line.starts_with(FAULT)).collect();
                assert!(complaints.iter().all(|line| line.starts_with("polyphase: ")), "{case}: {stderr}");
                let missing = inputs.iter().filter(|name| {
                    let output = Path::new(name).with_extension(format);
                    !held.contains_key(output.to_str().unwrap())
                });
                match code {
                    // No output depended on the operation.
                    0 => assert!(held.len() == inputs.len() && reported, "{case}: {stderr}"),
                    1 => {
                        let missing: Vec<_> = missing.collect();
                        assert!(!missing.is_empty() || !reported, "{case}: {stderr}");
                        for name in missing {
                            assert!(complaints.iter().any(|line| line.contains(name)), "{case}: {name}: {stderr}");
                        }
                    }
                    2 => assert!(held.is_empty() && complaints.len() == 1, "{case}: {stderr}"),
                    _ => panic!("{case}: exit code {code}: {stderr}"),
                }
                // Outputs may be missing from the record.
                done(&folder, &format!("{command} --overwrite"));
                let mut held = tree(&at("out"));
                held.remove("report.json");
                assert!(held == whole, "{case}");
                fs::remove_dir_all(at("out")).unwrap();
            }
        }
    }
    println!("{operations} faults");
    assert!(operations > 80, "{operations}");
}

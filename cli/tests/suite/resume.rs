//! `--resume`, and the record of finished files.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::files::wav_bytes;
use super::{RECORD, done, errors, files_below, run};
use crate::signals::noise_f32;

fn write_clip(path: &Path, seed: u64) {
    fs::write(path, wav_bytes(8000, 1, &noise_f32(seed, 500))).unwrap();
}

/// A folder whose folder `in` has three files, one of them damaged.
fn clips() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    write_clip(&folder.path().join("in/a.wav"), 1);
    write_clip(&folder.path().join("in/b.wav"), 2);
    fs::write(folder.path().join("in/c.wav"), "").unwrap();
    folder
}

/// Modification time of a file, to detect that it was written again.
fn written(folder: &TempDir, name: &str) -> SystemTime {
    fs::metadata(folder.path().join(name)).unwrap().modified().unwrap()
}

#[test]
fn finished_files_are_skipped_and_failed_files_are_resampled() {
    let folder = clips();
    let (code, ..) = run(&folder, "resample in --rate 16000");
    assert_eq!(code, 1);
    let before = written(&folder, "resampled/a.wav");
    write_clip(&folder.path().join("in/c.wav"), 3);
    write_clip(&folder.path().join("in/d.wav"), 4);
    let summary = done(&folder, "resample in --rate 16000 --resume --json report.json");
    assert!(
        summary.starts_with("2 files, ") && summary.contains("2 files skipped, done by an earlier run"),
        "{summary}"
    );
    assert_eq!(written(&folder, "resampled/a.wav"), before);
    assert_eq!(files_below(&folder.path().join("resampled")), ["a.wav", "b.wav", "c.wav", "d.wav"]);
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("report.json")).unwrap()).unwrap();
    assert_eq!((&report["totals"]["clips"], &report["totals"]["skipped"]), (&2.into(), &2.into()));
    let mut rows: Vec<_> =
        report["files"].as_array().unwrap().iter().map(|row| format!("{} {}", row["input"], row["status"])).collect();
    rows.sort();
    let expected = ["a.wav\" \"skipped\"", "b.wav\" \"skipped\"", "c.wav\" \"done\"", "d.wav\" \"done\""];
    assert_eq!(rows.len(), expected.len(), "{rows:?}");
    assert!(rows.iter().zip(expected).all(|(row, expected)| row.ends_with(expected)), "{rows:?}");
    // The rows of skipped files are complete.
    for row in report["files"].as_array().unwrap() {
        for (field, value) in
            [("orig_freq", 8000), ("new_freq", 16_000), ("channels", 1), ("input_frames", 500), ("output_frames", 1000)]
        {
            assert_eq!(row[field], value, "{row}");
        }
        assert!(row["filter"].as_str().unwrap().starts_with("width 46.5") && row["warnings"] == serde_json::json!([]));
    }
    assert_eq!(report["files"][0]["reason"], "done by an earlier run");
    assert_eq!(report["files"][2]["reason"], serde_json::Value::Null);
    assert!(
        done(&folder, "resample in --rate 16000 --resume")
            .starts_with("nothing to do: 4 files were done by an earlier run")
    );
    assert!(folder.path().join("resampled").join(RECORD).exists());
}

/// A change: its name, its effect on the folder, and the command to run after it.
type Change<'a> = (&'a str, &'a dyn Fn(&TempDir), &'a str);

#[test]
fn only_unchanged_files_are_skipped() {
    let command = "resample in --rate 16000 --resume";
    let changes: [Change<'_>; 6] = [
        ("made with other settings", &|_| (), "resample in --rate 16000 --resume --rolloff 0.9"),
        ("made with other settings", &|_| (), "resample in --rate 32000 --resume"),
        ("the input has changed since", &|folder| write_clip(&folder.path().join("in/a.wav"), 9), command),
        (
            "the input has changed since",
            &|folder| {
                let file = fs::File::options().write(true).open(folder.path().join("in/a.wav")).unwrap();
                file.set_modified(SystemTime::now() - Duration::from_secs(100)).unwrap();
            },
            command,
        ),
        ("the output has changed since", &|folder| write_clip(&folder.path().join("resampled/a.wav"), 9), command),
        (
            "the input has changed since, or was copied without its times",
            &|folder| {
                fs::rename(folder.path().join("in"), folder.path().join("of")).unwrap();
                fs::create_dir(folder.path().join("in")).unwrap();
                for name in ["a.wav", "b.wav"] {
                    fs::copy(folder.path().join("of").join(name), folder.path().join("in").join(name)).unwrap();
                }
            },
            command,
        ),
    ];
    for (what, change, again) in changes {
        let folder = clips();
        fs::remove_file(folder.path().join("in/c.wav")).unwrap();
        done(&folder, command);
        change(&folder);
        let before = written(&folder, "resampled/a.wav");
        let (code, _, stderr) = run(&folder, again);
        assert_eq!(code, 2, "{what}: {stderr}");
        let reason = "these outputs exist, but are not recorded for these inputs and settings: add --overwrite";
        assert!(stderr.contains(reason) && stderr.contains(&format!("resampled/a.wav: {what}")), "{what}: {stderr}");
        assert!(stderr.contains("(files that are done stay skipped)\n"), "{stderr}");
        assert_eq!(written(&folder, "resampled/a.wav"), before, "{what}");
        let summary = done(&folder, &format!("{again} --overwrite"));
        assert!(!summary.starts_with("nothing to do"), "{what}: {summary}");
        assert!(done(&folder, again).starts_with("nothing to do: "), "{what}");
    }
}

/// A run that did not say `--resume` is resumed, unless it left no record.
#[test]
fn runs_leave_a_record_unless_asked_not_to() {
    let folder = clips();
    let record = folder.path().join("resampled").join(RECORD);
    fs::remove_file(folder.path().join("in/c.wav")).unwrap();
    done(&folder, "resample in --rate 16000");
    assert!(record.exists());
    assert_eq!(files_below(&folder.path().join("resampled")), ["a.wav", "b.wav"]);
    write_clip(&folder.path().join("in/d.wav"), 4);
    let (code, _, stderr) = run(&folder, "resample in --rate 16000");
    assert!(code == 2 && stderr.contains("or --resume to continue an earlier run"), "{stderr}");
    assert!(done(&folder, "resample in --rate 16000 --resume").contains("1 file, "));

    done(&folder, "resample in --rate 16000 --no-record --out plain");
    assert!(!folder.path().join("plain").join(RECORD).exists());
    // Without a record no file counts as done, and --resume is not advised.
    let (code, _, stderr) = run(&folder, "resample in --rate 16000 --out plain");
    assert!(code == 2 && stderr.contains("add --overwrite to replace them\n"), "{stderr}");
    assert_eq!(run(&folder, "resample in --rate 16000 --resume --out plain").0, 2);

    // A named output has a record only on request.
    done(&folder, "resample in/a.wav --rate 16000 --out a.wav");
    assert!(!folder.path().join(RECORD).exists());
    done(&folder, "resample in/a.wav --rate 16000 --out b.wav --resume");
    assert!(done(&folder, "resample in/a.wav --rate 16000 --out b.wav --resume").starts_with("nothing to do: "));
}

/// An output keeps its name when another input is added that differs only in the extension, or is removed.
#[test]
fn finished_outputs_keep_their_names() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    let at = |name: &str| folder.path().join(name);
    write_clip(&at("in/a.wav"), 1);
    let command = "resample in --rate 16000 --format flac";
    done(&folder, &format!("{command} --sample-format i16"));
    let before = written(&folder, "resampled/a.flac");
    write_clip(&at("in/a.mp3"), 2);
    let resume = format!("{command} --sample-format i16 --resume");
    for run_again in [format!("{resume} --shard 1/2"), format!("{resume} --shard 2/2"), resume.clone()] {
        let (code, summary, stderr) = run(&folder, &run_again);
        let told = "1 input differs from another only in its extension, so its output keeps it: resampled/a.mp3.flac";
        assert!(code == 0 && errors(&stderr).iter().all(|line| *line == told), "{summary}{stderr}");
    }
    let outputs = || {
        let names = files_below(&at("resampled")).into_iter();
        names.filter(|name| !name.starts_with(".polyphase")).collect::<Vec<_>>()
    };
    assert_eq!(outputs(), ["a.flac", "a.mp3.flac"]);
    assert_eq!(written(&folder, "resampled/a.flac"), before);
    fs::remove_file(at("in/a.wav")).unwrap();
    assert!(done(&folder, &resume).contains("1 file"));
    assert_eq!(outputs(), ["a.flac", "a.mp3.flac"]);

    // Where the name cannot be kept, the output of the earlier run is named.
    write_clip(&at("in/a.wav"), 3);
    fs::remove_dir_all(at("resampled")).unwrap();
    fs::remove_file(at("in/a.mp3")).unwrap();
    done(&folder, &format!("{command} --sample-format i16"));
    write_clip(&at("in/a.mp3"), 2);
    write_clip(&at("in/a.wav"), 4);
    let (code, _, stderr) = run(&folder, &format!("{resume} --json report.json"));
    let told = "resampled/a.flac is left of an earlier run: the output of in/a.wav is now resampled/a.wav.flac";
    assert!(code == 0 && stderr.lines().any(|line| line == told), "{code}{stderr}");
    let report: serde_json::Value = serde_json::from_slice(&fs::read(at("report.json")).unwrap()).unwrap();
    assert_eq!(report["totals"]["orphans"], serde_json::json!(["resampled/a.flac"]));
    assert_eq!(outputs(), ["a.flac", "a.mp3.flac", "a.wav.flac"]);
}

/// Inputs and outputs may move, together or alone, and be named through another folder.
#[test]
fn moved_folders_are_resumed() {
    let folder = clips();
    let at = |name: &str| folder.path().join(name);
    fs::remove_file(at("in/c.wav")).unwrap();
    fs::create_dir(at("in/below")).unwrap();
    write_clip(&at("in/below/e.wav"), 5);
    done(&folder, "resample in --rate 16000 --out out");
    let skips_all = |command: &str| {
        let summary = done(&folder, command);
        assert!(
            summary.starts_with("nothing to do: ") && summary.contains(": 3 files were done by an earlier run"),
            "{command}: {summary}"
        );
    };
    fs::create_dir(at("new")).unwrap();
    fs::rename(at("in"), at("new/in")).unwrap();
    skips_all("resample new/in --rate 16000 --out out --resume");
    fs::rename(at("out"), at("new/out")).unwrap();
    skips_all("resample new/in --rate 16000 --out new/out --resume");
    fs::rename(at("new"), at("newer")).unwrap();
    skips_all(&format!("resample {} --rate 16000 --out newer/out --resume", at("newer/in").display()));
    let list = ["a.wav", "below", "b.wav"].map(|name| format!("newer/in/{name}\n")).concat();
    fs::write(at("list"), list).unwrap();
    skips_all("resample --files-from list --relative-to newer/in --rate 16000 --out newer/out --resume");
}

/// Records of earlier versions do not count, and do no harm.
#[test]
fn records_of_earlier_versions_do_not_count() {
    let folder = clips();
    fs::remove_file(folder.path().join("in/c.wav")).unwrap();
    let record = folder.path().join("resampled").join(RECORD);
    done(&folder, "resample in --rate 16000");
    let line = fs::read_to_string(&record).unwrap().lines().next().unwrap().to_owned();
    let mut line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert!(line["settings"].as_str().unwrap().starts_with("samples 1, rate 16000, width "), "{line}");
    line.as_object_mut().unwrap().remove("figures");
    line["settings"] = "polyphase 0.1.0 to 16000 Hz (None, ResampleOptions { lowpass_filter_width: 6.0 })".into();
    fs::write(&record, format!("{line}\n")).unwrap();
    assert_eq!(run(&folder, "resample in --rate 16000 --resume").0, 2);
    assert!(done(&folder, "resample in --rate 16000 --resume --overwrite").starts_with("2 files, "));
    assert!(done(&folder, "resample in --rate 16000 --resume").starts_with("nothing to do: "));
}

/// An alteration of the record, and the number of outputs that then count as done.
type Damage<'a> = (&'a dyn Fn(&[u8]) -> Vec<u8>, usize);

#[test]
fn damaged_records_are_used_as_far_as_they_are_valid() {
    let folder = clips();
    fs::remove_file(folder.path().join("in/c.wav")).unwrap();
    let record = folder.path().join("resampled").join(RECORD);
    let command = "resample in --rate 16000 --resume";
    done(&folder, command);
    let long = [&b"{\"output\": \"".repeat(20_000)[..], b"\n"].concat();
    let garbage = [&b"\0\xff[[[\n\n{}\nnull\n{\"output\": 1}\n"[..], &b"[".repeat(5000), b"\n", &long].concat();
    let damages: [Damage<'_>; 7] = [
        (&|whole| [&garbage, whole].concat(), 2),
        (&|whole| [whole, &garbage].concat(), 2),
        (&|whole| whole[..whole.len() - 1].to_vec(), 2),
        (&|whole| whole[..whole.len() - 20].to_vec(), 1),
        (&|whole| [&whole[..whole.len() - 20], &garbage].concat(), 1),
        (&|_| garbage.clone(), 0),
        (&|_| Vec::new(), 0),
    ];
    for (damage, known) in damages {
        fs::remove_dir_all(folder.path().join("resampled")).unwrap();
        done(&folder, command);
        let held = damage(&fs::read(&record).unwrap());
        fs::write(&record, &held).unwrap();
        let (code, summary, stderr) = run(&folder, &format!("{command} --overwrite"));
        assert_eq!((code, stderr.as_str()), (0, ""));
        let text = String::from_utf8_lossy(&held[..held.len().min(100)]).into_owned();
        let start = if known == 2 { "nothing to do".to_owned() } else { format!("{} file", 2 - known) };
        assert!(summary.starts_with(&start), "{known}: {summary}: {text}");
        // An incomplete line does not damage the line after it.
        assert!(done(&folder, command).starts_with("nothing to do: "), "{known}: {text}");
    }
    fs::remove_file(&record).unwrap();
    fs::create_dir(&record).unwrap();
    let (code, _, stderr) = run(&folder, command);
    assert_eq!((code, stderr.lines().count()), (2, 1), "{stderr}");
    assert!(stderr.contains("it is not a regular file"), "{stderr}");
    // Without --resume, the files are resampled.
    let (code, _, stderr) = run(&folder, "resample in --rate 16000 --overwrite");
    assert_eq!((code, stderr.lines().count()), (0, 1), "{stderr}");
    assert!(stderr.contains("--resume will not find all files of this run: it is not a regular file"), "{stderr}");
}

/// Lines of replaced outputs are removed when there are many.
#[test]
fn stale_lines_are_removed_from_the_record() {
    let folder = TempDir::new().unwrap();
    write_clip(&folder.path().join("a.wav"), 1);
    let record = folder.path().join("resampled").join(RECORD);
    done(&folder, "resample a.wav --rate 16000 --resume");
    let line = fs::read(&record).unwrap();
    // Lines of an earlier version of the same output, and a line of an output of another run.
    let stale = String::from_utf8(line.clone()).unwrap().replacen("\"bytes\":", "\"bytes\":1", 1);
    let other = String::from_utf8(line).unwrap().replacen("a.wav", "b.wav", 1);
    fs::write(&record, [&stale.repeat(200), &other[..]].concat()).unwrap();
    done(&folder, "resample a.wav --rate 16000 --resume --overwrite");
    let lines = fs::read_to_string(&record).unwrap();
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(lines.starts_with(&other) && lines.contains("\"output\":\"a.wav\""), "{lines}");
    assert!(done(&folder, "resample a.wav --rate 16000 --resume").starts_with("nothing to do: "));
}

//! Inputs, names of outputs, and refused requests.

use std::fs;

use tempfile::TempDir;

use super::files::wav_bytes;
use super::{done, files_below, run};
use crate::signals::noise_f32;

#[test]
fn the_tree_is_kept_and_earlier_outputs_are_not_inputs() {
    let folder = TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("in/a/b")).unwrap();
    for name in ["in/x.wav", "in/a/x.wav", "in/a/b/y.WAV"] {
        fs::write(folder.path().join(name), wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
    }
    fs::write(folder.path().join("in/notes.txt"), "not audio").unwrap();
    let summary = done(&folder, "resample in --rate 16000 --out in/out");
    assert!(summary.contains("3 files") && summary.contains("1 file passed over: 1 no audio extension"), "{summary}");
    assert_eq!(files_below(&folder.path().join("in/out")), ["a/b/y.wav", "a/x.wav", "x.wav"]);
    done(&folder, "resample in --rate 16000 --out in/out --overwrite");
    assert_eq!(files_below(&folder.path().join("in/out")).len(), 3);
}

/// An invalid request is refused before anything is written.
#[test]
fn refused_requests_write_nothing() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    fs::create_dir(folder.path().join("c")).unwrap();
    for name in ["in/a.wav", "b.wav", "c/b.wav"] {
        fs::write(folder.path().join(name), wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
    }
    done(&folder, "resample b.wav --rate 16000 --out there");
    let before = files_below(folder.path());
    for (command, reason) in [
        (
            "resample b.wav c/b.wav --rate 16000",
            "these inputs would have the same output: rename one, or leave one out",
        ),
        (
            "resample b.wav --rate 16000 --out out.mp3",
            "--out out.mp3: mp3 cannot be written: choose .wav, .flac, .npy or",
        ),
        ("resample b.wav --rate 16000 --out x/OUT.Opus", "opus cannot be written"),
        ("resample in c --rate 16000 --out out.m4a", "or end the name of a folder with /"),
        ("resample b.wav --rate 16000 --out .", "these outputs are inputs"),
        ("resample b.wav --rate 16000 --out . --overwrite", "these outputs are inputs"),
        (
            "resample b.wav --rate 16000 --out there",
            "these outputs already exist: add --overwrite to replace them, or --resume to continue",
        ),
        ("resample b.wav --rate 0", "invalid value '0' for '--rate <HZ>'"),
        ("resample b.wav --rate 16000 --rolloff 2", "rolloff is 2: it must be above 0 and at most 1"),
        ("resample b.wav --rate 16000 --rolloff -1", "rolloff is -1: it must be above 0 and at most 1"),
        ("resample b.wav --rate 16000 --lowpass-filter-width nan", "lowpass_filter_width is NaN"),
        (
            "resample b.wav --rate 16000 --preset torchaudio --beta 5",
            "--beta shapes the Kaiser window: add --window kaiser",
        ),
        (
            "resample b.wav --rate 16000 --preset finest",
            "unknown preset `finest`: it must be one of torchaudio, kaiser_best",
        ),
        ("resample b.wav --rate 16000 --window box", "unknown window `box`"),
        ("resample b.wav --rate 16000 --threads 0", "invalid value '0' for '--threads <N>': it must be in 1..=512"),
        ("bench --threads 0", "invalid value '0' for '--threads <N>': it must be in 1..=512"),
        ("tutorial --threads 0", "invalid value '0' for '--threads <N>': it must be in 1..=512"),
        (
            "resample b.wav --rate 16000 --threads 70000",
            "invalid value '70000' for '--threads <N>': it must be in 1..=512",
        ),
        ("resample c --rate 16000 --out c --overwrite", "these outputs are inputs: choose another --out"),
        ("resample b.wav --rate 16000 --out c/b.wav", "these outputs already exist: add --overwrite to replace them\n"),
        ("resample b.wav --rate 16000 --out c/b.wav/d.wav", "--out c/b.wav/d.wav: c/b.wav is not a folder"),
        ("resample b.wav --rate 16000 --out b.wav --overwrite", "these outputs are inputs: choose another --out"),
        ("resample b.wav c/b.wav --rate 16000 --out d.flac", "--out d.flac names one file, but there are 2 inputs"),
        ("resample c --rate 16000 --out d.flac", "--out d.flac names one file, but c is a folder: name a folder"),
        ("resample b.wav --rate 16000 --out d.wav --format flac", "another format than --format flac"),
        ("resample b.wav --rate 16000 --out d.flac --sample-format f64", "flac files cannot hold f64 samples"),
        ("resample b.wav --rate 16000 --shard 3/2", "a share is I/N, from 1/N to N/N, such as 3/8"),
        ("resample b.wav --rate 16000 --include [", "--include [: "),
        ("resample --files-from nowhere --rate 16000", "--files-from nowhere: "),
        ("resample b.wav --relative-to c --rate 16000", "these inputs are outside of --relative-to c\n  b.wav\n"),
        ("resample b.wav --rate 16000 --resume --no-record", "cannot be used with"),
        ("resample b.wav --rate 16000 --out c/b.wav/d", "--out c/b.wav/d: c/b.wav is not a folder"),
        ("resample b.wav --rate 16000 --json c/../b.wav", "--json c/../b.wav is an input: choose another name"),
        ("resample b.wav --rate 16000 --json ./resampled/B.wav", "is an output: choose another name"),
        (
            "resample b.wav --rate 16000 --json nowhere/report.json",
            "--json nowhere/report.json: there is no folder nowhere\n",
        ),
        (
            "resample b.wav --rate 16000 --headroom -3",
            "invalid value '-3' for '--headroom <DB>': it must be at least 0",
        ),
        ("resample b.wav --rate 16000 --normalize-peak -3", "--normalize-peak -3: write --normalize-peak=-3\n"),
        ("resample b.wav -5 --rate 16000 --out -", "-5 is not an option: write ./-5 if it is a file"),
        (
            "inspect --orig-freq 500009 --rate 500083 --lowpass-filter-width 4096 --max-filter-mib 1",
            "or raise --max-filter-mib",
        ),
        ("inspect --orig-freq 1 --rate 1000 --lowpass-filter-width 4096 --rolloff 1e-13", "or raise --max-filter-mib"),
        ("resample b.wav --rate 16000 --backend cuda", "unknown backend `cuda`: it must be one of auto, cpu, gpu"),
        ("resample b.wav --rate 16000 --format flac --sample-format f32", "flac files cannot hold f32 samples"),
        ("resample b.wav --rate 16000 --format npy --sample-format i24", "npy files cannot hold i24 samples"),
        ("inspect --orig-freq 4294967291 --rate 4294979 --lowpass-filter-width 4096", "the filter bank would take 16"),
        ("resample b.wav", "--rate <HZ>"),
    ] {
        let (code, stdout, stderr) = run(&folder, command);
        assert_eq!(code, 2, "{command}: {stderr}");
        assert!(stderr.contains(reason) && stdout.is_empty(), "{command}: {stderr}{stdout}");
        assert_eq!(files_below(folder.path()), before, "{command}");
    }
    // A missing file is no reason to refuse a run, but writes nothing either.
    let (code, _, stderr) = run(&folder, "resample there/none --rate 16000 --out .");
    assert!(code == 1 && stderr.contains("there/none: No such file"), "{code}: {stderr}");
    assert_eq!(files_below(folder.path()), before);
    fs::create_dir(folder.path().join("nothing")).unwrap();
    let (code, _, stderr) = run(&folder, "resample nothing --rate 16000");
    assert_eq!((code, stderr.as_str()), (2, "polyphase: there are no audio files among the inputs\n"));
}

/// Names that some file systems do not keep apart fail, and the other files are resampled.
#[test]
fn names_that_differ_in_case_fail_alone() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    for name in ["in/a.wav", "in/x.wav", "in/x.WAV"] {
        fs::write(folder.path().join(name), wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
    }
    let (code, summary, stderr) = run(&folder, "resample in --rate 16000 --json report.json");
    assert!(code == 1 && summary.starts_with("1 file, ") && summary.contains("2 files failed"), "{summary}{stderr}");
    let reason = "only in upper and lower case, which some file systems do not keep apart: rename one\n";
    let expected = format!(
        "polyphase: in/x.WAV: its output differs from that of in/x.wav {reason}\
         polyphase: in/x.wav: its output differs from that of in/x.WAV {reason}"
    );
    assert_eq!(stderr, expected);
    assert_eq!(files_below(&folder.path().join("resampled")), ["a.wav"]);
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("report.json")).unwrap()).unwrap();
    let failed: Vec<_> = report["files"].as_array().unwrap().iter().filter(|row| row["status"] == "failed").collect();
    assert!(failed.len() == 2 && failed.iter().all(|row| row["output"].is_null()), "{failed:?}");
}

#[test]
fn a_file_given_twice_is_resampled_once() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    fs::write(folder.path().join("in/a.wav"), wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
    for arguments in ["in/a.wav in/a.wav", "in in/a.wav", "in in/../in/"] {
        let summary = done(&folder, &format!("resample {arguments} --rate 16000 --overwrite"));
        assert!(summary.starts_with("1 file, "), "{summary}");
    }
}

/// Nothing is created outside the folder of the outputs.
#[test]
fn names_that_lead_upwards_fail_alone() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.wav"), wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
    let missing = folder.path().join("missing/..");
    let (code, summary, stderr) =
        run(&folder, &format!("resample a.wav {} a.wav/.. none/.. --rate 16000 --out out", missing.display()));
    assert!(code == 1 && summary.starts_with("1 file, ") && summary.contains("3 files failed"), "{summary}{stderr}");
    assert_eq!(stderr.lines().count(), 3, "{stderr}");
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.wav", "out"]);
    assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 2, "the output and the record");

    // Names that begin with dots do not lead upwards.
    fs::create_dir(folder.path().join("in")).unwrap();
    for name in ["..wav", "...wav", "..a.wav", ".wav"] {
        fs::copy(folder.path().join("a.wav"), folder.path().join("in").join(name)).unwrap();
    }
    assert!(done(&folder, "resample in in/.wav --rate 16000").starts_with("4 files, "));
    let names = files_below(&folder.path().join("resampled"));
    assert_eq!(names, ["...wav", "..a.wav", "..wav", ".wav.wav"]);
}

/// `--json -` writes the report to stdout, and the summary to stderr.
#[test]
fn reports_are_written_to_stdout() {
    let folder = TempDir::new().unwrap();
    for name in ["a.wav", "b.wav"] {
        fs::write(folder.path().join(name), wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
    }
    fs::write(folder.path().join("c.wav"), "").unwrap();
    for (arguments, code, summary) in
        [("-n", 0, "3 files would be"), ("", 1, "2 files, "), ("--resume --shard 1/1", 1, "nothing was resampled: ")]
    {
        let command = format!("resample a.wav b.wav c.wav --rate 16000 --json - {arguments}");
        let (ended, stdout, stderr) = run(&folder, &command);
        let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        assert!(ended == code && stderr.lines().last().unwrap().starts_with(summary), "{arguments}: {stderr}");
        let rows = report["files"].as_array().unwrap();
        assert!(rows.len() == 3 && rows.iter().all(|row| row.get("input_bytes").unwrap().is_null()), "{stdout}");
        assert!(rows.iter().all(|row| row.get("output_bytes").unwrap().is_null()), "{stdout}");
        assert!(rows.iter().all(|row| row["output"].is_null() == (row["status"] == "failed")), "{stdout}");
    }
    assert!(!folder.path().join("-").exists());
    let (_, summary, _) = run(&folder, "resample a.wav c.wav --rate 16000 --overwrite");
    assert!(summary.contains(" times real time; 1 file failed; on the CPU ("), "{summary}");
}

/// The report has a row for every file and unreadable path, and may be in the folder of the outputs.
#[test]
fn reports_have_a_row_for_everything() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    fs::write(folder.path().join("in/a.wav"), wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
    done(&folder, "resample in --rate 16000 --json resampled/report.json");
    assert_eq!(files_below(&folder.path().join("resampled")), ["a.wav", "report.json"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(".", folder.path().join("in/again")).unwrap();
        let (code, stdout, _) = run(&folder, "resample in --rate 16000 --out out --json report.json");
        assert!(code == 0 && stdout.contains("1 file passed over: 1 link to a folder that contains it"), "{stdout}");
        let report: serde_json::Value =
            serde_json::from_slice(&fs::read(folder.path().join("report.json")).unwrap()).unwrap();
        assert_eq!((report["files"].as_array().unwrap().len(), &report["totals"]["passed_over"]), (2, &1.into()));
        assert_eq!(report["files"][1]["input"], "in/again");
        assert_eq!(report["files"][1]["status"], "passed_over");
        assert_eq!(report["files"][1]["reason"], "link to a folder that contains it");
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_pipes_are_not_waited_for() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("in")).unwrap();
    fs::create_dir_all(at("elsewhere/deep")).unwrap();
    for name in ["elsewhere/a.wav", "elsewhere/deep/b.wav"] {
        fs::write(at(name), wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
    }
    symlink(at("elsewhere/a.wav"), at("in/link.wav")).unwrap();
    symlink(at("elsewhere/deep"), at("in/folder")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(at("in/pipe.wav")).status().unwrap();
    assert!(made.success());
    symlink("../in/link.wav", at("in/inside.wav")).unwrap();
    fs::copy(at("elsewhere/a.wav"), at("in/own.wav")).unwrap();
    symlink("own.wav", at("in/other.wav")).unwrap();
    let summary = done(&folder, "resample in --rate 16000 --out inside");
    let reasons = "4 files passed over: 3 link leads out of the folder, 1 pipe or device";
    assert!(summary.contains(reasons), "{summary}");
    assert_eq!(files_below(&at("inside")), ["other.wav", "own.wav"]);
    let summary = done(&folder, "resample in --rate 16000 --follow-links");
    assert!(summary.contains("1 file passed over: 1 pipe or device"), "{summary}");
    let all = ["folder/b.wav", "inside.wav", "link.wav", "other.wav", "own.wav"];
    assert_eq!(files_below(&at("resampled")), all);
    // A link that is an input itself is followed.
    symlink("in", at("whole")).unwrap();
    assert!(done(&folder, "resample whole --rate 16000 --out whole16").starts_with("2 files, "));
    // A link to a folder above leads out, and ends even if it is followed.
    symlink("..", at("in/up")).unwrap();
    assert!(done(&folder, "resample in --rate 16000 --out up").contains("4 link leads out of the folder"));
    done(&folder, "resample in --rate 16000 --out up --follow-links --overwrite --quiet");
    // Outputs have the permissions of any new file.
    let mode = |name: &str| fs::metadata(at(name)).unwrap().permissions().mode();
    assert_eq!(mode("resampled/link.wav"), mode("elsewhere/a.wav"));
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_unicode_are_distinct() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    for name in [&b"\xff.wav"[..], b"\xfe.wav"] {
        let wav = wav_bytes(8000, 1, &noise_f32(1, 100));
        fs::write(folder.path().join("in").join(OsStr::from_bytes(name)), wav).unwrap();
    }
    assert!(done(&folder, "resample in --rate 16000").starts_with("2 files, "));
}

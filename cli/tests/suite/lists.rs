//! Lists of inputs, patterns, names of outputs, and dry runs.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use tempfile::TempDir;

use super::files::{read_wav, wav_bytes};
use super::{RECORD, done, files_below, program, run};
use crate::signals::noise_f32;

fn write_clip(folder: &TempDir, name: &str) {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
}

fn folder_with(names: &[&str]) -> TempDir {
    let folder = TempDir::new().unwrap();
    names.iter().for_each(|name| write_clip(&folder, name));
    folder
}

/// Runs the program with text on standard input.
fn run_with_input(folder: &TempDir, command: &str, input: &[u8]) -> Output {
    fs::write(folder.path().join("stdin"), input).unwrap();
    let stdin = fs::File::open(folder.path().join("stdin")).unwrap();
    program(folder, command).stdin(Stdio::from(stdin)).output().unwrap()
}

fn report(folder: &TempDir, name: &str) -> serde_json::Value {
    serde_json::from_slice(&fs::read(folder.path().join(name)).unwrap()).unwrap()
}

/// `status input output reason` of every row.
fn rows(report: &serde_json::Value) -> Vec<String> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    let row =
        |row: &serde_json::Value| ["status", "input", "output", "reason"].map(|field| text(&row[field])).join(" ");
    report["files"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn a_name_with_an_extension_is_that_of_the_output() {
    let folder = folder_with(&["a.wav", "b.wav"]);
    fs::create_dir(folder.path().join("folder.wav")).unwrap();
    done(&folder, "resample a.wav -r 16000 -o x/y.wav -j 1");
    assert_eq!(read_wav(&folder.path().join("x/y.wav")).samples.len(), 200);
    assert_eq!(files_below(&folder.path().join("x")), ["y.wav"]);
    assert!(!folder.path().join("x").join(RECORD).exists());
    done(&folder, "resample a.wav -r 16000 -o Z.FLAC --sample-format i16");
    assert_eq!(&fs::read(folder.path().join("Z.FLAC")).unwrap()[..4], b"fLaC");
    done(&folder, "resample a.wav -r 16000 -o z.npy");
    assert_eq!(&fs::read(folder.path().join("z.npy")).unwrap()[1..6], b"NUMPY");
    // An existing folder, a name that ends with a slash, and an extension that is not one of audio, are folders.
    fs::create_dir(folder.path().join("old.mp3")).unwrap();
    for out in ["folder.wav", "new.wav/", "some.mp3/", "old.mp3", "a.b"] {
        done(&folder, &format!("resample a.wav b.wav -r 16000 -o {out}"));
        assert_eq!(files_below(&folder.path().join(out)), ["a.wav", "b.wav"]);
    }
    // A missing input fails alone.
    let (code, _, stderr) = run(&folder, "resample none.wav -r 16000 -o none16.wav");
    assert!(code == 1 && stderr.starts_with("polyphase: none.wav: "), "{stderr}");
    assert!(!folder.path().join("none16.wav").exists());
}

#[test]
fn lists_keep_the_tree() {
    let names = ["data/in/a.wav", "data/in/x/b c.wav", "data/in/x/y/d.wav", "data/other/e.wav"];
    let folder = folder_with(&names);
    for (list, command, expected) in [
        ("data/in/a.wav\r\ndata/in/x/b c.wav\r\n", "", &["a.wav", "x/b c.wav"][..]),
        ("data/in/x/y/d.wav\n./data/other/e.wav", "", &["in/x/y/d.wav", "other/e.wav"]),
        ("data/in/a.wav\0data/in/x/b c.wav\0", "--relative-to data", &["in/a.wav", "in/x/b c.wav"]),
        ("data/in/x/../a.wav\n", "--relative-to data/other/..", &["in/a.wav"]),
        ("data/in/a.wav\n", "", &["a.wav"]),
        // Folders are searched, and what is found twice is resampled once.
        ("data/in/x\ndata/in/a.wav\ndata/in/x/y/d.wav\n", "", &["a.wav", "x/b c.wav", "x/y/d.wav"]),
        // Together with other inputs, which keep their own names.
        ("data/in/x/b c.wav\n", "data/other", &["b c.wav", "e.wav"]),
        (
            "data/in/a.wav\n",
            "data/other data/in/x/y/d.wav --relative-to .",
            &["data/in/a.wav", "data/in/x/y/d.wav", "data/other/e.wav"],
        ),
    ] {
        let output =
            run_with_input(&folder, &format!("resample --files-from - {command} -r 16000 -o out"), list.as_bytes());
        assert!(output.status.success() && output.stderr.is_empty(), "{list}: {output:?}");
        assert_eq!(files_below(&folder.path().join("out")), expected, "{list}");
        fs::remove_dir_all(folder.path().join("out")).unwrap();
    }
    // Links to folders are as in `find`, and pipes are not waited for.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(".", folder.path().join("data/again")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(folder.path().join("data/p.wav")).status().unwrap().success());
        let output =
            run_with_input(&folder, "resample --files-from - -r 16000 -o out", b"data/again\ndata/other\ndata/p.wav");
        let summary = String::from_utf8(output.stdout).unwrap();
        assert!(summary.contains("2 files passed over: 1 link to a folder in a list, 1 pipe or device"), "{summary}");
        assert_eq!(files_below(&folder.path().join("out")), ["other/e.wav"]);
    }
    fs::write(folder.path().join("list"), "data/in/a.wav\ndata/other/e.wav\n").unwrap();
    let (code, _, stderr) = run(&folder, "resample --files-from list --relative-to data/in -r 16000");
    let refused = "polyphase: these inputs are outside of --relative-to data/in\n  data/other/e.wav\n";
    assert_eq!((code, stderr.as_str()), (2, refused));
    fs::write(folder.path().join("list"), "\n").unwrap();
    let (code, _, stderr) = run(&folder, "resample --files-from list -r 16000");
    assert_eq!((code, stderr.as_str()), (2, "polyphase: there are no audio files among the inputs\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn lists_hold_any_name_and_messages_escape_them() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    let names =
        [&b"in/line\nbreak.wav"[..], b"in/\xff.wav", b"in/-q.wav", b"in/\x1b[31mred.wav", "in/🎵.wav".as_bytes()];
    for name in names {
        fs::write(folder.path().join(OsStr::from_bytes(name)), wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
    }
    fs::write(folder.path().join(OsStr::from_bytes(b"in/bad\n\x1b[2J.wav")), "").unwrap();
    let list = [names.join(&0), b"in/bad\n\x1b[2J.wav".to_vec()].join(&0);
    let output = run_with_input(&folder, "resample --files-from - -r 16000 --json report.json", &list);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, "polyphase: in/bad\\n\\u{1b}[2J.wav: the file is empty\n");
    assert_eq!(files_below(&folder.path().join("resampled")).len(), 5);
    let report = report(&folder, "report.json");
    let bytes: Vec<_> =
        report["files"].as_array().unwrap().iter().filter(|row| !row["input_bytes"].is_null()).collect();
    assert!(bytes.len() == 1 && bytes[0]["input_bytes"][3] == 255 && bytes[0]["output_bytes"][10] == 255, "{bytes:?}");
    // Every other line of the program.
    let (code, stdout, stderr) = run(&folder, "resample in -r 16000 --dry-run");
    assert!(code == 2 && stdout.is_empty() && stderr.contains("resampled/\\u{1b}[31mred.wav\n"), "{stderr}");
    let (code, stdout, _) = run(&folder, "resample in -r 16000 --dry-run --overwrite");
    assert!(code == 0 && stdout.contains("in/line\\nbreak.wav → resampled/line\\nbreak.wav\n"), "{stdout}");
    assert!(stdout.contains("in/\\xff.wav → resampled/\\xff.wav\n") && !stdout.contains('\u{1b}'), "{stdout}");
}

#[test]
fn patterns_select_files() {
    let folder = folder_with(&["in/a.wav", "in/x/b.wav", "in/x/c.flac", "in/tmp/d.wav", "in/x/tmp/e.wav"]);
    fs::write(folder.path().join("in/notes.txt"), "").unwrap();
    for (arguments, expected) in [
        ("--include *.wav", &["a.wav", "tmp/d.wav", "x/b.wav", "x/tmp/e.wav"][..]),
        ("--include x/*", &["x/b.wav", "x/c.wav", "x/tmp/e.wav"]),
        ("--include x/*.wav --include /a.wav", &["a.wav", "x/b.wav"]),
        ("--exclude tmp", &["a.wav", "x/b.wav", "x/c.wav"]),
        ("--exclude tmp/ --exclude c.*", &["a.wav", "x/b.wav"]),
        ("--include *.wav --exclude /tmp --exclude x/**/e.wav", &["a.wav", "x/b.wav"]),
    ] {
        done(&folder, &format!("resample in -r 16000 -o out --format wav {arguments}"));
        assert_eq!(files_below(&folder.path().join("out")), expected, "{arguments}");
        fs::remove_dir_all(folder.path().join("out")).unwrap();
    }
    let command =
        "resample in in/x/b.wav -r 16000 --format wav --include *.wav --exclude tmp --exclude b.wav --json r.json";
    let summary = done(&folder, command);
    assert!(summary.contains("5 files passed over: 3 excluded, 1 no audio extension, 1 not included"), "{summary}");
    assert_eq!(
        rows(&report(&folder, "r.json")),
        [
            "done in/a.wav resampled/a.wav -",
            "passed_over in/notes.txt - no audio extension",
            "passed_over in/tmp - excluded",
            "passed_over in/x/b.wav - excluded",
            "passed_over in/x/c.flac - not included",
            "passed_over in/x/tmp - excluded",
        ]
    );
    let (code, _, stderr) = run(&folder, "resample in -r 16000 -o none --include *.mp3");
    assert!(code == 2 && stderr.contains("passed over: 1 no audio extension, 5 not included"), "{stderr}");
}

#[test]
fn dry_runs_tell_and_write_nothing() {
    let folder = folder_with(&["in/a.wav", "in/b.wav"]);
    fs::write(folder.path().join("in/notes.txt"), "").unwrap();
    done(&folder, "resample in/a.wav -r 16000");
    let before = files_below(folder.path());
    let (code, stdout, stderr) =
        run(&folder, "resample in none.wav -r 16000 --resume -n --json plan.json --sample-format same");
    let expected = "in/a.wav → resampled/a.wav: would be skipped, done by an earlier run\n\
         in/b.wav → resampled/b.wav\n\
         in/notes.txt: passed over, no audio extension\n\
         1 file would be resampled; filter high; 1 file would be skipped, done by an earlier run; \
         1 file would fail; 1 file passed over: 1 no audio extension\n";
    assert_eq!((code, stdout.as_str()), (1, expected));
    assert!(stderr.starts_with("polyphase: none.wav: ") && stderr.lines().count() == 1, "{stderr}");
    fs::remove_file(folder.path().join("plan.json")).unwrap_or_default();
    assert_eq!(files_below(folder.path()), before);
    done(&folder, "resample in -r 16000 --resume -n -q --json plan.json");
    let plan = report(&folder, "plan.json");
    assert_eq!(
        rows(&plan),
        [
            "skipped in/a.wav resampled/a.wav done by an earlier run",
            "planned in/b.wav resampled/b.wav -",
            "passed_over in/notes.txt - no audio extension",
        ]
    );
    assert!(plan["totals"]["dry_run"] == true && plan["totals"]["planned"] == 1, "{plan}");
    assert_eq!(plan["files"][0]["output_frames"], 200);
    // Refused as the run would be.
    assert_eq!(run(&folder, "resample in -r 16000 --dry-run").0, 2);
    assert_eq!(run(&folder, "resample in/.. in/../.. -r 16000 --dry-run --format x").0, 2);
    let mut after = files_below(folder.path());
    after.retain(|name| name != "plan.json");
    assert_eq!(after, before);
}

/// Names that differ only in the extension keep it, whatever the order of the inputs.
#[test]
fn names_that_differ_in_the_extension_are_kept_whole() {
    let inputs = ["in/a.wav", "in/a.mp3", "in/b.wav", "in/A.aiff", "in/x/a.wav"];
    let folder = folder_with(&inputs);
    let expected = ["A.aiff.wav", "a.mp3.wav", "a.wav.wav", "b.wav", "x/a.wav"];
    let (code, _, stderr) = run(&folder, "resample in -r 16000 --format wav --json report.json");
    let told = "3 inputs differ only in their extension, so their outputs keep it, for example resampled/A.aiff.wav\n";
    assert_eq!((code, stderr.as_str()), (0, told));
    assert_eq!(files_below(&folder.path().join("resampled")), expected);
    let report = report(&folder, "report.json");
    let whole: Vec<_> = report["files"].as_array().unwrap().iter().map(|row| row["whole_name"] == true).collect();
    assert_eq!(whole, [true, true, true, false, false]);
    let reversed: Vec<_> = inputs.iter().rev().copied().collect();
    run(&folder, &format!("resample {} -r 16000 --format wav -o out --relative-to in -q", reversed.join(" ")));
    assert_eq!(files_below(&folder.path().join("out")), expected);
    // A whole name that is the name of another output.
    write_clip(&folder, "in/a.wav.flac");
    run(&folder, "resample in -r 16000 --format wav -o more -q");
    let expected = ["A.aiff.wav", "a.mp3.wav", "a.wav.flac.wav", "a.wav.wav", "b.wav", "x/a.wav"];
    assert_eq!(files_below(&folder.path().join("more")), expected);
    // Names that are equal.
    write_clip(&folder, "other/a.wav");
    let (code, _, stderr) = run(&folder, "resample in other -r 16000 --format wav -o none");
    assert!(code == 2 && stderr.contains("these inputs would have the same output"), "{stderr}");
    assert!(stderr.ends_with("\n  in/a.wav and other/a.wav\n"), "{stderr}");
    assert!(!Path::new(&folder.path().join("none")).exists());
}

#[test]
fn the_filter_is_named() {
    let folder = folder_with(&["a.wav"]);
    for (arguments, filter) in [
        ("", "; filter high\n"),
        ("--preset torchaudio", "; filter torchaudio\n"),
        ("--preset default", "; filter torchaudio\n"),
        ("--preset fast --rolloff 0.9 --padding edge", "; filter fast with rolloff 0.9, padding edge\n"),
    ] {
        let summary = done(&folder, &format!("resample a.wav -r 16000 --overwrite {arguments}"));
        assert!(summary.ends_with(filter), "{summary}");
    }
}

#[test]
fn help_completions_and_manual_pages_are_printed() {
    let folder = TempDir::new().unwrap();
    let help = done(&folder, "resample --help");
    let headings =
        ["Input:", "Output:", "Channels and level:", "Filter:", "Run and resume:", "Speed and devices:", "Messages:"];
    let positions: Vec<_> = headings.iter().map(|heading| help.find(&format!("\n{heading}\n")).unwrap()).collect();
    assert!(positions.is_sorted(), "{help}");
    assert!(help.contains("The filter is the preset `high`"), "{help}");
    let short = done(&folder, "resample -h");
    assert!(short.lines().count() < 62 && short.contains("-o, --out <PATH>"), "{short}");
    for shell in ["bash", "zsh", "fish"] {
        let text = done(&folder, &format!("completions {shell}"));
        assert!(text.contains("files-from") && text.contains("polyphase"), "{shell}");
        for name in ["resampy_kaiser_best", "sinc_interp_kaiser", "reflect", "auto cpu gpu", "floor"] {
            let lines = name.replace(' ', "\\t''\n");
            assert!(text.contains(name) || text.contains(&lines), "{shell}: {name}");
        }
    }
    // Every extension that is read is listed, and no line of the examples is broken.
    for extension in polyphase_audio::EXTENSIONS {
        assert!(help.contains(&format!(" {extension}")), "{extension}");
    }
    let examples = &help[help.find("\nExamples:\n").unwrap()..];
    assert!(examples.lines().skip(2).all(|line| line.len() <= 100 && line.starts_with("  ")), "{examples}");
    assert!(done(&folder, "man").contains(".TH polyphase 1"));
    let manual = done(&folder, "man resample");
    assert!(
        manual.contains("\\-\\-files\\-from") && manual.contains("\n.SH EXAMPLES\n.EX\n  polyphase resample"),
        "{manual}"
    );
    for text in ["Precision of the computation", "Do not add dither", "Axis of .npy arrays", "Divide the taps"] {
        assert!(manual.contains(text), "{text}: {manual}");
    }
    assert_eq!(run(&folder, "man none").0, 2);
    let (code, stdout, stderr) = run(&folder, "");
    assert!(code == 2 && stdout.is_empty() && stderr.contains("resample"), "{stderr}");
}

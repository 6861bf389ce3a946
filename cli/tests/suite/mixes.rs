//! Channels, levels, samples without headers, and pipes.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use tempfile::TempDir;

use super::files::{read_npy, read_wav, wav_bytes, write_npy};
use super::{done, errors, program, run};
use crate::signals::noise_f32;

/// A folder with `a.wav`, two channels of noise at a quarter of full scale, and its samples.
fn stereo() -> (TempDir, Vec<f32>) {
    let folder = TempDir::new().unwrap();
    let samples: Vec<f32> = noise_f32(1, 4000).iter().map(|sample| sample / 4.0).collect();
    fs::write(folder.path().join("a.wav"), wav_bytes(8000, 2, &samples)).unwrap();
    (folder, samples)
}

#[test]
fn channels_are_mixed_and_picked() {
    let (folder, samples) = stereo();
    let converted = |options: &str| {
        done(&folder, &format!("resample a.wav -r 8000 {options} -o out.wav --overwrite"));
        let wav = read_wav(&folder.path().join("out.wav"));
        (wav.channels, wav.samples)
    };
    let frames = || samples.chunks(2).map(|frame| (f64::from(frame[0]), f64::from(frame[1])));
    let mean: Vec<f64> = samples.chunks(2).map(|frame| f64::from((frame[0] + frame[1]) * 0.5)).collect();
    assert_eq!(converted("--mono"), (1, mean.clone()));
    assert_eq!(converted("--channels 1"), (1, mean));
    assert_eq!(converted("--pick 2"), (1, frames().map(|(_, right)| right).collect()));
    assert_eq!(converted("--pick 2,1"), (2, frames().flat_map(|(left, right)| [right, left]).collect()));
    assert_eq!(converted("--channels 2"), (2, samples.iter().map(|&sample| sample.into()).collect()));
    for (options, says) in [
        ("--pick 3", "there is no channel 3: the recording has 2 channels"),
        ("--pick 0", "invalid value '0'"),
        ("--mono --pick 1", "cannot be used with"),
        ("--channels 3", "[possible values: 1, 2]"),
    ] {
        let (code, _, stderr) = run(&folder, &format!("resample a.wav -r 8000 {options} -o no.wav"));
        assert!(code > 0 && stderr.contains(says), "{options}: {stderr}");
        assert!(!folder.path().join("no.wav").exists());
    }
}

#[test]
fn levels_avoid_clipping_that_is_told() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.wav"), wav_bytes(8000, 1, &noise_f32(1, 2000))).unwrap();
    let command = "resample a.wav -r 16000 --sample-format i16 -o out.wav --overwrite --json report.json";
    let converted = |options: &str| {
        let (code, _, stderr) = run(&folder, &format!("{command} {options}"));
        let report: serde_json::Value =
            serde_json::from_slice(&fs::read(folder.path().join("report.json")).unwrap()).unwrap();
        let row = report["files"][0].clone();
        let samples = read_wav(&folder.path().join("out.wav")).samples;
        let peak = samples.iter().fold(0.0_f64, |peak, sample| peak.max(sample.abs()));
        (code, stderr, row, peak)
    };
    let (code, stderr, row, peak) = converted("");
    assert_eq!((code, stderr.lines().count()), (0, 1));
    let above = row["peak_dbfs"].as_f64().unwrap();
    let says = format!("samples clipped, the peak is {above:.1} dB above full scale: lower the level with --headroom ");
    assert!(stderr.contains(&says) && row["warnings"][0].as_str().unwrap().contains(&says), "{stderr} {row}");
    assert!(row["clipped_samples"].as_u64().unwrap() > 10 && peak > 0.9999);
    // The advice helps.
    let headroom = stderr.split("--headroom ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let (code, stderr, row, peak) = converted(&format!("--headroom {headroom}"));
    assert_eq!((code, stderr.as_str(), row["clipped_samples"].as_u64()), (0, "", Some(0)));
    assert!((0.97..=1.0).contains(&peak), "{peak}");
    for (option, dbfs) in [("--normalize-peak", -1.0), ("--normalize-peak=-6", -6.0)] {
        let (code, stderr, row, peak) = converted(option);
        assert_eq!((code, stderr.as_str()), (0, ""));
        assert!((row["peak_dbfs"].as_f64().unwrap() - dbfs).abs() < 1e-4, "{row}");
        assert!((20.0 * peak.log10() - dbfs).abs() < 0.01, "{option}: {peak}");
    }
}

/// Runs the program with bytes in its stdin, and returns exit code, stdout and stderr.
fn piped(folder: &TempDir, command: &str, input: &[u8]) -> (Option<i32>, Vec<u8>, String) {
    let mut child =
        program(folder, command).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A refusal closes the pipe early.
    let writer = std::thread::spawn(move || stdin.write_all(&input).is_ok());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    (output.status.code(), output.stdout, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn pipes_carry_what_files_hold() {
    let (folder, samples) = stereo();
    let wav = fs::read(folder.path().join("a.wav")).unwrap();
    let raw: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    fs::write(folder.path().join("a.raw"), &raw).unwrap();
    done(&folder, "resample a.wav -r 12000 -o file.wav");
    done(&folder, "resample a.wav -r 12000 -o file.raw");
    let [file_wav, file_raw] = ["file.wav", "file.raw"].map(|name| fs::read(folder.path().join(name)).unwrap());
    let raw_option = "--raw f32le,2,8000";
    for (command, input, expected) in [
        ("resample a.wav -r 12000 -o -".to_owned(), &[][..], &file_wav),
        ("resample - -r 12000 -o -".to_owned(), &wav, &file_wav),
        ("resample - -r 12000 -o - --format raw".to_owned(), &wav, &file_raw),
        (format!("resample - -r 12000 -o - --format raw {raw_option}"), &raw, &file_raw),
        (format!("resample a.raw -r 12000 -o - --format raw {raw_option}"), &[], &file_raw),
    ] {
        let (code, stdout, stderr) = piped(&folder, &command, input);
        assert_eq!((code, errors(&stderr)), (Some(0), vec![]), "{command}");
        assert!(&stdout == expected, "{command}: {} bytes, expected {}", stdout.len(), expected.len());
    }
    // The length of raw samples in a pipe is unknown: the header says so, and the samples are the same.
    let (code, stdout, stderr) = piped(&folder, &format!("resample - -r 12000 -o - {raw_option}"), &raw);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout[4..8] == [0xff; 4] && stdout.ends_with(&file_raw));
    let (code, _, stderr) = piped(&folder, &format!("resample - -r 12000 -o named.wav {raw_option}"), &raw);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    // Its header has room for that of a longer file.
    assert!(fs::read(folder.path().join("named.wav")).unwrap().ends_with(&file_raw));
    // The last frame is not complete.
    let (code, stdout, stderr) =
        piped(&folder, &format!("resample - -r 12000 -o - {raw_option}"), &raw[..raw.len() - 3]);
    assert_eq!(code, Some(0));
    assert!(stderr.contains("warning: the file ends with 5 of the 8 bytes of a frame"), "{stderr}");
    assert!(stdout.len() < file_wav.len());
}

#[test]
fn pipes_that_cannot_be_are_refused() {
    let (folder, _) = stereo();
    for (command, says) in [
        ("resample - -r 8000", "stdin has no name: name the output, as in --out out.wav or --out -"),
        ("resample a.wav a.wav -r 8000 -o -", "--out - is the output of one input: 2 are given"),
        ("resample . -r 8000 -o -", "--out - is the output of one file"),
        ("resample a.wav -r 8000 -o - --format flac", "flac files cannot be written to a pipe"),
        ("resample a.wav -r 8000 -o - --json r.json", "leave them out"),
        ("resample a.wav -r 8000 -o - --raw s16le,2", "TYPE,CHANNELS,RATE"),
        ("resample a.wav -r 8000 -o - --raw s16,2,8000", "unknown type of samples `s16`"),
    ] {
        let (code, stdout, stderr) = piped(&folder, command, b"");
        assert!(code == Some(2) && stdout.is_empty() && stderr.contains(says), "{command}: {stderr}");
    }
    let (code, _, stderr) =
        piped(&folder, "resample - -r 16000 -o out.wav --normalize-peak --raw s16le,1,8000", &[0; 64]);
    assert!(code == Some(1) && stderr.contains("it can be read only once"), "{stderr}");
    assert!(!folder.path().join("out.wav").exists());
}

#[test]
fn raw_files_in_folders_are_read_with_their_format() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    for (name, bytes) in [("a.raw", [0_u8, 64, 0, 192]), ("b.pcm", [0, 32, 0, 224]), ("c.txt", [0; 4])] {
        fs::write(folder.path().join("in").join(name), bytes).unwrap();
    }
    let summary = done(&folder, "resample in -r 8000 --raw s16le,2,8000 --out out --format wav");
    assert!(summary.starts_with("2 files") && summary.contains("1 no audio extension"), "{summary}");
    assert_eq!(read_wav(&folder.path().join("out/a.wav")).samples, [0.5, -0.5]);
    assert_eq!(read_wav(&folder.path().join("out/b.wav")).samples, [0.25, -0.25]);
}

#[test]
fn any_axis_of_an_array_may_be_time() {
    let folder = TempDir::new().unwrap();
    let array = ndarray::Array3::from_shape_fn((2, 300, 3), |(a, t, b)| ((a * 7 + t * 31 + b * 13) % 97) as f64 / 97.0);
    write_npy(&folder.path().join("last.npy"), &array.clone().permuted_axes([0, 2, 1]).into_dyn());
    write_npy(&folder.path().join("middle.npy"), &array.clone().into_dyn());
    done(&folder, "resample last.npy -r 3 --orig-freq 2 -o a.npy");
    let last = read_npy::<f64>(&folder.path().join("a.npy"));
    for axis in ["1", "-2"] {
        done(&folder, &format!("resample middle.npy -r 3 --orig-freq 2 -o b.npy --overwrite --axis {axis}"));
        let middle = read_npy::<f64>(&folder.path().join("b.npy"));
        assert_eq!(middle.shape(), [2, 450, 3]);
        assert_eq!(middle.permuted_axes(vec![0, 2, 1]), last);
    }
    for axis in ["3", "-4"] {
        let (code, _, stderr) = run(&folder, &format!("resample middle.npy -r 3 --orig-freq 2 -o c.npy --axis {axis}"));
        assert!(code == 1 && stderr.contains(&format!("--axis {axis}: the array has 3 dimensions")), "{stderr}");
    }
    let (code, _, stderr) = run(&folder, "resample middle.npy -r 3 --orig-freq 2 -o c.npy --mono");
    assert!(code == 1 && stderr.contains("channels and levels of arrays"), "{stderr}");
}

//! Output to the terminal.

use std::fs;

use tempfile::TempDir;

use super::files::wav_bytes;
use super::{done, files_below, run};
use crate::signals::noise_f32;

#[test]
fn quiet_prints_errors_alone() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.wav"), wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
    assert_eq!(done(&folder, "resample a.wav --rate 16000 --quiet"), "");
    fs::write(folder.path().join("b.wav"), "").unwrap();
    let (code, stdout, stderr) = run(&folder, "resample b.wav --rate 16000 --quiet");
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (1, "", "polyphase: b.wav: the file is empty\n"));
}

#[test]
fn inspect_describes_the_filter() {
    let folder = TempDir::new().unwrap();
    let table = done(&folder, "inspect --orig-freq 48000 --rate 44100 --preset kaiser_best");
    for row in [
        "147/160",
        "148 per output",
        "exact, ",
        "20894.4 Hz",
        "0 samples: the filter is symmetric exactly",
        "74 input samples, 1.54 ms",
        "Hz, 0.9376 of the lower Nyquist frequency",
        "1.4e-8 of a constant",
    ] {
        assert!(table.contains(row), "{row}: {table}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&done(&folder, "inspect --orig-freq 16001 --rate 16000 --preset torchaudio --json"))
            .unwrap();
    assert_eq!(
        (json["phases"].as_u64(), json["stride"].as_u64(), json["taps"].as_u64()),
        (Some(16_000), Some(16_001), Some(13))
    );
    let response = &json["response"];
    assert!((response["edge_3"].as_f64().unwrap() - 0.9186).abs() < 1e-3 && response["asymmetry"] == 0.0, "{response}");
    let last = &response["pass_bands"][3];
    assert!(last["pass_band"] == 1.0 && last["image_rejection_db"].as_f64().is_some_and(|level| level < 7.0), "{last}");
    assert!(json["filter_bytes_f32"].as_u64() < Some(2_000_000) && json["interpolated"] == false);
    let huge = done(&folder, "inspect --orig-freq 4294967291 --rate 4294967279.5 --preset torchaudio");
    assert!(huge.contains("interpolated, within 1e-7: 22240 bytes; the exact bank would take "), "{huge}");
    assert!(done(&folder, "inspect --orig-freq 8000 --rate 8000").contains("unchanged"));
}

/// Files are resampled even if the lines of the program cannot be printed.
#[cfg(target_os = "linux")]
#[test]
fn a_full_or_closed_terminal_loses_no_work() {
    use std::fs::File;
    use std::process::{Command, Stdio};

    let folder = TempDir::new().unwrap();
    for name in ["a.wav", "b.wav"] {
        fs::write(folder.path().join(name), wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
    }
    fs::write(folder.path().join("bad.wav"), "").unwrap();
    let program = |arguments: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_polyphase"));
        command.args(arguments.split_whitespace()).current_dir(folder.path());
        command
    };
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let convert = "resample bad.wav a.wav b.wav --rate 16000 --overwrite";
    let status = program(convert).stdout(full()).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(1));
    assert_eq!(files_below(&folder.path().join("resampled")), ["a.wav", "b.wav"]);
    for (command, code) in [(convert, 1), ("inspect --orig-freq 3 --rate 2", 0)] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status = program(command).stdout(writer.try_clone().unwrap()).stderr(writer).status().unwrap();
        assert_eq!(status.code(), Some(code), "{command}");
    }
    assert_eq!(program("inspect --orig-freq 3 --rate 2").stdout(full()).status().unwrap().code(), Some(2));
}

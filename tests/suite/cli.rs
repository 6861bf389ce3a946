//! The program on real files: the recordings of `tests/data`, arrays, and files that are broken.

mod bench;
mod files;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ndarray::{Array, ArrayD, IxDyn, ShapeBuilder};
use polyphase::{CpuResampler, Plan, Preset};
use tempfile::TempDir;

use self::files::{read_npy, read_wav, wav_bytes, write_npy};
use crate::signals::{noise, noise_f32};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn polyphase(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_polyphase")).args(arguments).output().unwrap()
}

/// Runs it in a folder, and returns exit code, stdout and stderr.
fn run(folder: &TempDir, command: &str) -> (i32, String, String) {
    let arguments: Vec<_> = command.split_whitespace().collect();
    let output =
        Command::new(env!("CARGO_BIN_EXE_polyphase")).args(arguments).current_dir(folder.path()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Runs it and expects success.
fn done(folder: &TempDir, command: &str) -> String {
    let (code, stdout, stderr) = run(folder, command);
    assert_eq!((code, stderr.as_str()), (0, ""), "{command}: {stdout}");
    stdout
}

fn files_below(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| entry.path().strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/"))
        .collect();
    names.sort();
    names
}

#[test]
fn the_readme_command_resamples_every_recording() {
    let folder = TempDir::new().unwrap();
    let (out, json) = (folder.path().join("out"), folder.path().join("report.json"));
    let (data, out_name, json_name) = (data(), out.to_str().unwrap(), json.to_str().unwrap());
    let arguments = ["resample", data.to_str().unwrap(), "--rate", "16000", "--out", out_name, "--json", json_name];
    let output = polyphase(&arguments);
    assert!(output.status.success(), "{output:?}");
    let summary = String::from_utf8(output.stdout).unwrap();
    assert!(summary.starts_with("6 clips, 23.5 s of audio in ") && summary.contains("on the CPU"), "{summary}");

    let expected = ["speech-22050.wav", "speech-aac-22050.wav", "speech-mpeg-22050.wav", "speech-vorbis-22050.wav"];
    let expected: Vec<_> = expected.into_iter().chain(["stereo-44100.flac", "sweep-48000.wav"]).collect();
    assert_eq!(files_below(&out), expected);

    let report: serde_json::Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    assert_eq!(report["totals"]["clips"], 6);
    assert_eq!(report["totals"]["failed"], 0);
    assert_eq!(report["totals"]["lowpass_filter_width"], 6.0);
    for row in report["files"].as_array().unwrap() {
        let [orig_freq, input_frames, output_frames] =
            ["orig_freq", "input_frames", "output_frames"].map(|field| row[field].as_u64().unwrap());
        assert_eq!(output_frames, (input_frames * 16_000).div_ceil(orig_freq), "{row}");
        assert!(row["error"].is_null());
    }
    let speech = read_wav(&out.join("speech-22050.wav"));
    assert_eq!((speech.rate, speech.channels, speech.bits, speech.samples.len()), (16_000, 1, 16, 85_690));
    // Lossy audio has no integers to keep.
    let lossy = read_wav(&out.join("speech-mpeg-22050.wav"));
    assert!(lossy.is_float && lossy.bits == 32 && lossy.samples.len() == 85_690);
}

/// The samples in the file are those that the library gives, in every bit, for every precision.
#[test]
fn files_hold_what_the_library_computes() {
    let folder = TempDir::new().unwrap();
    let input = data().join("speech-22050.wav");
    let original = read_wav(&input);
    let options = Preset::KaiserFast.options();
    let plan = Plan::new(22_050, 16_000, &options).unwrap();
    let single: Vec<f32> = original.samples.iter().map(|&sample| sample as f32).collect();
    let single = CpuResampler::new().resample(&plan, &single).unwrap();
    let double = CpuResampler::new().resample(&plan, &original.samples).unwrap();

    let input = input.display();
    done(&folder, &format!("resample {input} --rate 16000 --preset kaiser_fast --sample-format f32 --out single"));
    done(
        &folder,
        &format!("resample {input} --rate 16000 --preset kaiser_fast --sample-format f64 --precision f64 --out double"),
    );
    done(
        &folder,
        &format!(
            "resample {input} --rate 16000 --preset kaiser_fast --format npy --sample-format f64 --precision f64 --out array"
        ),
    );
    let written = read_wav(&folder.path().join("single/speech-22050.wav"));
    assert!(written.samples.iter().map(|&sample| sample as f32).eq(single));
    assert_eq!(read_wav(&folder.path().join("double/speech-22050.wav")).samples, double);
    let array: ArrayD<f64> = read_npy(&folder.path().join("array/speech-22050.npy"));
    assert_eq!(array.shape(), [1, 85_690]);
    assert_eq!(array.into_raw_vec_and_offset().0, double);
}

#[test]
fn options_reach_the_filter() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.wav"), wav_bytes(48_000, 1, &noise_f32(1, 3000))).unwrap();
    let clip = noise_f32(1, 3000);
    for (arguments, options) in [
        ("", Preset::Default.options()),
        ("--preset kaiser_best", Preset::KaiserBest.options()),
        ("--preset kaiser_best --beta 5", Preset::KaiserBest.options().window(polyphase::Window::Kaiser { beta: 5.0 })),
        ("--window sinc_interp_kaiser", Preset::Default.options().window(polyphase::Window::KAISER)),
        (
            "--lowpass-filter-width 16.5 --rolloff 0.9",
            Preset::Default.options().lowpass_filter_width(16.5).rolloff(0.9),
        ),
    ] {
        done(&folder, &format!("resample a.wav --rate 44100 {arguments} --overwrite"));
        let expected = polyphase::resample_with(&clip, 48_000, 44_100, &options).unwrap();
        let written = read_wav(&folder.path().join("resampled/a.wav")).samples;
        assert!(written.iter().map(|&sample| sample as f32).eq(expected), "{arguments}");
    }
    // --orig-freq stands for the header's rate.
    done(&folder, "resample a.wav --rate 44100 --orig-freq 32000 --overwrite");
    let expected = polyphase::resample(&clip, 32_000, 44_100).unwrap();
    let written = read_wav(&folder.path().join("resampled/a.wav")).samples;
    assert!(written.iter().map(|&sample| sample as f32).eq(expected));
}

#[test]
fn flac_and_wav_hold_the_same_integers() {
    let folder = TempDir::new().unwrap();
    let input = data().join("stereo-44100.flac").display().to_string();
    for format in ["i16", "i24", "i32"] {
        for container in ["flac", "wav"] {
            let out = format!("{container}-{format}");
            done(
                &folder,
                &format!(
                    "resample {input} --rate 48000 --no-dither --format {container} --sample-format {format} --out {out}"
                ),
            );
        }
        // At equal rates the samples come back unchanged.
        done(&folder, &format!("resample flac-{format} --rate 48000 --format wav --out back-{format}"));
        let wav = fs::read(folder.path().join(format!("wav-{format}/stereo-44100.wav"))).unwrap();
        let back = fs::read(folder.path().join(format!("back-{format}/stereo-44100.wav"))).unwrap();
        assert!(wav == back, "{format}");
        let read = read_wav(&folder.path().join(format!("wav-{format}/stereo-44100.wav")));
        assert_eq!((read.channels, read.bits.to_string()), (2, format[1..].to_owned()));
    }
    // The channels, against the library; 24-bit rounding is all that is between them.
    done(&folder, &format!("resample {input} --rate 44100 --format npy --sample-format f32 --out original"));
    let original: ArrayD<f32> = read_npy(&folder.path().join("original/stereo-44100.npy"));
    let expected = polyphase::resample_tensor(&original, 44_100, 48_000).unwrap();
    let written = read_wav(&folder.path().join("wav-i24/stereo-44100.wav")).samples;
    let expected = expected.t().iter().map(|&sample| f64::from(sample)).collect::<Vec<_>>();
    assert_eq!(written.len(), expected.len());
    assert!(written.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 0.5 / 8_388_608.0));
}

#[test]
fn dither_is_added_to_16_bits_only_and_repeats() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.wav"), wav_bytes(48_000, 2, &noise_f32(1, 6000))).unwrap();
    let read = |out: &str| read_wav(&folder.path().join(out).join("a.wav")).samples;
    for (out, arguments) in [("plain", "--no-dither"), ("first", ""), ("second", "")] {
        done(&folder, &format!("resample a.wav --rate 44100 --sample-format i16 {arguments} --out {out}"));
    }
    assert_eq!(read("first"), read("second"));
    assert_ne!(read("first"), read("plain"));
    let apart = read("first").iter().zip(read("plain")).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(apart <= 2.0 / 32768.0, "{apart}");
}

#[test]
fn arrays_of_any_rank_type_and_order() {
    let folder = TempDir::new().unwrap();
    let cpu = CpuResampler::new();
    let plan = Plan::new(3, 2, &Preset::Default.options()).unwrap();
    for (name, shape) in [("one", vec![700]), ("two", vec![3, 700]), ("four", vec![2, 1, 3, 200]), ("none", vec![2, 0])]
    {
        let len = shape.iter().product();
        let double = Array::from_shape_vec(IxDyn(&shape), noise(1, len)).unwrap();
        let single = double.mapv(|sample| sample as f32);
        let integers = double.mapv(|sample| (sample * 32767.0) as i16);
        write_npy(&folder.path().join(format!("{name}-f64.npy")), &double);
        write_npy(&folder.path().join(format!("{name}-f32.npy")), &single);
        write_npy(&folder.path().join(format!("{name}-i16.npy")), &integers);
        done(&folder, "resample . --orig-freq 3 --rate 2 --overwrite --no-dither");
        let resampled = |type_name: &str| folder.path().join(format!("resampled/{name}-{type_name}.npy"));
        assert_eq!(read_npy::<f64>(&resampled("f64")), cpu.resample_tensor(&plan, &double).unwrap());
        assert_eq!(read_npy::<f32>(&resampled("f32")), cpu.resample_tensor(&plan, &single).unwrap());
        let expected = cpu.resample_tensor(&plan, &integers.mapv(|sample| f32::from(sample) / 32768.0)).unwrap();
        let expected = expected.mapv(|sample| (sample * 32768.0).round_ties_even().clamp(-32768.0, 32767.0) as i16);
        assert_eq!(read_npy::<i16>(&resampled("i16")), expected);
    }
    // Fortran order is the same array.
    let fortran = Array::from_shape_vec((3, 50).f(), noise_f32(2, 150)).unwrap().into_dyn();
    write_npy(&folder.path().join("fortran.npy"), &fortran);
    done(&folder, "resample fortran.npy --orig-freq 3 --rate 2");
    assert_eq!(
        read_npy::<f32>(&folder.path().join("resampled/fortran.npy")),
        cpu.resample_tensor(&plan, &fortran).unwrap()
    );
    // (channels, time) is audio too.
    done(&folder, "resample fortran.npy --orig-freq 48000 --rate 32000 --format wav");
    let wav = read_wav(&folder.path().join("resampled/fortran.wav"));
    assert_eq!((wav.channels, wav.rate), (3, 32_000));
    let expected = cpu.resample_tensor(&plan, &fortran).unwrap();
    assert!(wav.samples.iter().map(|&sample| sample as f32).eq(expected.t().iter().copied()));
}

#[test]
fn the_tree_is_kept_and_earlier_outputs_are_not_inputs() {
    let folder = TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("in/a/b")).unwrap();
    for name in ["in/x.wav", "in/a/x.wav", "in/a/b/y.WAV"] {
        fs::write(folder.path().join(name), wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
    }
    fs::write(folder.path().join("in/notes.txt"), "not audio").unwrap();
    let summary = done(&folder, "resample in --rate 16000 --out in/out");
    assert!(summary.contains("3 clips") && summary.contains("1 file passed over"), "{summary}");
    assert_eq!(files_below(&folder.path().join("in/out")), ["a/b/y.wav", "a/x.wav", "x.wav"]);
    done(&folder, "resample in --rate 16000 --out in/out --overwrite");
    assert_eq!(files_below(&folder.path().join("in/out")).len(), 3);
}

/// Each bad file fails alone, with one line that says why; nothing of it is left behind, and the others are done.
#[test]
fn bad_files_fail_alone_with_one_clear_line() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let wav = wav_bytes(48_000, 1, &noise_f32(1, 5000));
    let flac = fs::read(data().join("stereo-44100.flac")).unwrap();
    let forged = |at: usize, bytes: &[u8]| {
        let mut wav = wav.clone();
        wav[at..at + bytes.len()].copy_from_slice(bytes);
        wav
    };
    let mut corrupt = flac.clone();
    corrupt[100_000..100_050].fill(0x55);
    write("in-good.wav", &wav);
    write("in-empty.wav", b"");
    write("in-text.wav", b"This is a letter, not a recording.\n");
    write("in-truncated.wav", &wav[..12_000]);
    write("in-header.wav", &wav[..30]);
    write("in-rate0.wav", &forged(24, &0_u32.to_le_bytes()));
    write("in-rate4e9.wav", &forged(24, &4_294_967_291_u32.to_le_bytes()));
    write("in-channels.wav", &forged(22, &u16::MAX.to_le_bytes()));
    write("in-size.wav", &forged(wav.len() - 5000 * 4 - 4, &2_000_000_000_u32.to_le_bytes()));
    write("in-truncated.flac", &flac[..flac.len() / 2]);
    write("in-corrupt.flac", &corrupt);
    write("in-truncated.npy", &npy_bytes("(64,)", "<f8")[..639]);
    write("in-text.npy", b"\x93NUMPY but not really");
    write("in-huge.npy", &npy_bytes("(6400000000000000000, 4)", "<f8"));
    write("in-type.npy", &npy_bytes("(64,)", "<c8"));

    let (code, stdout, stderr) =
        run(&folder, "resample . in-missing.wav --rate 16000 --orig-freq 48000 --out out --threads 2");
    let (code_again, _, unforced) =
        run(&folder, "resample in-rate4e9.wav in-rate0.wav in-good.wav --rate 16000 --out again");
    assert_eq!((code, code_again), (1, 1), "{stderr}");
    for (name, reason) in [
        ("in-empty.wav", "the file is empty"),
        ("in-text.wav", "not an audio file of a known format"),
        ("in-truncated.wav", "truncated or damaged: the header promises 5000 frames, 2989 could be read"),
        ("in-header.wav", "not an audio file of a known format, or its header is damaged"),
        ("in-rate0.wav", "the header gives a sampling rate of 0"),
        ("in-channels.wav", "invalid channel count"),
        ("in-size.wav", "its header is damaged"),
        ("in-truncated.flac", "truncated or damaged: the header promises 189794 frames, 77824 could be read"),
        ("in-corrupt.flac", "truncated or damaged: the header promises 189794 frames"),
        ("in-truncated.npy", "truncated: the header promises 512 bytes of samples, the file holds 511"),
        ("in-text.npy", "not an .npy file, or its header is damaged"),
        ("in-huge.npy", "the file is damaged"),
        ("in-type.npy", "the array is of type <c8: f32, f64 and i16 can be read"),
        ("in-missing.wav", "No such file"),
    ] {
        let lines: Vec<_> = stderr.lines().filter(|line| line.contains(name)).collect();
        assert_eq!(lines.len(), 1, "{name}: {stderr}");
        assert!(lines[0].starts_with("polyphase: ") && lines[0].contains(reason), "{reason}: {}", lines[0]);
    }
    assert_eq!(stderr.lines().count(), 14, "{stderr}");
    assert!(stdout.contains("14 files failed") && stdout.starts_with("2 clips"), "{stdout}");
    assert_eq!(files_below(&folder.path().join("out")), ["in-good.wav", "in-rate4e9.wav"]);
    // Without --orig-freq the forged rate counts.
    assert!(unforced.contains("in-rate4e9.wav: 16000/4294967291 is a ratio beyond 1/1024 … 1024"), "{unforced}");
    assert_eq!(files_below(&folder.path().join("again")), ["in-good.wav"]);
}

/// An array file of 64 float64 zeros, whatever its header says.
fn npy_bytes(shape: &str, dtype: &str) -> Vec<u8> {
    let header = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}");
    let header = format!("{header:<117}\n");
    [b"\x93NUMPY\x01\x00\x76\x00", header.as_bytes(), &[0; 512]].concat()
}

/// What is wrong with a request is said before anything is written.
#[test]
fn refused_requests_write_nothing() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    for name in ["in/a.wav", "in/A.aiff", "b.wav"] {
        fs::write(folder.path().join(name), wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
    }
    done(&folder, "resample b.wav --rate 16000 --out there");
    let before = files_below(folder.path());
    for (command, reason) in [
        ("resample in --rate 16000", "several inputs have one output"),
        ("resample b.wav in/../b.wav --rate 16000", "several inputs have one output"),
        ("resample b.wav --rate 16000 --out .", "these outputs are inputs"),
        ("resample b.wav --rate 16000 --out . --overwrite", "these outputs are inputs"),
        ("resample b.wav --rate 16000 --out there", "these outputs exist already: add --overwrite"),
        ("resample b.wav --rate 0", "invalid value '0' for '--rate <HZ>'"),
        ("resample b.wav --rate 16000 --rolloff 2", "rolloff is 2: it must be above 0 and at most 1"),
        ("resample b.wav --rate 16000 --rolloff -1", "rolloff is -1: it must be above 0 and at most 1"),
        ("resample b.wav --rate 16000 --lowpass-filter-width nan", "lowpass_filter_width is NaN"),
        ("resample b.wav --rate 16000 --beta 5", "--beta shapes the Kaiser window: add --window kaiser"),
        ("resample b.wav --rate 16000 --preset best", "unknown preset `best`: it must be one of default, kaiser_best"),
        ("resample b.wav --rate 16000 --window box", "unknown window `box`"),
        ("resample b.wav --rate 16000 --threads 0", "--threads is 0: it must be at least 1"),
        ("resample b.wav --rate 16000 --backend gpu", "this build has no GPU backend"),
        ("resample b.wav --rate 16000 --format flac --sample-format f32", "flac files cannot hold f32 samples"),
        ("resample b.wav --rate 16000 --format npy --sample-format i24", "npy files cannot hold i24 samples"),
        ("resample there/none --rate 16000 --out .", ""),
        ("inspect --orig-freq 4294967291 --rate 4294967279", "the filter bank would take 446676597016 bytes"),
        ("resample b.wav", "--rate <HZ>"),
    ] {
        let (code, stdout, stderr) = run(&folder, command);
        assert!(code == 2 || command.contains("none"), "{command}: {code}");
        assert!(stderr.contains(reason) && stdout.is_empty() | command.contains("none"), "{command}: {stderr}{stdout}");
        assert_eq!(files_below(folder.path()), before, "{command}");
    }
    fs::create_dir(folder.path().join("nothing")).unwrap();
    let (code, _, stderr) = run(&folder, "resample nothing --rate 16000");
    assert_eq!((code, stderr.as_str()), (2, "polyphase: there are no audio files in these folders\n"));
}

#[test]
fn quiet_says_nothing_but_errors() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.wav"), wav_bytes(8000, 1, &noise_f32(1, 100))).unwrap();
    assert_eq!(done(&folder, "resample a.wav --rate 16000 --quiet"), "");
    fs::write(folder.path().join("b.wav"), "").unwrap();
    let (code, stdout, stderr) = run(&folder, "resample b.wav --rate 16000 --quiet");
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (1, "", "polyphase: b.wav: the file is empty\n"));
}

#[test]
fn files_without_frames_stay_files_without_frames() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.wav"), wav_bytes(8000, 2, &[])).unwrap();
    done(&folder, "resample a.wav --rate 16000");
    let wav = read_wav(&folder.path().join("resampled/a.wav"));
    assert_eq!((wav.rate, wav.channels, wav.samples.len()), (16_000, 2, 0));
}

#[test]
fn clipped_samples_are_counted() {
    let folder = TempDir::new().unwrap();
    let square: Vec<f32> = (0..1000).map(|i| if i / 50 % 2 == 0 { 1.0 } else { -1.0 }).collect();
    fs::write(folder.path().join("a.wav"), wav_bytes(8000, 1, &square)).unwrap();
    let summary = done(&folder, "resample a.wav --rate 16000 --sample-format i16 --no-dither --json report.json");
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("report.json")).unwrap()).unwrap();
    let expected = polyphase::resample(&square, 8000, 16_000).unwrap();
    let expected = expected.iter().filter(|&&y| y * 32768.0 >= 32767.5 || y * 32768.0 < -32768.5).count();
    assert!(expected > 100);
    assert_eq!(report["files"][0]["clipped_samples"], expected);
    assert!(summary.contains(&format!("{expected} samples clipped to full scale")), "{summary}");
    // Floats keep what goes beyond.
    done(&folder, "resample a.wav --rate 16000 --overwrite");
    assert!(read_wav(&folder.path().join("resampled/a.wav")).samples.iter().any(|y| y.abs() > 1.0));
}

#[test]
fn inspect_tells_the_filter() {
    let folder = TempDir::new().unwrap();
    let table = done(&folder, "inspect --orig-freq 48000 --rate 44100 --preset kaiser_best");
    for row in
        ["147/160", "148 per output", "174048 in float64", "20894.4 Hz", "0 samples", "74 input samples, 1.54 ms"]
    {
        assert!(table.contains(row), "{row}: {table}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&done(&folder, "inspect --orig-freq 16001 --rate 16000 --json")).unwrap();
    assert_eq!(
        (json["phases"].as_u64(), json["stride"].as_u64(), json["taps"].as_u64()),
        (Some(16_000), Some(16_001), Some(13))
    );
    assert!(json["filter_bytes_f32"].as_u64() < Some(2_000_000) && json["filter_bytes_f64"].as_u64() < Some(2_000_000));
    assert!(done(&folder, "inspect --orig-freq 8000 --rate 8000").contains("unchanged"));
}

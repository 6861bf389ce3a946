//! The contents of output files.

use std::fs;

use ndarray::ArrayD;
use polyphase::{CpuResampler, Plan, Preset};
use tempfile::TempDir;

use super::files::{read_npy, read_wav, wav_bytes};
use super::{data, done, files_below, polyphase, run};
use crate::signals::noise_f32;

#[test]
fn the_readme_command_resamples_every_recording() {
    let folder = TempDir::new().unwrap();
    let (out, json) = (folder.path().join("out"), folder.path().join("report.json"));
    let (data, out_name, json_name) = (data(), out.to_str().unwrap(), json.to_str().unwrap());
    let arguments = ["resample", data.to_str().unwrap(), "--rate", "16000", "--out", out_name, "--json", json_name];
    let output = polyphase(&arguments);
    assert!(output.status.success(), "{output:?}");
    let summary = String::from_utf8(output.stdout).unwrap();
    assert!(summary.starts_with("6 files, 23.4 s of audio in ") && summary.contains("on the CPU"), "{summary}");

    let expected = ["speech-22050.wav", "speech-aac-22050.wav", "speech-mpeg-22050.wav", "speech-vorbis-22050.wav"];
    let expected: Vec<_> = expected.into_iter().chain(["stereo-44100.flac", "sweep-48000.wav"]).collect();
    assert_eq!(files_below(&out), expected);

    let report: serde_json::Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    assert_eq!(report["totals"]["clips"], 6);
    assert_eq!(report["totals"]["failed"], 0);
    assert_eq!(report["totals"]["filter"], "high");
    assert_eq!(report["totals"]["lowpass_filter_width"], Preset::High.options().lowpass_filter_width);
    for row in report["files"].as_array().unwrap() {
        let [orig_freq, input_frames, output_frames] =
            ["orig_freq", "input_frames", "output_frames"].map(|field| row[field].as_u64().unwrap());
        assert_eq!(output_frames, (input_frames * 16_000).div_ceil(orig_freq), "{row}");
        assert!(row["error"].is_null());
    }
    let speech = read_wav(&out.join("speech-22050.wav"));
    assert_eq!((speech.rate, speech.channels, speech.bits, speech.samples.len()), (16_000, 1, 16, 85_690));
    // Lossy audio is decoded to floats.
    let lossy = read_wav(&out.join("speech-mpeg-22050.wav"));
    assert!(lossy.is_float && lossy.bits == 32 && lossy.samples.len() == 85_690);
}

/// The samples in a file have the same bits as those of the library, in every precision.
#[test]
fn files_contain_the_samples_of_the_library() {
    let folder = TempDir::new().unwrap();
    let input = data().join("speech-22050.wav");
    let original = read_wav(&input);
    let options = Preset::KaiserFast.options();
    let plan = Plan::new(22_050, 16_000, options).unwrap();
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
        ("", Preset::High.options()),
        ("--preset torchaudio", Preset::Default.options()),
        ("--preset default", Preset::Default.options()),
        ("--preset kaiser_best", Preset::KaiserBest.options()),
        ("--preset kaiser_best --beta 5", Preset::KaiserBest.options().window(polyphase::Window::Kaiser { beta: 5.0 })),
        ("--preset kaiser_fast --window kaiser", Preset::KaiserFast.options()),
        (
            "--preset torchaudio --window sinc_interp_kaiser",
            Preset::Default.options().window(polyphase::Window::KAISER),
        ),
        ("--lowpass-filter-width 16.5 --rolloff 0.9", Preset::High.options().lowpass_filter_width(16.5).rolloff(0.9)),
    ] {
        done(&folder, &format!("resample a.wav --rate 44100 {arguments} --overwrite"));
        let expected = polyphase::resample_with(&clip, 48_000, 44_100, options).unwrap();
        let written = read_wav(&folder.path().join("resampled/a.wav")).samples;
        assert!(written.iter().map(|&sample| sample as f32).eq(expected), "{arguments}");
    }
    // --orig-freq replaces the rate of the header.
    done(&folder, "resample a.wav --rate 44100 --orig-freq 32000 --preset torchaudio --overwrite");
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
                    "resample {input} --rate 48000 --no-dither --preset torchaudio --format {container} \
                     --sample-format {format} --out {out}"
                ),
            );
        }
        // Equal rates leave the samples unchanged.
        done(&folder, &format!("resample flac-{format} --rate 48000 --format wav --out back-{format}"));
        let wav = fs::read(folder.path().join(format!("wav-{format}/stereo-44100.wav"))).unwrap();
        let back = fs::read(folder.path().join(format!("back-{format}/stereo-44100.wav"))).unwrap();
        assert!(wav == back, "{format}");
        let read = read_wav(&folder.path().join(format!("wav-{format}/stereo-44100.wav")));
        assert_eq!((read.channels, read.bits.to_string()), (2, format[1..].to_owned()));
    }
    // The channels agree with the library to 24 bits.
    done(&folder, &format!("resample {input} --rate 44100 --format npy --sample-format f32 --out original"));
    let original: ArrayD<f32> = read_npy(&folder.path().join("original/stereo-44100.npy"));
    let expected = polyphase::resample_tensor(&original, 44_100, 48_000).unwrap();
    let written = read_wav(&folder.path().join("wav-i24/stereo-44100.wav")).samples;
    let expected = expected.t().iter().map(|&sample| f64::from(sample)).collect::<Vec<_>>();
    assert_eq!(written.len(), expected.len());
    assert!(written.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 0.5 / 8_388_608.0));
}

#[test]
fn dither_is_added_to_16_bits_only_and_is_the_same_in_every_run() {
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
    for (out, arguments) in [("plain24", "--no-dither"), ("default24", "")] {
        done(&folder, &format!("resample a.wav --rate 44100 --sample-format i24 {arguments} --out {out}"));
    }
    assert_eq!(read("plain24"), read("default24"));
}

#[test]
fn recordings_without_frames_are_resampled() {
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
    let summary = done(
        &folder,
        "resample a.wav --rate 16000 --sample-format i16 --no-dither --preset torchaudio --json report.json",
    );
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("report.json")).unwrap()).unwrap();
    let expected = polyphase::resample(&square, 8000, 16_000).unwrap();
    let expected = expected.iter().filter(|&&y| y * 32768.0 >= 32767.5 || y * 32768.0 < -32768.5).count();
    assert!(expected > 100);
    assert_eq!(report["files"][0]["clipped_samples"], expected);
    assert!(summary.contains(&format!("{expected} samples clipped to full scale")), "{summary}");
    // Floats are not clipped.
    done(&folder, "resample a.wav --rate 16000 --overwrite");
    assert!(read_wav(&folder.path().join("resampled/a.wav")).samples.iter().any(|y| y.abs() > 1.0));
}

/// Bytes of a WAV file of 16-bit zeros with a mask of speakers.
fn surround(channels: u16, mask: u32) -> Vec<u8> {
    let (frames, block) = (100, 2 * channels);
    let data_len = frames * u32::from(block);
    let mut wav = b"RIFF".to_vec();
    wav.extend((60 + data_len).to_le_bytes());
    wav.extend(b"WAVEfmt \x28\0\0\0\xfe\xff");
    wav.extend(channels.to_le_bytes());
    wav.extend(8000_u32.to_le_bytes());
    wav.extend((8000 * u32::from(block)).to_le_bytes());
    wav.extend(block.to_le_bytes());
    wav.extend(b"\x10\0\x16\0\x10\0");
    wav.extend(mask.to_le_bytes());
    wav.extend(b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71data");
    wav.extend(data_len.to_le_bytes());
    wav.resize(wav.len() + data_len as usize, 0);
    wav
}

#[test]
fn speakers_are_kept() {
    let folder = TempDir::new().unwrap();
    let comment = |mask: &[u8]| [b"WAVEFORMATEXTENSIBLE_CHANNEL_MASK=", mask].concat();
    for (channels, mask, expected) in [(6, 0x60f_u32, Some(&b"0x060F"[..])), (6, 0x3f, None), (2, 3, None)] {
        fs::write(folder.path().join("a.wav"), surround(channels, mask)).unwrap();
        done(&folder, "resample a.wav --rate 16000 --overwrite");
        done(&folder, "resample a.wav --rate 16000 --overwrite --format flac");
        let wav = fs::read(folder.path().join("resampled/a.wav")).unwrap();
        // The header of a stereo file has no mask.
        if channels > 2 {
            assert_eq!(wav[40..44], mask.to_le_bytes());
        }
        let flac = fs::read(folder.path().join("resampled/a.flac")).unwrap();
        let holds = |text: &[u8]| flac.windows(text.len()).any(|bytes| bytes == text);
        assert_eq!(holds(&comment(b"")), expected.is_some(), "{channels} channels, {mask:#x}");
        assert!(expected.is_none_or(|mask| holds(&comment(mask))));
    }
}

/// A rate that may be meant as kHz is kept, and a note says what it means.
#[test]
fn low_rates_are_noted() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("tone.wav"), wav_bytes(8000, 1, &noise_f32(1, 8000))).unwrap();
    let note = "the outputs have 48 samples a second: --rate is in Hz, so 48 kHz is 48000";
    let (code, _, stderr) = run(&folder, "resample tone.wav --rate 48");
    assert!(code == 0 && stderr.contains(note), "{stderr}");
    let (code, _, stderr) = run(&folder, "resample tone.wav --rate 1000 --overwrite");
    assert!(code == 0 && !stderr.contains("--rate is in Hz"), "{stderr}");
}

/// With a fractional rate the length is exact, and the header holds the nearest whole number.
#[test]
fn rates_need_not_be_whole() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("tone.wav"), wav_bytes(44_100, 1, &noise_f32(1, 88_200))).unwrap();
    let command = "resample tone.wav --rate 11025.5 --padding edge --normalize-phases --json report.json";
    let (code, _, stderr) = run(&folder, command);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("file headers hold whole numbers of Hz: 11026 instead of 11025.5"), "{stderr}");
    let report = || -> serde_json::Value {
        serde_json::from_str(&fs::read_to_string(folder.path().join("report.json")).unwrap()).unwrap()
    };
    assert_eq!(report()["files"][0]["new_freq"].as_f64(), Some(11_025.5));
    assert_eq!(report()["files"][0]["output_frames"].as_u64(), Some(22_051));
    assert_eq!(report()["totals"]["padding"].as_str(), Some("edge"));
    let ratio = polyphase::Ratio::new(441_000, 110_255).unwrap();
    let options = Preset::High.options().padding(polyphase::Padding::Edge).normalize_phases(true);
    let plan = polyphase::Plan::with_ratio(ratio, options).unwrap();
    let expected = polyphase::CpuResampler::new().resample(&plan, &noise_f32(1, 88_200)).unwrap();
    let wav = read_wav(&folder.path().join("resampled/tone.wav"));
    assert_eq!(wav.rate, 11_026);
    assert!(wav.samples.iter().map(|&sample| sample as f32).eq(expected));

    let (code, _, stderr) = run(&folder, "resample tone.wav --rate 11025,5 --overwrite");
    assert_eq!(code, 2);
    assert!(stderr.contains("such as 44100 or 11025.5"), "{stderr}");
    done(&folder, "resample tone.wav --rate 16000 --output-length 7 --overwrite --json report.json");
    assert_eq!(report()["files"][0]["output_frames"].as_u64(), Some(7));
}

//! Spectrograms and filters as pictures.

use std::f64::consts::TAU;
use std::fs;
use std::path::Path;

use ndarray::{Array, IxDyn};
use tempfile::TempDir;

use super::files::{wav_bytes, write_npy};
use super::{data, done, files_below, run};
use crate::signals::noise_f32;

/// Decodes a PNG: its size, and three bytes for each pixel.
pub(super) fn read_png(path: &Path) -> ((u32, u32), Vec<u8>) {
    let file = std::io::BufReader::new(fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    pixels.truncate(info.buffer_size());
    ((info.width, info.height), pixels)
}

/// Reads an SVG, and asserts that it has this size and that its tags are closed.
fn read_svg(path: &Path, (width, height): (u32, u32)) -> String {
    let svg = fs::read_to_string(path).unwrap();
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "{}", &svg[..200]);
    assert!(svg.contains(&format!("width=\"{width}\" height=\"{height}\" viewBox")));
    let opened = svg.matches('<').count() - svg.matches("</").count();
    assert_eq!(opened, svg.matches("/>").count() + svg.matches("</").count());
    svg
}

fn tones(frequencies: &[f64], rate: u32, frames: usize) -> Vec<f32> {
    let amplitude = 1.0 / frequencies.len() as f64;
    let sample = |i: usize| {
        let at = i as f64 / f64::from(rate);
        frequencies.iter().map(|frequency| amplitude * (TAU * frequency * at).sin()).sum::<f64>() as f32
    };
    (0..frames).map(sample).collect()
}

/// Rows of pixels, counted from the bottom, whose middle pixel has one of the light colours of magma.
fn light_rows(((width, height), pixels): &((u32, u32), Vec<u8>)) -> Vec<u32> {
    let middle = width / 2;
    let light = |y: &u32| {
        let at = 3 * (y * width + middle) as usize;
        pixels[at] > 200 && pixels[at + 2] < 200
    };
    (0..*height).rev().filter(light).map(|y| height - 1 - y).collect()
}

#[test]
fn tones_are_drawn_where_their_frequencies_are() {
    let folder = TempDir::new().unwrap();
    let signal = tones(&[2000.0, 4000.0, 6000.0], 16_000, 16_000);
    fs::write(folder.path().join("a.wav"), wav_bytes(16_000, 1, &signal)).unwrap();
    assert_eq!(done(&folder, "spectrogram a.wav --out a.png --size 640x480"), "wrote a.png\n");
    let picture = read_png(&folder.path().join("a.png"));
    assert_eq!(picture.0, (640, 480));
    let lines = |picture: &_| -> Vec<u32> {
        let rows = light_rows(picture);
        rows.chunk_by(|a, b| b - a <= 1).map(|line| (line[0] + line[line.len() - 1]) / 2).collect()
    };
    let [low, middle, high] = lines(&picture)[..] else { panic!("three lines: {:?}", lines(&picture)) };
    assert!((high - middle).abs_diff(middle - low) <= 1 && high - low > 100);
    // --max-freq enlarges the part below this frequency.
    done(&folder, "spectrogram a.wav --out b.png --size 640x480 --max-freq 5000");
    let picture = read_png(&folder.path().join("b.png"));
    let [first, second] = lines(&picture)[..] else { panic!("two lines: {:?}", lines(&picture)) };
    assert!((5 * (second - first)).abs_diff(8 * (middle - low)) <= 10, "{first} {second} {low} {middle}");
    // Levels of about −40 dB are dark in a range of 30 dB.
    fs::write(folder.path().join("c.wav"), wav_bytes(16_000, 1, &signal.iter().map(|x| x / 30.0).collect::<Vec<_>>()))
        .unwrap();
    done(&folder, "spectrogram c.wav --out c.png --range-db 30");
    assert!(light_rows(&read_png(&folder.path().join("c.png"))).is_empty());
}

#[test]
fn every_kind_of_signal_is_drawn() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.path().join(name), bytes).unwrap();
    write("one.wav", wav_bytes(48_000, 1, &[1.0]));
    write("silence.wav", wav_bytes(44_100, 2, &[0.0; 20_000]));
    write("odd.wav", wav_bytes(8000, 1, &[f32::NAN, f32::INFINITY, 0.5, -0.5].repeat(1000)));
    write("a<b>&\u{1}ä.wav", wav_bytes(8000, 1, &noise_f32(1, 5000)));
    write("six.wav", wav_bytes(8000, 6, &noise_f32(1, 60_000)));
    let array = Array::from_shape_fn(IxDyn(&[2, 4000]), |at| (at[1] as f64 * 0.3).sin());
    write_npy(&folder.path().join("array.npy"), &array);
    fs::copy(data().join("stereo-44100.flac"), folder.path().join("stereo.flac")).unwrap();
    fs::copy(data().join("speech-mpeg-22050.mp3"), folder.path().join("speech.mp3")).unwrap();
    for (inputs, size) in [
        ("one.wav", (1200, 720)),
        ("silence.wav", (300, 240)),
        ("odd.wav", (240, 900)),
        ("a<b>&\u{1}ä.wav", (640, 400)),
        ("six.wav --mix", (400, 240)),
        ("six.wav --channel 6", (400, 240)),
        ("six.wav", (1200, 720)),
        ("array.npy --orig-freq 16000", (500, 300)),
        ("stereo.flac speech.mp3 --theme dark --colors viridis", (1000, 500)),
        ("stereo.flac one.wav --window hann --fft 300 --hop 77 --text 0.7", (800, 500)),
    ] {
        let (width, height) = size;
        for kind in ["png", "svg"] {
            done(&folder, &format!("spectrogram {inputs} --size {width}x{height} --overwrite --out picture.{kind}"));
        }
        assert_eq!(read_png(&folder.path().join("picture.png")).0, size, "{inputs}");
        let svg = read_svg(&folder.path().join("picture.svg"), size);
        assert!(svg.contains("data:image/png;base64,"));
        if inputs.starts_with("a<b>") {
            assert!(svg.contains("a&lt;b&gt;&amp;\u{fffd}ä.wav"), "{inputs}");
        }
    }
}

#[test]
fn invalid_requests_are_refused_in_one_line_and_leave_nothing() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("a.wav", &wav_bytes(8000, 1, &noise_f32(1, 1000)));
    write("wide.wav", &wav_bytes(8000, 12, &noise_f32(1, 1200)));
    write("none.wav", &wav_bytes(8000, 1, &[]));
    write("empty.wav", b"");
    write("letter.wav", b"This is a letter, not a recording.\n");
    write("cut.wav", &wav_bytes(8000, 1, &noise_f32(1, 1000))[..2000]);
    write("there.png", b"");
    write_npy(&folder.path().join("array.npy"), &Array::<f64, _>::zeros(IxDyn(&[10])));
    let before = files_below(folder.path());
    for (command, code, reason) in [
        ("spectrogram a.wav --out a.jpeg", 2, "a.jpeg: the name of a picture must end in .png or .svg"),
        ("spectrogram a.wav --out a", 2, "a: the name of a picture must end in .png or .svg"),
        ("spectrogram a.wav --out no/a.png", 2, "no/a.png: there is no folder no"),
        ("spectrogram a.wav --out there.png", 2, "there.png: the file already exists: add --overwrite"),
        ("spectrogram a.wav --out b.png --fft 8", 2, "--fft 8: it must be from 16 to 65536"),
        ("spectrogram a.wav --out b.png --range-db 0", 2, "--range-db 0: "),
        ("spectrogram a.wav --out b.png --max-freq NaN", 2, "--max-freq NaN: "),
        ("spectrogram empty.wav --out b.png", 1, "empty.wav: the file is empty"),
        ("spectrogram none.wav --out b.png", 1, "none.wav: there are no samples in the file"),
        ("spectrogram letter.wav --out b.png", 1, "letter.wav: the file is text, not audio"),
        ("spectrogram a.wav cut.wav --out b.png", 1, "cut.wav: truncated or damaged"),
        ("spectrogram missing.wav --out b.png", 1, "missing.wav: No such file"),
        ("spectrogram array.npy --out b.png", 1, "array.npy: an array has no sampling rate of its own"),
        ("spectrogram a.wav --channel 2 --out b.png", 1, "a.wav: there is no channel 2: the recording has 1"),
        ("spectrogram wide.wav --out b.png", 1, "wide.wav: the picture has room for "),
        ("inspect --orig-freq 3 --rate 2 --plot b.gif", 2, "b.gif: the name of a picture must end in .png or .svg"),
        ("inspect --orig-freq 2 --rate 2 --plot b.png", 2, "equal rates leave the samples unchanged"),
    ] {
        let (actual, stdout, stderr) = run(&folder, command);
        assert_eq!((actual, stdout.as_str(), stderr.lines().count()), (code, "", 1), "{command}: {stderr}");
        assert!(stderr.starts_with(&format!("polyphase: {reason}")), "{command}: {stderr}");
    }
    let (code, _, stderr) = run(&folder, "spectrogram a.wav --out b.png --size 100x100");
    assert!(code == 2 && stderr.contains("numbers from 240 to 4096"), "{stderr}");
    #[cfg(target_os = "linux")]
    {
        let (code, _, stderr) = run(&folder, "spectrogram a.wav --out /proc/a.png");
        assert!(code == 1 && stderr.starts_with("polyphase: writing /proc/a.png: "), "{stderr}");
    }
    // A link to the input.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("there.png", folder.path().join("link.png")).unwrap();
        let (code, _, stderr) = run(&folder, "spectrogram link.png --out there.png --overwrite");
        assert!(code == 2 && stderr.contains("--out there.png is an input"), "{stderr}");
        fs::remove_file(folder.path().join("link.png")).unwrap();
    }
    assert_eq!(files_below(folder.path()), before);
}

#[test]
fn plotting_a_filter_does_not_change_the_printed_table() {
    let folder = TempDir::new().unwrap();
    for (rates, size) in [
        ("--orig-freq 48000 --rate 32000", (1200, 720)),
        ("--orig-freq 44100 --rate 48000 --preset kaiser_best", (800, 500)),
        ("--orig-freq 8000 --rate 192000 --lowpass-filter-width 0.5", (500, 900)),
        ("--orig-freq 192000 --rate 8000 --preset kaiser_fast --theme dark", (600, 400)),
    ] {
        let (width, height) = size;
        let plain = done(&folder, &format!("inspect {}", rates.replace("--theme dark", "")));
        for kind in ["png", "svg"] {
            let drawn =
                done(&folder, &format!("inspect {rates} --plot filter.{kind} --size {width}x{height} --overwrite"));
            assert_eq!(drawn, plain);
        }
        assert_eq!(read_png(&folder.path().join("filter.png")).0, size);
        let svg = read_svg(&folder.path().join("filter.svg"), size);
        for text in ["Impulse response", "Gain (dB)", "Frequency (kHz)", "Nyquist"] {
            assert!(svg.contains(text), "{rates}: {text}");
        }
    }
}

//! Reading with a rate, channels and a section, and conversion of one recording to another.

use std::io::Cursor;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use ndarray::{Array2, s};
use polyphase::{CpuResampler, Plan, Preset};
use polyphase_audio::files::Temporary;
use polyphase_audio::{
    Channels, Container, ConvertOptions, Decoder, Error, Level, Output, ReadOptions, Reader, SampleFormat, Source,
    Spec, Time, WriteOptions, Writer, convert, load, save,
};

use super::path;

/// Samples of shape (channels, frames), of which every one differs.
fn samples(channels: usize, frames: usize) -> Array2<f32> {
    Array2::from_shape_fn((channels, frames), |(channel, frame)| {
        ((frame * 7919 + channel * 104_729) % 65_521) as f32 / 65_536.0 - 0.5
    })
}

/// Bytes of a file, from samples of shape (channels, frames).
fn file(container: Container, spec: Spec, samples: &Array2<f32>) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let temporary = Temporary::new(folder.path()).expect("a file");
    let options = WriteOptions::new(container, spec).dither(false);
    let mut writer = Writer::new(Output::temporary(&temporary).expect("a file"), &options).expect("a header");
    let interleaved: Vec<f32> = samples.t().iter().copied().collect();
    writer.write(&interleaved).expect("samples");
    assert_eq!(writer.finish().expect("the rest"), 0);
    std::fs::read(temporary.path()).expect("the file")
}

fn spec(rate: u32, channels: usize) -> Spec {
    Spec { rate, channels, channel_mask: 0, format: SampleFormat::F32 }
}

fn wav(rate: u32, samples: &Array2<f32>) -> Vec<u8> {
    file(Container::Wav, spec(rate, samples.nrows()), samples)
}

fn loaded(source: impl Into<Source>, options: &ReadOptions) -> Array2<f32> {
    load(source, options).expect("a recording").samples
}

#[test]
fn files_bytes_readers_and_streams_hold_the_same() {
    let samples = samples(3, 5000);
    let bytes = wav(8000, &samples);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.wav");
    std::fs::write(&file, &bytes).expect("a file");
    let all = ReadOptions::default();
    let sources: [Source; 4] = [
        Source::path(file),
        Source::bytes(bytes.clone()),
        Source::seekable(Cursor::new(bytes.clone())),
        Source::stream(Cursor::new(bytes.clone())),
    ];
    for source in sources {
        assert_eq!(loaded(source, &all), samples);
    }
    // Headers of many lengths: 16 and 18 bytes of a format, with texts of any length before the samples.
    for len in 0..80_u16 {
        let mut long = bytes.clone();
        long.splice(
            12..12,
            [&b"JUNK"[..], &(2 * u32::from(len)).to_le_bytes(), &vec![0; 2 * usize::from(len)]].concat(),
        );
        assert_eq!(loaded(Source::stream(Cursor::new(long)), &all), samples, "{len}");
    }
    // An empty chunk of samples before the real one.
    for name in ["05-empty-data-first.wav", "05-list-empty.wav", "02-stream-lame.wav", "08-size-unknown.caf"] {
        let bytes = std::fs::read(path(name)).expect(name);
        assert_eq!(loaded(Source::stream(Cursor::new(bytes.clone())), &all), loaded(bytes, &all), "{name}");
    }
    let missing = Decoder::open(PathBuf::from("/nowhere/at/all.wav")).expect_err("no file");
    assert!(matches!(missing, Error::Io(_)), "{missing}");
    assert!(matches!(Decoder::open(Vec::new()), Err(Error::Damaged(_))));
}

#[test]
fn sections_are_cut_before_they_are_resampled() {
    let samples = samples(2, 9000);
    for container in [Container::Wav, Container::Flac] {
        let format = if container == Container::Flac { SampleFormat::I24 } else { SampleFormat::F32 };
        let bytes = file(container, Spec { format, ..spec(8000, 2) }, &samples);
        let whole = loaded(bytes.clone(), &ReadOptions::default());
        assert_eq!(whole.dim(), (2, 9000));
        for (start, length) in
            [(0_usize, 0_usize), (0, 1), (1, 4096), (4095, 2), (5000, 4000), (8999, 1), (8999, 9), (9000, 1)]
        {
            let options = ReadOptions::default().start(Time::Frames(start as u64)).length(Time::Frames(length as u64));
            let end = (start + length).min(9000);
            for source in [Source::bytes(bytes.clone()), Source::stream(Cursor::new(bytes.clone()))] {
                assert_eq!(loaded(source, &options), whole.slice(s![.., start..end]), "{container} {start} {length}");
            }
            let resampled = loaded(bytes.clone(), &options.rate(12_000));
            let plan = Plan::new(8000, 12_000, polyphase::ResampleOptions::default()).expect("a plan");
            let section = whole.slice(s![.., start..end]).to_owned();
            let expected = CpuResampler::new().resample_tensor(&plan, &section).expect("memory");
            assert_eq!(resampled, expected, "{container} {start} {length}");
        }
    }
    let from = |seconds| ReadOptions::default().start(Time::Seconds(seconds));
    assert_eq!(loaded(wav(8000, &samples), &from(1.0)).ncols(), 1000);
    assert_eq!(loaded(wav(8000, &samples), &from(1.00012)).ncols(), 1000);
    for seconds in [-1.0, f64::NAN, f64::INFINITY] {
        let error = load::<f32>(wav(8000, &samples), &from(seconds)).expect_err("no time");
        assert!(matches!(error, Error::Argument(_)), "{error}");
    }
}

#[test]
fn promised_lengths_are_those_that_come() {
    let bytes = wav(44_100, &samples(1, 10_007));
    for options in [
        ReadOptions::default(),
        ReadOptions::default().rate(16_000),
        ReadOptions::default().rate(48_000).start(Time::Frames(7)),
        ReadOptions::default().rate(16_000).length(Time::Frames(5)),
        ReadOptions::default().start(Time::Frames(20_000)),
    ] {
        let mut reader = Reader::<f32>::open(bytes.clone(), &options).expect("a recording");
        let promised = reader.promised_frames().expect("the header has the length");
        let mut frames = Vec::new();
        while reader.read(&mut frames).expect("samples") {}
        assert_eq!(frames.len() as u64, promised, "{options:?}");
    }
}

#[test]
fn channels_are_mixed_and_picked() {
    let samples = samples(4, 3000);
    let bytes = wav(8000, &samples);
    let pick = |channels: &[usize]| {
        Channels::Pick(channels.iter().map(|&channel| NonZeroUsize::new(channel).expect("from 1")).collect())
    };
    let picked = loaded(bytes.clone(), &ReadOptions::default().channels(pick(&[4, 2])));
    assert_eq!(picked, samples.select(ndarray::Axis(0), &[3, 1]));
    let mono = loaded(bytes.clone(), &ReadOptions::default().channels(Channels::Mono));
    for (frame, mono) in samples.columns().into_iter().zip(mono.iter()) {
        let mean = frame.iter().map(|&sample| f64::from(sample)).sum::<f64>() / 4.0;
        assert!((mean - f64::from(*mono)).abs() < 1e-7);
    }
    // Mixing and resampling are linear: their order does not matter.
    let options = ReadOptions::default().rate(12_000).filter(Preset::High);
    let mixed = loaded(bytes.clone(), &options.clone().channels(Channels::Mono));
    let all = loaded(bytes.clone(), &options);
    for (frame, mono) in all.columns().into_iter().zip(mixed.iter()) {
        assert!((frame.sum() / 4.0 - mono).abs() < 1e-6);
    }
    let error = load::<f32>(bytes, &ReadOptions::default().channels(pick(&[5]))).expect_err("no such channel");
    assert_eq!(error.to_string(), "there is no channel 5: the recording has 4 channels");
}

/// Converts a WAV file, and returns the figures with the samples of the output.
fn converted(bytes: &[u8], options: &ConvertOptions) -> (polyphase_audio::Converted, Array2<f32>) {
    let folder = tempfile::tempdir().expect("a folder");
    let temporary = Temporary::new(folder.path()).expect("a file");
    let output = Output::temporary(&temporary).expect("a file");
    let figures = convert(bytes.to_vec(), output, options).expect("a conversion");
    (figures, loaded(temporary.path(), &ReadOptions::default()))
}

#[test]
fn levels_lower_raise_and_report() {
    // Peaks of ±0.5 in the input become larger between the samples.
    let square = Array2::from_shape_fn((1, 2000), |(_, frame)| if frame / 20 % 2 == 0 { 0.95 } else { -0.95_f32 });
    let bytes = wav(8000, &square);
    let read = ReadOptions::default().rate(16_000).filter(Preset::High);
    let mut options = ConvertOptions::new(Container::Wav, read).format(SampleFormat::I16).dither(false);
    let (figures, _) = converted(&bytes, &options);
    assert!(figures.clipped > 100 && figures.peak > 1.05, "{figures:?}");

    let peak = figures.peak;
    options.level = Level::Headroom(3.0);
    let (figures, samples) = converted(&bytes, &options);
    assert_eq!(figures.clipped, 0);
    assert!((figures.peak / peak - 10_f64.powf(-0.15)).abs() < 1e-6, "{figures:?}");
    let highest = |samples: &Array2<f32>| samples.iter().fold(0.0_f32, |highest, sample| highest.max(sample.abs()));
    assert!((f64::from(highest(&samples)) - figures.peak).abs() < 1e-4);

    options.level = Level::NormalizePeak(-1.0);
    let (figures, samples) = converted(&bytes, &options);
    assert_eq!(figures.clipped, 0);
    assert!((f64::from(highest(&samples)) - 10_f64.powf(-0.05)).abs() < 1e-4);

    // Silence stays as it is; a stream cannot be read twice.
    let (figures, _) = converted(&wav(8000, &Array2::zeros((1, 100))), &options);
    assert_eq!((figures.peak, figures.output_frames), (0.0, 200));
    let stream = Source::stream(Cursor::new(bytes.clone()));
    let error = convert(stream, Output::seekable(Cursor::new(Vec::new())), &options).expect_err("a stream");
    assert!(error.to_string().contains("only once"), "{error}");
    options.level = Level::Headroom(f64::NAN);
    let error = convert(bytes, Output::seekable(Cursor::new(Vec::new())), &options).expect_err("no level");
    assert!(error.to_string().contains("between -200 and 200 dB"), "{error}");
}

#[test]
fn copies_get_no_dither_and_other_samples_do() {
    let samples = samples(2, 4000).mapv(|sample| (sample * 32_768.0).round() / 32_768.0);
    let bytes = file(Container::Wav, Spec { format: SampleFormat::I16, ..spec(8000, 2) }, &samples);
    for container in [Container::Wav, Container::Flac] {
        let same = ConvertOptions::new(container, ReadOptions::default().rate(8000));
        assert_eq!(converted(&bytes, &same).1, samples);
        let mono = ReadOptions::default().channels(Channels::Mono);
        let exact = loaded(bytes.clone(), &mono);
        let (figures, mixed) = converted(&bytes, &ConvertOptions::new(container, mono));
        assert_eq!((figures.input_channels, figures.spec.channels, figures.input_frames), (2, 1, 4000));
        assert_ne!(mixed, exact);
        let errors = mixed.iter().zip(&exact).map(|(mixed, exact)| (mixed - exact) * 32_768.0);
        assert!(errors.clone().all(|error| error.abs() <= 1.5) && errors.clone().any(|error| error.abs() > 0.51));
    }
}

#[test]
fn saved_recordings_are_loaded_as_they_were() {
    let folder = tempfile::tempdir().expect("a folder");
    let samples = samples(2, 1000).mapv(|sample| (sample * 8_388_608.0).round() / 8_388_608.0);
    for name in ["a.wav", "b.FLAC", "c.wave"] {
        let path = folder.path().join(name);
        assert_eq!(save(&path, samples.view(), 44_100, SampleFormat::I24).expect(name), 0);
        let audio = load::<f32>(&path, &ReadOptions::default()).expect(name);
        assert_eq!((audio.rate, audio.format, audio.samples), (44_100.into(), SampleFormat::I24, samples.clone()));
    }
    let error = save(folder.path().join("d.mp3"), samples.view(), 44_100, SampleFormat::I24).expect_err("no MP3");
    assert!(error.to_string().contains("d.mp3"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 3);
}

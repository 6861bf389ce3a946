//! Recordings of programs in use, and headers after theirs, with the samples that they hold.

use polyphase_audio::{Decoder, Error, SampleFormat, Source};

use super::{path, read};

/// Name, channels, rate, frames, the first three samples of the first channels, and the sum of all magnitudes.
type Recording = (&'static str, usize, u32, usize, &'static [f64], f64);

#[rustfmt::skip]
const RECORDINGS: &[Recording] = &[
    ("01-ext-mask0-25ch.wav", 25, 16000, 301, &[-0.339263916015625, -0.49969482421875, -0.283416748046875, 0.2266845703125, -0.065643310546875, -0.206512451171875], 1889.9127197265625),
    ("01-ext-mask0-32ch.wav", 32, 16000, 301, &[-0.339752197265625, 0.072235107421875, -0.12286376953125, -0.117034912109375, -0.2557373046875, 0.15985107421875], 2419.6603088378906),
    ("01-ext-mask0-36ch.wav", 36, 16000, 301, &[-0.319366455078125, -0.101776123046875, 0.393829345703125, 0.14788818359375, -0.05487060546875, 0.42572021484375], 2707.4806213378906),
    ("01-ext-mask0-40ch.wav", 40, 16000, 301, &[0.229888916015625, 0.19342041015625, 0.441925048828125, 0.286163330078125, 0.057403564453125, -0.373016357421875], 3055.5354919433594),
    ("01-ext-mask0-64ch.wav", 64, 16000, 301, &[0.4434814453125, 0.023345947265625, -0.434295654296875, -0.310211181640625, 0.14569091796875, 0.223114013671875], 4803.870361328125),
    ("01-plain-32ch.wav", 32, 16000, 301, &[-0.339752197265625, 0.072235107421875, -0.12286376953125, -0.117034912109375, -0.2557373046875, 0.15985107421875], 2419.6603088378906),
    ("02-real-espeak.wav", 1, 22050, 15798, &[0.0, 0.0, 0.0], 558.9424133300781),
    ("02-real-ffmpeg.caf", 1, 16000, 1600, &[0.011810302734375, 0.119140625, 0.239898681640625], 718.0795593261719),
    ("02-real-sox.wav", 1, 16000, 1455, &[0.01385498046875, 0.130584716796875, 0.2630615234375], 652.8018188476562),
    ("02-stream-arecord.wav", 2, 16000, 1001, &[0.0, 0.085968017578125, 0.16937255859375, 0.14776611328125, 0.319305419921875, 0.442230224609375], 637.0964660644531),
    ("02-stream-lame.wav", 2, 16000, 1001, &[0.0, 0.085968017578125, 0.16937255859375, 0.14776611328125, 0.319305419921875, 0.442230224609375], 637.0964660644531),
    ("02-stream-opusdec.wav", 2, 16000, 1001, &[0.0, 0.085968017578125, 0.16937255859375, 0.14776611328125, 0.319305419921875, 0.442230224609375], 637.0964660644531),
    ("02-stream-right-riff.wav", 2, 16000, 1001, &[0.0, 0.085968017578125, 0.16937255859375, 0.14776611328125, 0.319305419921875, 0.442230224609375], 637.0964660644531),
    ("05-24bit-block-align-8.wav", 2, 16000, 1001, &[0.0, 0.08596456050872803, 0.16936898231506348, 0.14776015281677246, 0.3193082809448242, 0.44224464893341064], 637.0961978435516),
    ("05-ext-cb24.wav", 2, 16000, 1001, &[0.0, 0.085968017578125, 0.16937255859375, 0.14776611328125, 0.319305419921875, 0.442230224609375], 637.0964660644531),
    ("05-fact12.wav", 2, 16000, 1001, &[0.0, 0.085968017578125, 0.16937255859375, 0.14776611328125, 0.319305419921875, 0.442230224609375], 637.0964660644531),
    ("05-fmt20-float.wav", 2, 16000, 1001, &[0.0, 0.08596455305814743, 0.16936896741390228, 0.14776010811328888, 0.31930825114250183, 0.44224461913108826], 637.09619140625),
    ("05-fmt20-pcm.wav", 2, 16000, 1001, &[0.0, 0.085968017578125, 0.16937255859375, 0.14776611328125, 0.319305419921875, 0.442230224609375], 637.0964660644531),
    ("05-fmt64-pcm.wav", 2, 16000, 1001, &[0.0, 0.085968017578125, 0.16937255859375, 0.14776611328125, 0.319305419921875, 0.442230224609375], 637.0964660644531),
    ("05-list-empty.wav", 2, 16000, 1001, &[0.0, 0.085968017578125, 0.16937255859375, 0.14776611328125, 0.319305419921875, 0.442230224609375], 637.0964660644531),
    ("05-list-unpadded.wav", 2, 16000, 1001, &[0.0, 0.085968017578125, 0.16937255859375, 0.14776611328125, 0.319305419921875, 0.442230224609375], 637.0964660644531),
    ("05-riff-8-short.wav", 2, 16000, 1001, &[0.0, 0.085968017578125, 0.16937255859375, 0.14776611328125, 0.319305419921875, 0.442230224609375], 637.0964660644531),
    ("06-mulaw-ext.wav", 2, 16000, 1001, &[0.0, 0.0877685546875, 0.1717529296875, 0.1483154296875, 0.3162841796875, 0.4412841796875], 638.21337890625),
    ("06-mulaw-fmt16.wav", 2, 16000, 1001, &[0.0, 0.0877685546875, 0.1717529296875, 0.1483154296875, 0.3162841796875, 0.4412841796875], 638.21337890625),
    ("07-bad-id3-behind.aiff", 2, 16000, 1001, &[0.0, 0.085968017578125, 0.16937255859375, 0.14776611328125, 0.319305419921875, 0.442230224609375], 637.0964660644531),
    ("07-form-8-short.aiff", 2, 16000, 1001, &[0.0, 0.085968017578125, 0.16937255859375, 0.14776611328125, 0.319305419921875, 0.442230224609375], 637.0964660644531),
    ("07-twos-24.aifc", 2, 16000, 1001, &[0.0, 0.08596456050872803, 0.16936898231506348, 0.14776015281677246, 0.3193082809448242, 0.44224464893341064], 637.0961978435516),
    ("08-alac-libsndfile.caf", 2, 16000, 1001, &[0.0, 0.085968017578125, 0.16937255859375, 0.14776611328125, 0.319305419921875, 0.442230224609375], 637.0964660644531),
    ("08-size-unknown.caf", 2, 16000, 1001, &[0.0, 0.085968017578125, 0.16937255859375, 0.14776611328125, 0.319305419921875, 0.442230224609375], 637.0964660644531),
    ("12-mask0-4ch.wav", 4, 16000, 400, &[0.44305419921875, 0.011322021484375, 0.47625732421875, -0.2503662109375, 0.23126220703125, 0.297332763671875], 402.6513671875),
];

#[test]
fn recordings_hold_these_samples() {
    for &(name, channels, rate, frames, first, sum) in RECORDINGS {
        let mut decoder = Decoder::open(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let spec = decoder.spec();
        assert_eq!((spec.channels, spec.rate), (channels, rate), "{name}");
        let mask = match name {
            "02-real-ffmpeg.caf" => 4,
            "05-ext-cb24.wav" | "06-mulaw-ext.wav" | "08-alac-libsndfile.caf" => 3,
            _ => 0,
        };
        assert_eq!(spec.channel_mask, mask, "{name}");
        let promised = decoder.promised_frames();
        let samples = read(&mut decoder).expect("samples");
        assert_eq!(samples.len(), channels * frames, "{name}");
        assert!(promised.is_none_or(|promised| promised == frames as u64), "{name}");
        // The table holds channel after channel.
        let read = (0..first.len()).map(|i| samples[i % 3 * channels + i / 3]);
        assert!(read.zip(first).all(|(a, b)| (a - b).abs() < 1e-9), "{name}");
        let total: f64 = samples.iter().map(|sample| sample.abs()).sum();
        assert!((total - sum).abs() < 1e-6 * sum, "{name}: {total}");
    }
}

#[test]
fn rates_may_be_fractions() {
    let mut decoder = Decoder::open(path("07-rate-11025.5.aiff")).expect("an AIFF file");
    assert!((decoder.rate().hz() - 11_025.5).abs() < 1e-9);
    assert_eq!((decoder.spec().rate, decoder.promised_frames()), (11_026, Some(60_000)));
    assert_eq!(read(&mut decoder).expect("samples").len(), 60_000);
}

#[test]
fn codecs_that_are_not_read_are_named() {
    for (name, codec) in [("06-gsm.wav", "GSM 6.10 in WAV"), ("06-mp3-in.wav", "MP3 in WAV")] {
        let error = Decoder::open(path(name)).expect_err("no reader for it");
        assert!(matches!(&error, Error::Unsupported(text) if text.contains(codec)), "{name}: {error}");
    }
}

#[test]
fn one_frame_less_than_promised_is_an_error() {
    let error = Decoder::open(path("02-one-frame-short.wav")).expect_err("it is truncated");
    assert!(matches!(error, Error::Truncated { promised: 1002, read: 1001 }), "{error}");
}

#[test]
fn not_a_number_stays_not_a_number() {
    let mut decoder = Decoder::open(path("14-nan.wav")).expect("a WAV file");
    assert_eq!(decoder.spec().format, SampleFormat::F32);
    assert!(read(&mut decoder).expect("samples").iter().any(|sample| sample.is_nan()));
}

#[test]
fn every_byte_is_reported_once() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    for name in ["01-plain-32ch.wav", "08-size-unknown.caf", "07-bad-id3-behind.aiff"] {
        let total = Arc::new(AtomicU64::new(0));
        let reported = Arc::clone(&total);
        let report = move |bytes| {
            reported.fetch_add(bytes, Ordering::Relaxed);
        };
        let mut decoder = Decoder::open(Source::path(path(name)).on_read(report)).expect(name);
        read(&mut decoder).expect("samples");
        drop(decoder);
        assert_eq!(total.load(Ordering::Relaxed), std::fs::metadata(path(name)).expect(name).len(), "{name}");
    }
}

/// A truncated file is an error. Only one whose length was never written may end anywhere.
#[test]
fn truncated_files_are_errors_or_true_beginnings() {
    for (name, is_stream) in [
        ("05-fmt20-pcm.wav", false),
        ("05-24bit-block-align-8.wav", false),
        ("06-mulaw-ext.wav", false),
        ("07-twos-24.aifc", false),
        ("02-stream-lame.wav", true),
        ("08-size-unknown.caf", true),
    ] {
        let bytes = std::fs::read(path(name)).expect(name);
        let whole = read(&mut Decoder::open(bytes.clone()).expect(name)).expect(name);
        let mut beginnings = 0;
        for end in 0..bytes.len() {
            let mut decoder = match Decoder::open(bytes[..end].to_vec()) {
                Ok(decoder) => decoder,
                Err(error) => {
                    assert!(!error.to_string().contains('\n'), "{name} {end}");
                    continue;
                }
            };
            let Ok(samples) = read(&mut decoder) else { continue };
            assert!(whole.starts_with(&samples), "{name} {end}");
            // What is behind the audio may be missing.
            assert!(is_stream || samples.len() == whole.len(), "{name} {end}: {} of {}", samples.len(), whole.len());
            beginnings += usize::from(samples.len() < whole.len());
        }
        assert_eq!(beginnings > 0, is_stream, "{name}");
    }
}

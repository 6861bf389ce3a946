//! What is written is read: same samples, tags and speakers.
#![expect(clippy::cast_possible_truncation, reason = "samples")]

use super::*;
use crate::error::Error;

/// Signals of `bits` bits that each predictor and each kind of subframe suits.
fn signals(bits: u32, len: usize) -> Vec<(&'static str, Vec<i32>)> {
    let (max, min) = (i32::MAX >> (32 - bits), i32::MIN >> (32 - bits));
    let sine = |frequency: f64| (0..len).map(move |i| ((i as f64 * frequency).sin() * f64::from(max)) as i32);
    vec![
        ("silence", vec![0; len]),
        ("constant", vec![min; len]),
        ("square", (0..len).map(|i| if i / 50 % 2 == 0 { max } else { min }).collect()),
        ("full scale at every sample", (0..len).map(|i| if i % 2 == 0 { max } else { min }).collect()),
        ("noise", noise(1, len, max)),
        ("quiet noise", noise(2, len, 3)),
        ("sine", sine(0.03).collect()),
        ("high sine", sine(2.9).collect()),
        ("wasted bits", noise(3, len, max >> 5).into_iter().map(|sample| sample << 4).collect()),
        ("ramp", (0..max).step_by(3).cycle().take(len).collect()),
        ("one click", (0..len).map(|i| if i == len / 2 { min } else { 0 }).collect()),
        ("sine with noise", sine(0.01).zip(noise(4, len, 9)).map(|(a, b)| (a / 3 + b).clamp(min, max)).collect()),
    ]
}

#[test]
fn signals_of_every_kind_length_and_width() {
    for format in [SampleFormat::I16, SampleFormat::I24, SampleFormat::I32] {
        let bits = u32::from(format.bits());
        for len in [1, 2, 3, 15, 16, 17, 33, 4095, 4096, 4097, 9000] {
            for (name, samples) in signals(bits, len) {
                let contents = read(&written(spec(1, format), &Tags::default(), &samples)).expect(name);
                let expected: Vec<_> = samples.iter().map(|sample| sample << (32 - bits)).collect();
                assert!(contents.samples == expected, "{name}, {format}, {len}");
                assert_eq!((contents.promised, contents.warnings), (Some(len as u64), vec![]), "{name}");
            }
        }
    }
}

#[test]
fn channels_that_resemble_each_other_or_not() {
    for format in [SampleFormat::I16, SampleFormat::I24, SampleFormat::I32] {
        let bits = u32::from(format.bits());
        for channels in 1..=8 {
            let signals = signals(bits, 5000);
            for first in 0..signals.len() {
                let frame = |i| (0..channels).map(move |channel| (i, channel));
                let sample =
                    |(i, channel): (usize, usize)| signals[(first + channel / 2 * channel) % signals.len()].1[i];
                let samples: Vec<_> = (0..5000).flat_map(frame).map(sample).collect();
                let contents = read(&written(spec(channels, format), &Tags::default(), &samples)).expect("a file");
                assert_eq!(contents.spec, Spec { channel_mask: contents.spec.channel_mask, ..spec(channels, format) });
                let expected: Vec<_> = samples.iter().map(|sample| sample << (32 - bits)).collect();
                assert!(contents.samples == expected, "{format}, {channels} channels, {first}");
            }
        }
    }
}

#[test]
fn prediction_and_stereo_make_files_small() {
    let len = |channels, samples: &[i32]| written(spec(channels, SampleFormat::I16), &Tags::default(), samples).len();
    // The rounding of a sine takes about three bits a sample.
    let sine: Vec<i32> = (0..20_000).map(|i| ((f64::from(i) * 0.05).sin() * 20_000.0) as i32).collect();
    assert!(len(1, &sine) < 9000, "{}", len(1, &sine));
    // Noise of 13 bits in both channels, and of 5.4 bits in one: 18.7 bits a frame, or 27 without stereo.
    let [shared, own] = [4096, 20].map(|limit| noise(5, 20_000, limit));
    for first_is_noisier in [false, true] {
        let frame = |(shared, own): (&i32, &i32)| {
            if first_is_noisier { [shared + own, *shared] } else { [*shared, shared - own] }
        };
        let samples: Vec<_> = shared.iter().zip(&own).flat_map(frame).collect();
        assert!(len(2, &samples) < 20_000 * 20 / 8, "{}", len(2, &samples));
    }
}

#[test]
fn tags_and_speakers_are_kept() {
    let mut tags = Tags::default();
    tags.push("TITLE", "Ein Stück = ein Titel");
    tags.push("ARTIST", "A");
    tags.push("ARTIST", "B");
    for (channels, mask, expected) in [(1, 0, 0x4), (2, 0, 0x3), (2, 0x3, 0x3), (2, 0x30, 0x30), (6, 0x60f, 0x60f)] {
        let spec = Spec { channel_mask: mask, ..spec(channels, SampleFormat::I16) };
        let contents = read(&written(spec, &tags, &noise(6, channels * 100, 99))).expect("a file");
        assert_eq!((contents.tags, contents.spec.channel_mask), (tags.clone(), expected));
    }
    // A tag that no block can hold is left out.
    tags.push("COMMENT", &"x".repeat(1 << 24));
    let contents = read(&written(spec(1, SampleFormat::I16), &tags, &[1, 2])).expect("a file");
    assert_eq!((contents.tags.get("TITLE"), contents.tags.get("COMMENT")), (tags.get("TITLE"), None));
}

#[test]
fn signals_that_no_file_can_hold_are_refused() {
    let new = |spec| FlacWriter::new(Cursor::new(Vec::new()), spec, &Tags::default());
    for (channels, rate, text) in [
        (9, 8000, "a FLAC file cannot hold 9 channels: at most 8"),
        (1, 1 << 20, "a FLAC file cannot hold a rate of 1048576 Hz: at most 1048575 Hz"),
    ] {
        let error = new(Spec { rate, ..spec(channels, SampleFormat::I16) }).expect_err("a refusal");
        assert!(matches!(&error, Error::Unrepresentable(_)) && error.to_string() == text, "{error}");
    }
    let error = new(spec(1, SampleFormat::I16)).expect("a writer").finish().expect_err("a refusal");
    assert_eq!(error.to_string(), "a FLAC file cannot hold a signal of no samples");
    let highest = Spec { rate: (1 << 20) - 1, ..spec(1, SampleFormat::I16) };
    assert_eq!(read(&written(highest, &Tags::default(), &[1])).expect("a file").spec.rate, highest.rate);
}

#[test]
fn a_stream_may_begin_within_a_file() {
    let mut file = Cursor::new(b"before".to_vec());
    file.set_position(6);
    let mut writer = FlacWriter::new(file, spec(1, SampleFormat::I16), &Tags::default()).expect("a writer");
    writer.write(&[1, 2, 3]).expect("samples");
    let bytes = writer.finish().expect("a file").into_inner();
    assert_eq!(&bytes[..6], b"before");
    assert_eq!(read(&bytes[6..]).expect("a file").samples, [1 << 16, 2 << 16, 3 << 16]);
}

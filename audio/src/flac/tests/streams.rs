//! Streams with what encoders seldom write.

use super::super::predict::{Coefficients, MAX_ORDER};
use super::*;

const MONO: Format = Format { rate: 44_100, channels: 1, bits: 16 };

/// Reads frames of a stream without a total and a checksum.
fn read_frames(format: Format, frames: &[Vec<u8>]) -> Result<Contents> {
    read(&[begin(&unknown(format)), frames.concat()].concat())
}

/// A subframe of samples as they are.
fn verbatim(writer: &mut BitWriter, samples: &[i64], bits: u32) {
    writer.unsigned(2, 8);
    for &sample in samples {
        writer.unsigned(sample.cast_unsigned() & ((1 << bits) - 1), bits);
    }
}

fn folded(residual: i32) -> u32 {
    (residual << 1 ^ residual >> 31).cast_unsigned()
}

/// Residuals in one part, with a parameter.
fn rice(writer: &mut BitWriter, residuals: &[i32], parameter: u32, is_wide: bool) {
    let folded: Vec<_> = residuals.iter().map(|&residual| folded(residual)).collect();
    writer.unsigned(u64::from(is_wide) << 4, 6);
    writer.unsigned(parameter.into(), if is_wide { 5 } else { 4 });
    writer.rice(&folded, parameter, folded.iter().map(|&folded| u64::from(folded)).sum());
}

fn top(samples: &[i32], bits: u32) -> Vec<i32> {
    samples.iter().map(|sample| sample << (32 - bits)).collect()
}

#[test]
fn samples_of_4_to_32_bits() {
    for bits in 4..=32 {
        let limits = [i32::MIN >> (32 - bits), -1, 0, 1, i32::MAX >> (32 - bits)];
        let frame = FrameOf::new(0, 0, 5).with(|writer| verbatim(writer, &limits.map(i64::from), bits));
        let contents = read_frames(Format { bits, ..MONO }, &[frame]).expect("a stream");
        assert_eq!(contents.samples, top(&limits, bits), "{bits} bits");
        let format = match bits {
            0..=16 => SampleFormat::I16,
            17..=24 => SampleFormat::I24,
            _ => SampleFormat::I32,
        };
        assert_eq!(contents.spec.format, format);
    }
    let frame = FrameOf::new(0, 0, 1).with(|writer| verbatim(writer, &[0], 3));
    let error = read_frames(Format { bits: 3, ..MONO }, &[frame]).expect_err("a refusal").to_string();
    assert_eq!(error, "the header gives samples of 3 bits: FLAC has 4 to 32");
}

#[test]
fn stereo_of_every_kind_and_width() {
    for bits in [4, 8, 16, 24, 31, 32] {
        let (min, max) = (i64::from(i32::MIN >> (32 - bits)), i64::from(i32::MAX >> (32 - bits)));
        let pairs = [(min, max), (max, min), (0, -1), (-1, 0), (max, max), (min, min), (3, -4), (min, 0), (1, 1)];
        let sides: Vec<_> = pairs.iter().map(|(left, right)| left - right).collect();
        let mids: Vec<_> = pairs.iter().map(|(left, right)| (left + right) >> 1).collect();
        let (left, right): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let mut frames = Vec::new();
        for (number, (code, first, second)) in
            [(1, &left, &right), (8, &left, &sides), (9, &sides, &right), (10, &mids, &sides)].into_iter().enumerate()
        {
            frames.push(FrameOf::new(number as u64, code, 9).with(|writer| {
                verbatim(writer, first, bits + u32::from(code == 9));
                verbatim(writer, second, bits + u32::from(code == 8 || code == 10));
            }));
        }
        let contents = read_frames(Format { bits, channels: 2, ..MONO }, &frames).expect("a stream");
        #[expect(clippy::cast_possible_truncation, reason = "samples")]
        let expected: Vec<_> = pairs.iter().flat_map(|&(l, r)| [l as i32, r as i32]).collect();
        assert_eq!(contents.samples, top(&expected, bits).repeat(4), "{bits} bits");
    }
}

#[test]
fn differences_of_33_bits_are_predicted() {
    // Left and right are at opposite ends: their difference needs 33 bits, also as a sum of predictions.
    let mut side = vec![u32::MAX.into(), -i64::from(u32::MAX), 4_000_000_000, -4_000_000_000_i64];
    let mut coefficients = Coefficients { values: [0; MAX_ORDER], order: 4, shift: 12 };
    coefficients.values[..4].copy_from_slice(&[-4096, 2, 1, 1]);
    let residuals = noise(7, 16, 1000);
    for &residual in &residuals {
        let past = side.iter().rev().zip(&coefficients.values).take(4);
        let sum: i64 = past.map(|(&sample, &coefficient)| sample * i64::from(coefficient)).sum();
        side.push((sum >> 12) + i64::from(residual));
    }
    let left: Vec<i64> = side.iter().map(|side| side >> 1).collect();
    let frame = FrameOf::new(0, 8, 20).with(|writer| {
        verbatim(writer, &left, 32);
        writer.unsigned((31 + 4) << 1, 8);
        side[..4].iter().for_each(|side| writer.unsigned(side.cast_unsigned() & ((1 << 33) - 1), 33));
        writer.unsigned(14 << 5 | 12, 9);
        coefficients.values[..4].iter().for_each(|&value| writer.signed(value, 15));
        rice(writer, &residuals, 8, false);
    });
    let contents = read_frames(Format { bits: 32, channels: 2, ..MONO }, &[frame]).expect("a stream");
    let expected: Vec<_> = left.iter().zip(&side).flat_map(|(left, side)| [*left, left - side]).collect();
    assert_eq!(contents.samples.iter().map(|&sample| i64::from(sample)).collect::<Vec<_>>(), expected);
}

#[test]
fn predictors_of_every_order() {
    for order in 1..=32_u8 {
        for (bits, precision) in [(16, 15), (16, 5), (24, 15), (8, 3)] {
            let (limit, count) = (i32::MAX >> (32 - bits), usize::from(order));
            let coefficients = noise(order.into(), order.into(), (1 << (precision - 1)) / i32::from(order.max(2)));
            let mut samples = noise(8, count, limit / 2);
            let residuals = noise(9, 100, limit / 4);
            for &residual in &residuals {
                let past = samples.iter().rev().zip(&coefficients);
                let sum: i64 = past.map(|(&sample, &coefficient)| i64::from(sample) * i64::from(coefficient)).sum();
                samples.push(i32::try_from(sum >> (precision - 1)).expect("a small sum") + residual);
            }
            let frame = FrameOf::new(0, 0, count + 100).with(|writer| {
                writer.unsigned((31 + u64::from(order)) << 1, 8);
                samples[..count].iter().for_each(|&sample| writer.signed(sample, bits));
                writer.unsigned(u64::from(precision - 1) << 5 | u64::from(precision - 1), 9);
                coefficients.iter().for_each(|&value| writer.signed(value, precision));
                rice(writer, &residuals, 12, false);
            });
            let contents = read_frames(Format { bits, ..MONO }, &[frame]).expect("a stream");
            assert_eq!(contents.samples, top(&samples, bits), "order {order}, {bits} bits");
        }
    }
}

#[test]
fn fixed_predictors_are_differences() {
    for order in 0..=4 {
        let samples = noise(10, 100, i32::from(i16::MAX));
        let mut differences = samples.clone();
        for _ in 0..order {
            differences = differences.windows(2).map(|pair| pair[1] - pair[0]).collect();
        }
        let frame = FrameOf::new(0, 0, 100).with(|writer| {
            writer.unsigned((8 + order as u64) << 1, 8);
            samples[..order].iter().for_each(|&sample| writer.signed(sample, 16));
            rice(writer, &differences, 17, true);
        });
        assert_eq!(read_frames(MONO, &[frame]).expect("a stream").samples, top(&samples, 16), "{order}");
    }
}

#[test]
fn residuals_of_every_coding() {
    let residuals = [0, -1, 1, 100, -32_768, 32_767, 5, -6];
    // Every parameter, also such that codes are longer than 64 bits.
    for parameter in 0..=30 {
        for is_wide in [false, true] {
            if !is_wide && parameter > 14 {
                continue;
            }
            let frame = FrameOf::new(0, 0, 8).with(|writer| {
                writer.unsigned(8 << 1, 8);
                rice(writer, &residuals, parameter, is_wide);
            });
            assert_eq!(read_frames(MONO, &[frame]).expect("a stream").samples, top(&residuals, 16), "{parameter}");
        }
    }
    // Four parts: Rice, 17 bits each, 0 bits each, Rice.
    for is_wide in [false, true] {
        let samples = [1, -2, -32_768, 32_767, 0, 0, 3, 4];
        let bits = if is_wide { 5 } else { 4 };
        let frame = FrameOf::new(0, 0, 8).with(|writer| {
            writer.unsigned(8 << 1, 8);
            writer.unsigned(u64::from(is_wide) << 4 | 2, 6);
            writer.unsigned(1, bits);
            writer.rice(&[folded(1), folded(-2)], 1, 100);
            writer.unsigned((1 << bits) - 1, bits);
            writer.unsigned(17, 5);
            samples[2..4].iter().for_each(|&sample| writer.signed(sample, 17));
            writer.unsigned((1 << bits) - 1, bits);
            writer.unsigned(0, 5);
            writer.unsigned(0, bits);
            writer.rice(&[folded(3), folded(4)], 0, 100);
        });
        assert_eq!(read_frames(MONO, &[frame]).expect("a stream").samples, top(&samples, 16));
    }
}

#[test]
fn blocks_of_varying_size_with_large_numbers() {
    let first = (1 << 36) - 65_535 - 3;
    let sizes = [1, 2, 65_535];
    let mut frames = Vec::new();
    let mut number = first;
    for block in sizes {
        let frame = FrameOf { is_variable: true, number, channels: 7, block };
        // Constant channels with wasted bits.
        frames.push(frame.with(|writer| {
            for channel in 0..8 {
                writer.unsigned(1, 8);
                writer.unary(3);
                writer.signed(channel, 12);
            }
        }));
        number += block as u64;
    }
    let contents = read_frames(Format { channels: 8, ..MONO }, &frames).expect("a stream");
    assert_eq!(contents.samples, top(&[0, 16, 32, 48, 64, 80, 96, 112], 16).repeat(65_538));
    assert!(contents.warnings.is_empty());
    let error = read_frames(Format { channels: 8, ..MONO }, &[frames[0].clone(), frames[2].clone()]);
    assert!(error.expect_err("a refusal").to_string().ends_with("frames are missing here"));
}

#[test]
fn a_format_that_changes_is_refused_by_name() {
    let mono = FrameOf::new(0, 0, 16).with(|writer| verbatim(writer, &[1; 16], 16));
    let stereo = FrameOf::new(1, 1, 16).with(|writer| [1, 2].iter().for_each(|&x| verbatim(writer, &[x; 16], 16)));
    assert_eq!(
        read_frames(MONO, &[mono.clone(), stereo.clone()]).expect_err("a refusal").to_string(),
        "after 16 frames the audio changes from 1 channels of 16 bits at 44100 Hz to 2 channels of 16 bits at 44100 Hz"
    );
    // The frames are right where the header differs from all of them.
    let contents = read_frames(
        MONO,
        &[FrameOf::new(0, 1, 16).with(|writer| {
            [1, 2].iter().for_each(|&x| verbatim(writer, &[x; 16], 16));
        })],
    );
    let contents = contents.expect("a stream");
    assert_eq!((contents.spec.channels, contents.samples), (2, top(&[1, 2], 16).repeat(16)));
    assert_eq!(
        contents.warnings,
        ["the header gives 1 channels of 16 bits at 44100 Hz, the audio is of 2 channels of 16 bits at 44100 Hz"]
    );
    let error = read_frames(Format { rate: 0, ..MONO }, &[mono]).expect_err("a refusal").to_string();
    assert_eq!(error, "the header gives a sampling rate of 0");
}

#[test]
fn frames_that_no_encoder_writes_are_damaged() {
    type Case = (&'static str, fn(&mut BitWriter));
    let cases: [Case; 9] = [
        ("a reserved kind of subframe", |writer| writer.unsigned(2 << 1, 8)),
        ("a reserved kind of subframe", |writer| writer.unsigned(13 << 1, 8)),
        ("a channel of 0 bits", |writer| {
            writer.unsigned(1, 8);
            writer.unary(15);
        }),
        ("a block is shorter than the order of its predictor", |writer| writer.unsigned((31 + 17) << 1, 8)),
        ("a reserved coding of residuals", |writer| writer.unsigned(8 << 7 | 2 << 4, 14)),
        ("a block cannot be split into so many partitions", |writer| writer.unsigned(8 << 7 | 5, 14)),
        ("a residual exceeds 32 bits", |writer| {
            writer.unsigned(8 << 7 | 1 << 4, 14);
            writer.unsigned(30, 5);
            writer.unary(4);
        }),
        ("a reserved precision of coefficients", |writer| {
            writer.unsigned(32 << 1, 8);
            writer.unsigned(0, 16);
            writer.unsigned(15, 4);
        }),
        ("a negative shift of a predictor", |writer| {
            writer.unsigned(32 << 1, 8);
            writer.unsigned(0, 16);
            writer.unsigned(16, 9);
        }),
    ];
    for (what, write) in cases {
        let frame = FrameOf::new(0, 0, 16).with(|writer| {
            write(writer);
            (0..99).for_each(|_| writer.unsigned(1, 8));
        });
        let error = read_frames(MONO, &[frame]).expect_err("a refusal").to_string();
        assert_eq!(error, format!("damaged after 0 frames, at byte 42: {what}"));
    }
    // Samples that the checksum cannot vouch for.
    let frame = FrameOf::new(0, 0, 2).with(|writer| {
        writer.unsigned(9 << 1, 8);
        writer.signed(i16::MAX.into(), 16);
        rice(writer, &[1], 0, false);
    });
    let error = read_frames(MONO, &[frame]).expect_err("a refusal").to_string();
    assert_eq!(error, "damaged after 0 frames, at byte 42: a sample has more bits than the header says");
}

//! Samples of every type.

use super::super::bytes::Order;
use super::super::samples::{Coding, SampleType};
use super::Float;

fn decode<T: Float>(coding: Coding, width: usize, order: Order, bytes: &[u8]) -> Vec<T> {
    let mut samples = Vec::new();
    SampleType { coding, width, order }.decode(bytes, &mut samples);
    samples
}

/// The lowest bytes of integers, in both orders.
fn integers(width: usize, values: &[i64]) -> [(Order, Vec<u8>); 2] {
    let little = values.iter().flat_map(|value| value.to_le_bytes()[..width].to_vec()).collect();
    let big = values.iter().flat_map(|value| value.to_be_bytes()[8 - width..].to_vec()).collect();
    [(Order::Little, little), (Order::Big, big)]
}

#[test]
fn integers_of_every_width_are_scaled_exactly() {
    for width in 1..=8 {
        let full_scale = 1_i128 << (8 * width - 1);
        let most = i64::try_from(full_scale - 1).expect("64 bits");
        let values = [0, 1, -1, 100, -100, most, -most, -most - 1, most / 3, most / 7 * -5];
        for (order, bytes) in integers(width, &values) {
            let expected = values.map(|value| value as f64 / full_scale as f64);
            assert_eq!(decode::<f64>(Coding::Integer, width, order, &bytes), expected, "{width} {order:?}");
            // One rounding, from the integer.
            let expected = values.map(|value| value as f32 / full_scale as f32);
            assert_eq!(decode::<f32>(Coding::Integer, width, order, &bytes), expected, "{width} {order:?}");
        }
    }
    // Long runs take the vector loop and its tail.
    let values: Vec<_> = (-16_384..16_384).map(|value: i64| value * 511).collect();
    for width in [3, 4] {
        for (order, bytes) in integers(width, &values) {
            let scale = (1_i64 << (8 * width - 1)) as f64;
            let expected: Vec<_> = values.iter().map(|&value| value as f64 / scale).collect();
            assert_eq!(decode::<f64>(Coding::Integer, width, order, &bytes), expected);
            let expected: Vec<_> = expected.iter().map(|&value| value as f32).collect();
            assert_eq!(decode::<f32>(Coding::Integer, width, order, &bytes), expected);
        }
    }
}

#[test]
fn all_integers_of_8_and_16_bits() {
    let bytes: Vec<u8> = (0..=255).collect();
    let unsigned: Vec<_> = bytes.iter().map(|&byte| (f64::from(byte) - 128.0) / 128.0).collect();
    assert_eq!(decode::<f64>(Coding::Unsigned8, 1, Order::Little, &bytes), unsigned);
    let words: Vec<u8> = (i16::MIN..=i16::MAX).flat_map(i16::to_be_bytes).collect();
    let expected: Vec<_> = (i16::MIN..=i16::MAX).map(|value| f32::from(value) / 32_768.0).collect();
    assert_eq!(decode::<f32>(Coding::Integer, 2, Order::Big, &words), expected);
}

#[test]
fn floats_keep_their_bits() {
    let values = [0.0, -0.0, 1.5, -1e-40, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
    let bits = |samples: Vec<f32>| samples.iter().map(|sample| sample.to_bits()).collect::<Vec<_>>();
    let little: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let big: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
    for (order, bytes) in [(Order::Little, little), (Order::Big, big)] {
        assert_eq!(bits(decode(Coding::Float, 4, order, &bytes)), bits(values.to_vec()));
    }
    let values = [0.1, -1.0 / 3.0, 1e300, f64::NAN];
    let little: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let big: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
    for (order, bytes) in [(Order::Little, little), (Order::Big, big)] {
        let double = decode::<f64>(Coding::Float, 8, order, &bytes);
        assert!(double.iter().zip(values).all(|(a, b)| a.to_bits() == b.to_bits()));
        let single = decode::<f32>(Coding::Float, 8, order, &bytes);
        assert!(single[..3] == [0.1, -1.0 / 3.0, f32::INFINITY] && single[3].is_nan());
    }
}

/// ITU-T G.711, tables 1a to 2b, scaled to 16 bits.
#[test]
fn companded_samples_are_those_of_g711() {
    let steps = |coding, bytes: &[u8]| -> Vec<_> {
        decode::<f64>(coding, 1, Order::Big, bytes).iter().map(|sample| sample * 32_768.0).collect()
    };
    let mu_law = steps(Coding::MuLaw, &[0x00, 0x80, 0x7f, 0xff, 0x0f, 0x8f, 0xfe, 0x7e, 0xd0]);
    assert_eq!(mu_law, [-32124.0, 32124.0, 0.0, 0.0, -16764.0, 16764.0, 8.0, -8.0, 876.0]);
    let a_law = steps(Coding::ALaw, &[0x55, 0xd5, 0x2a, 0xaa, 0x54, 0xd4, 0x45, 0xc5]);
    assert_eq!(a_law, [-8.0, 8.0, -32256.0, 32256.0, -24.0, 24.0, -264.0, 264.0]);
    // Companding is monotonic.
    let positive: Vec<u8> = (0x80..=0xff).rev().collect();
    assert!(steps(Coding::MuLaw, &positive).windows(2).all(|pair| pair[0] < pair[1]));
    let positive: Vec<u8> = (0x80..=0xff).map(|byte: u8| byte ^ 0x55).collect();
    assert!(steps(Coding::ALaw, &positive).windows(2).all(|pair| pair[0] < pair[1]));
}

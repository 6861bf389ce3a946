//! Conversion of samples to the format of a file: dither, rounding, clipping, and a count of the clipped samples.

use crate::format::SampleFormat;
use crate::simd::vectorized;

/// Converts samples in [−1, 1) to one sample format.
#[derive(Debug)]
pub(crate) struct Encoder {
    format: SampleFormat,
    quantizer: Quantizer,
    integers: Vec<i32>,
    bytes: Vec<u8>,
}

impl Encoder {
    /// Encoder with the dither of [`Quantizer::new`].
    pub(crate) fn new(format: SampleFormat, dither: bool) -> Self {
        Self { format, quantizer: Quantizer::new(format, dither), integers: Vec::new(), bytes: Vec::new() }
    }

    /// Returns the samples as integers of the format.
    pub(crate) fn integers<T: Copy + Into<f64>>(&mut self, samples: &[T]) -> &[i32] {
        self.quantizer.quantize(samples, &mut self.integers);
        &self.integers
    }

    /// Returns the samples as little-endian bytes.
    pub(crate) fn bytes<T: Copy + Into<f64>>(&mut self, samples: &[T]) -> &[u8] {
        self.bytes.clear();
        let bytes = &mut self.bytes;
        if self.format.is_float() {
            match self.format {
                SampleFormat::F64 => append(samples, bytes, |sample| sample.into().to_le_bytes()),
                #[expect(clippy::cast_possible_truncation, reason = "rounded to float32, the format of the file")]
                _ => append(samples, bytes, |sample| (sample.into() as f32).to_le_bytes()),
            }
            return bytes;
        }
        self.quantizer.quantize(samples, &mut self.integers);
        match self.format {
            SampleFormat::I16 => append(&self.integers, bytes, |value| {
                let [a, b, ..] = value.to_le_bytes();
                [a, b]
            }),
            SampleFormat::I24 => append(&self.integers, bytes, |value| {
                let [a, b, c, _] = value.to_le_bytes();
                [a, b, c]
            }),
            _ => append(&self.integers, bytes, i32::to_le_bytes),
        }
        bytes
    }

    pub(crate) fn format(&self) -> SampleFormat {
        self.format
    }

    /// Number of integer samples so far that were beyond full scale or NaN.
    pub(crate) fn clipped(&self) -> u64 {
        self.quantizer.clipped
    }
}

/// Appends the bytes of each value.
#[inline(always)]
fn append<T: Copy, const N: usize>(values: &[T], bytes: &mut Vec<u8>, encode: impl Fn(T) -> [u8; N]) {
    let held = bytes.len();
    bytes.resize(held + values.len() * N, 0);
    let places = bytes[held..].as_chunks_mut::<N>().0;
    vectorized(|| places.iter_mut().zip(values).for_each(|(place, &value)| *place = encode(value)));
}

/// Converts samples in [−1, 1) to integers.
#[derive(Debug)]
struct Quantizer {
    bits: u16,
    dither: bool,
    /// Number of samples so far.
    position: u64,
    clipped: u64,
}

/// Samples that are converted at a time.
const BLOCK: usize = 512;

impl Quantizer {
    /// With `dither`, the quantizer adds triangular noise of ±1 step to 16-bit samples before it rounds them, so that
    /// the rounding error does not depend on the signal. Wider formats get no dither: the noise floor of any recording
    /// is above their steps. The noise is the same in every run.
    fn new(format: SampleFormat, dither: bool) -> Self {
        Self { bits: format.bits(), dither: dither && format == SampleFormat::I16, position: 0, clipped: 0 }
    }

    /// Scales by 2^(bits − 1), rounds to nearest, ties to even, and clamps. NaN becomes 0, and is counted as clipped.
    fn quantize<T: Copy + Into<f64>>(&mut self, samples: &[T], integers: &mut Vec<i32>) {
        integers.clear();
        integers.resize(samples.len(), 0);
        let scale = f64::from(1_u32 << (self.bits - 1));
        let mut noise = [0.0; BLOCK];
        for (samples, integers) in samples.chunks(BLOCK).zip(integers.chunks_mut(BLOCK)) {
            let begin = self.position;
            self.position += samples.len() as u64;
            self.clipped += if self.dither {
                vectorized(|| {
                    triangular(begin, &mut noise);
                    round(samples, scale, &noise, integers)
                })
            } else {
                vectorized(|| round(samples, scale, &[0.0; BLOCK], integers))
            };
        }
    }
}

/// Scales, adds the noise, rounds and clamps. Returns the number of samples that were clipped.
#[inline(always)]
fn round<T: Copy + Into<f64>>(samples: &[T], scale: f64, noise: &[f64; BLOCK], integers: &mut [i32]) -> u64 {
    /// A float of this magnitude has no fraction, so that adding it rounds, and the lowest 32 bits of the sum are the
    /// rounded integer.
    const ROUNDING: f64 = 1.5 * (1_u64 << 52) as f64;
    let (low, high) = (-scale, scale - 1.0);
    let mut clipped = 0_u32;
    for ((&sample, &noise), integer) in samples.iter().zip(noise).zip(integers) {
        let scaled = sample.into() * scale;
        clipped += u32::from(!(scaled >= low - 0.5 && scaled < high + 0.5));
        let value = if scaled.is_nan() { 0.0 } else { scaled + noise };
        let value = if value < low { low } else { value };
        let value = if value > high { high } else { value };
        #[expect(clippy::cast_possible_truncation, reason = "the lowest 32 bits")]
        let rounded = (value + ROUNDING).to_bits() as u32;
        *integer = rounded.cast_signed();
    }
    clipped.into()
}

/// Noise of triangular distribution between −1 and 1, for the samples from a position on.
#[inline(always)]
fn triangular(begin: u64, noise: &mut [f64; BLOCK]) {
    // Positions repeat after 2^32 samples, a day of audio.
    #[expect(clippy::cast_possible_truncation, reason = "the lowest 32 bits")]
    let begin = begin as u32;
    for (index, noise) in (0..).zip(noise) {
        let bits = hash(begin.wrapping_add(index));
        // The difference of two numbers of 16 bits, both even in distribution.
        let difference = (bits & 0xffff).cast_signed() - (bits >> 16).cast_signed();
        *noise = f64::from(difference) * (1.0 / 65_536.0);
    }
}

/// Bits that look random: two rounds of multiplication and shifts (the constants are those of Chris Wellons'
/// `lowbias32`).
#[inline(always)]
fn hash(value: u32) -> u32 {
    let value = (value ^ value >> 16).wrapping_mul(0x7feb_352d);
    let value = (value ^ value >> 15).wrapping_mul(0x846c_a68b);
    value ^ value >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantized(quantizer: &mut Quantizer, samples: &[f64]) -> Vec<i32> {
        let mut integers = Vec::new();
        quantizer.quantize(samples, &mut integers);
        integers
    }

    #[test]
    fn integers_survive_and_other_samples_are_rounded_clamped_and_counted() {
        let mut quantizer = Quantizer::new(SampleFormat::I16, false);
        let all: Vec<_> = (i16::MIN..=i16::MAX).map(i32::from).collect();
        let samples: Vec<_> = all.iter().map(|&value| f64::from(value) / 32768.0).collect();
        assert_eq!(quantized(&mut quantizer, &samples), all);
        let halves = [0.5, 1.5, -0.5, -1.5, 2.5, 0.49999, -32768.5].map(|half| half / 32768.0);
        assert_eq!(quantized(&mut quantizer, &halves), [0, 2, 0, -2, 2, 0, -32768]);
        assert_eq!(quantizer.clipped, 0);
        let beyond = [1.0, -1.1, f64::INFINITY, f64::NAN, f64::NEG_INFINITY, 32767.5 / 32768.0];
        assert_eq!(quantized(&mut quantizer, &beyond), [32767, -32768, 32767, 0, -32768, 32767]);
        assert_eq!(quantizer.clipped, 6);

        // Wider formats are not dithered.
        let mut quantizer = Quantizer::new(SampleFormat::I24, true);
        let values = [-8_388_608, -1, 0, 1, 77, 8_388_607];
        assert_eq!(quantized(&mut quantizer, &values.map(|value| f64::from(value) / 8_388_608.0)), values);

        let mut quantizer = Quantizer::new(SampleFormat::I32, false);
        assert_eq!(quantized(&mut quantizer, &[-1.0, 1.0, -2.0_f64.powi(-31)]), [i32::MIN, i32::MAX, -1]);
    }

    #[test]
    fn dither_makes_the_error_independent_of_the_signal() {
        let mut quantizer = Quantizer::new(SampleFormat::I16, true);
        for fraction in [0.0, 0.25, 0.5] {
            let runs = 200_000;
            let integers = quantized(&mut quantizer, &vec![fraction / 32768.0; runs]);
            let errors: Vec<f64> = integers.iter().map(|&integer| f64::from(integer) - fraction).collect();
            let mean = errors.iter().sum::<f64>() / runs as f64;
            let variance = errors.iter().map(|error| error * error).sum::<f64>() / runs as f64;
            // Variance 1/6 of the triangular noise and 1/12 of the rounding.
            assert!(mean.abs() < 0.01 && (variance - 0.25).abs() < 0.01, "{fraction}: {mean}, {variance}");
            // White: neighbouring errors are not correlated, nor are those one channel apart.
            for lag in [1, 2, 6] {
                let pairs = errors.iter().zip(&errors[lag..]);
                let covariance = pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / runs as f64;
                assert!(covariance.abs() < 0.003, "{fraction}, {lag}: {covariance}");
            }
        }
    }

    #[test]
    fn dither_does_not_depend_on_the_blocks() {
        let samples: Vec<_> = (0..3000).map(|index| f64::from(index % 7) / 65_536.0).collect();
        let mut whole = Quantizer::new(SampleFormat::I16, true);
        let whole = quantized(&mut whole, &samples);
        let mut parts = Quantizer::new(SampleFormat::I16, true);
        let parts: Vec<_> = samples.chunks(701).flat_map(|part| quantized(&mut parts, part)).collect();
        assert_eq!(parts, whole);
    }
}

//! Conversion of samples to the format of a file: dither, rounding, clipping, and a count of the clipped samples.

use crate::format::SampleFormat;

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
        self.integers.clear();
        self.integers.extend(samples.iter().map(|&sample| self.quantizer.quantize(sample.into())));
        &self.integers
    }

    /// Returns the samples as little-endian bytes.
    pub(crate) fn bytes<T: Copy + Into<f64>>(&mut self, samples: &[T]) -> &[u8] {
        self.bytes.clear();
        match self.format {
            SampleFormat::F64 => samples.iter().for_each(|&sample| self.bytes.extend(sample.into().to_le_bytes())),
            #[expect(clippy::cast_possible_truncation, reason = "rounded to float32, the format of the file")]
            SampleFormat::F32 => {
                samples.iter().for_each(|&sample| self.bytes.extend((sample.into() as f32).to_le_bytes()));
            }
            SampleFormat::I16 | SampleFormat::I24 | SampleFormat::I32 => {
                for &sample in samples {
                    let integer = self.quantizer.quantize(sample.into());
                    self.bytes.extend_from_slice(&integer.to_le_bytes()[..self.format.bytes()]);
                }
            }
        }
        &self.bytes
    }

    pub(crate) fn format(&self) -> SampleFormat {
        self.format
    }

    /// Number of integer samples so far that were beyond full scale or NaN.
    pub(crate) fn clipped(&self) -> u64 {
        self.quantizer.clipped
    }
}

/// Converts samples in [−1, 1) to integers.
#[derive(Debug)]
struct Quantizer {
    bits: u16,
    dither: Option<fastrand::Rng>,
    clipped: u64,
}

impl Quantizer {
    /// With `dither`, the quantizer adds triangular noise of ±1 step to 16-bit samples before it rounds them, so that
    /// the rounding error does not depend on the signal. Wider formats get no dither: the noise floor of any recording
    /// is above their steps. The noise is the same in every run.
    fn new(format: SampleFormat, dither: bool) -> Self {
        let dither = (dither && format == SampleFormat::I16).then(|| fastrand::Rng::with_seed(0));
        Self { bits: format.bits(), dither, clipped: 0 }
    }

    /// Scales by 2^(bits − 1), rounds to nearest, ties to even, and clamps. NaN becomes 0, and is counted as clipped.
    fn quantize(&mut self, sample: f64) -> i32 {
        let scale = f64::from(1_u32 << (self.bits - 1));
        let noise = self.dither.as_mut().map_or(0.0, |random| random.f64() - random.f64());
        let scaled = sample * scale;
        if !(-scale - 0.5..scale - 0.5).contains(&scaled) {
            self.clipped += 1;
        }
        #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of the integer")]
        let value = (scaled + noise).round_ties_even().clamp(-scale, scale - 1.0) as i32;
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_survive_and_other_samples_are_rounded_clamped_and_counted() {
        let mut quantizer = Quantizer::new(SampleFormat::I16, false);
        for value in i16::MIN..=i16::MAX {
            assert_eq!(quantizer.quantize(f64::from(value) / 32768.0), i32::from(value));
        }
        assert_eq!(quantizer.quantize(0.5 / 32768.0), 0);
        assert_eq!(quantizer.quantize(1.5 / 32768.0), 2);
        assert_eq!(quantizer.clipped, 0);
        assert_eq!(quantizer.quantize(1.0), 32767);
        assert_eq!(quantizer.quantize(-1.1), -32768);
        assert_eq!(quantizer.quantize(f64::INFINITY), 32767);
        assert_eq!(quantizer.quantize(f64::NAN), 0);
        assert_eq!(quantizer.clipped, 4);

        // Wider formats are not dithered.
        let mut quantizer = Quantizer::new(SampleFormat::I24, true);
        for value in [-8_388_608, -1, 0, 1, 77, 8_388_607] {
            assert_eq!(quantizer.quantize(f64::from(value) / 8_388_608.0), value);
        }

        let mut quantizer = Quantizer::new(SampleFormat::I32, false);
        assert_eq!(quantizer.quantize(-1.0), i32::MIN);
        assert_eq!(quantizer.quantize(1.0), i32::MAX);
    }

    #[test]
    fn dither_makes_the_error_independent_of_the_signal() {
        let mut quantizer = Quantizer::new(SampleFormat::I16, true);
        for fraction in [0.0, 0.25, 0.5] {
            let runs = 200_000;
            let errors: Vec<f64> =
                (0..runs).map(|_| f64::from(quantizer.quantize(fraction / 32768.0)) - fraction).collect();
            let mean = errors.iter().sum::<f64>() / f64::from(runs);
            let variance = errors.iter().map(|error| error * error).sum::<f64>() / f64::from(runs);
            // Variance 1/6 of the triangular noise and 1/12 of the rounding.
            assert!(mean.abs() < 0.01 && (variance - 0.25).abs() < 0.01, "{fraction}: {mean}, {variance}");
        }
    }
}

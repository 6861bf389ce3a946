//! Floats to the samples of a file: dither, rounding, clamping, and a count of what was clamped.

use super::SampleFormat;

/// Encodes samples in a format, in little-endian order.
#[derive(Debug)]
pub struct Encoder {
    format: SampleFormat,
    quantizer: Quantizer,
    integers: Vec<i32>,
    bytes: Vec<u8>,
}

impl Encoder {
    /// With `dither`, 16-bit samples get triangular noise of ±1 step before they are rounded.
    pub fn new(format: SampleFormat, dither: bool) -> Self {
        Self { format, quantizer: Quantizer::new(format, dither), integers: Vec::new(), bytes: Vec::new() }
    }

    /// The samples as integers of the format.
    pub fn integers<T: Copy + Into<f64>>(&mut self, samples: &[T]) -> &[i32] {
        self.integers.clear();
        self.integers.extend(samples.iter().map(|&sample| self.quantizer.quantize(sample.into())));
        &self.integers
    }

    /// The samples as bytes.
    pub fn bytes<T: Copy + Into<f64>>(&mut self, samples: &[T]) -> &[u8] {
        self.bytes.clear();
        match self.format {
            SampleFormat::F64 => samples.iter().for_each(|&sample| self.bytes.extend(sample.into().to_le_bytes())),
            #[expect(clippy::cast_possible_truncation, reason = "rounded to float32: that is the format")]
            SampleFormat::F32 => {
                samples.iter().for_each(|&sample| self.bytes.extend((sample.into() as f32).to_le_bytes()));
            }
            SampleFormat::I16 | SampleFormat::I24 | SampleFormat::I32 => {
                let width = usize::from(self.format.bits() / 8);
                for &sample in samples {
                    let integer = self.quantizer.quantize(sample.into());
                    self.bytes.extend_from_slice(&integer.to_le_bytes()[..width]);
                }
            }
        }
        &self.bytes
    }

    /// The format of the encoded samples.
    pub fn format(&self) -> SampleFormat {
        self.format
    }

    /// Samples beyond full scale so far; floats have no full scale.
    pub fn clipped(&self) -> u64 {
        self.quantizer.clipped
    }
}

/// Turns samples in [−1, 1) into integers.
#[derive(Debug)]
struct Quantizer {
    bits: u16,
    dither: Option<fastrand::Rng>,
    clipped: u64,
}

impl Quantizer {
    /// With `dither`, formats of 16 bits get triangular noise of ±1 step before they are rounded, so that the error of the
    /// rounding is noise too, whatever the signal. The noise is the same in every run.
    fn new(format: SampleFormat, dither: bool) -> Self {
        let dither = (dither && format == SampleFormat::I16).then(|| fastrand::Rng::with_seed(0));
        Self { bits: format.bits(), dither, clipped: 0 }
    }

    /// Scales by 2^(bits − 1), rounds to the nearest, ties to even, and clamps. NaN becomes 0.
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
    fn integers_survive_and_the_rest_is_rounded_to_even_clamped_and_counted() {
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

        // Dither is for 16 bits: the noise of any recording is above the steps of the wider formats.
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
            // Triangular noise of variance 1/6 and the rounding's 1/12, whatever the signal.
            assert!(mean.abs() < 0.01 && (variance - 0.25).abs() < 0.01, "{fraction}: {mean}, {variance}");
        }
    }
}

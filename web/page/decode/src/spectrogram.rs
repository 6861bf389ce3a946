//! Powers of a signal over time and frequency.
//!
//! ```text
//! signal   |---------------------------------------|
//! columns  |    0    |    1    |    2    |    3    |
//! segments   |-----|                                   evenly spaced in each column, at most a quarter apart,
//!              |-----|                                 or MAX_SEGMENTS of them
//!                |-----|
//! ```
//!
//! The power of a column is the mean over its segments. At the ends, segments are moved into the signal, so that no
//! edge of it is seen as a click.

use crate::fourier::Fourier;

/// Largest number of segments in a column.
const MAX_SEGMENTS: usize = 16;

/// Shape of the Kaiser window. The highest side lobe is 110 dB below the main lobe.
const BETA: f64 = 14.0;

/// Returns `columns` spectra of `segment / 2 + 1` powers. A sine of full scale has a power of 1.
pub(crate) fn powers(samples: &[f32], segment: usize, columns: usize) -> Vec<f32> {
    let segment = segment.max(2);
    let mut fourier = Fourier::<f32>::new(segment);
    let window = window(segment);
    // A sine of amplitude 1 at the frequency of a bin has half of the window's sum in that bin.
    let scale = (2.0 / window.iter().sum::<f32>()).powi(2);
    let bins = fourier.bins();
    let segments = segments(samples.len(), segment, columns);
    let mut powers = vec![0.0; columns * bins];
    for (column, powers) in powers.chunks_exact_mut(bins).enumerate() {
        for index in 0..segments {
            let (start, before) = place(samples.len(), segment, (column * segments + index, columns * segments));
            let part = &samples[start..samples.len().min(start + segment)];
            let spectrum = fourier.powers(|signal| {
                let windowed = signal[before..].iter_mut().zip(part).zip(&window[before..]);
                windowed.for_each(|((signal, &sample), factor)| {
                    *signal = if sample.is_finite() { sample * factor } else { 0.0 };
                });
            });
            let mean = scale / count(segments);
            powers.iter_mut().zip(spectrum).for_each(|(sum, power)| *sum += power * mean);
        }
        // The first and, of an even number, the last bin have no mirror image at a negative frequency: all of the
        // amplitude is in one bin.
        powers[0] /= 4.0;
        if segment.is_multiple_of(2) {
            powers[bins - 1] /= 4.0;
        }
    }
    powers
}

/// Number of segments in a column.
fn segments(len: usize, segment: usize, columns: usize) -> usize {
    (len / columns.max(1)).div_ceil(segment.div_ceil(4)).clamp(1, MAX_SEGMENTS)
}

/// Start of a segment in the signal, and number of zeros before it, which only a signal shorter than a segment has.
/// `index` counts the segments of all columns.
fn place(len: usize, segment: usize, (index, count): (usize, usize)) -> (usize, usize) {
    if len < segment {
        return (0, (segment - len) / 2);
    }
    // (index + ½) / count of the length, in 64 bits: `usize` has 32 in WebAssembly.
    let center = (2 * index as u64 + 1) * len as u64 / (2 * count as u64);
    let center = usize::try_from(center).unwrap_or(len);
    (center.saturating_sub(segment / 2).min(len - segment), 0)
}

/// Points of the periodic form of the Kaiser window.
fn window(len: usize) -> Vec<f32> {
    let point = |index: usize| {
        #[expect(clippy::cast_precision_loss, reason = "lengths of segments")]
        let u = 2.0 * index as f64 / len as f64 - 1.0;
        bessel_i0(BETA * (1.0 - u * u).max(0.0).sqrt()) / bessel_i0(BETA)
    };
    #[expect(clippy::cast_possible_truncation, reason = "float32 is precise enough for a picture")]
    (0..len).map(|index| point(index) as f32).collect()
}

/// I₀(x) by its power series, for x below about 20.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term, mut index) = (1.0, 1.0, 0.0);
    while term > f64::EPSILON / 8.0 * sum {
        index += 1.0;
        term *= quarter / (index * index);
        sum += term;
    }
    sum
}

#[expect(clippy::cast_precision_loss, reason = "at most MAX_SEGMENTS")]
fn count(segments: usize) -> f32 {
    segments as f32
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    /// A sine of `cycles` per segment of 512.
    #[expect(clippy::cast_possible_truncation, reason = "samples in float32")]
    fn sine(cycles: f64, len: usize) -> Vec<f32> {
        (0..len).map(|index| (TAU * cycles * index as f64 / 512.0).sin() as f32).collect()
    }

    fn decibels(power: f32) -> f32 {
        10.0 * power.max(1e-30).log10()
    }

    #[test]
    fn a_sine_of_full_scale_is_0_db_in_its_bin_alone() {
        for len in [512, 700, 5000, 100_000] {
            let powers = powers(&sine(100.0, len), 512, 20);
            assert_eq!(powers.len(), 20 * 257);
            for spectrum in powers.chunks(257) {
                assert!(decibels(spectrum[100]).abs() < 0.01, "{len}: {}", decibels(spectrum[100]));
                assert!(decibels(spectrum[200]) < -110.0, "{len}: {}", decibels(spectrum[200]));
            }
        }
        // So are a constant, and the sine at half the rate.
        let ends = |samples: &[f32]| powers(samples, 512, 1);
        assert!(decibels(ends(&[1.0; 600])[0]).abs() < 0.01);
        let alternating: Vec<f32> = (0..600).map(|index| if index % 2 == 0 { 1.0 } else { -1.0 }).collect();
        assert!(decibels(ends(&alternating)[256]).abs() < 0.01);
    }

    #[test]
    fn columns_keep_their_times() {
        let mut samples = vec![0.0; 40_000];
        samples[30_000..].copy_from_slice(&sine(50.0, 10_000));
        let powers = powers(&samples, 512, 40);
        let level = |column: usize| decibels(powers[column * 257 + 50]);
        assert!(level(28) < -100.0 && level(31).abs() < 0.1, "{} {}", level(28), level(31));
    }

    #[test]
    fn short_empty_and_damaged_signals_have_finite_powers() {
        for samples in [&[][..], &[1.0], &[f32::NAN, f32::INFINITY, 0.5], &[0.25; 100]] {
            for segment in [0, 3, 512] {
                let powers = powers(samples, segment, 3);
                assert!(powers.iter().all(|power| power.is_finite()), "{samples:?} {segment}");
            }
        }
        assert!(powers(&[1.0], 512, 0).is_empty());
        assert_eq!(segments(1_000_000, 512, 1), MAX_SEGMENTS);
    }
}

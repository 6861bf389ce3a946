//! A port of resampy 0.2.2, with which the tutorial compares through librosa: its table of the filter, and its two
//! loops.
//!
//! The table holds one side of a windowed sinc at 512 points per zero crossing, with linear interpolation between them.
//! Two properties make its results differ from the exact filter:
//!
//! - From one input sample to the next, resampy advances by a whole number of points: 341 instead of 341⅓ for 48 to
//!   32 kHz. This adds aliases, and is most of the difference for kaiser_best: 1.3e-6 of 2.1e-6 is the difference from
//!   resampy with exact steps.
//! - resampy counts zero crossings of the sinc without the rolloff, so its filters are shorter than torchaudio's of the
//!   same width. This is most of the difference for kaiser_fast.

use std::f64::consts::PI;

use crate::bessel::bessel_i0;

/// A filter of resampy: zero crossings to each side, cut-off and window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Filter {
    zeros: u32,
    rolloff: f64,
    beta: f64,
}

pub(super) const KAISER_BEST: Filter = Filter { zeros: 64, rolloff: 0.9475937167399596, beta: 14.769656459379492 };
pub(super) const KAISER_FAST: Filter = Filter { zeros: 16, rolloff: 0.85, beta: 8.555504641634386 };

/// Points of the table per zero crossing.
const POINTS: u32 = 1 << 9;

impl Filter {
    /// Points of one half of the filter, from its centre.
    fn table(self) -> Vec<f64> {
        let last = f64::from(self.zeros * POINTS);
        let point = |index: u32| {
            let (at, u) = (f64::from(index) / f64::from(POINTS), f64::from(index) / last);
            let t = PI * self.rolloff * at;
            let sinc = if index == 0 { 1.0 } else { t.sin() / t };
            let window = bessel_i0(self.beta * (1.0 - u * u).max(0.0).sqrt()) / bessel_i0(self.beta);
            self.rolloff * sinc * window
        };
        (0..=self.zeros * POINTS).map(point).collect()
    }

    /// Resamples as resampy 0.2.2 does.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positions within the input and the table"
    )]
    #[expect(clippy::cast_precision_loss, reason = "positions within the input")]
    pub(super) fn resample(self, input: &[f64], orig_freq: u32, new_freq: u32) -> Vec<f64> {
        let ratio = f64::from(new_freq) / f64::from(orig_freq);
        let scale = ratio.min(1.0);
        let table: Vec<f64> = self.table().into_iter().map(|point| point * scale).collect();
        let step = (scale * f64::from(POINTS)) as usize;
        let len = (input.len() as f64 * ratio) as usize;
        let (mut time, mut output) = (0.0, Vec::with_capacity(len));
        for _ in 0..len {
            let before = time as usize;
            let fraction = scale * (time - before as f64);
            let mut sum = 0.0;
            // The samples up to the time of the output, then those after it.
            let sides: [(f64, &mut dyn Iterator<Item = &f64>); 2] = [
                (fraction, &mut input[..=before.min(input.len() - 1)].iter().rev()),
                (scale - fraction, &mut input[(before + 1).min(input.len())..].iter()),
            ];
            for (fraction, samples) in sides {
                let at = fraction * f64::from(POINTS);
                let first = at as usize;
                let between = at - first as f64;
                let count = (table.len() - first) / step;
                for (index, sample) in samples.take(count).enumerate() {
                    let point = first + index * step;
                    // The table is constant after its last point.
                    let next = table.get(point + 1).unwrap_or(&table[point]);
                    sum += (table[point] + between * (next - table[point])) * sample;
                }
            }
            output.push(sum);
            time += 1.0 / ratio;
        }
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tutorial::sweep::sweep;
    use crate::tutorial::tests::golden;

    #[test]
    fn resampys_output_is_reproduced() {
        for (filter, name) in [(KAISER_BEST, "kaiser_best"), (KAISER_FAST, "kaiser_fast")] {
            let theirs = golden(&format!("resampy_0.2.2_{name}_48000_32000.npy"));
            let ours = filter.resample(&golden("sweep_48000.npy"), 48_000, 32_000);
            assert_eq!(ours.len(), theirs.len());
            let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(worst < 1e-12, "{name}: {worst:e}");
            // The sweep of this program gives the same output.
            let ours = filter.resample(&sweep(48_000), 48_000, 32_000);
            assert!(ours.iter().zip(&theirs).all(|(a, b)| (a - b).abs() < 1e-8), "{name}");
        }
    }
}

//! The test signals of two rates.
//!
//! All are periodic, in a period that is a whole number of samples at either rate, and last two periods; what comes out is
//! judged on one period from the middle, where no filter reaches the ends. Every frequency is a whole number of cycles per
//! period, so over a period every tone, image and alias is orthogonal to every other at both rates: the least-squares fit
//! of a sine is a line of the discrete Fourier transform, exactly, and needs no window.

use std::f64::consts::TAU;

use super::spectrum::periodic;

/// Samples of a period at the slower rate, at least.
const PERIOD: u64 = 4000;

/// Tones spread evenly over the pass band, up to its end.
const TONES: u64 = 32;

/// Tones that would fold into the pass band, half of them within a quarter of the way from the stop band's edge.
const ALIAS_TONES: u32 = 24;

/// Of the tones.
pub(crate) const AMPLITUDE: f64 = 0.9;

/// How far the comb reaches beyond the lower Nyquist frequency.
const COMB_END: f64 = 1.15;

#[derive(Debug)]
pub(crate) struct Signals {
    pub(crate) orig_freq: u32,
    pub(crate) new_freq: u32,
    /// Samples of a period at the input's rate and at the output's.
    pub(crate) period: [usize; 2],
    /// Cycles per period at which images repeat, the greatest common divisor of the rates.
    pub(crate) fold: usize,
    /// Cycles per period of the tones in the pass band.
    pub(crate) tones: Vec<usize>,
    /// Cycles per period of the tones beyond it.
    pub(crate) alias_tones: Vec<usize>,
    /// Cycles per period of the comb's lines.
    pub(crate) comb: Vec<usize>,
}

/// What a row of the signals is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    Tone(usize),
    AliasTone(usize),
    Constant,
    /// Lines from 0 to beyond the lower Nyquist frequency.
    Comb,
    /// Every line up to the end of the pass band.
    Noise,
}

impl Signals {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    #[expect(clippy::allow_attributes_without_reason, reason = "periods of some thousands of samples, up to a rate")]
    pub(crate) fn new(orig_freq: u32, new_freq: u32, pass_band: f64) -> Self {
        let divisor = gcd(orig_freq, new_freq);
        let (stride, phases) = (u64::from(orig_freq / divisor), u64::from(new_freq / divisor));
        let fold = PERIOD.div_ceil(stride.min(phases));
        // Cycles per period at the lower Nyquist frequency.
        let nyquist = (stride.min(phases) * fold) as f64 / 2.0;
        // An image of a tone lies on the tone itself where twice its frequency is a multiple of the divisor.
        let apart = |cycles: f64| {
            let cycles = cycles as u64;
            (cycles - u64::from(fold > 2 && (2 * cycles).is_multiple_of(fold))) as usize
        };
        let tones = (1..=TONES).map(|i| apart(pass_band * nyquist * i as f64 / TONES as f64)).collect();
        let first = ((2.0 - pass_band) * nyquist).ceil();
        let last = ((stride * fold - 1) / 2) as f64;
        let alias_tones = if stride > phases && first <= last {
            let place =
                |i: u32| (first + (last - first) * (f64::from(i) / f64::from(ALIAS_TONES - 1)).powi(2)) as usize;
            let mut tones: Vec<_> = (0..ALIAS_TONES).map(place).collect();
            tones.dedup();
            tones
        } else {
            Vec::new()
        };
        // Every third line, of those whose mirror images at the lower rate are not among them.
        let rest = if (stride.min(phases) * fold) % 3 == 2 { 2 } else { 1 };
        let end = (COMB_END * nyquist).min(last) as usize;
        let period = [stride, phases].map(|samples| (samples * fold) as usize);
        let comb = (rest..=end).step_by(3).collect();
        Self { orig_freq, new_freq, period, fold: fold as usize, tones, alias_tones, comb }
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        let tones = self.tones.iter().map(|&cycles| Row::Tone(cycles));
        let alias_tones = self.alias_tones.iter().map(|&cycles| Row::AliasTone(cycles));
        tones.chain(alias_tones).chain([Row::Constant, Row::Comb, Row::Noise]).collect()
    }

    /// A cycle count as a fraction of the lower Nyquist frequency.
    #[expect(clippy::cast_precision_loss, reason = "at most a period")]
    pub(crate) fn fraction(&self, cycles: usize) -> f64 {
        2.0 * cycles as f64 / self.period[0].min(self.period[1]) as f64
    }

    /// Samples of a signal at the input's rate.
    pub(crate) fn len(&self) -> usize {
        2 * self.period[0]
    }

    /// The first of the samples that are judged, at the rate of a period.
    pub(crate) fn start(period: usize) -> usize {
        period / 2
    }

    /// The samples of a row.
    pub(crate) fn samples(&self, row: Row) -> Vec<f64> {
        let period = self.period[0];
        let lines: Vec<_> = match row {
            Row::Constant => return vec![1.0; self.len()],
            Row::Tone(cycles) | Row::AliasTone(cycles) => vec![(cycles, AMPLITUDE, phase(cycles))],
            Row::Comb => self.comb.iter().map(|&cycles| (cycles, self.comb_amplitude(), phase(cycles))).collect(),
            Row::Noise => {
                let last = self.tones.last().copied().unwrap_or(0);
                (1..=last).map(|cycles| (cycles, amplitude_of(last), phase(cycles))).collect()
            }
        };
        let mut samples = periodic(period, &lines);
        samples.extend_from_within(..);
        samples
    }

    /// The amplitude of the comb's lines.
    pub(crate) fn comb_amplitude(&self) -> f64 {
        amplitude_of(self.comb.len())
    }
}

/// Lines whose root mean square together is 1/4, so that their sum stays below 1 nearly always.
#[expect(clippy::cast_precision_loss, reason = "some thousands")]
fn amplitude_of(lines: usize) -> f64 {
    (2.0 / lines as f64).sqrt() / 4.0
}

/// The phase at sample 0 of the line of a frequency: scattered, the same in every run. Seeds must be scattered too: those in a
/// row give phases so alike that the noise peaks at nineteen times its root mean square.
pub(crate) fn phase(cycles: usize) -> f64 {
    TAU * fastrand::Rng::with_seed((cycles as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)).f64()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

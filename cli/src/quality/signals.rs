//! [`Signals`]: the test signals between two rates.
//!
//! All signals are periodic, with a period that is a whole number of samples at both rates, and last two periods. An
//! output is measured over one period in its middle, where no filter reaches the ends.
//!
//! ```text
//! input    |-------- period 1 --------|-------- period 2 --------|
//! measured              |------ one period ------|
//! ```
//!
//! Every frequency is a whole number of cycles per period. Over a period, each tone, image and alias is then orthogonal
//! to all others at both rates: the least-squares fit of a sine is exactly a line of the discrete Fourier transform,
//! and no window is needed.

use std::f64::consts::TAU;

use crate::fourier::cosines;

/// Least number of samples of a period at the lower rate.
const PERIOD: u64 = 4000;

/// Number of tones, evenly spaced up to the end of the pass band.
const TONES: u64 = 32;

/// Number of tones that fold into the pass band. Half of them are in the quarter of the stop band next to its edge.
const ALIAS_TONES: u32 = 24;

/// Amplitude of a tone.
pub(crate) const AMPLITUDE: f64 = 0.9;

/// End of the comb as a fraction of the lower Nyquist frequency.
const COMB_END: f64 = 1.15;

#[derive(Debug)]
pub(crate) struct Signals {
    pub(crate) orig_freq: u32,
    pub(crate) new_freq: u32,
    /// Samples of a period at the rates of the input and of the output.
    pub(crate) period: [usize; 2],
    /// Cycles per period at which images repeat: the greatest common divisor of the rates.
    pub(crate) fold: usize,
    /// Cycles per period of the tones in the pass band.
    pub(crate) tones: Vec<usize>,
    /// Cycles per period of the tones beyond the stop band's edge.
    pub(crate) alias_tones: Vec<usize>,
    /// Cycles per period of the comb's lines.
    pub(crate) comb: Vec<usize>,
}

/// One test signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Cosine in the pass band, by its cycles per period.
    Tone(usize),
    /// Cosine in the stop band, by its cycles per period.
    AliasTone(usize),
    /// Constant 1.
    Constant,
    /// Every third line, from 0 to beyond the lower Nyquist frequency.
    Comb,
    /// Every line up to the end of the pass band.
    Noise,
}

impl Signals {
    /// The signals for a pass band that ends at a fraction of the lower Nyquist frequency.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "periods of some thousands of samples, up to a rate"
    )]
    pub(crate) fn new(orig_freq: u32, new_freq: u32, pass_band: f64) -> Self {
        let divisor = gcd(orig_freq, new_freq);
        let (stride, phases) = (u64::from(orig_freq / divisor), u64::from(new_freq / divisor));
        let fold = PERIOD.div_ceil(stride.min(phases));
        // Cycles per period at the lower Nyquist frequency.
        let nyquist = (stride.min(phases) * fold) as f64 / 2.0;
        // A tone at a multiple of fold / 2 coincides with its own image: move it down by one cycle.
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
        // Every third line, with the remainder for which no line folds onto another at the lower rate.
        let rest = if (stride.min(phases) * fold) % 3 == 2 { 2 } else { 1 };
        let end = (COMB_END * nyquist).min(last) as usize;
        let period = [stride, phases].map(|samples| (samples * fold) as usize);
        let comb = (rest..=end).step_by(3).collect();
        Self { orig_freq, new_freq, period, fold: fold as usize, tones, alias_tones, comb }
    }

    /// All signals, the noise last.
    pub(crate) fn all(&self) -> Vec<Signal> {
        let tones = self.tones.iter().map(|&cycles| Signal::Tone(cycles));
        let alias_tones = self.alias_tones.iter().map(|&cycles| Signal::AliasTone(cycles));
        tones.chain(alias_tones).chain([Signal::Constant, Signal::Comb, Signal::Noise]).collect()
    }

    /// A frequency as a fraction of the lower Nyquist frequency.
    #[expect(clippy::cast_precision_loss, reason = "at most a period")]
    pub(crate) fn fraction(&self, cycles: usize) -> f64 {
        2.0 * cycles as f64 / self.period[0].min(self.period[1]) as f64
    }

    /// Number of samples of each signal, at the rate of the input.
    pub(crate) fn len(&self) -> usize {
        2 * self.period[0]
    }

    /// Index of the first sample that is measured, at the rate at which a period has this many samples.
    pub(crate) fn start(period: usize) -> usize {
        period / 2
    }

    /// Samples of a signal.
    pub(crate) fn samples(&self, signal: Signal) -> Vec<f64> {
        let lines: Vec<_> = match signal {
            Signal::Constant => return vec![1.0; self.len()],
            Signal::Tone(cycles) | Signal::AliasTone(cycles) => vec![(cycles, AMPLITUDE, phase(cycles))],
            Signal::Comb => self.comb.iter().map(|&cycles| (cycles, self.comb_amplitude(), phase(cycles))).collect(),
            Signal::Noise => {
                let last = self.tones.last().copied().unwrap_or(0);
                (1..=last).map(|cycles| (cycles, line_amplitude(last), phase(cycles))).collect()
            }
        };
        let mut samples = cosines(self.period[0], &lines);
        samples.extend_from_within(..);
        samples
    }

    /// Amplitude of the comb's lines.
    pub(crate) fn comb_amplitude(&self) -> f64 {
        line_amplitude(self.comb.len())
    }
}

/// Amplitude of each of `lines` cosines whose sum has a root mean square of 1/4, and nearly always stays below 1.
#[expect(clippy::cast_precision_loss, reason = "some thousands")]
fn line_amplitude(lines: usize) -> f64 {
    (2.0 / lines as f64).sqrt() / 4.0
}

/// Phase of a line at sample 0: pseudo-random, and the same in every run. The seeds are scattered, since consecutive
/// ones give such similar phases that the noise peaks at 19 times its root mean square.
pub(crate) fn phase(cycles: usize) -> f64 {
    TAU * fastrand::Rng::with_seed((cycles as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)).f64()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

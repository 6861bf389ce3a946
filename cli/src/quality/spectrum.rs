//! [`Spectrum`]: the lines of one period of a signal.

use std::f64::consts::SQRT_2;

use crate::fourier::{self, Bin};

/// Amplitudes of the lines of a periodic signal.
#[derive(Debug)]
pub(crate) struct Spectrum {
    period: usize,
    lines: Vec<Bin>,
}

impl Spectrum {
    /// The spectrum of one period.
    #[expect(clippy::cast_precision_loss, reason = "a period fits in memory")]
    pub(crate) fn new(samples: &[f64]) -> Self {
        let mut lines = fourier::spectrum(samples);
        lines.iter_mut().for_each(|line| *line /= samples.len() as f64);
        Self { period: samples.len(), lines }
    }

    /// Amplitude and phase at the first sample of the line to which a frequency folds: the least-squares fit of a
    /// cosine and a sine.
    pub(crate) fn line(&self, cycles: usize) -> (f64, f64) {
        let index = self.folded(cycles);
        let (length, phase) = self.lines[index].to_polar();
        (length * self.weight(index).sqrt() * SQRT_2, phase)
    }

    /// Mean square of a line.
    fn power(&self, index: usize) -> f64 {
        self.weight(index) * self.lines[index].norm_sqr()
    }

    /// Mean square of the signal without its mean and without the lines for which `excluded` is true.
    pub(crate) fn power_except(&self, excluded: impl Fn(usize) -> bool) -> f64 {
        (1..self.lines.len()).filter(|&index| !excluded(index)).map(|index| self.power(index)).sum()
    }

    /// Mean square of the largest line, without the mean and the line to which `cycles` folds.
    pub(crate) fn largest_except(&self, cycles: Option<usize>) -> f64 {
        let excluded = cycles.map(|cycles| self.folded(cycles));
        (1..self.lines.len())
            .filter(|&index| Some(index) != excluded)
            .map(|index| self.power(index))
            .fold(0.0, f64::max)
    }

    /// Index of the line to which a frequency folds.
    pub(crate) fn folded(&self, cycles: usize) -> usize {
        let cycles = cycles % self.period;
        cycles.min(self.period - cycles)
    }

    /// Number of bins of the two-sided spectrum that a line represents: 2, or 1 for the bins 0 and period / 2, which
    /// have no mirror image.
    fn weight(&self, index: usize) -> f64 {
        if index == 0 || 2 * index == self.period { 1.0 } else { 2.0 }
    }
}

//! Fourier transforms of whole periods. Everything that references realfft is here.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex64;

/// One period of a sum of cosines, each (cycles per period, amplitude, phase at sample 0), all below half the period.
pub(crate) fn periodic(period: usize, lines: &[(usize, f64, f64)]) -> Vec<f64> {
    let inverse = RealFftPlanner::new().plan_fft_inverse(period);
    let mut spectrum = inverse.make_input_vec();
    for &(cycles, amplitude, phase) in lines {
        spectrum[cycles] += Complex64::from_polar(0.5 * amplitude, phase);
    }
    let mut samples = inverse.make_output_vec();
    // It refuses only wrong lengths and imaginary parts at 0 and at half the period, where there is no line.
    if inverse.process(&mut spectrum, &mut samples).is_err() {
        samples.fill(f64::NAN);
    }
    samples
}

/// The lines of one period of a signal.
#[derive(Debug)]
pub(crate) struct Spectrum {
    period: usize,
    lines: Vec<Complex64>,
}

impl Spectrum {
    #[expect(clippy::cast_precision_loss, reason = "a period fits in memory")]
    pub(crate) fn new(samples: &[f64]) -> Self {
        let forward = RealFftPlanner::new().plan_fft_forward(samples.len());
        let mut lines = forward.make_output_vec();
        if forward.process(&mut samples.to_vec(), &mut lines).is_err() {
            lines.fill(Complex64::new(f64::NAN, f64::NAN));
        }
        lines.iter_mut().for_each(|line| *line /= samples.len() as f64);
        Self { period: samples.len(), lines }
    }

    /// The line of a frequency, wherever the period folds it to: amplitude and phase at the first sample, as the least-squares
    /// fit of a cosine and a sine.
    pub(crate) fn line(&self, cycles: usize) -> (f64, f64) {
        let index = self.folded(cycles);
        let (length, phase) = self.lines[index].to_polar();
        (length * self.weight(index).sqrt() * std::f64::consts::SQRT_2, phase)
    }

    /// The power of a line: its mean square.
    fn power(&self, index: usize) -> f64 {
        self.weight(index) * self.lines[index].norm_sqr()
    }

    /// The mean square of all lines but the constant and those for which `leave_out` says so.
    pub(crate) fn power_but(&self, leave_out: impl Fn(usize) -> bool) -> f64 {
        (1..self.lines.len()).filter(|&index| !leave_out(index)).map(|index| self.power(index)).sum()
    }

    /// The mean square of the largest line but the constant and that of `cycles`.
    pub(crate) fn largest_but(&self, cycles: Option<usize>) -> f64 {
        let but = cycles.map(|cycles| self.folded(cycles));
        (1..self.lines.len()).filter(|&index| Some(index) != but).map(|index| self.power(index)).fold(0.0, f64::max)
    }

    /// The place of a frequency among the lines.
    pub(crate) fn folded(&self, cycles: usize) -> usize {
        let cycles = cycles % self.period;
        cycles.min(self.period - cycles)
    }

    /// Of the two lines ±f one is kept; 0 and half the period are their own mirror images.
    fn weight(&self, index: usize) -> f64 {
        if index == 0 || 2 * index == self.period { 1.0 } else { 2.0 }
    }
}

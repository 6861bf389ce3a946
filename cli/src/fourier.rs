//! Fourier transforms of real signals. Everything that references realfft is in this file.

use std::sync::Arc;

use realfft::num_complex::Complex64;
use realfft::{RealFftPlanner, RealToComplex};

/// One bin of the spectrum of a real signal.
pub(crate) type Bin = Complex64;

/// Power spectra of real signals of one length.
pub(crate) struct Fourier {
    transform: Arc<dyn RealToComplex<f64>>,
    signal: Vec<f64>,
    spectrum: Vec<Bin>,
    scratch: Vec<Bin>,
    powers: Vec<f64>,
}

impl Fourier {
    pub(crate) fn new(len: usize) -> Self {
        let transform = RealFftPlanner::new().plan_fft_forward(len);
        let (signal, spectrum) = (transform.make_input_vec(), transform.make_output_vec());
        let scratch = transform.make_scratch_vec();
        Self { powers: vec![0.0; spectrum.len()], transform, signal, spectrum, scratch }
    }

    /// Squared magnitudes of the bins 0 to len / 2. `fill` writes the signal into a buffer of zeros.
    pub(crate) fn powers(&mut self, fill: impl FnOnce(&mut [f64])) -> &[f64] {
        self.signal.fill(0.0);
        fill(&mut self.signal);
        // The only errors are wrong lengths, and the transform made these buffers itself.
        let done = self.transform.process_with_scratch(&mut self.signal, &mut self.spectrum, &mut self.scratch);
        debug_assert!(done.is_ok(), "{done:?}");
        self.powers.iter_mut().zip(&self.spectrum).for_each(|(power, bin)| *power = bin.norm_sqr());
        &self.powers
    }
}

/// Returns the bins 0 to len / 2 of the spectrum of a signal.
pub(crate) fn spectrum(samples: &[f64]) -> Vec<Bin> {
    let forward = RealFftPlanner::new().plan_fft_forward(samples.len());
    let mut bins = forward.make_output_vec();
    let done = forward.process(&mut samples.to_vec(), &mut bins);
    debug_assert!(done.is_ok(), "{done:?}");
    bins
}

/// Returns one period of a sum of cosines. Each line is a cosine: cycles per period, amplitude, and phase at sample 0.
/// The cycles must be above 0 and below half the period.
pub(crate) fn cosines(period: usize, lines: &[(usize, f64, f64)]) -> Vec<f64> {
    let inverse = RealFftPlanner::new().plan_fft_inverse(period);
    let mut bins = inverse.make_input_vec();
    for &(cycles, amplitude, phase) in lines {
        bins[cycles] += Bin::from_polar(0.5 * amplitude, phase);
    }
    let mut samples = inverse.make_output_vec();
    // An imaginary part in bin 0 or in the last bin would be an error, but no line is in these bins.
    let done = inverse.process(&mut bins, &mut samples);
    debug_assert!(done.is_ok(), "{done:?}");
    samples
}

/// A power in dB, at least −600.
pub(crate) fn decibels(power: f64) -> f64 {
    10.0 * power.max(1e-60).log10()
}

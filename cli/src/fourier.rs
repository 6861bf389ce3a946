//! Levels of frequencies. Everything that references realfft is here.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// The Fourier transform of real signals of one length.
pub(crate) struct Fourier {
    transform: Arc<dyn RealToComplex<f64>>,
    signal: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
    powers: Vec<f64>,
}

impl Fourier {
    pub(crate) fn new(len: usize) -> Self {
        let transform = RealFftPlanner::new().plan_fft_forward(len);
        let (signal, spectrum) = (transform.make_input_vec(), transform.make_output_vec());
        let scratch = transform.make_scratch_vec();
        Self { powers: vec![0.0; spectrum.len()], transform, signal, spectrum, scratch }
    }

    /// The squared magnitudes of the bins from 0 to len / 2, of a signal that `fill` puts into zeros.
    pub(crate) fn powers(&mut self, fill: impl FnOnce(&mut [f64])) -> &[f64] {
        self.signal.fill(0.0);
        fill(&mut self.signal);
        // The lengths are its own, so that nothing can fail.
        let done = self.transform.process_with_scratch(&mut self.signal, &mut self.spectrum, &mut self.scratch);
        debug_assert!(done.is_ok(), "{done:?}");
        self.powers.iter_mut().zip(&self.spectrum).for_each(|(power, bin)| *power = bin.norm_sqr());
        &self.powers
    }
}

/// A power in dB; far below everything for none.
pub(crate) fn decibels(power: f64) -> f64 {
    10.0 * power.max(1e-60).log10()
}

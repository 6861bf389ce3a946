//! Power spectra of real signals. Everything that references realfft is in this file.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{FftNum, RealFftPlanner, RealToComplex};

/// Power spectra of real signals of one length.
pub(crate) struct Fourier<T: FftNum> {
    transform: Arc<dyn RealToComplex<T>>,
    signal: Vec<T>,
    spectrum: Vec<Complex<T>>,
    scratch: Vec<Complex<T>>,
}

impl<T: FftNum> Fourier<T> {
    pub(crate) fn new(len: usize) -> Self {
        let transform = RealFftPlanner::new().plan_fft_forward(len);
        let (signal, spectrum) = (transform.make_input_vec(), transform.make_output_vec());
        let scratch = transform.make_scratch_vec();
        Self { transform, signal, spectrum, scratch }
    }

    /// Number of bins, those from 0 to len / 2.
    pub(crate) fn bins(&self) -> usize {
        self.spectrum.len()
    }

    /// Squared magnitudes of the bins. `fill` writes the signal into a buffer of zeros.
    pub(crate) fn powers(&mut self, fill: impl FnOnce(&mut [T])) -> impl Iterator<Item = T> {
        self.signal.fill(T::zero());
        fill(&mut self.signal);
        // The only errors are wrong lengths, and the transform made these buffers itself.
        let done = self.transform.process_with_scratch(&mut self.signal, &mut self.spectrum, &mut self.scratch);
        debug_assert!(done.is_ok(), "{done:?}");
        self.spectrum.iter().map(|bin| bin.norm_sqr())
    }
}

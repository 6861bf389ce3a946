//! [`FilterBank`]: the taps of every phase, one phase after the other.

use super::coefficient::Coefficient;
use super::prototype::Prototype;
use super::shape::FilterShape;
use crate::num::saturating_position;

/// Taps of every phase, one phase after the other. The tables of the GPU are made from them.
#[derive(Clone, PartialEq)]
pub(crate) struct FilterBank<T> {
    /// Input samples from one period to the next.
    stride: i64,
    /// Number of taps of the longest phase. Phases with one tap less end with a zero.
    taps_per_phase: usize,
    /// For each phase, the first input sample under its taps, relative to the first of the period.
    starts: Vec<i64>,
    coefficients: Vec<T>,
}

impl<T: Coefficient> FilterBank<T> {
    /// Computes the taps in float64 and rounds each once.
    pub(crate) fn design(shape: &FilterShape) -> Self {
        let prototype = Prototype::design(shape);
        let phases = usize::try_from(shape.ratio().phases()).expect("the plan bounds phases · 8 bytes");
        let taps_per_phase = shape.window_len();
        let mut starts = Vec::with_capacity(phases);
        let mut coefficients = vec![T::default(); phases * taps_per_phase];
        for (phase, taps) in coefficients.chunks_exact_mut(taps_per_phase).enumerate() {
            starts.push(shape.window(phase as u64).start);
            let (falling, rising) = prototype.taps_of(shape, phase);
            taps.iter_mut().zip(falling.iter().rev().chain(rising)).for_each(|(to, &tap)| *to = tap);
        }
        Self { stride: saturating_position(shape.stride()), taps_per_phase, starts, coefficients }
    }

    /// Number of phases, L.
    pub(crate) fn phases(&self) -> usize {
        self.starts.len()
    }

    /// Input samples from one period to the next.
    pub(crate) fn stride(&self) -> i64 {
        self.stride
    }

    /// Taps of a phase.
    pub(crate) fn taps(&self, phase: usize) -> &[T] {
        &self.coefficients[phase * self.taps_per_phase..][..self.taps_per_phase]
    }

    /// First input sample under the taps of a phase, relative to the first of the period.
    pub(crate) fn start(&self, phase: usize) -> i64 {
        self.starts[phase]
    }
}

/// Shows the sizes only: the taps are too many to read.
impl<T: Coefficient> std::fmt::Debug for FilterBank<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut sizes = f.debug_struct("FilterBank");
        sizes.field("phases", &self.phases()).field("taps", &self.taps_per_phase);
        sizes.finish_non_exhaustive()
    }
}

//! [`Input`]: the samples and taps that the kernels for few and many periods read.

use crate::batch::Source;
use crate::filter::blocks::PhaseBlocks;
use crate::filter::coefficient::Coefficient;
use crate::num::{index_at, overlap};

/// Samples, and the blocks of taps that they are multiplied with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a, T: Coefficient> {
    pub(super) blocks: &'a PhaseBlocks<T>,
    pub(super) source: Source<'a, T>,
}

impl<T: Coefficient> Input<'_, T> {
    /// Copies the samples from index `start` on into `copy`, with zeros beyond the source's ends.
    #[cold]
    pub(super) fn copy_with_zeros(self, start: i64, len: usize, copy: &mut Vec<T>) {
        let (zeros, samples) = self.inside(start, len);
        copy.clear();
        copy.resize(zeros, T::default());
        copy.extend_from_slice(samples);
        copy.resize(len, T::default());
    }

    /// Samples at those of the `len` indices from `start` on that lie within the source, and before them the number of
    /// indices that precede them.
    pub(super) fn inside(&self, start: i64, len: usize) -> (usize, &[T]) {
        let inside = overlap(start, len, 0, self.source.samples.len());
        let samples = self.source.samples.get(index_at(start)..).unwrap_or_default();
        (inside.start, &samples[..inside.len()])
    }

    /// Sample at an index, 0 beyond the source's ends.
    pub(super) fn sample(self, index: i64) -> T {
        usize::try_from(index).ok().and_then(|index| self.source.samples.get(index)).copied().unwrap_or_default()
    }
}

//! [`Input`]: what the float32 kernels compute from.

use crate::filter::blocks::PhaseBlocks;
use crate::num::{index_at, overlap};

/// A part of a clip, and what it is resampled with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) blocks: &'a PhaseBlocks,
    /// The samples of the clip from `origin` on; it is zero elsewhere.
    pub(super) samples: &'a [f32],
    pub(super) origin: i64,
}

impl Input<'_> {
    /// Copies the samples from `start` on, with the zeros beyond the clip's ends.
    #[cold]
    pub(super) fn copy_with_zeros(self, start: i64, len: usize, scratch: &mut Vec<f32>) {
        let inside = overlap(start, len, 0, self.samples.len());
        let from = index_at(start);
        scratch.clear();
        scratch.resize(inside.start, 0.0);
        scratch.extend_from_slice(self.samples.get(from..).unwrap_or_default().get(..inside.len()).unwrap_or_default());
        scratch.resize(len, 0.0);
    }

    /// The sample at a position, which may lie outside the clip.
    pub(super) fn sample(self, at: i64) -> f32 {
        usize::try_from(at).ok().and_then(|at| self.samples.get(at)).copied().unwrap_or(0.0)
    }
}

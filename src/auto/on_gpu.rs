//! The clips of a batch that go to the GPU: their types, and what becomes of those that it did not finish.

use half::f16;

use super::report::CpuReason;
use crate::clamped::Clamped;
use crate::cpu::{Sample, Typed};
use crate::error::{Error, Result};
use crate::gpu::{Context, Cursor, GpuSample};

/// Keeps the clips that the GPU finished, of those chosen for it, and notes why the CPU computes the others.
pub(super) fn finish(
    context: &Context,
    outcome: Result<()>,
    done: Cursor,
    chosen: &[usize],
    reasons: &mut [Option<CpuReason>],
    keep: impl FnOnce(&[usize]),
) -> Clamped {
    let Err(error) = outcome else {
        keep(chosen);
        return done.total_clamped();
    };
    if matches!(error, Error::GpuLost { .. }) {
        context.give_up();
    }
    let (finished, unfinished) = chosen.split_at(done.clip);
    keep(finished);
    unfinished.iter().for_each(|&clip| reasons[clip] = Some(CpuReason::GpuFailed(error.clone())));
    done.clamped
}

/// Types of sample that the GPU decodes.
pub(super) trait OnGpu: GpuSample {
    /// The samples, of which the type has been looked at.
    fn of<T: Sample>(samples: &[T]) -> &[Self];
}

macro_rules! on_gpu {
    ($($type:ty, $variant:ident);*) => {$(
        impl OnGpu for $type {
            fn of<T: Sample>(samples: &[T]) -> &[Self] {
                if let Typed::$variant(samples) = T::typed(samples) { samples } else { &[] }
            }
        }
    )*};
}

on_gpu!(f32, F32; i16, I16; f16, F16);

pub(super) fn all_finite<G: GpuSample>(clip: &[G]) -> bool {
    (G::CONVERSIONS.are_finite)(clip)
}

/// Copies clips that are packed in `computed` to the places of the clips of these indices.
pub(super) fn copy_clips<T: Copy>(
    indices: &[usize],
    computed: &[T],
    part_offsets: &[usize],
    samples: &mut [T],
    offsets: &[usize],
) {
    for (&index, range) in indices.iter().zip(part_offsets.windows(2)) {
        samples[offsets[index]..offsets[index + 1]].copy_from_slice(&computed[range[0]..range[1]]);
    }
}

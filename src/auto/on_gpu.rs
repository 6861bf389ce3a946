//! The clips of a batch that go to the GPU: their types, and the outcome of the call.

use half::f16;

use super::report::CpuReason;
use crate::clamped::Clamped;
use crate::cpu::{Sample, Typed};
use crate::error::{Error, Result};
use crate::gpu::{Context, Cursor, GpuSample};

/// Keeps those of the `chosen` clips that the GPU completed, and gives the others a reason to be computed on the CPU.
/// Returns the number of clamped samples of the kept clips.
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
    /// The samples as this type, which they must have.
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

/// Copies clips that are packed in `computed` at `part_offsets` to the clips with these indices in `samples`.
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

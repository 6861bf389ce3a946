//! The clips of a batch that go to the GPU: their types, and the outcome of the call.

use half::f16;

use super::report::CpuReason;
use crate::clamped::Clamped;
use crate::cpu::{Sample, Typed};
use crate::error::Error;
use crate::gpu::{Context, GpuSample, Outcome};

/// Gives a reason to those of the `chosen` clips that the CPU must compute. Returns the number of clamped samples of the
/// others.
pub(super) fn finish(
    context: &Context,
    outcome: &Outcome,
    chosen: &[usize],
    reasons: &mut [Option<CpuReason>],
) -> Clamped {
    if matches!(outcome.result, Err(Error::GpuLost { .. })) {
        context.give_up();
    }
    let mut clamped = Clamped::default();
    for (index, &clip) in chosen.iter().enumerate() {
        match &outcome.result {
            _ if outcome.not_finite[index] => reasons[clip] = Some(CpuReason::NotFinite),
            Err(error) if index >= outcome.complete => reasons[clip] = Some(CpuReason::GpuFailed(error.clone())),
            _ => clamped += outcome.clamped[index],
        }
    }
    clamped
}

/// Slices of a packed buffer between these offsets, of the `chosen` clips only, whose indices ascend.
pub(super) fn chosen_slices<'o, T>(mut packed: &'o mut [T], offsets: &[usize], chosen: &[usize]) -> Vec<&'o mut [T]> {
    let mut end = 0;
    let slice = |&clip: &usize| {
        let (start, len) = (offsets[clip], offsets[clip + 1] - offsets[clip]);
        packed = packed.split_off_mut(start - end..).unwrap_or_default();
        end = offsets[clip + 1];
        packed.split_off_mut(..len).unwrap_or_default()
    };
    chosen.iter().map(slice).collect()
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

//! The inner loops: dot products of the filter bank's rows with the samples under them.
//!
//! Everything that references fearless_simd is here and in `level.rs`. Each output is one dot product, summed in an order
//! that depends on its row alone: not on where it stands in a call, nor on what is computed beside it.

use fearless_simd::{Simd, dispatch, f32x16, prelude::*};

use super::Level;
use crate::filter::{Coefficient, FilterBank};
use crate::plan::Plan;

/// What a sample type brings along: its bank in the plan, and its inner loop.
pub trait Kernel: Coefficient {
    /// The plan's filter bank in this type.
    fn bank(plan: &Plan) -> &FilterBank<Self>;

    /// Computes the outputs `first..first + output.len()` from `samples`, of which the first one stands at `origin` in
    /// the clip. Every sample under their rows, padding included, must be there.
    fn convolve(level: Level, bank: &FilterBank<Self>, samples: &[Self], origin: i64, first: u64, output: &mut [Self]);

    /// True for numbers, false for NaN and the infinities.
    fn is_finite(self) -> bool;

    /// The sum of products, from first to last.
    fn dot(taps: &[Self], samples: &[Self]) -> Self;
}

/// float32: sixteen partial sums, as one vector or several, then their tree.
impl Kernel for f32 {
    fn bank(plan: &Plan) -> &FilterBank<Self> {
        plan.single()
    }

    fn convolve(level: Level, bank: &FilterBank<Self>, samples: &[Self], origin: i64, first: u64, output: &mut [Self]) {
        #[inline(always)]
        fn dot_simd<S: Simd>(simd: S, taps: &[f32], samples: &[f32]) -> f32 {
            let mut sums = f32x16::splat(simd, 0.0);
            for (taps, samples) in taps.chunks_exact(16).zip(samples.chunks_exact(16)) {
                sums = f32x16::from_slice(simd, taps).mul_add(f32x16::from_slice(simd, samples), sums);
            }
            sums.reduce_sum()
        }
        dispatch!(level.simd(), simd => for_each_row(bank, samples, origin, first, output, #[inline(always)] |taps, samples| {
            dot_simd(simd, taps, samples)
        }));
    }

    fn is_finite(self) -> bool {
        self.is_finite()
    }

    fn dot(taps: &[Self], samples: &[Self]) -> Self {
        taps.iter().zip(samples).map(|(tap, sample)| tap * sample).sum()
    }
}

/// float64: the reference, one plain sum.
impl Kernel for f64 {
    fn bank(plan: &Plan) -> &FilterBank<Self> {
        plan.double()
    }

    fn convolve(_: Level, bank: &FilterBank<Self>, samples: &[Self], origin: i64, first: u64, output: &mut [Self]) {
        for_each_row(bank, samples, origin, first, output, Self::dot);
    }

    fn is_finite(self) -> bool {
        self.is_finite()
    }

    fn dot(taps: &[Self], samples: &[Self]) -> Self {
        taps.iter().zip(samples).map(|(tap, sample)| tap * sample).sum()
    }
}

/// Walks consecutive outputs, phase by phase and frame by frame, and sets each to `dot` of its row and its samples.
#[inline(always)]
fn for_each_row<T: Coefficient>(
    bank: &FilterBank<T>,
    samples: &[T],
    origin: i64,
    first: u64,
    output: &mut [T],
    dot: impl Fn(&[T], &[T]) -> T,
) {
    let (mut phase, mut frame) = bank.locate(first);
    for value in output {
        let start = usize::try_from(frame + bank.start(phase) - origin).expect("the window lies within the samples");
        *value = dot(bank.row(phase), &samples[start..][..bank.row_len()]);
        phase += 1;
        if phase == bank.phases() {
            phase = 0;
            frame += bank.stride();
        }
    }
}

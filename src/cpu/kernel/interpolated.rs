//! The inner loop for interpolated banks: along the taps, sixteen side by side, through the four nodes of an output at once.
//!
//! It references fearless_simd, and is one source for every level. An output is summed in an order that depends on the plan
//! alone. Samples outside the clip count as zeros.

use fearless_simd::{Simd, dispatch, f32x16, prelude::*};

use crate::filter::interpolated::{InterpolatedBank, NODES, Output, VECTOR};
use crate::simd::Level;

/// Steps whose products are summed before they are added to the total: one running sum rounds at the size of the sum.
const SEGMENT: usize = 8;

/// As [`Kernel::convolve`](super::kernel::Kernel::convolve).
pub(super) fn convolve(
    level: Level,
    bank: &InterpolatedBank,
    samples: &[f32],
    origin: i64,
    first: u64,
    output: &mut [f32],
) -> bool {
    let samples = Samples { samples, origin };
    dispatch!(level.simd(), simd => samples.convolve(simd, bank, first, output))
}

#[derive(Clone, Copy)]
struct Samples<'a> {
    samples: &'a [f32],
    origin: i64,
}

impl Samples<'_> {
    #[inline(always)]
    fn convolve<S: Simd>(self, simd: S, bank: &InterpolatedBank, first: u64, output: &mut [f32]) -> bool {
        let mut finite = true;
        for (value, place) in output.iter_mut().zip(bank.outputs(first)) {
            *value = self.output(simd, &place, bank.node_taps(&place));
            finite &= value.is_finite();
        }
        finite
    }

    #[inline(always)]
    fn output<S: Simd>(self, simd: S, output: &Output, nodes: [&[f32]; NODES]) -> f32 {
        let len = nodes[0].len();
        let start = output.start.saturating_sub(self.origin);
        let inside = usize::try_from(start).ok().and_then(|start| self.samples.get(start..)?.get(..len));
        let total = match inside {
            Some(window) => {
                let steps = window.as_chunks::<VECTOR>().0;
                sum(simd, output.weights, nodes, |step| f32x16::load_array_ref(simd, &steps[step]))
            }
            None => sum(simd, output.weights, nodes, |step| {
                let from = start.saturating_add((step * VECTOR).cast_signed() as i64);
                f32x16::load_array(simd, std::array::from_fn(|k| self.at(from.saturating_add(k.cast_signed() as i64))))
            }),
        };
        let after = start.saturating_add(output.taps.cast_signed() as i64);
        let ends = output.ends[0] * self.at(start.saturating_sub(1)) + output.ends[1] * self.at(after);
        (total.reduce_sum() + ends) * output.scale
    }

    /// The sample at a place relative to the origin.
    #[inline(always)]
    fn at(self, place: i64) -> f32 {
        usize::try_from(place).ok().and_then(|place| self.samples.get(place)).copied().unwrap_or(0.0)
    }
}

#[inline(always)]
fn sum<S: Simd>(
    simd: S,
    weights: [f32; NODES],
    nodes: [&[f32]; NODES],
    samples: impl Fn(usize) -> f32x16<S>,
) -> f32x16<S> {
    let nodes = nodes.map(|node| node.as_chunks::<VECTOR>().0);
    let steps = nodes[0].len();
    let mut total = f32x16::splat(simd, 0.0);
    let mut from = 0;
    while from < steps {
        let to = steps.min(from + SEGMENT);
        let mut sums = [f32x16::splat(simd, 0.0); NODES];
        // Slices of one length: no bounds are checked in the loop.
        let segment = nodes.map(|node| &node[from..to]);
        for step in 0..to - from {
            let samples = samples(from + step);
            for (sum, node) in sums.iter_mut().zip(segment) {
                *sum = f32x16::load_array_ref(simd, &node[step]).mul_add(samples, *sum);
            }
        }
        for (sum, weight) in sums.into_iter().zip(weights) {
            total = sum.mul_add(f32x16::splat(simd, weight), total);
        }
        from = to;
    }
    total
}

//! The float32 kernel for interpolated banks, for ratios with too many phases to store the taps of each.
//!
//! ```text
//! the taps of four nodes                  samples
//!   g − 1   [ tap tap … tap ]     ×  [ x[start] … x[start + 15] ]     sums[0]     16 taps in the lanes,
//!   g       [ tap tap … tap ]     ×  [         the same         ]     sums[1]     one vector after the other
//!   g + 1   [ tap tap … tap ]     ×  [         the same         ]     sums[2]
//!   g + 2   [ tap tap … tap ]     ×  [         the same         ]     sums[3]
//!
//! totals += Σ weight[i] · sums[i]     y = (Σ lanes of totals + the two taps at the window's ends) · scale
//! ```
//!
//! The weights are those of the cubic through the four nodes. They multiply sums instead of taps: that costs four
//! multiply-adds for each tap, and no tap is ever interpolated by itself. Each output is summed in an order that
//! depends on the plan alone.

use fearless_simd::{Simd, f32x16, prelude::*};

use crate::batch::Source;
use crate::filter::interpolated::{InterpolatedBank, NODES, Output, VECTOR};
use crate::filter::shape::FilterShape;
use crate::num::to_position;

/// Number of vectors of products in a segment, which is summed before it is added to the totals. In one long sum every
/// addition would round at the size of the sum.
const VECTORS_PER_SUM: usize = 8;

/// Fills `output` with the outputs from `first` on. Returns true if all are finite.
#[inline(always)]
pub(super) fn convolve<S: Simd>(
    simd: S,
    bank: &InterpolatedBank,
    source: Source<'_, f32>,
    first: u64,
    output: &mut [f32],
) -> bool {
    let mut finite = true;
    for (value, place) in output.iter_mut().zip(bank.outputs(first)) {
        let (start, nodes) = (place.start, bank.node_taps(&place));
        let index = usize::try_from(start.saturating_sub(source.origin)).ok();
        let window = index.and_then(|index| source.samples.get(index..)?.get(..nodes[0].len()));
        *value = match window {
            Some(window) => {
                let vectors = window.as_chunks::<VECTOR>().0;
                let totals = weighted_sum(simd, place.weights, nodes, |k| f32x16::load_array_ref(simd, &vectors[k]));
                finish(totals, &place, |position| source.at(position))
            }
            None => compute(simd, &place, nodes, |position| source.at(position)),
        };
        finite &= value.is_finite();
    }
    finite
}

/// Computes output `n` from the samples under its taps alone.
#[inline(always)]
pub(super) fn output<S: Simd>(
    simd: S,
    bank: &InterpolatedBank,
    shape: &FilterShape,
    source: Source<'_, f32>,
    n: u64,
) -> f32 {
    let window = shape.window(n);
    let touched = |position: &i64| window.contains(position) && !shape.is_zero(n, *position);
    if window.clone().filter(touched).all(|position| source.at(position).is_finite())
        && let Some(place) = bank.outputs(n).next()
    {
        let sample = |position: i64| if touched(&position) { source.at(position) } else { 0.0 };
        return compute(simd, &place, bank.node_taps(&place), sample);
    }
    // Products of interpolated taps: the weights of both signs would turn an infinity into NaN.
    let taps = window.clone().zip(bank.output_taps(n)).filter(|(position, _)| touched(position));
    taps.map(|(position, tap)| tap * source.at(position)).sum()
}

/// Computes an output from samples by their positions.
#[inline(always)]
fn compute<S: Simd>(simd: S, output: &Output, nodes: [&[f32]; NODES], sample: impl Fn(i64) -> f32) -> f32 {
    let totals = weighted_sum(simd, output.weights, nodes, |k| {
        let position = |lane| output.start.saturating_add(to_position(k * VECTOR + lane));
        f32x16::load_array(simd, std::array::from_fn(|lane| sample(position(lane))))
    });
    finish(totals, output, sample)
}

/// Adds the products at the window's ends to the sums of all others.
#[inline(always)]
fn finish<S: Simd>(totals: f32x16<S>, output: &Output, sample: impl Fn(i64) -> f32) -> f32 {
    let after = output.start.saturating_add(to_position(output.taps));
    let ends = output.ends[0] * sample(output.start.saturating_sub(1)) + output.ends[1] * sample(after);
    (totals.reduce_sum() + ends) * output.scale
}

/// Sum over the nodes of weight times taps times samples, where lane i sums taps i, i + 16, …. `samples(k)` is the
/// vector of samples under vector k of the taps.
#[inline(always)]
fn weighted_sum<S: Simd>(
    simd: S,
    weights: [f32; NODES],
    nodes: [&[f32]; NODES],
    samples: impl Fn(usize) -> f32x16<S>,
) -> f32x16<S> {
    let nodes = nodes.map(|node| node.as_chunks::<VECTOR>().0);
    let vectors = nodes[0].len();
    let mut totals = f32x16::splat(simd, 0.0);
    let mut from = 0;
    while from < vectors {
        let to = vectors.min(from + VECTORS_PER_SUM);
        let mut sums = [f32x16::splat(simd, 0.0); NODES];
        // Slices of one length: no bounds are checked in the loop.
        let taps = nodes.map(|node| &node[from..to]);
        for k in 0..to - from {
            let samples = samples(from + k);
            for (sum, taps) in sums.iter_mut().zip(taps) {
                *sum = f32x16::load_array_ref(simd, &taps[k]).mul_add(samples, *sum);
            }
        }
        for (sum, weight) in sums.into_iter().zip(weights) {
            totals = sum.mul_add(f32x16::splat(simd, weight), totals);
        }
        from = to;
    }
    totals
}

//! The inner loops: products of the filter's taps with the samples under them, summed.
//!
//! The float32 kernel references fearless_simd, and is one source for every level. Each output is summed in an order that
//! depends on the plan and its phase alone: along the samples under its block, in the plan's segments. Where it stands in a
//! call, how many periods are computed beside it, by this kernel or by that of `periods.rs`, and how many lanes a vector has
//! change nothing. Samples outside the clip count as zeros.

use std::ops::Range;

use fearless_simd::{Simd, dispatch, f32x16, prelude::*};

use super::interpolated;
use super::outputs::Outputs;
use super::periods::LaneRuns;
use super::scratch::{MAX_AT_EDGE, Scratch};
use crate::blocks::{LANES, PhaseBlocks, STEP, Taps};
use crate::filter::Coefficient;
use crate::level::Level;
use crate::on_demand::OnDemandTaps;
use crate::plan::{Bank, Plan};

/// What a sample type brings along: its filter bank in the plan, and its inner loop.
pub trait Kernel: Coefficient {
    /// Computes the outputs `first..first + output.len()` from `samples`, of which the first one stands at `origin` in
    /// the clip, and which is zero elsewhere. Returns false if an output is not finite and may be contaminated: by a sample
    /// that is not finite, and lies near its window.
    fn convolve(level: Level, plan: &Plan, samples: &[Self], origin: i64, first: u64, output: &mut [Self]) -> bool;

    /// True for numbers, false for NaN and the infinities.
    fn is_finite(self) -> bool;

    /// Output `n` as a plain sum of products, from samples that begin `skipped` samples into its window.
    fn dot(plan: &Plan, n: u64, skipped: usize, samples: &[Self]) -> Self;

    /// The product.
    fn times(self, factor: f64) -> Self;

    /// The sum.
    fn plus(self, other: Self) -> Self;
}

/// float64: the reference, one plain sum for each output.
impl Kernel for f64 {
    fn convolve(_: Level, plan: &Plan, samples: &[Self], origin: i64, first: u64, output: &mut [Self]) -> bool {
        // Fewer outputs than phases do not pay for the taps of all of them.
        match plan.f64_bank(output.len()) {
            Some(bank) => {
                let phases = bank.phases() as u64;
                (first..).zip(output).fold(true, |finite, (n, value)| {
                    let phase = index(n % phases);
                    let start = position(n / phases) * bank.stride() + bank.start(phase);
                    *value = product_sum(start, bank.taps(phase), samples, origin);
                    finite & value.is_finite()
                })
            }
            None => {
                let mut on_demand = OnDemandTaps::new(plan.shape());
                for (n, value) in (first..).zip(output) {
                    *value = product_sum(plan.shape().window(n).start, on_demand.taps(n), samples, origin);
                }
                // No tap lies outside its window.
                true
            }
        }
    }

    fn is_finite(self) -> bool {
        self.is_finite()
    }

    fn dot(plan: &Plan, n: u64, skipped: usize, samples: &[Self]) -> Self {
        let mut on_demand = OnDemandTaps::new(plan.shape());
        on_demand.taps(n).iter().skip(skipped).zip(samples).map(|(tap, sample)| tap * sample).sum()
    }

    fn times(self, factor: f64) -> Self {
        self * factor
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }
}

/// The taps from position `start` on with the samples from `origin` on.
fn product_sum(start: i64, taps: &[f64], samples: &[f64], origin: i64) -> f64 {
    let inside = overlap(start, taps.len(), origin, samples.len());
    let at = index((start - origin).max(0).unsigned_abs());
    taps[inside].iter().zip(samples.get(at..).unwrap_or_default()).map(|(tap, sample)| tap * sample).sum()
}

/// float32: sixteen outputs side by side, for several periods at once; or from an interpolated bank.
impl Kernel for f32 {
    fn convolve(level: Level, plan: &Plan, samples: &[Self], origin: i64, first: u64, output: &mut [Self]) -> bool {
        match plan.bank() {
            Bank::Exact(blocks) => {
                let input = Input { blocks, samples, origin };
                dispatch!(level.simd(), simd => input.convolve(simd, first, output))
            }
            Bank::Interpolated(bank) => interpolated::convolve(level, bank, samples, origin, first, output),
        }
    }

    fn is_finite(self) -> bool {
        self.is_finite()
    }

    fn dot(plan: &Plan, n: u64, skipped: usize, samples: &[Self]) -> Self {
        let sum = |taps: &mut dyn Iterator<Item = Self>| {
            taps.skip(skipped).zip(samples).map(|(tap, sample)| tap * sample).sum()
        };
        match plan.bank() {
            Bank::Exact(blocks) => sum(&mut blocks.output_taps(n)),
            Bank::Interpolated(bank) => sum(&mut bank.output_taps(n)),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "rounded to what is computed in")]
    fn times(self, factor: f64) -> Self {
        (f64::from(self) * factor) as Self
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }
}

/// Which of the `len` samples from `start` on are among the `count` from `origin` on.
pub(super) fn overlap(start: i64, len: usize, origin: i64, count: usize) -> Range<usize> {
    let clamp = |offset: i64| usize::try_from(offset.max(0)).unwrap_or(usize::MAX).min(len);
    let begin = clamp(origin.saturating_sub(start));
    let end = clamp(origin.saturating_add(position(count as u64)).saturating_sub(start));
    begin..end.max(begin)
}

pub(super) fn position(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn index(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// Periods computed at once on vectors of `lanes`: each takes 16 / lanes registers for its sum, and every vector of taps is
/// loaded once for all of them.
///
/// Measured in GFLOP/s at 48→44.1 kHz with kaiser_best, width 6 in brackets, on a core with two 512-bit multiply-add units:
///
/// | periods | 1 | 2 | 3 | 4 | 6 | 8 | 10 | 12 | 16 |
/// |---|---|---|---|---|---|---|---|---|---|
/// | AVX-512, peak 217 | 50 (22) | 58 (21) | 85 (27) | 95 (30) | 105 (34) | 111 (37) | 111 (37) | 111 (40) | 94 (33) |
/// | AVX2, peak 108 | 46 (19) | 46 (22) | 74 (28) | 78 (29) | 85 (30) | 62 (23) | 46 (19) | 45 (19) | 44 (17) |
/// | SSE2, peak 54 | 29 (12) | 27 (12) | 30 (13) | 26 (11) | 25 (11) | 24 (10) | 26 (11) | 21 (9) | 22 (9) |
/// | scalar | 9 (4) | 19 (8) | 29 (11) | 26 (11) | 25 (10) | 20 (8) | 23 (10) | 20 (9) | 21 (9) |
const fn periods_at_once(lanes: usize) -> usize {
    match lanes {
        16 => 12,
        8 => 6,
        _ => 3,
    }
}

/// A part of a clip, and what it is resampled with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) blocks: &'a PhaseBlocks,
    /// The samples of the clip from `origin` on; it is zero elsewhere.
    pub(super) samples: &'a [f32],
    pub(super) origin: i64,
}

impl Input<'_> {
    #[inline(always)]
    fn convolve<S: Simd>(self, simd: S, first: u64, output: &mut [f32]) -> bool {
        let period_len = self.blocks.period_len();
        let end = first + output.len() as u64;
        let mut outputs = Outputs::new(simd, first, output);
        let mut period = first / period_len;
        let inner = self.blocks.periods_within(self.origin, self.origin + position(self.samples.len() as u64));
        let max_periods = periods_at_once(S::f32s::LEN);
        let needed = max_periods.saturating_mul(index(self.blocks.stride())).saturating_add(self.blocks.span());
        let may_copy = needed <= MAX_AT_EDGE;
        let mut scratch = Scratch::take();
        while period.saturating_mul(period_len) < end {
            // Those that are wanted from their first output to their last.
            let whole = if period * period_len < first { 0 } else { (end / period_len).saturating_sub(period) };
            if S::f32s::LEN == LANES
                && let Some(runs) = LaneRuns::choose(whole, self.blocks.stride(), self.blocks.span())
            {
                let rows = &mut scratch.rows;
                match runs.vectors {
                    1 => self.convolve_many::<S, 1>(simd, runs, period, &mut outputs, rows),
                    2 => self.convolve_many::<S, 2>(simd, runs, period, &mut outputs, rows),
                    _ => self.convolve_many::<S, 3>(simd, runs, period, &mut outputs, rows),
                }
                period += runs.periods();
                continue;
            }
            let whole = match (may_copy, inner.contains(&period)) {
                (true, _) => whole,
                (false, true) => whole.min(inner.end - period),
                (false, false) => 1,
            };
            let edge = &mut scratch.edge;
            let periods = match whole.min(max_periods as u64) {
                12.. => self.convolve_few::<S, 12>(simd, period, &mut outputs, edge),
                6.. => self.convolve_few::<S, 6>(simd, period, &mut outputs, edge),
                3.. => self.convolve_few::<S, 3>(simd, period, &mut outputs, edge),
                _ => self.convolve_few::<S, 1>(simd, period, &mut outputs, edge),
            };
            period += periods;
        }
        scratch.keep();
        outputs.are_finite()
    }

    /// Computes the outputs of R periods, and returns R.
    #[inline(always)]
    fn convolve_few<S: Simd, const R: usize>(
        self,
        simd: S,
        period: u64,
        outputs: &mut Outputs<'_, S>,
        scratch: &mut Vec<f32>,
    ) -> u64 {
        let span = self.blocks.span();
        let stride = index(self.blocks.stride());
        let period_start = position(period * self.blocks.stride()) - self.origin;
        let needed = (R - 1) * stride + span;
        let wanted = outputs.wanted(period, self.blocks.period_len());
        let end = period_start + self.blocks.end(wanted.clone()) + position((needed - span) as u64);
        // The positions whose samples are in `scratch`.
        let mut staged: Option<Range<i64>> = None;
        for block in self.blocks.blocks(wanted) {
            let (start, taps) = (period_start + self.blocks.start(block), self.blocks.taps(block));
            let inside = usize::try_from(start).ok().and_then(|start| self.samples.get(start..)?.get(..needed));
            let samples = match inside {
                Some(samples) => samples,
                None => {
                    let from = match &staged {
                        Some(staged) if start + position(needed as u64) <= staged.end => staged.start,
                        _ => {
                            let len = index((end - start).unsigned_abs()).min(MAX_AT_EDGE.max(needed));
                            self.copy_with_zeros(start, len, scratch);
                            staged = Some(start..start + position(len as u64));
                            start
                        }
                    };
                    &scratch[index((start - from).unsigned_abs())..][..needed]
                }
            };
            let mut windows: [&[f32]; R] = [&[]; R];
            for r in 0..R {
                windows[r] = &samples[r * stride..][..span];
            }
            let sums = self.sums::<S, R>(simd, taps, windows);
            for (period, sum) in (period..).zip(sums) {
                outputs.store(period, block, self.blocks.period_len(), simd, sum);
            }
        }
        R as u64
    }

    /// Copies the samples from `start` on, with the zeros beyond the clip's ends.
    #[cold]
    fn copy_with_zeros(self, start: i64, len: usize, scratch: &mut Vec<f32>) {
        let inside = overlap(start, len, 0, self.samples.len());
        let from = index(start.max(0).unsigned_abs());
        scratch.clear();
        scratch.resize(inside.start, 0.0);
        scratch.extend_from_slice(self.samples.get(from..).unwrap_or_default().get(..inside.len()).unwrap_or_default());
        scratch.resize(len, 0.0);
    }

    /// The outputs of a block for R periods, each from a window of all samples under the block.
    #[inline(always)]
    fn sums<S: Simd, const R: usize>(self, simd: S, taps: &[Taps], windows: [&[f32]; R]) -> [f32x16<S>; R] {
        let mut totals = [f32x16::splat(simd, 0.0); R];
        let (steps, tail) = taps.as_chunks::<STEP>();
        // Slices of arrays, all of one length: no bounds are checked in the loops.
        let mut chunks: [&[[f32; STEP]]; R] = [&[]; R];
        for r in 0..R {
            chunks[r] = &windows[r].as_chunks::<STEP>().0[..steps.len()];
        }
        let mut k = 0;
        for segment in self.blocks.segments() {
            let mut sums = [f32x16::splat(simd, 0.0); R];
            while k < steps.len().min(segment.end / STEP) {
                for s in 0..STEP {
                    let taps = f32x16::load_array_ref(simd, &steps[k][s].0);
                    for r in 0..R {
                        sums[r] = taps.mul_add(f32x16::splat(simd, chunks[r][k][s]), sums[r]);
                    }
                }
                k += 1;
            }
            if segment.end % STEP != 0 {
                for (s, taps) in tail.iter().enumerate() {
                    let taps = f32x16::load_array_ref(simd, &taps.0);
                    for r in 0..R {
                        sums[r] = taps.mul_add(f32x16::splat(simd, windows[r][steps.len() * STEP + s]), sums[r]);
                    }
                }
            }
            for r in 0..R {
                totals[r] += sums[r];
            }
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wider_vectors_take_more_periods() {
        assert_eq!([4, 8, 16].map(periods_at_once), [3, 6, 12]);
    }

    #[test]
    fn overlaps_are_those_of_the_intervals() {
        let origin = -2;
        for start in -12..12_i64 {
            for (len, end) in (0..6_usize).zip(start..) {
                for (count, origin_end) in (0..8_usize).zip(origin..) {
                    let (from, to) = (start.max(origin), end.min(origin_end));
                    let inside = overlap(start, len, origin, count);
                    assert_eq!(position(inside.len() as u64), (to - from).max(0));
                    assert!(inside.is_empty() || start + position(inside.start as u64) == from);
                }
            }
        }
    }
}

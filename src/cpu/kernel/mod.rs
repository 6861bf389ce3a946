//! The inner loops: products of the filter's taps with the samples under them, summed.
//!
//! The float32 kernel references fearless_simd, and is one source for every level. Each output is summed in an order that
//! depends on the plan and its phase alone: along the samples under its block, in the plan's segments. Where it stands in a
//! call, how many periods are computed beside it, by this kernel or by that of `periods.rs`, and how many lanes a vector has
//! change nothing. Samples outside the clip count as zeros.

mod few_periods;
mod input;
mod interpolated;
mod many_periods;
mod outputs;
mod reference;
mod scratch;

use fearless_simd::{Simd, dispatch, prelude::*};

use self::few_periods::periods_at_once;
use self::input::Input;
use self::many_periods::LaneRuns;
use self::outputs::Outputs;
pub(crate) use self::scratch::reserve_scratch;
use self::scratch::{MAX_AT_EDGE, Scratch};
use crate::filter::blocks::LANES;
use crate::filter::coefficient::Coefficient;
use crate::num::{index_at, overlap, to_index, to_position};
use crate::plan::{Bank, Plan};
use crate::simd::Level;

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

/// float32: sixteen outputs side by side, for several periods at once; or from an interpolated bank.
impl Kernel for f32 {
    fn convolve(level: Level, plan: &Plan, samples: &[Self], origin: i64, first: u64, output: &mut [Self]) -> bool {
        match plan.bank() {
            Bank::Copy => copy(samples, origin, first, output),
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
            Bank::Copy => sum(&mut std::iter::once(1.0)),
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

/// Output n of equal rates: sample n, and 0 outside the clip. It cannot be contaminated.
fn copy<T: Copy + Default>(samples: &[T], origin: i64, first: u64, output: &mut [T]) -> bool {
    let start = to_position(first);
    let inside = overlap(start, output.len(), origin, samples.len());
    output.fill(T::default());
    let samples = samples.get(index_at(start.saturating_sub(origin))..).unwrap_or_default();
    output[inside.clone()].copy_from_slice(&samples[..inside.len()]);
    true
}

impl Input<'_> {
    #[inline(always)]
    fn convolve<S: Simd>(self, simd: S, first: u64, output: &mut [f32]) -> bool {
        let period_len = self.blocks.period_len();
        let end = first + output.len() as u64;
        let mut outputs = Outputs::new(simd, first, output);
        let mut period = first / period_len;
        let inner = self.blocks.periods_within(self.origin, self.origin + to_position(self.samples.len()));
        let max_periods = periods_at_once(S::f32s::LEN);
        let needed = max_periods.saturating_mul(to_index(self.blocks.stride())).saturating_add(self.blocks.span());
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
}

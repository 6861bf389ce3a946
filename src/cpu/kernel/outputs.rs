//! [`Outputs`]: the outputs that the float32 kernels are asked for.

use std::ops::Range;

use fearless_simd::{Simd, f32x16, prelude::*};

use crate::filter::blocks::LANES;
use crate::num::to_index;

/// Outputs that were asked for: a range that may begin and end within a period.
pub(super) struct Outputs<'a, S: Simd> {
    /// Number of the first output.
    first: u64,
    output: &'a mut [f32],
    /// Sum of 0 times every output: NaN as soon as one of them is not finite.
    pub(super) nan_probe: f32x16<S>,
}

impl<'a, S: Simd> Outputs<'a, S> {
    /// Outputs from number `first` on.
    #[inline(always)]
    pub(super) fn new(simd: S, first: u64, output: &'a mut [f32]) -> Self {
        Self { first, output, nan_probe: f32x16::splat(simd, 0.0) }
    }

    /// True if all outputs that were stored are finite.
    #[inline(always)]
    pub(super) fn are_finite(&self) -> bool {
        self.nan_probe.reduce_sum() == 0.0
    }

    /// Outputs that are asked for, from a period on, counted from the period's first.
    pub(super) fn wanted(&self, period: u64, period_len: u64) -> Range<u64> {
        let start = period * period_len;
        self.first.saturating_sub(start)..self.first + self.output.len() as u64 - start
    }

    /// Stores a block for sixteen periods that are `periods_per_lane` apart. `totals` has a vector for each of them.
    #[inline(always)]
    pub(super) fn store_periods(
        &mut self,
        period: u64,
        periods_per_lane: u64,
        block: usize,
        period_len: u64,
        simd: S,
        totals: [f32x16<S>; LANES],
    ) {
        let start = period * period_len + (block * LANES) as u64;
        let lane_step = to_index(periods_per_lane * period_len);
        let needed = (LANES - 1) * lane_step + LANES;
        let outputs =
            start.checked_sub(self.first).and_then(|at| self.output.get_mut(to_index(at)..)?.get_mut(..needed));
        if let Some(outputs) = outputs
            && (block + 1) * LANES <= to_index(period_len)
        {
            for lane in 0..LANES {
                totals[lane].store_slice(&mut outputs[lane * lane_step..][..LANES]);
            }
            return;
        }
        let totals = totals.map(|totals| totals.to_array());
        for (lane, totals) in totals.iter().enumerate() {
            let period = period + lane as u64 * periods_per_lane;
            self.store(period, block, period_len, simd, f32x16::load_array_ref(simd, totals));
        }
    }

    /// Stores the outputs of a block that are asked for.
    #[inline(always)]
    pub(super) fn store(&mut self, period: u64, block: usize, period_len: u64, simd: S, totals: f32x16<S>) {
        let start = period * period_len + (block * LANES) as u64;
        let lanes = (LANES as u64).min(period_len - (block * LANES) as u64);
        let outputs =
            start.checked_sub(self.first).and_then(|at| self.output.get_mut(to_index(at)..)?.get_mut(..LANES));
        if let Some(outputs) = outputs
            && lanes == LANES as u64
        {
            self.nan_probe = totals.mul_add(f32x16::splat(simd, 0.0), self.nan_probe);
            totals.store_slice(outputs);
            return;
        }
        for (lane, value) in (0..lanes).zip(totals.to_array()) {
            let at = start.checked_add(lane).and_then(|n| n.checked_sub(self.first));
            let output = at.and_then(|at| self.output.get_mut(to_index(at)));
            if let Some(output) = output {
                self.nan_probe = f32x16::splat(simd, value).mul_add(f32x16::splat(simd, 0.0), self.nan_probe);
                *output = value;
            }
        }
    }
}

//! [`Outputs`]: where the float32 kernels put what they have summed.

use std::ops::Range;

use fearless_simd::{Simd, f32x16, prelude::*};

use crate::filter::blocks::LANES;
use crate::num::to_index;

/// Where outputs go.
pub(super) struct Outputs<'a, S: Simd> {
    /// The output that `output` begins with.
    first: u64,
    output: &'a mut [f32],
    /// 0 times every output: NaN as soon as one of them is not finite.
    pub(super) nan_probe: f32x16<S>,
}

impl<'a, S: Simd> Outputs<'a, S> {
    /// The outputs from `first` on.
    #[inline(always)]
    pub(super) fn new(simd: S, first: u64, output: &'a mut [f32]) -> Self {
        Self { first, output, nan_probe: f32x16::splat(simd, 0.0) }
    }

    /// Whether all that were stored are finite.
    #[inline(always)]
    pub(super) fn are_finite(&self) -> bool {
        self.nan_probe.reduce_sum() == 0.0
    }

    /// The outputs of a period that are asked for; at least all of several periods.
    pub(super) fn wanted(&self, period: u64, period_len: u64) -> Range<u64> {
        let start = period * period_len;
        self.first.saturating_sub(start)..self.first + self.output.len() as u64 - start
    }

    /// Stores a block of sixteen periods, each `lane_stride` after the one before.
    #[inline(always)]
    pub(super) fn store_periods(
        &mut self,
        period: u64,
        lane_stride: u64,
        block: usize,
        period_len: u64,
        simd: S,
        sums: [f32x16<S>; LANES],
    ) {
        let start = period * period_len + (block * LANES) as u64;
        let step = to_index(lane_stride * period_len);
        let needed = (LANES - 1) * step + LANES;
        let outputs =
            start.checked_sub(self.first).and_then(|at| self.output.get_mut(to_index(at)..)?.get_mut(..needed));
        if let Some(outputs) = outputs
            && (block + 1) * LANES <= to_index(period_len)
        {
            for lane in 0..LANES {
                sums[lane].store_slice(&mut outputs[lane * step..][..LANES]);
            }
            return;
        }
        let sums = sums.map(|sums| sums.to_array());
        for (lane, sums) in sums.iter().enumerate() {
            self.store(period + lane as u64 * lane_stride, block, period_len, simd, f32x16::load_array_ref(simd, sums));
        }
    }

    #[inline(always)]
    pub(super) fn store(&mut self, period: u64, block: usize, period_len: u64, simd: S, sums: f32x16<S>) {
        let start = period * period_len + (block * LANES) as u64;
        let lanes = (LANES as u64).min(period_len - (block * LANES) as u64);
        let outputs =
            start.checked_sub(self.first).and_then(|at| self.output.get_mut(to_index(at)..)?.get_mut(..LANES));
        if let Some(outputs) = outputs
            && lanes == LANES as u64
        {
            self.nan_probe = sums.mul_add(f32x16::splat(simd, 0.0), self.nan_probe);
            sums.store_slice(outputs);
            return;
        }
        for (lane, value) in (0..lanes).zip(sums.to_array()) {
            let at = start.checked_add(lane).and_then(|n| n.checked_sub(self.first));
            let output = at.and_then(|at| self.output.get_mut(to_index(at)));
            if let Some(output) = output {
                self.nan_probe = f32x16::splat(simd, value).mul_add(f32x16::splat(simd, 0.0), self.nan_probe);
                *output = value;
            }
        }
    }
}

//! The float32 kernel for few periods: sixteen neighbouring outputs in the lanes of a vector.

use std::ops::Range;

use fearless_simd::{Simd, f32x16, prelude::*};

use super::input::Input;
use super::outputs::Outputs;
use super::scratch::MAX_AT_EDGE;
use crate::filter::blocks::{STEP, Taps};
use crate::num::{to_index, to_position};

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
pub(super) const fn periods_at_once(lanes: usize) -> usize {
    match lanes {
        16 => 12,
        8 => 6,
        _ => 3,
    }
}

impl Input<'_> {
    /// Computes the outputs of R periods, and returns R.
    #[inline(always)]
    pub(super) fn convolve_few<S: Simd, const R: usize>(
        self,
        simd: S,
        period: u64,
        outputs: &mut Outputs<'_, S>,
        scratch: &mut Vec<f32>,
    ) -> u64 {
        let span = self.blocks.span();
        let stride = to_index(self.blocks.stride());
        let period_start = to_position(period * self.blocks.stride()) - self.origin;
        let needed = (R - 1) * stride + span;
        let wanted = outputs.wanted(period, self.blocks.period_len());
        let end = period_start + self.blocks.end(wanted.clone()) + to_position((needed - span) as u64);
        // The positions whose samples are in `scratch`.
        let mut staged: Option<Range<i64>> = None;
        for block in self.blocks.blocks(wanted) {
            let (start, taps) = (period_start + self.blocks.start(block), self.blocks.taps(block));
            let inside = usize::try_from(start).ok().and_then(|start| self.samples.get(start..)?.get(..needed));
            let samples = match inside {
                Some(samples) => samples,
                None => {
                    let from = match &staged {
                        Some(staged) if start + to_position(needed as u64) <= staged.end => staged.start,
                        _ => {
                            let len = to_index((end - start).unsigned_abs()).min(MAX_AT_EDGE.max(needed));
                            self.copy_with_zeros(start, len, scratch);
                            staged = Some(start..start + to_position(len as u64));
                            start
                        }
                    };
                    &scratch[to_index((start - from).unsigned_abs())..][..needed]
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
}

//! The kernel for few periods: sixteen neighbouring outputs in the lanes of a vector.
//!
//! ```text
//!                  lane 0 … 15: outputs 16b … 16b + 15, the phases of block b
//!  k = 0           [ tap  0    0   …  0  ]  × x[start]           The windows of neighbouring outputs nearly
//!  k = 1           [ tap tap   0   …  0  ]  × x[start + 1]       coincide: each begins M/L samples after the one
//!  ⋮                                                             before. A tap is zero where the window of its
//!  k = span − 2    [  0   0   tap  … tap ]  × x[start + span−2]  output does not reach.
//!  k = span − 1    [  0   0    0   … tap ]  × x[start + span−1]
//!
//!  sums += taps[b][k] · splat(x[start + k])     one vector of taps, one sample in all lanes, sixteen multiply-adds
//! ```
//!
//! The sums of a block are its outputs, adjacent in memory: there is no horizontal sum and no shuffle.
//!
//! P periods are computed side by side, each from samples `stride` after those of the period before it. A vector of
//! taps is loaded once for all P periods; each multiply-add still loads its sample, and the zeros, 11 % of the taps at
//! 48→44.1 kHz with kaiser_best, are multiplied too. P independent chains of sums hide the latency of the
//! multiply-adds.
//!
//! Where structural zeros leave enough samples without a tap, a list of the others replaces the range.
//!
//! Products are summed in the plan's segments: `sums` over one segment, `totals` over all segments.

use std::ops::Range;

use fearless_simd::Simd;

use super::input::Input;
use super::outputs::Outputs;
use super::scratch::MAX_AT_EDGE;
use super::vector::{Element, Vector};
use crate::filter::bands::{List, Needed};
use crate::filter::blocks::Taps;
use crate::filter::segments::STEP;
use crate::num::{distance, to_index, to_position};

/// Number of periods computed side by side on vectors of `lanes` lanes. Each takes 16 / lanes registers for its sums.
///
/// Measured in GFLOP/s at 48→44.1 kHz with kaiser_best, width 6 in brackets, on a core with two 512-bit multiply-add
/// units:
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

impl<T: Element> Input<'_, T> {
    /// Computes the wanted outputs of P periods, from `period` on, and returns P.
    #[inline(always)]
    pub(super) fn convolve_few<S: Simd, const P: usize>(
        self,
        simd: S,
        period: u64,
        outputs: &mut Outputs<'_, S, T>,
        edge: &mut Vec<T>,
    ) -> u64 {
        let (span, period_len) = (self.blocks.span(), self.blocks.period_len());
        let stride = to_index(self.blocks.stride());
        // Index in the source of the first sample of the first period.
        let period_start = to_position(period * self.blocks.stride()) - self.source.origin;
        // Number of samples under one block in all P periods.
        let needed = (P - 1) * stride + span;
        let wanted = outputs.wanted(period, period_len);
        let end = period_start + self.blocks.end(wanted.clone()) + to_position(needed - span);
        // Indices of the samples that have been copied to `edge`, enough for several blocks.
        let mut copied: Option<Range<i64>> = None;
        for block in self.blocks.blocks(wanted) {
            let (start, taps) = (period_start + self.blocks.start(block), self.blocks.taps(block));
            let inside = usize::try_from(start).ok().and_then(|start| self.source.samples.get(start..)?.get(..needed));
            let samples = match inside {
                Some(samples) => samples,
                None => {
                    let from = match &copied {
                        Some(copied) if start + to_position(needed) <= copied.end => copied.start,
                        _ => {
                            let len = distance(start, end).min(MAX_AT_EDGE.max(needed));
                            self.copy_with_zeros(start, len, edge);
                            copied = Some(start..start + to_position(len));
                            start
                        }
                    };
                    &edge[distance(from, start)..][..needed]
                }
            };
            let mut windows: [&[T]; P] = [&[]; P];
            for p in 0..P {
                windows[p] = &samples[p * stride..][..span];
            }
            let totals = match self.blocks.needed(block) {
                Needed::All => self.block_few::<S, P>(simd, taps, windows),
                Needed::Listed(list) => Self::listed_few::<S, P>(simd, taps, windows, list),
            };
            for (period, totals) in (period..).zip(totals) {
                outputs.store(period, block, period_len, simd, totals);
            }
        }
        P as u64
    }

    /// Outputs of a block in P periods. Each period has a slice of the samples under the block in `windows`.
    #[inline(always)]
    fn block_few<S: Simd, const P: usize>(self, simd: S, taps: &[Taps<T>], windows: [&[T]; P]) -> [T::Vector<S>; P] {
        let zero = T::Vector::splat(simd, T::default());
        let mut totals = [zero; P];
        let (steps, tail) = taps.as_chunks::<STEP>();
        // Slices of arrays, all of one length, so that no bounds are checked in the loops.
        let mut samples: [&[[T; STEP]]; P] = [&[]; P];
        for p in 0..P {
            samples[p] = &windows[p].as_chunks::<STEP>().0[..steps.len()];
        }
        let mut step = 0;
        for segment in self.blocks.segments() {
            let mut sums = [zero; P];
            while step < steps.len().min(segment.end / STEP) {
                for k in 0..STEP {
                    let taps = T::Vector::load(simd, &steps[step][k].0);
                    for p in 0..P {
                        sums[p] = taps.mul_add(T::Vector::splat(simd, samples[p][step][k]), sums[p]);
                    }
                }
                step += 1;
            }
            // The samples after the last whole step belong to the last segment. Spans of small banks have none.
            if segment.end % STEP != 0 {
                for (k, taps) in tail.iter().enumerate() {
                    let taps = T::Vector::load(simd, &taps.0);
                    for p in 0..P {
                        let sample = windows[p][steps.len() * STEP + k];
                        sums[p] = taps.mul_add(T::Vector::splat(simd, sample), sums[p]);
                    }
                }
            }
            for p in 0..P {
                totals[p] = totals[p].plus(sums[p]);
            }
        }
        totals
    }

    /// Outputs of a block in P periods from some of the samples under it.
    #[inline(always)]
    fn listed_few<S: Simd, const P: usize>(
        simd: S,
        taps: &[Taps<T>],
        mut windows: [&[T]; P],
        list: &List,
    ) -> [T::Vector<S>; P] {
        let zero = T::Vector::splat(simd, T::default());
        let mut totals = [zero; P];
        // Slices of one length, so that each index is checked once.
        for window in &mut windows {
            *window = &window[..taps.len()];
        }
        for segment in list.segments() {
            let mut sums = [zero; P];
            for &k in segment {
                let k = k as usize;
                let taps = T::Vector::load(simd, &taps[k].0);
                for p in 0..P {
                    sums[p] = taps.mul_add(T::Vector::splat(simd, windows[p][k]), sums[p]);
                }
            }
            for p in 0..P {
                totals[p] = totals[p].plus(sums[p]);
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

//! [`Outputs`]: the outputs that the kernels for few and many periods are asked for.

use std::ops::Range;

use fearless_simd::Simd;

use super::vector::{Element, Vector};
use crate::filter::bands::LANES;
use crate::num::to_index;

/// Outputs that were asked for: a range that may begin and end within a period.
pub(super) struct Outputs<'a, S: Simd, T: Element> {
    /// Number of the first output.
    first: u64,
    output: &'a mut [T],
    /// Sum of 0 times every output: NaN as soon as one of them is not finite.
    nan_probe: T::Vector<S>,
}

impl<'a, S: Simd, T: Element> Outputs<'a, S, T> {
    /// Outputs from number `first` on.
    #[inline(always)]
    pub(super) fn new(simd: S, first: u64, output: &'a mut [T]) -> Self {
        Self { first, output, nan_probe: T::Vector::splat(simd, T::default()) }
    }

    /// Adds a sum of 0 times some outputs, which is NaN if one of them is not finite.
    #[inline(always)]
    pub(super) fn probe(&mut self, zeros: T::Vector<S>) {
        self.nan_probe = self.nan_probe.plus(zeros);
    }

    /// True if all outputs that were stored are finite.
    #[inline(always)]
    pub(super) fn are_finite(&self) -> bool {
        let mut probes = [T::default(); LANES];
        self.nan_probe.store(&mut probes);
        probes.iter().all(|probe| probe.is_finite())
    }

    /// Outputs that are asked for, from a period on, counted from the period's first.
    pub(super) fn wanted(&self, period: u64, period_len: u64) -> Range<u64> {
        let start = period * period_len;
        self.first.saturating_sub(start)..self.first + self.output.len() as u64 - start
    }

    /// Reads a value of each cache line of `len` outputs from number `start` on. Stores of a tile go to 48 places in
    /// turn, each of which would wait for a line of its own; in order the processor reads them ahead.
    pub(super) fn fetch(&self, start: u64, len: usize) {
        const AT_ONCE: usize = 8;
        let line = 64 / size_of::<T>();
        let mut sums = [T::default(); AT_ONCE];
        for lines in self.output[to_index(start - self.first)..][..len].chunks_exact(AT_ONCE * line) {
            for (sum, line) in sums.iter_mut().zip(lines.iter().step_by(line)) {
                *sum = sum.plus(*line);
            }
        }
        std::hint::black_box(sums);
    }

    /// Stores a block for sixteen periods that are `periods_per_lane` apart. `totals` has a vector for each of them. All
    /// outputs of these periods are asked for, and have been probed.
    #[inline(always)]
    pub(super) fn store_periods(
        &mut self,
        period: u64,
        periods_per_lane: u64,
        block: usize,
        period_len: u64,
        totals: [T::Vector<S>; LANES],
    ) {
        let start = period * period_len + (block * LANES) as u64 - self.first;
        let lane_step = to_index(periods_per_lane * period_len);
        let len = LANES.min(to_index(period_len) - block * LANES);
        let outputs = &mut self.output[to_index(start)..][..(LANES - 1) * lane_step + len];
        for lane in 0..LANES {
            let outputs = &mut outputs[lane * lane_step..];
            if let (LANES, Some(outputs)) = (len, outputs.first_chunk_mut::<LANES>()) {
                totals[lane].store(outputs);
            } else {
                store_first::<S, T>(totals[lane], &mut outputs[..len]);
            }
        }
    }

    /// Stores the outputs of a block that are asked for.
    #[inline(always)]
    pub(super) fn store(&mut self, period: u64, block: usize, period_len: u64, simd: S, totals: T::Vector<S>) {
        let start = period * period_len + (block * LANES) as u64;
        let len = LANES.min(to_index(period_len - (block * LANES) as u64));
        let zero = T::Vector::splat(simd, T::default());
        let outputs = start.checked_sub(self.first).and_then(|at| self.output.get_mut(to_index(at)..));
        if let Some(outputs) = outputs {
            if len == LANES
                && let Some(outputs) = outputs.first_chunk_mut::<LANES>()
            {
                self.nan_probe = totals.mul_add(zero, self.nan_probe);
                totals.store(outputs);
                return;
            }
            if let Some(outputs) = outputs.get_mut(..len) {
                // Lanes beyond the period have taps of zero: they are finite if the samples under the block are.
                self.nan_probe = totals.mul_add(zero, self.nan_probe);
                store_first::<S, T>(totals, outputs);
                return;
            }
        }
        let mut values = [T::default(); LANES];
        totals.store(&mut values);
        for (lane, value) in (0..len as u64).zip(values) {
            let at = start.checked_add(lane).and_then(|n| n.checked_sub(self.first));
            let output = at.and_then(|at| self.output.get_mut(to_index(at)));
            if let Some(output) = output {
                self.nan_probe = T::Vector::splat(simd, value).mul_add(zero, self.nan_probe);
                *output = value;
            }
        }
    }
}

/// Stores the first values of a vector, as many as the slice holds, fewer than sixteen: 8, 4, 2 and 1 at once.
#[inline(always)]
fn store_first<S: Simd, T: Element>(vector: T::Vector<S>, to: &mut [T]) {
    let mut values = [T::default(); LANES];
    vector.store(&mut values);
    let (mut from, mut to) = (&values[..], to);
    store_chunk::<8, T>(&mut from, &mut to);
    store_chunk::<4, T>(&mut from, &mut to);
    store_chunk::<2, T>(&mut from, &mut to);
    store_chunk::<1, T>(&mut from, &mut to);
}

/// Moves N values from the beginning of one slice to that of the other, unless it has fewer.
#[inline(always)]
fn store_chunk<const N: usize, T: Copy>(from: &mut &[T], to: &mut &mut [T]) {
    if let Some((chunk, rest)) = from.split_first_chunk::<N>()
        && let Some(place) = to.split_off_mut(..N).and_then(|place| place.first_chunk_mut::<N>())
    {
        *place = *chunk;
        *from = rest;
    }
}

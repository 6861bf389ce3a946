//! One output by itself, from the samples under its taps and no others.
//!
//! The other kernels multiply samples beside an output's window, and those under structural zeros, with zeros, and 0 ×
//! NaN is NaN. An output that is not finite is therefore computed again here, in the order in which `few_periods` and
//! `many_periods` add: if the samples under its taps are finite, it has the bits that it has in a finite clip.

use fearless_simd::Simd;

use super::input::Input;
use super::vector::{Element, Vector};
use crate::filter::bands::LANES;
use crate::num::{to_index, to_position};

impl<T: Element> Input<'_, T> {
    /// Output `n`.
    #[inline(always)]
    pub(super) fn output<S: Simd>(self, simd: S, n: u64) -> T {
        let zero = T::Vector::splat(simd, T::default());
        let period = n / self.blocks.period_len();
        let in_period = to_index(n % self.blocks.period_len());
        let (block, lane) = (in_period / LANES, in_period % LANES);
        let shape = self.blocks.shape();
        let start = to_position(period * self.blocks.stride()) + self.blocks.start(block);
        let (window, taps) = (shape.window(n), self.blocks.taps(block));
        let mut total = zero;
        for segment in self.blocks.segments() {
            let mut sum = zero;
            for k in segment.clone() {
                let position = start + to_position(k);
                if window.contains(&position) && !shape.is_zero(n, position) {
                    let sample = T::Vector::splat(simd, self.source.at(position));
                    sum = T::Vector::splat(simd, taps[k].0[lane]).mul_add(sample, sum);
                }
            }
            total = total.plus(sum);
        }
        let mut values = [T::default(); LANES];
        total.store(&mut values);
        values[0]
    }
}

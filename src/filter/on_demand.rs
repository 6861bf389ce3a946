//! [`OnDemandTaps`]: the taps of single outputs, where designing those of every phase is not worth the cost.

use std::ops::Range;

use super::prototype::divisor;
use super::shape::FilterShape;
use super::sinc::{EVALUATED_TOGETHER, PrototypeFunction};
use crate::num::distance;

/// Computes the taps of single outputs.
#[derive(Debug, Clone)]
pub(crate) struct OnDemandTaps {
    shape: FilterShape,
    function: PrototypeFunction,
    /// Values of |m|, then of h there. Its capacity is that of the taps of one output.
    values: Vec<f64>,
}

impl OnDemandTaps {
    pub(crate) fn new(shape: &FilterShape) -> Self {
        let capacity = shape.window_len().next_multiple_of(EVALUATED_TOGETHER);
        Self { shape: *shape, function: shape.function(), values: Vec::with_capacity(capacity) }
    }

    pub(crate) fn shape(&self) -> &FilterShape {
        &self.shape
    }

    /// Taps of output `n`, from the first sample of its window on. They have the same bits as the taps of its phase in
    /// a float64 bank.
    pub(crate) fn taps(&mut self, n: u64) -> &[f64] {
        self.taps_about(i128::from(n) * self.shape.stride()).1
    }

    /// Taps of an output at `centre`/L input samples, and the m of the first.
    pub(crate) fn taps_about(&mut self, centre: i128) -> (i128, &[f64]) {
        self.values.clear();
        let left = self.push(centre);
        self.function.evaluate(&mut self.values);
        if self.shape.is_normalized() {
            normalize(&mut self.values, left);
        }
        let start = self.shape.window_about(centre).start;
        (i128::from(start) * self.shape.phases() - centre, &self.values)
    }

    /// Sum of the taps of output `n` before they are normalised.
    pub(crate) fn sum(&mut self, n: u64) -> f64 {
        self.values.clear();
        let left = self.push(i128::from(n) * self.shape.stride());
        self.function.evaluate(&mut self.values);
        sum_outwards(&self.values, left)
    }

    /// Calls `put` with each output of a range and its taps, which are evaluated together: faster than one by one.
    pub(crate) fn for_each_output(&mut self, outputs: Range<u64>, mut put: impl FnMut(u64, &[f64])) {
        self.values.clear();
        let stride = self.shape.stride();
        let ends: Vec<_> = outputs.clone().map(|n| (self.push(i128::from(n) * stride), self.values.len())).collect();
        self.function.evaluate(&mut self.values);
        let mut start = 0;
        for (n, (left, end)) in outputs.zip(ends) {
            let taps = &mut self.values[start..end];
            if self.shape.is_normalized() {
                normalize(taps, left);
            }
            put(n, taps);
            start = end;
        }
    }

    /// Appends |m| for each tap of an output at `centre`/L input samples. Returns the number of taps with m < 0.
    #[expect(
        clippy::cast_precision_loss,
        reason = "m has an exact float64 up to 2^53, and its relative precision beyond"
    )]
    fn push(&mut self, centre: i128) -> usize {
        let window = self.shape.window_about(centre);
        let phases = self.shape.phases();
        let first = i128::from(window.start) * phases - centre;
        let len = distance(window.start, window.end);
        self.values.extend((0..len).map(|k| (first + k as i128 * phases).unsigned_abs() as f64));
        usize::try_from(((-first).max(0) + phases - 1) / phases).map_or(len, |left| left.min(len))
    }
}

/// Divides the taps of an output, of which `left` have m < 0, by their sum.
fn normalize(taps: &mut [f64], left: usize) {
    let divisor = divisor(sum_outwards(taps, left));
    taps.iter_mut().for_each(|value| *value /= divisor);
}

/// Sum of taps, from the centre outwards on each side, with m = 0 on the right: the order in which
/// [`phase_sums`](super::prototype::phase_sums) adds them.
fn sum_outwards(taps: &[f64], left: usize) -> f64 {
    let (left, right) = taps.split_at(left);
    right.iter().sum::<f64>() + left.iter().rev().sum::<f64>()
}

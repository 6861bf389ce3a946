//! [`OnDemandTaps`]: any rows of taps, computed when they are wanted, for filters with more phases than are worth designing together.

use std::ops::Range;

use super::prototype::divisor;
use super::shape::FilterShape;
use super::sinc::PrototypeFunction;

/// Any rows of taps, computed when they are wanted: for filters with more phases than are worth designing together.
#[derive(Debug)]
pub(crate) struct OnDemandTaps {
    shape: FilterShape,
    function: PrototypeFunction,
    values: Vec<f64>,
}

impl OnDemandTaps {
    pub(crate) fn new(shape: &FilterShape) -> Self {
        Self { shape: *shape, function: shape.function(), values: Vec::new() }
    }

    /// The taps of output `n`, from the first sample inside its window: those of its phase in the bank, in every bit.
    pub(crate) fn taps(&mut self, n: u64) -> &[f64] {
        self.taps_about(i128::from(n) * self.shape.stride()).1
    }

    /// The first m, and the taps, of an output `centre`/L samples after the clip's first.
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

    /// What the taps of output `n` sum to before they are normalised.
    pub(crate) fn sum(&mut self, n: u64) -> f64 {
        self.values.clear();
        let left = self.push(i128::from(n) * self.shape.stride());
        self.function.evaluate(&mut self.values);
        sum_outwards(&self.values, left)
    }

    /// Calls `put` with each of these outputs and its taps. Several at once are faster than one by one.
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

    /// Appends |m| for the taps of an output `centre`/L samples after the clip's first, and returns how many of them lie
    /// before m = 0.
    #[expect(
        clippy::cast_precision_loss,
        reason = "m has an exact float64 up to 2^53, and its relative precision beyond"
    )]
    fn push(&mut self, centre: i128) -> usize {
        let window = self.shape.window_about(centre);
        let phases = self.shape.phases();
        let first = i128::from(window.start) * phases - centre;
        let len = usize::try_from(window.start.abs_diff(window.end)).unwrap_or(usize::MAX);
        self.values.extend((0..len).map(|k| (first + k as i128 * phases).unsigned_abs() as f64));
        usize::try_from(((-first).max(0) + phases - 1) / phases).map_or(len, |left| left.min(len))
    }
}

/// Divides a taps, of which `left` taps lie before m = 0, by its sum.
fn normalize(taps: &mut [f64], left: usize) {
    let divisor = divisor(sum_outwards(taps, left));
    taps.iter_mut().for_each(|value| *value /= divisor);
}

/// In the order in which the prototype's phases are summed: outwards on each side, m = 0 to the right.
fn sum_outwards(taps: &[f64], left: usize) -> f64 {
    let (left, right) = taps.split_at(left);
    right.iter().sum::<f64>() + left.iter().rev().sum::<f64>()
}

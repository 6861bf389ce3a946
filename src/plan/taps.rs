//! [`Plan::output_taps`]: the taps of single outputs, for arithmetic elsewhere. [`Plan::spaced_phases`]: some phases,
//! which stand for all. [`Plan::tap_sums`]: the sums by which taps are normalised.

use std::ops::Range;

use super::{Bank, Plan};
use crate::filter::on_demand::OnDemandTaps;
use crate::filter::prototype::{divisor, phase_sums};
use crate::filter::ratio::Ratio;
use crate::num::to_index;

/// Largest number of taps of the evenly spaced phases of a filter, if there are more than two: 32 MiB.
const MAX_TAPS: u64 = 1 << 22;

impl Plan {
    /// Iterator over outputs: for each the position of the first sample in its window, which is negative before the
    /// clip, and the float64 taps from there on. Equal rates have the tap 1.
    ///
    /// The taps are those of every backend, before float32 rounds them, for computing outputs by other means. They are
    /// computed anew for each output. Output n + [`phases`](crate::Ratio::phases) has the taps of output n,
    /// [`stride`](crate::Ratio::stride) samples later.
    ///
    /// ```
    /// use polyphase::{CpuResampler, Plan, ResampleOptions};
    ///
    /// let plan = Plan::new(48_000, 16_000, ResampleOptions::default())?;
    /// let clip: Vec<f64> = (0..480).map(|i| f64::from(i % 7)).collect();
    /// let (first, taps) = plan.output_taps(100..101).next().ok_or(polyphase::Error::NoChannels)?;
    /// assert_eq!((first, taps.len()), (282, 37));
    /// let sum: f64 = clip[282..].iter().zip(&taps).map(|(x, tap)| x * tap).sum();
    /// assert!((sum - CpuResampler::new().resample(&plan, &clip)?[100]).abs() < 1e-14);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    pub fn output_taps(&self, outputs: Range<u64>) -> impl Iterator<Item = (i64, Vec<f64>)> {
        let is_copy = matches!(self.bank(), Bank::Copy);
        let mut on_demand = OnDemandTaps::new(self.shape());
        outputs.map(move |n| {
            let start = on_demand.shape().window(n).start;
            let taps = if is_copy { vec![1.0] } else { on_demand.taps(n).to_vec() };
            (start, taps)
        })
    }

    /// Up to `max` evenly spaced phases, each as the m of its first tap and its float64 taps. m is in units of 1/L
    /// input sample, with L of the *returned* ratio, whose terms are larger if phases are skipped. Equal rates have one
    /// phase with the tap 1.
    pub(crate) fn spaced_phases(&self, max: u64) -> (Ratio, Vec<(i128, Vec<f64>)>) {
        if let Bank::Copy = self.bank() {
            return (self.ratio(), vec![(0, vec![1.0])]);
        }
        let (phases, count) = (self.ratio().phases(), self.spaced_count(max));
        // The spacing phases / count need not be an integer. With the terms of the ratio multiplied by `count`, it is.
        let finer = (phases > count).then(|| self.shape().times(count)).flatten();
        let shape = finer.unwrap_or(*self.shape());
        let spacing = shape.ratio().phases() / count;
        let mut on_demand = OnDemandTaps::new(&shape);
        let phase = |k: u64| {
            let (first, taps) = on_demand.taps_about(i128::from(k * spacing));
            (first, taps.to_vec())
        };
        (shape.ratio(), (0..count).map(phase).collect())
    }

    /// Number of evenly spaced phases, at most `max`. Long phases are fewer, so that they have at most [`MAX_TAPS`] taps
    /// together, but there are two at least if the ratio has as many: a single phase would show no images.
    pub(crate) fn spaced_count(&self, max: u64) -> u64 {
        let bound = (MAX_TAPS / self.shape().window_len() as u64).max(2);
        self.ratio().phases().min(max).min(bound)
    }

    /// Sum of the taps of each output 0, 1, 2, … before normalisation; 1 if that sum is 0, since such an output is not
    /// divided.
    pub(crate) fn tap_sums(&self) -> Box<dyn Iterator<Item = f64> + '_> {
        if let Bank::Exact(_) = self.bank() {
            let sums = self.0.sums.get_or_init(|| phase_sums(self.shape()));
            Box::new(sums.iter().copied().cycle().map(divisor))
        } else {
            let mut on_demand = OnDemandTaps::new(self.shape());
            Box::new((0..).map(move |n| divisor(on_demand.sum(n))))
        }
    }

    /// Factors that normalise the first `len` outputs, the reciprocals of [`tap_sums`](Self::tap_sums), in one period of
    /// L at most; `None` if the plan does not normalise. Without a bank they cost as much as resampling, so that callers
    /// share them among signals.
    pub(crate) fn normalizing_factors(&self, len: usize) -> Option<Vec<f64>> {
        let len = len.min(to_index(self.ratio().phases()));
        self.shape().is_normalized().then(|| self.tap_sums().take(len).map(|sum| 1.0 / sum).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::ResampleOptions;

    #[test]
    fn normalizing_factors_are_those_of_all_outputs_in_turn() {
        for limit in [30_000, 64 << 20] {
            let options = ResampleOptions::default().normalize_phases(true).max_filter_bytes(limit);
            let plan = Plan::new(16_001, 16_000, options).expect("a plan");
            let factors = plan.normalizing_factors(40_000).expect("a plan that normalises");
            assert_eq!(factors.len(), 16_000);
            assert!(plan.tap_sums().zip(factors.iter().cycle()).take(40_000).all(|(sum, &factor)| 1.0 / sum == factor));
            assert_eq!(plan.normalizing_factors(7).as_deref(), Some(&factors[..7]));
        }
        assert_eq!(Plan::new(3, 2, ResampleOptions::default()).expect("a plan").normalizing_factors(9), None);
    }
}

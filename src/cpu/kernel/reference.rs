//! The float64 kernel: the reference, one plain sum of products for each output.

use super::{Kernel, copy};
use crate::filter::on_demand::OnDemandTaps;
use crate::num::{index_at, overlap, to_index, to_position};
use crate::plan::{Bank, Plan};
use crate::simd::Level;

/// float64: the reference, one plain sum for each output.
impl Kernel for f64 {
    fn convolve(_: Level, plan: &Plan, samples: &[Self], origin: i64, first: u64, output: &mut [Self]) -> bool {
        if let Bank::Copy = plan.bank() {
            return copy(samples, origin, first, output);
        }
        // Fewer outputs than phases do not pay for the taps of all of them.
        match plan.f64_bank(output.len()) {
            Some(bank) => {
                let phases = bank.phases() as u64;
                (first..).zip(output).fold(true, |finite, (n, value)| {
                    let phase = to_index(n % phases);
                    let start = to_position(n / phases) * bank.stride() + bank.start(phase);
                    *value = product_sum(start, bank.taps(phase), samples, origin);
                    finite & value.is_finite()
                })
            }
            None => {
                let mut on_demand = OnDemandTaps::new(plan.shape());
                for (n, value) in (first..).zip(output) {
                    *value = product_sum(plan.shape().window(n).start, on_demand.taps(n), samples, origin);
                }
                // No tap lies outside its window.
                true
            }
        }
    }

    fn is_finite(self) -> bool {
        self.is_finite()
    }

    fn dot(plan: &Plan, n: u64, skipped: usize, samples: &[Self]) -> Self {
        let mut on_demand = OnDemandTaps::new(plan.shape());
        on_demand.taps(n).iter().skip(skipped).zip(samples).map(|(tap, sample)| tap * sample).sum()
    }

    fn times(self, factor: f64) -> Self {
        self * factor
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }
}

/// The taps from position `start` on with the samples from `origin` on.
fn product_sum(start: i64, taps: &[f64], samples: &[f64], origin: i64) -> f64 {
    let inside = overlap(start, taps.len(), origin, samples.len());
    let at = index_at(start - origin);
    taps[inside].iter().zip(samples.get(at..).unwrap_or_default()).map(|(tap, sample)| tap * sample).sum()
}

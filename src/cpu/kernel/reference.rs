//! The float64 kernel: the reference, one plain sum of products for each output.

use super::{Engine, Kernel, copy};
use crate::batch::Source;
use crate::num::{distance, index_at, overlap, to_index, to_position};
use crate::plan::{Bank, Plan};

impl Kernel for f64 {
    fn convolve(engine: &mut Engine, plan: &Plan, source: Source<'_, Self>, first: u64, output: &mut [Self]) -> bool {
        if let Bank::Copy = plan.bank() {
            return copy(source, first, output);
        }
        // Designing the taps of all phases does not pay for a few outputs.
        let bank = plan.f64_bank(output.len());
        let outputs = (first..).zip(output);
        match bank {
            Some(bank) => {
                let phases = bank.phases() as u64;
                outputs.fold(true, |finite, (n, value)| {
                    let phase = to_index(n % phases);
                    let start = to_position(n / phases) * bank.stride() + bank.start(phase);
                    *value = product_sum(start, bank.taps(phase), source);
                    finite & value.is_finite()
                })
            }
            None => {
                let on_demand = engine.scratch.on_demand(plan.shape());
                for (n, value) in outputs {
                    *value = product_sum(plan.shape().window(n).start, on_demand.taps(n), source);
                }
                // There are no taps beside the window.
                true
            }
        }
    }

    fn dot(engine: &mut Engine, plan: &Plan, n: u64, window: Source<'_, Self>) -> Self {
        let missing = distance(plan.shape().window(n).start, window.origin);
        let taps = engine.scratch.on_demand(plan.shape()).taps(n);
        taps.iter().skip(missing).zip(window.samples).map(|(tap, sample)| tap * sample).sum()
    }

    fn reserve(engine: &mut Engine, plan: &Plan) {
        engine.scratch.reserve_on_demand(plan.shape());
    }

    fn design(plan: &Plan) {
        plan.f64_bank(usize::MAX);
    }

    fn is_finite(self) -> bool {
        self.is_finite()
    }

    fn times(self, factor: f64) -> Self {
        self * factor
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }
}

/// Sum of the products of the taps from position `start` on with the samples under them.
fn product_sum(start: i64, taps: &[f64], source: Source<'_, f64>) -> f64 {
    let inside = overlap(start, taps.len(), source.origin, source.samples.len());
    let samples = source.samples.get(index_at(start - source.origin)..).unwrap_or_default();
    taps[inside].iter().zip(samples).map(|(tap, sample)| tap * sample).sum()
}

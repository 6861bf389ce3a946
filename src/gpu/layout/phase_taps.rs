//! [`PhaseTaps`]: the taps of a plan in float32.

use super::shader::to_i32;
use crate::error::Result;
use crate::filter::bank::FilterBank;
use crate::filter::prototype::divisor;
use crate::plan::Plan;

/// Taps of a plan in float32, phase after phase.
pub(super) struct PhaseTaps {
    filter: FilterBank<f32>,
    /// Taps of the phases, `len` for each.
    taps: Vec<f32>,
    len: usize,
}

impl PhaseTaps {
    pub(super) fn new(plan: &Plan) -> Self {
        let (filter, len) = (FilterBank::design(plan.shape()), plan.shape().window_len());
        let taps = (0..filter.phases()).flat_map(|phase| &filter.taps(phase)[..len]).copied().collect();
        Self { filter, taps, len }
    }

    /// Divides each tap by `sums[n mod L]`, where n is the input sample under it and L the number of sums.
    #[expect(clippy::cast_possible_truncation, reason = "a second rounding, of 2⁻²⁵: half of that of the sums")]
    pub(super) fn divide(&mut self, sums: &[f64]) {
        let phases = i64::try_from(sums.len()).unwrap_or(i64::MAX);
        for (phase, taps) in self.taps.chunks_exact_mut(self.len).enumerate() {
            for (position, tap) in (self.filter.start(phase)..).zip(taps) {
                let sum = usize::try_from(position.rem_euclid(phases)).ok().and_then(|phase| sums.get(phase));
                *tap = (f64::from(*tap) / divisor(sum.copied().unwrap_or(1.0))) as f32;
            }
        }
    }

    /// Taps of a phase. After the last phase those of the next period follow: phase j + L has the taps of phase j.
    pub(super) fn taps(&self, phase: u32) -> &[f32] {
        &self.taps[phase as usize % self.filter.phases() * self.len..][..self.len]
    }

    /// Position of the first sample under the [`taps`](Self::taps) of a phase, relative to the first of the period.
    pub(super) fn start(&self, phase: u32) -> Result<i32> {
        let (repeat, phase) = (phase as usize / self.filter.phases(), phase as usize % self.filter.phases());
        let start = self.filter.start(phase) + (repeat as u64).cast_signed() * self.filter.stride();
        to_i32("the reach of the filter", start.into())
    }
}

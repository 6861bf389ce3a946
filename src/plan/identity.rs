//! [`PlanKey`]: everything that a plan depends on, by which plans are compared and cached.

use std::fmt;

use crate::filter::ratio::Ratio;
use crate::options::{Limits, OutputLength, Padding, ResampleOptions, Window};

/// Everything that a plan depends on. Floats are compared by their bits: options have been checked, so none is NaN.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PlanKey {
    ratio: Ratio,
    lowpass_filter_width: u64,
    rolloff: u64,
    beta: Option<u64>,
    normalize_phases: bool,
    padding: Padding,
    output_length: OutputLength,
    limits: Limits,
    /// True for the transpose of the plan that has the other members.
    transposed: bool,
}

impl fmt::Debug for PlanKey {
    /// Prints no member: a plan prints its ratio and its options.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlanKey").finish_non_exhaustive()
    }
}

impl PlanKey {
    pub(super) fn new(ratio: Ratio, options: &ResampleOptions) -> Self {
        Self {
            ratio,
            lowpass_filter_width: options.lowpass_filter_width.to_bits(),
            rolloff: options.rolloff.to_bits(),
            beta: match options.window {
                Window::Kaiser { beta } => Some(beta.to_bits()),
                Window::Hann => None,
            },
            normalize_phases: options.normalize_phases,
            padding: options.padding,
            output_length: options.output_length,
            limits: options.limits,
            transposed: false,
        }
    }

    /// Key of the transpose, which is neither normalised nor padded and has the default length.
    pub(super) fn transposed(self) -> Self {
        Self {
            normalize_phases: false,
            padding: Padding::default(),
            output_length: OutputLength::default(),
            transposed: !self.transposed,
            ..self
        }
    }
}

#[cfg(test)]
mod tests;

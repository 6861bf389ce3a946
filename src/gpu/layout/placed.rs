//! [`PlacedRun`]: outputs of one clip, with the places of samples and outputs in the buffers of a job.

use std::collections::HashMap;
use std::ops::Range;

use super::shader::to_u32;
use crate::error::{Error, Result};
use crate::filter::shape::FilterShape;
use crate::plan::Plan;

/// Outputs of one clip and the samples under them, in the buffers of a job. Offsets and lengths are in samples.
#[derive(Debug, Clone)]
pub(crate) struct PlacedRun {
    pub(crate) plan: Plan,
    /// Normalised filter of which the plan is the transpose, if it is one, see [`Bank::new`](super::bank::Bank::new).
    pub(crate) forward: Option<FilterShape>,
    /// Offset of the first of the samples in the input buffer.
    pub(crate) input_offset: u64,
    /// Number of the samples.
    pub(crate) input_len: u64,
    /// Position of the first of the samples in the clip.
    pub(crate) origin: u64,
    /// Length of the whole clip, beyond whose ends the plan's padding applies.
    pub(crate) clip_len: u64,
    /// Offset of the first output in the output buffer.
    pub(crate) output_offset: u64,
    /// Numbers of the outputs. The first begins a period, except with an interpolated bank.
    pub(crate) outputs: Range<u64>,
    pub(crate) strides: Strides,
    /// Index of the u32 of the output buffer to which the number of clamped integers is added.
    pub(crate) counter: Option<u64>,
}

/// Distances in the buffers of a job, in samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strides {
    /// From one sample of the clip to the next.
    pub(crate) input: i64,
    /// From one output to the next.
    pub(crate) output: i64,
    /// Number of channels whose mean is resampled.
    pub(crate) channels: u64,
    /// From one channel to the next.
    pub(crate) channel: i64,
}

/// One channel, whose samples and outputs have no gaps.
impl Default for Strides {
    fn default() -> Self {
        Self { input: 1, output: 1, channels: 1, channel: 0 }
    }
}

impl PlacedRun {
    /// The first `output_len` outputs of a clip whose samples are all in the buffer.
    pub(crate) fn whole(plan: &Plan, input_offset: u64, clip_len: u64, output_offset: u64, output_len: u64) -> Self {
        Self {
            plan: plan.clone(),
            forward: None,
            input_offset,
            input_len: clip_len,
            origin: 0,
            clip_len,
            output_offset,
            outputs: 0..output_len,
            strides: Strides::default(),
            counter: None,
        }
    }

    pub(crate) fn output_len(&self) -> u64 {
        self.outputs.end - self.outputs.start
    }

    /// True if both runs can share an entry in the table of plans. (Clones of a plan share one shape.)
    pub(super) fn shares_bank_with(&self, other: &Self) -> bool {
        std::ptr::eq(self.plan.shape(), other.plan.shape()) && self.forward == other.forward
    }

    /// Number of samples that the input buffer must hold.
    ///
    /// # Errors
    /// [`Error::GpuLimit`] beyond the 32-bit integers of the shaders, [`Error::GpuBuffer`] for a sample before the
    /// beginning of the buffer.
    pub(super) fn input_end(&self) -> Result<u64> {
        let Strides { input, channels, channel, .. } = self.strides;
        if self.input_len == 0 || channels == 0 {
            return Ok(0);
        }
        let offset = i128::from(self.input_offset);
        let reach = [(input, self.input_len), (channel, channels)]
            .map(|(stride, count)| i128::from(stride) * (i128::from(count) - 1));
        let first: i128 = offset + reach.iter().map(|&end| end.min(0)).sum::<i128>();
        let last: i128 = offset + reach.iter().map(|&end| end.max(0)).sum::<i128>();
        check_range("input", "samples of the input", first, last)
    }

    /// Outputs in the buffer.
    ///
    /// # Errors
    /// As [`input_end`](Self::input_end).
    pub(super) fn progression(&self) -> Result<Progression> {
        let (offset, count) = (i128::from(self.output_offset), i128::from(self.output_len()));
        let end = offset + i128::from(self.strides.output) * (count - 1);
        let (first, last) = (offset.min(end), offset.max(end));
        check_range("output", "samples of the output", first, last)?;
        let index = |index: i128| u64::try_from(index).unwrap_or(u64::MAX);
        if self.strides.output == 0 && count > 1 {
            let problem = "is written twice: the outputs of a clip have stride 0".to_owned();
            return Err(Error::GpuBuffer { buffer: "output", problem });
        }
        Ok(Progression { first: index(first), last: index(last), step: self.strides.output.unsigned_abs() })
    }
}

/// Checks indices `first..=last` of a buffer, and returns the number of samples that it must hold.
fn check_range(buffer: &'static str, what: &'static str, first: i128, last: i128) -> Result<u64> {
    if first < 0 {
        let problem = format!("begins at its first sample: a clip with a negative stride reaches {} before it", -first);
        return Err(Error::GpuBuffer { buffer, problem });
    }
    to_u32(what, u64::try_from(last + 1).unwrap_or(u64::MAX)).map(u64::from)
}

/// Indices `first`, `first + step`, … `last` of the output buffer, which a clip's outputs have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progression {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) step: u64,
}

/// Refuses progressions that share an index, or that have different steps and lie between each other.
///
/// Progressions with the same step and other remainders never meet: channels of an interleaved tensor may lie between
/// each other.
pub(super) fn refuse_overlaps(mut outputs: Vec<Progression>) -> Result<()> {
    outputs.sort_unstable_by_key(|output| output.first);
    // The last index so far of each step and remainder, and of each step.
    let mut remainders: HashMap<(u64, u64), u64> = HashMap::new();
    let mut steps: HashMap<u64, u64> = HashMap::new();
    for Progression { first, last, step } in outputs {
        let refuse = |reached: u64| {
            let problem = format!("is written twice: outputs up to {reached} and outputs from {first} on overlap");
            Err(Error::GpuBuffer { buffer: "output", problem })
        };
        let step = step.max(1);
        if let Some((_, &reached)) = steps.iter().find(|&(&other, &reached)| other != step && reached >= first) {
            return refuse(reached);
        }
        if let Some(reached) = remainders.insert((step, first % step), last)
            && reached >= first
        {
            return refuse(reached);
        }
        let reached = steps.entry(step).or_insert(last);
        *reached = last.max(*reached);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Overlaps are those that a list of all indices shows, for progressions of one step.
    #[test]
    fn overlaps_are_found_and_nothing_else_is_refused() {
        for step in 1..4 {
            for (a, b) in (0..12).flat_map(|a| (0..12).map(move |b| (a, b))) {
                for (m, n) in (1..4).flat_map(|m| (1..4).map(move |n| (m, n))) {
                    let of = |first, count| Progression { first, last: first + (count - 1) * step, step };
                    let indices = |first, count| (0..count).map(move |i| first + i * step);
                    let meet = indices(a, m).any(|i| indices(b, n).any(|j| i == j));
                    assert_eq!(refuse_overlaps(vec![of(a, m), of(b, n)]).is_err(), meet, "{a} {b} {m} {n} {step}");
                }
            }
        }
    }

    #[test]
    fn other_steps_may_not_lie_between() {
        let of = |first, last, step| Progression { first, last, step };
        assert!(refuse_overlaps(vec![of(0, 9, 1), of(10, 20, 2), of(11, 21, 2), of(22, 30, 1)]).is_ok());
        assert!(refuse_overlaps(vec![of(0, 9, 3), of(4, 4, 1)]).is_err());
        assert!(refuse_overlaps(vec![of(4, 4, 1), of(0, 9, 3)]).is_err());
    }
}

//! [`PlacedRun`]: outputs of one clip, with the places of samples and outputs in the buffers of a job.

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

impl Strides {
    /// Replaces strides that are never followed, of a single sample, output or channel, by 1, 1 and 0.
    pub(super) fn of(self, input_len: u64, output_len: u64) -> Self {
        Self {
            input: if input_len > 1 { self.input } else { 1 },
            output: if output_len > 1 { self.output } else { 1 },
            channel: if self.channels > 1 { self.channel } else { 0 },
            ..self
        }
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
        let problem =
            format!("would be accessed {} samples before its beginning, by a clip with a negative stride", -first);
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

impl Progression {
    /// Smallest index that both contain.
    fn meets(self, other: Self) -> Option<u64> {
        let [first, last, step, other_first, other_last, other_step] =
            [self.first, self.last, self.step.max(1), other.first, other.last, other.step.max(1)].map(i128::from);
        let (low, high) = (first.max(other_first), last.min(other_last));
        let divisor = gcd(step, other_step);
        if low > high || (other_first - first) % divisor != 0 {
            return None;
        }
        // Common indices are first + step · i, where step · i = other_first − first modulo other_step. They lie
        // lcm(step, other_step) apart.
        let modulus = other_step / divisor;
        let i = ((other_first - first) / divisor).rem_euclid(modulus) * inverse(step / divisor, modulus) % modulus;
        let apart = step * modulus;
        let common = first + step * i;
        let index = low + (common - low).rem_euclid(apart);
        (index <= high).then(|| u64::try_from(index).unwrap_or(u64::MAX))
    }
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Inverse of `a` modulo `modulus`, which share no divisor: Euclid's extended algorithm.
fn inverse(a: i128, modulus: i128) -> i128 {
    let (mut rest, mut next_rest) = (modulus, a.rem_euclid(modulus));
    let (mut factor, mut next_factor) = (0, 1);
    while next_rest != 0 {
        let quotient = rest / next_rest;
        (rest, next_rest) = (next_rest, rest - quotient * next_rest);
        (factor, next_factor) = (next_factor, factor - quotient * next_factor);
    }
    factor.rem_euclid(modulus)
}

/// Refuses progressions that share an index.
pub(super) fn refuse_overlaps(mut outputs: Vec<Progression>) -> Result<()> {
    outputs.sort_unstable_by_key(|output| output.first);
    // Progressions that reach the current one: one for clips that follow each other, one for each channel of an
    // interleaved tensor.
    let mut reaching: Vec<Progression> = Vec::new();
    for output in outputs {
        reaching.retain(|other| other.last >= output.first);
        if let Some(index) = reaching.iter().find_map(|other| other.meets(output)) {
            let problem = format!("is written twice at sample {index}");
            return Err(Error::GpuBuffer { buffer: "output", problem });
        }
        reaching.push(output);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Overlaps are those that lists of all indices show.
    #[test]
    fn overlaps_are_found_and_nothing_else_is_refused() {
        let progressions = || {
            (0..7_u64).flat_map(|first| {
                (1..5).flat_map(move |step| {
                    (1..5).map(move |count| Progression { first, last: first + (count - 1) * step, step })
                })
            })
        };
        let indices = |of: Progression| (of.first..=of.last).step_by(usize::try_from(of.step).expect("small"));
        for (a, b) in progressions().flat_map(|a| progressions().map(move |b| (a, b))) {
            let expected = indices(a).find(|&index| indices(b).any(|other| index == other));
            assert_eq!(a.meets(b), expected, "{a:?}, {b:?}");
            assert_eq!(refuse_overlaps(vec![a, b]).is_err(), expected.is_some(), "{a:?}, {b:?}");
        }
        let far = Progression { first: 0, last: 3 * ((1 << 29) - 1), step: 3 };
        assert_eq!(far.meets(Progression { first: 1, last: 1 << 40, step: (1 << 29) - 1 }), Some((1 << 30) - 1));
        assert_eq!(far.meets(Progression { first: 2, last: 2 + (1 << 29), step: 1 << 29 }), None);
        assert_eq!(far.meets(Progression { first: 1, last: 1 + (1 << 30), step: 1 << 29 }), Some(1 + (1 << 29)));
    }
}

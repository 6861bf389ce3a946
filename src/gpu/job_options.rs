//! [`JobOptions`]: the formats and buffers of a job.

use super::layout::shader::{Format, SampleFormat};

/// Formats of a job's samples and outputs, and how its buffers are used.
///
/// A [`SampleFormat`] alone stands for input in that format and float32 outputs.
///
/// ```
/// use polyphase::{JobOptions, SampleFormat};
///
/// let options = JobOptions::from(SampleFormat::I16).output(SampleFormat::F16);
/// assert_eq!((options.input_format(), options.output_format()), (SampleFormat::I16, SampleFormat::F16));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub struct JobOptions {
    input: SampleFormat,
    output: SampleFormat,
    shares_buffer: bool,
    max_multiply_adds: u64,
}

/// Float32 input and outputs, in two buffers, in as few dispatches as possible.
impl Default for JobOptions {
    fn default() -> Self {
        Self::from(SampleFormat::F32)
    }
}

impl From<SampleFormat> for JobOptions {
    fn from(input: SampleFormat) -> Self {
        Self { input, output: SampleFormat::F32, shares_buffer: false, max_multiply_adds: u64::MAX }
    }
}

impl JobOptions {
    /// Sets the format of the outputs. Default: float32.
    ///
    /// Integers are rounded to nearest, ties to even, and clamped to the range; a NaN becomes 0. 16-bit floats are
    /// rounded to nearest, ties to even.
    pub fn output(mut self, format: SampleFormat) -> Self {
        self.output = format;
        self
    }

    /// Allows input and output to be disjoint ranges of one buffer. Default: false, which is faster on some devices.
    pub fn shared_buffer(mut self, shared: bool) -> Self {
        self.shares_buffer = shared;
        self
    }

    /// Sets the largest number of multiply-adds of a part of the job, counted for whole workgroups: a workgroup computes
    /// as much for a short clip as for a long one. A single workgroup may exceed the limit. The parts can be submitted
    /// one by one, see [`Job::parts`](crate::Job::parts). Default: no limit.
    pub fn max_multiply_adds(mut self, limit: u64) -> Self {
        self.max_multiply_adds = limit;
        self
    }

    /// Format of the input.
    pub fn input_format(&self) -> SampleFormat {
        self.input
    }

    /// Format of the outputs.
    pub fn output_format(&self) -> SampleFormat {
        self.output
    }

    pub(in crate::gpu) fn format(&self) -> Format {
        Format { input: self.input, output: self.output, shares_buffer: self.shares_buffer }
    }

    pub(in crate::gpu) fn multiply_adds_of_a_part(&self) -> u64 {
        self.max_multiply_adds
    }
}

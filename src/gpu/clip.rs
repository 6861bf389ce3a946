//! [`GpuClip`]: one clip of a job.

use crate::error::{Error, Result};
use crate::filter::shape::FilterShape;
use crate::options::Padding;
use crate::plan::Plan;

/// One clip of a job: where its samples lie in the input buffer, and where its outputs go. All in samples from the beginning
/// of the bound ranges.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GpuClip {
    /// How to resample it.
    pub plan: Plan,
    /// Its first sample.
    pub input_offset: u64,
    /// Its length.
    pub input_len: u64,
    /// Its first output; there are [`Plan::output_len`] of them.
    pub output_offset: u64,
    pub(crate) output_len: u64,
    /// Which part of a clip it is, if not all.
    pub(crate) part: Option<Part>,
    /// The filter by whose sums the taps are divided, for the adjoint of a normalised one.
    pub(crate) divided_by: Option<FilterShape>,
}

/// The samples in the buffer, and the outputs, as a part of those of a whole clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) first_sample: u64,
    /// Samples of the whole clip.
    pub(crate) clip_len: u64,
    /// The beginning of a period, but for interpolated banks.
    pub(crate) first_output: u64,
}

impl GpuClip {
    /// A whole clip.
    pub fn new(plan: &Plan, input_offset: u64, input_len: u64, output_offset: u64) -> Self {
        let output_len = plan.output_len(usize::try_from(input_len).unwrap_or(usize::MAX)) as u64;
        let plan = plan.clone();
        Self { plan, input_offset, input_len, output_offset, output_len, part: None, divided_by: None }
    }

    /// The transpose of a clip's resampling: from the gradient of a loss with respect to the outputs of [`new`](Self::new) to
    /// that with respect to its samples. In the job's input there are [`Plan::output_len`] of the former at `input_offset`,
    /// and in its output `clip_len` of the latter at `output_offset`. Its field `plan` is that of the way back.
    ///
    /// # Errors
    /// [`Error::GpuUnsupported`] for a plan that pads with anything but silence, and from
    /// [`prepare`](GpuResampler::prepare) for one that normalises an interpolated bank:
    /// [`GpuResampler::adjoint_batch`] does both, from host memory. [`Error::FilterTooLarge`] if the filter's transpose is
    /// beyond the limit.
    pub fn adjoint(plan: &Plan, input_offset: u64, clip_len: u64, output_offset: u64) -> Result<Self> {
        if plan.shape().padding() != Padding::Zero {
            return Err(Error::GpuUnsupported { what: "the adjoint of a padded clip, in buffers" });
        }
        let divided_by = plan.shape().is_normalized().then(|| *plan.shape());
        Ok(Self {
            plan: plan.transposed()?.clone(),
            input_offset,
            input_len: plan.output_len(usize::try_from(clip_len).unwrap_or(usize::MAX)) as u64,
            output_offset,
            output_len: clip_len,
            part: None,
            divided_by,
        })
    }

    pub(crate) fn part(&self) -> Part {
        self.part.unwrap_or(Part { first_sample: 0, clip_len: self.input_len, first_output: 0 })
    }

    /// Whether the two have one entry in the tables. (Clones of one plan share all that is in it.)
    pub(crate) fn has_bank_of(&self, other: &Self) -> bool {
        std::ptr::eq(self.plan.shape(), other.plan.shape()) && self.divided_by == other.divided_by
    }
}

//! [`GpuClip`]: one clip of a job.

use super::layout::placed::{PlacedRun, Strides};
use crate::error::{Error, Result};
use crate::options::Padding;
use crate::plan::Plan;
use crate::plan::reach::adjoint_start;

/// One clip of a job: its plan, and the offsets and lengths of its samples and outputs in the buffers. Offsets are in
/// samples from the beginning of the bound ranges.
///
/// ```
/// use polyphase::{GpuClip, Plan, Preset};
///
/// let plan = Plan::new(48_000, 16_000, Preset::Default)?;
/// let clip = GpuClip::new(&plan, 100, 4800, 0);
/// assert_eq!((clip.input_offset(), clip.input_len()), (100, 4800));
/// assert_eq!((clip.output_offset(), clip.output_len()), (0, 1600));
/// # Ok::<(), polyphase::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct GpuClip {
    run: PlacedRun,
}

impl GpuClip {
    /// Clip of `input_len` samples at `input_offset`, whose [`Plan::output_len`] outputs go to `output_offset`.
    pub fn new(plan: &Plan, input_offset: u64, input_len: u64, output_offset: u64) -> Self {
        let output_len = output_len(plan, input_len);
        Self { run: PlacedRun::whole(plan, input_offset, input_len, output_offset, output_len) }
    }

    /// Adjoint of the resampling of [`new`](Self::new), from the gradient with respect to the outputs to the gradient
    /// with respect to the samples.
    ///
    /// The job reads the gradient of the outputs, `plan.output_len(clip_len)` samples, at `input_offset`. It writes the
    /// gradient of the clip, `clip_len` samples, at `output_offset`.
    ///
    /// # Errors
    /// [`Error::GpuUnsupported`] for a plan that pads with anything but zeros, and, from
    /// [`prepare`](crate::GpuResampler::prepare), for a plan that normalises an interpolated bank:
    /// [`GpuResampler::adjoint_batch`](crate::GpuResampler::adjoint_batch) computes both, from host memory.
    /// [`Error::FilterTooLarge`] if the transposed filter is beyond the limit, [`Error::PaddedAdjoint`] for a padded clip
    /// at a ratio whose terms nearly fill 64 bits: these have no adjoint elsewhere either.
    pub fn adjoint(plan: &Plan, input_offset: u64, clip_len: u64, output_offset: u64) -> Result<Self> {
        // First, since callers that compute the adjoint of a padded clip elsewhere need a transposed filter and a start.
        let transposed = plan.transposed()?;
        adjoint_start(plan.shape())?;
        if plan.shape().padding() != Padding::Zero {
            return Err(Error::GpuUnsupported { what: "the adjoint of a padded clip, in buffers" });
        }
        let forward = plan.shape().is_normalized().then(|| *plan.shape());
        let gradient_len = output_len(plan, clip_len);
        let run = PlacedRun::whole(transposed, input_offset, gradient_len, output_offset, clip_len);
        Ok(Self { run: PlacedRun { forward, ..run } })
    }

    /// Sets the distances from one sample to the next in the input and in the output, in samples. Default: 1 and 1.
    ///
    /// The offsets stay those of the first sample and the first output. Strides may be negative; that of the output
    /// must not be 0. Strides other than 1 are slower: neighbouring threads access distant samples.
    ///
    /// ```
    /// use polyphase::{GpuClip, Plan, Preset};
    ///
    /// // The left channel of an interleaved stereo clip of 4800 frames.
    /// let plan = Plan::new(48_000, 16_000, Preset::Default)?;
    /// let left = GpuClip::new(&plan, 0, 4800, 0).strided(2, 2);
    /// assert_eq!(left.output_len(), 1600);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    #[must_use]
    pub fn strided(mut self, input: i64, output: i64) -> Self {
        self.run.strides = Strides { input, output, ..self.run.strides };
        self
    }

    /// Resamples the mean of `channels` channels: sample i is the mean of the samples at `input_offset + i · stride +
    /// c · channel_stride`, for channel c from 0 on. The sum is in float32, in the order of the channels. On an [`adjoint`](Self::adjoint) clip this
    /// averages gradients. That is not the adjoint of a mix, which gives every channel the gradient divided by
    /// `channels`.
    ///
    /// # Errors
    /// [`Error::NoChannels`] for 0 channels.
    pub fn mix(mut self, channels: u64, channel_stride: i64) -> Result<Self> {
        if channels == 0 {
            return Err(Error::NoChannels);
        }
        self.run.strides = Strides { channels, channel: channel_stride, ..self.run.strides };
        Ok(self)
    }

    /// Plan of the clip; for an [`adjoint`](Self::adjoint), the transpose of the plan that was given.
    pub fn plan(&self) -> &Plan {
        &self.run.plan
    }

    /// Offset of the first sample in the input.
    pub fn input_offset(&self) -> u64 {
        self.run.input_offset
    }

    /// Number of samples that are read.
    pub fn input_len(&self) -> u64 {
        self.run.input_len
    }

    /// Offset of the first output.
    pub fn output_offset(&self) -> u64 {
        self.run.output_offset
    }

    /// Number of outputs that are written.
    pub fn output_len(&self) -> u64 {
        self.run.output_len()
    }

    pub(in crate::gpu) fn run(&self) -> &PlacedRun {
        &self.run
    }
}

fn output_len(plan: &Plan, input_len: u64) -> u64 {
    plan.output_len(usize::try_from(input_len).unwrap_or(usize::MAX)) as u64
}

//! [`GpuTensor`]: shape and strides of a tensor in a GPU buffer, whose lanes are clips of a job.

use super::clip::GpuClip;
use super::layout::shader::to_u32;
use crate::error::{Error, Result};
use crate::plan::Plan;

/// Shape and strides of a tensor in a GPU buffer. Strides and offset count samples.
///
/// ```
/// use polyphase::{GpuTensor, Plan, Preset};
///
/// // (batch, channel, time) to (batch, time, channel), of stereo clips of 0.1 s.
/// let plan = Plan::new(48_000, 16_000, Preset::Default)?;
/// let input = GpuTensor::contiguous(0, &[8, 2, 4800]);
/// let output = GpuTensor::new(0, &[8, 2, 1600], &[3200, 1, 2])?;
/// let clips = input.clips(&plan, 2, &output)?;
/// assert_eq!(clips.len(), 16);
/// assert_eq!((clips[1].input_offset(), clips[1].output_offset()), (4800, 1));
/// # Ok::<(), polyphase::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GpuTensor {
    offset: u64,
    shape: Vec<usize>,
    strides: Vec<i64>,
}

impl GpuTensor {
    /// Tensor in row-major order without gaps: neighbours along the last axis are neighbours in the buffer.
    pub fn contiguous(offset: u64, shape: &[usize]) -> Self {
        let mut stride = 1_i64;
        let mut strides: Vec<_> = shape
            .iter()
            .rev()
            .map(|&len| {
                let of_axis = stride;
                stride = stride.saturating_mul(i64::try_from(len).unwrap_or(i64::MAX));
                of_axis
            })
            .collect();
        strides.reverse();
        Self { offset, shape: shape.to_vec(), strides }
    }

    /// Tensor whose first sample is at `offset`, and whose neighbours along axis i lie `strides[i]` samples apart. A
    /// stride may be negative, and in an input 0.
    ///
    /// # Errors
    /// [`Error::Strides`] if there are not as many strides as axes.
    pub fn new(offset: u64, shape: &[usize], strides: &[i64]) -> Result<Self> {
        if shape.len() != strides.len() {
            return Err(Error::Strides { strides: strides.len(), ndim: shape.len() });
        }
        Ok(Self { offset, shape: shape.to_vec(), strides: strides.to_vec() })
    }

    /// Clips that resample this tensor along an axis into `output`, one for each lane.
    ///
    /// # Errors
    /// [`Error::Axis`] for an axis that the tensor does not have; [`Error::OutputShape`] for an output whose shape is
    /// not this one with [`Plan::output_len`] samples along the axis; [`Error::GpuBuffer`] for a lane that begins before
    /// the buffer.
    pub fn clips(&self, plan: &Plan, axis: usize, output: &Self) -> Result<Vec<GpuClip>> {
        self.check(plan, axis, None, output)?;
        self.lanes(axis, None, output)?.map(|lane| self.clip(plan, axis, output, lane)).collect()
    }

    /// Clips that resample the mean of the channels of this tensor along `axis` into `output`, which has one channel.
    ///
    /// ```
    /// use polyphase::{GpuTensor, Plan, Preset};
    ///
    /// // Interleaved stereo to mono: (time, channel) to (time, 1).
    /// let plan = Plan::new(48_000, 16_000, Preset::Default)?;
    /// let (input, output) = (GpuTensor::contiguous(0, &[4800, 2]), GpuTensor::contiguous(0, &[1600, 1]));
    /// assert_eq!(input.mixed_clips(&plan, 0, 1, &output)?.len(), 1);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::GpuUnsupported`] if `axis` and `channel_axis` are the same, [`Error::NoChannels`], and as [`clips`](Self::clips), with an
    /// output of length 1 along the axis of the channels.
    pub fn mixed_clips(&self, plan: &Plan, axis: usize, channel_axis: usize, output: &Self) -> Result<Vec<GpuClip>> {
        self.check(plan, axis, Some(channel_axis), output)?;
        let (channels, stride) = (self.shape[channel_axis] as u64, self.strides[channel_axis]);
        self.lanes(axis, Some(channel_axis), output)?
            .map(|lane| self.clip(plan, axis, output, lane)?.mix(channels, stride))
            .collect()
    }

    fn check(&self, plan: &Plan, axis: usize, channel_axis: Option<usize>, output: &Self) -> Result<()> {
        let ndim = self.shape.len();
        for axis in [Some(axis), channel_axis].into_iter().flatten() {
            if axis >= ndim {
                return Err(Error::Axis { axis, ndim });
            }
        }
        if channel_axis == Some(axis) {
            return Err(Error::GpuUnsupported { what: "a mix of channels along the resampled axis" });
        }
        let mut expected = self.shape.clone();
        expected[axis] = plan.output_len(expected[axis]);
        if let Some(channel_axis) = channel_axis {
            expected[channel_axis] = 1;
        }
        if expected == output.shape {
            Ok(())
        } else {
            Err(Error::OutputShape { expected, actual: output.shape.clone() })
        }
    }

    /// Offsets of the first samples of all lanes, in this tensor and in `output`.
    fn lanes<'a>(
        &'a self,
        axis: usize,
        channel_axis: Option<usize>,
        output: &'a Self,
    ) -> Result<impl Iterator<Item = (i128, i128)> + 'a> {
        let is_counted = move |other: usize| other != axis && Some(other) != channel_axis;
        let counted: Vec<_> = (0..self.shape.len()).filter(|&other| is_counted(other)).collect();
        let lens = || counted.iter().map(|&other| self.shape[other]);
        let count = if lens().any(|len| len == 0) { Some(0) } else { lens().try_fold(1, usize::checked_mul) };
        let count = count.unwrap_or(usize::MAX);
        to_u32("lanes of a tensor", count as u64)?;
        Ok((0..count).map(move |lane| {
            let (mut lane, mut from, mut to) = (lane, i128::from(self.offset), i128::from(output.offset));
            for &other in counted.iter().rev() {
                let index = (lane % self.shape[other]) as i128;
                lane /= self.shape[other];
                from += index * i128::from(self.strides[other]);
                to += index * i128::from(output.strides[other]);
            }
            (from, to)
        }))
    }

    fn clip(&self, plan: &Plan, axis: usize, output: &Self, (from, to): (i128, i128)) -> Result<GpuClip> {
        let offset = |buffer, offset: i128| {
            let problem =
                || format!("would be accessed at sample {offset}, before its beginning, by a lane of the tensor");
            u64::try_from(offset).map_err(|_| Error::GpuBuffer { buffer, problem: problem() })
        };
        let clip = GpuClip::new(plan, offset("input", from)?, self.shape[axis] as u64, offset("output", to)?);
        Ok(clip.strided(self.strides[axis], output.strides[axis]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Preset;

    #[test]
    fn lanes_of_a_tensor_begin_where_its_strides_lead() {
        let plan = Plan::new(2, 1, Preset::Default).expect("a plan");
        // (2, 10, 3) along axis 1, with gaps and a reversed first axis.
        let input = GpuTensor::new(100, &[2, 10, 3], &[-50, 4, 1]).expect("as many strides");
        let output = GpuTensor::contiguous(7, &[2, 5, 3]);
        let clips = input.clips(&plan, 1, &output).expect("shapes match");
        let offsets: Vec<_> = clips.iter().map(|clip| (clip.input_offset(), clip.output_offset())).collect();
        assert_eq!(offsets, [(100, 7), (101, 8), (102, 9), (50, 22), (51, 23), (52, 24)]);
        assert!(clips.iter().all(|clip| (clip.input_len(), clip.output_len()) == (10, 5)));
        assert!(
            GpuTensor::contiguous(0, &[0, 4])
                .clips(&plan, 1, &GpuTensor::contiguous(0, &[0, 2]))
                .expect("none")
                .is_empty()
        );
    }

    #[test]
    fn other_shapes_and_axes_are_refused() {
        let plan = Plan::new(2, 1, Preset::Default).expect("a plan");
        let tensor = |shape: &[usize]| GpuTensor::contiguous(0, shape);
        let refused = tensor(&[3, 10]).clips(&plan, 1, &tensor(&[3, 6])).expect_err("too long");
        assert_eq!(refused, Error::OutputShape { expected: vec![3, 5], actual: vec![3, 6] });
        let refused = tensor(&[3, 10]).clips(&plan, 2, &tensor(&[3, 5])).expect_err("no such axis");
        assert_eq!(refused, Error::Axis { axis: 2, ndim: 2 });
        let refused = tensor(&[3, 10]).mixed_clips(&plan, 1, 0, &tensor(&[3, 5])).expect_err("three channels");
        assert_eq!(refused, Error::OutputShape { expected: vec![1, 5], actual: vec![3, 5] });
        assert!(tensor(&[3, 10]).mixed_clips(&plan, 1, 1, &tensor(&[3, 1])).is_err());
        let refused = GpuTensor::new(0, &[3, 10], &[1]).expect_err("one stride");
        assert_eq!(refused, Error::Strides { strides: 1, ndim: 2 });
        let huge = [1 << 40, 1 << 40, 0, 10];
        let output = tensor(&[1 << 40, 1 << 40, 0, 5]);
        assert_eq!(tensor(&huge).clips(&plan, 3, &output).expect("no lanes").len(), 0);
        let (huge, output) = (tensor(&[1 << 40, 1 << 40, 10]), tensor(&[1 << 40, 1 << 40, 5]));
        assert!(matches!(huge.clips(&plan, 2, &output), Err(Error::GpuLimit { what: "lanes of a tensor", .. })));
        let before = GpuTensor::new(2, &[10], &[-1]).expect("one stride");
        assert!(before.clips(&plan, 0, &tensor(&[5])).is_ok(), "the job checks the reach of a clip");
    }
}

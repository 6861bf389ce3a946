//! Tensors of any rank and strides, along any axis.

use ndarray::{Array, ArrayBase, ArrayView, ArrayViewMut, Axis, Data, Dimension};

use super::{CpuResampler, Sample};
use crate::alloc::zeroed_array;
use crate::clamped::Clamped;
use crate::error::Result;
use crate::lanes::{Lanes, check_shape, fill, last_axis, output_shape};
use crate::plan::Plan;

impl CpuResampler {
    /// Resamples a tensor along its last axis, torchaudio's `(..., time)`.
    ///
    /// The result has [`Plan::output_len`] samples along that axis, and standard layout.
    ///
    /// ```
    /// use ndarray::Array3;
    /// use polyphase::{CpuResampler, Plan, ResampleOptions};
    ///
    /// let plan = Plan::new(44_100, 16_000, &ResampleOptions::default())?;
    /// let waveforms = Array3::<f32>::from_elem((8, 2, 44_100), 0.5); // (batch, channel, time)
    /// let resampled = CpuResampler::new().resample_tensor(&plan, &waveforms)?;
    /// assert_eq!(resampled.shape(), [8, 2, 16_000]);
    /// assert!((resampled[[7, 1, 8_000]] - 0.5).abs() < 1e-3);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Axis`](crate::Error::Axis) for a tensor of no dimensions,
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub fn resample_tensor<T, S, D>(&self, plan: &Plan, tensor: &ArrayBase<S, D>) -> Result<Array<T, D>>
    where
        T: Sample,
        S: Data<Elem = T>,
        D: Dimension,
    {
        self.resample_axis(plan, tensor, last_axis(tensor))
    }

    /// Resamples a tensor along its last axis into another, of any strides.
    ///
    /// # Errors
    /// As [`resample_axis_into`](Self::resample_axis_into).
    pub fn resample_tensor_into<T, S, D>(
        &self,
        plan: &Plan,
        tensor: &ArrayBase<S, D>,
        output: ArrayViewMut<'_, T, D>,
    ) -> Result<Clamped>
    where
        T: Sample,
        S: Data<Elem = T>,
        D: Dimension,
    {
        self.resample_axis_into(plan, tensor, last_axis(tensor), output)
    }

    /// Resamples a tensor along any axis. The result has standard layout.
    ///
    /// A tensor whose signals along the axis are not contiguous is copied first.
    ///
    /// # Errors
    /// [`Error::Axis`](crate::Error::Axis) for an axis that the tensor does not have,
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub fn resample_axis<T, S, D>(&self, plan: &Plan, tensor: &ArrayBase<S, D>, axis: Axis) -> Result<Array<T, D>>
    where
        T: Sample,
        S: Data<Elem = T>,
        D: Dimension,
    {
        let mut output = zeroed_array(output_shape(plan, tensor, axis)?)?;
        self.resample_lanes(plan, tensor.view(), axis, output.view_mut())?;
        Ok(output)
    }

    /// Resamples a tensor along any axis into another, of any strides.
    ///
    /// ```
    /// use ndarray::{Array2, Axis};
    /// use polyphase::{Clamped, CpuResampler, Plan, ResampleOptions};
    ///
    /// let plan = Plan::new(2, 1, &ResampleOptions::default())?;
    /// let frames = Array2::<f32>::from_elem((100, 2), 0.5); // (time, channel)
    /// let mut resampled = Array2::zeros((50, 2));
    /// let clamped = CpuResampler::new().resample_axis_into(&plan, &frames, Axis(0), resampled.view_mut())?;
    /// assert_eq!(clamped, Clamped { count: 0 });
    /// assert!((resampled[[25, 1]] - 0.5).abs() < 1e-3);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Axis`](crate::Error::Axis) for an axis that the tensor does not have,
    /// [`Error::OutputShape`](crate::Error::OutputShape) for an output whose shape is not the tensor's with
    /// [`Plan::output_len`] along the axis, [`Error::OutOfMemory`](crate::Error::OutOfMemory) for the copy of a tensor
    /// whose signals are not contiguous.
    pub fn resample_axis_into<T, S, D>(
        &self,
        plan: &Plan,
        tensor: &ArrayBase<S, D>,
        axis: Axis,
        output: ArrayViewMut<'_, T, D>,
    ) -> Result<Clamped>
    where
        T: Sample,
        S: Data<Elem = T>,
        D: Dimension,
    {
        check_shape(&output_shape(plan, tensor, axis)?, &output)?;
        self.resample_lanes(plan, tensor.view(), axis, output)
    }

    fn resample_lanes<T: Sample, D: Dimension>(
        &self,
        plan: &Plan,
        tensor: ArrayView<'_, T, D>,
        axis: Axis,
        output: ArrayViewMut<'_, T, D>,
    ) -> Result<Clamped> {
        if output.is_empty() {
            return Ok(Clamped::default());
        }
        let lanes = Lanes::new(tensor, axis)?;
        fill(output, axis, |output| self.resample_batch_into(&lanes.batch(plan), output))
    }
}

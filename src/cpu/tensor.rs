//! Tensors: any rank, any axis, any strides.

use ndarray::{Array, ArrayBase, ArrayView, ArrayViewMut, Axis, Data, Dimension};

use super::{CpuResampler, Sample};
use crate::alloc::{zeroed, zeroed_array};
use crate::error::{Error, Result};
use crate::lanes::{Lanes, last, output_shape, scatter};
use crate::plan::Plan;

impl CpuResampler {
    /// Resamples a tensor along its last axis, torchaudio's `(..., time)`.
    ///
    /// ```
    /// use ndarray::Array3;
    /// use polyphase::{CpuResampler, Plan, ResampleOptions};
    ///
    /// let plan = Plan::new(44_100, 16_000, &ResampleOptions::default())?;
    /// let waveforms = Array3::<f32>::zeros((8, 2, 44_100)); // (batch, channel, time)
    /// let resampled = CpuResampler::new().resample_tensor(&plan, &waveforms)?;
    /// assert_eq!(resampled.shape(), [8, 2, 16_000]);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Axis`] for a tensor of no dimensions, [`Error::OutOfMemory`].
    pub fn resample_tensor<T, S, D>(&self, plan: &Plan, tensor: &ArrayBase<S, D>) -> Result<Array<T, D>>
    where
        T: Sample,
        S: Data<Elem = T>,
        D: Dimension,
    {
        // A tensor of no dimensions has no last axis either: axis 0 does not exist in it.
        self.resample_axis(plan, tensor, Axis(tensor.ndim().saturating_sub(1)))
    }

    /// Resamples a tensor along an axis. The result is in standard layout.
    ///
    /// A tensor whose samples of one signal do not lie side by side is copied first.
    ///
    /// # Errors
    /// [`Error::Axis`] for an axis that the tensor does not have, [`Error::OutOfMemory`].
    pub fn resample_axis<T, S, D>(&self, plan: &Plan, tensor: &ArrayBase<S, D>, axis: Axis) -> Result<Array<T, D>>
    where
        T: Sample,
        S: Data<Elem = T>,
        D: Dimension,
    {
        let shape = output_shape(plan, tensor, axis)?;
        let mut output = zeroed_array(shape)?;
        self.resample_lanes(plan, tensor.view(), axis, output.view_mut())?;
        Ok(output)
    }

    /// Resamples a tensor along an axis into another, of any strides.
    ///
    /// # Errors
    /// [`Error::Axis`] for an axis that the tensor does not have, [`Error::OutputShape`] for an output whose shape is not
    /// the input's with [`Plan::output_len`] along that axis, [`Error::OutOfMemory`].
    pub fn resample_axis_into<T, S, D>(
        &self,
        plan: &Plan,
        tensor: &ArrayBase<S, D>,
        axis: Axis,
        output: ArrayViewMut<'_, T, D>,
    ) -> Result<()>
    where
        T: Sample,
        S: Data<Elem = T>,
        D: Dimension,
    {
        let expected = output_shape(plan, tensor, axis)?;
        if output.raw_dim() != expected {
            return Err(Error::OutputShape { expected: expected.slice().to_vec(), actual: output.shape().to_vec() });
        }
        self.resample_lanes(plan, tensor.view(), axis, output)
    }

    fn resample_lanes<T: Sample, D: Dimension>(
        &self,
        plan: &Plan,
        tensor: ArrayView<'_, T, D>,
        axis: Axis,
        output: ArrayViewMut<'_, T, D>,
    ) -> Result<()> {
        if output.is_empty() {
            return Ok(());
        }
        let lanes = Lanes::new(tensor, axis)?;
        resample_into(output, axis, |output| self.resample_batch_into(&lanes.batch(plan), output).map(|_| ()))
    }
}

/// Gives `resample` the buffer for the outputs of [`Lanes`], and puts them where they belong.
fn resample_into<T: Copy + Default, D: Dimension>(
    output: ArrayViewMut<'_, T, D>,
    axis: Axis,
    resample: impl FnOnce(&mut [T]) -> Result<()>,
) -> Result<()> {
    let mut output = last(output, axis);
    if let Some(output) = output.as_slice_mut() {
        return resample(output);
    }
    let mut samples = zeroed(output.len())?;
    resample(&mut samples)?;
    scatter(&samples, output);
    Ok(())
}

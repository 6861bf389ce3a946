//! ndarray in and out: any rank, any axis, any strides.

use ndarray::{Array, ArrayBase, ArrayView, ArrayViewMut, Axis, Data, Dimension};

use crate::batch::Batch;
use crate::cpu::{CpuResampler, Sample};
use crate::error::{Error, Result};
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
        let samples = shape.slice().iter().try_fold(1_usize, |product, &len| product.checked_mul(len));
        let output = crate::cpu::zeroed(samples.unwrap_or(usize::MAX))?;
        let out_of_memory = |_| Error::OutOfMemory { samples: usize::MAX, bytes_per_sample: size_of::<T>() };
        let mut output = Array::from_shape_vec(shape, output).map_err(out_of_memory)?;
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

    fn resample_lanes<T, D>(
        &self,
        plan: &Plan,
        mut tensor: ArrayView<'_, T, D>,
        axis: Axis,
        mut output: ArrayViewMut<'_, T, D>,
    ) -> Result<()>
    where
        T: Sample,
        D: Dimension,
    {
        if output.is_empty() {
            return Ok(());
        }
        // The time axis goes last, its lanes become the clips of a batch.
        let last = Axis(tensor.ndim() - 1);
        tensor.swap_axes(axis.index(), last.index());
        output.swap_axes(axis.index(), last.index());
        let lanes = tensor.as_standard_layout();
        let lane_len = lanes.len_of(last);
        let mut batch = Batch::new();
        for lane in lanes.as_slice().unwrap_or_default().chunks_exact(lane_len) {
            batch.push(plan, lane);
        }
        if let Some(output) = output.as_slice_mut() {
            return self.resample_batch_into(&batch, output);
        }
        let (samples, _) = self.resample_batch(&batch)?.into_parts();
        output.iter_mut().zip(samples).for_each(|(value, sample)| *value = sample);
        Ok(())
    }
}

fn output_shape<T, S, D>(plan: &Plan, tensor: &ArrayBase<S, D>, axis: Axis) -> Result<D>
where
    S: Data<Elem = T>,
    D: Dimension,
{
    let mut shape = tensor.raw_dim();
    let ndim = shape.ndim();
    let len = shape.slice_mut().get_mut(axis.index()).ok_or(Error::Axis { axis: axis.index(), ndim })?;
    *len = plan.output_len(*len);
    Ok(shape)
}

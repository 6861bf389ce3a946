//! Tensors in host memory, as batches of their lanes.

use ndarray::{Array, ArrayBase, ArrayViewMut, Axis, Data, Dimension};

use super::run::RunOptions;
use super::sample::GpuSample;
use super::slices;
use crate::alloc::array_of;
use crate::clamped::Clamped;
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::gpu::resampler::GpuResampler;
use crate::lanes::{Lanes, check_shape, last, last_axis, output_shape, scatter};
use crate::plan::Plan;

impl GpuResampler {
    /// Resamples a tensor in host memory along its last axis, torchaudio's `(..., time)`. The result is in standard
    /// layout.
    ///
    /// # Errors
    /// [`Error::Axis`] for a tensor of no dimensions, and those of [`resample_batch`](Self::resample_batch), with a
    /// lane of the tensor for a clip.
    pub fn resample_tensor<T, S, D>(&self, plan: &Plan, tensor: &ArrayBase<S, D>) -> Result<Array<T, D>>
    where
        T: GpuSample,
        S: Data<Elem = T>,
        D: Dimension,
    {
        pollster::block_on(self.resample_tensor_async(plan, tensor))
    }

    /// [`resample_tensor`](Self::resample_tensor) for callers that must not block, as
    /// [`resample_batch_async`](Self::resample_batch_async).
    ///
    /// # Errors
    /// As [`resample_tensor`](Self::resample_tensor).
    pub async fn resample_tensor_async<T, S, D>(&self, plan: &Plan, tensor: &ArrayBase<S, D>) -> Result<Array<T, D>>
    where
        T: GpuSample,
        S: Data<Elem = T>,
        D: Dimension,
    {
        self.resample_axis_async(plan, tensor, last_axis(tensor)).await
    }

    /// Resamples a tensor in host memory along its last axis into another, of the input's or another type of sample.
    ///
    /// # Errors
    /// [`Error::OutputShape`] for an output of another shape than the result's, and as
    /// [`resample_tensor`](Self::resample_tensor). After an error the output may hold a part of the
    /// outputs.
    pub fn resample_tensor_into<O, S, D>(
        &self,
        plan: &Plan,
        tensor: &ArrayBase<S, D>,
        output: ArrayViewMut<'_, O, D>,
    ) -> Result<Clamped>
    where
        O: GpuSample,
        S: Data<Elem: GpuSample>,
        D: Dimension,
    {
        pollster::block_on(self.resample_tensor_into_async(plan, tensor, output))
    }

    /// [`resample_tensor_into`](Self::resample_tensor_into) for callers that must not block.
    ///
    /// # Errors
    /// As [`resample_tensor_into`](Self::resample_tensor_into).
    pub async fn resample_tensor_into_async<O, S, D>(
        &self,
        plan: &Plan,
        tensor: &ArrayBase<S, D>,
        output: ArrayViewMut<'_, O, D>,
    ) -> Result<Clamped>
    where
        O: GpuSample,
        S: Data<Elem: GpuSample>,
        D: Dimension,
    {
        self.resample_axis_into_async(plan, tensor, last_axis(tensor), output).await
    }

    /// Resamples a tensor in host memory along an axis. The result is in standard layout.
    ///
    /// # Errors
    /// [`Error::Axis`] for an axis that the tensor does not have, and those of
    /// [`resample_batch`](Self::resample_batch), with a lane of the tensor for a clip.
    pub fn resample_axis<T, S, D>(&self, plan: &Plan, tensor: &ArrayBase<S, D>, axis: Axis) -> Result<Array<T, D>>
    where
        T: GpuSample,
        S: Data<Elem = T>,
        D: Dimension,
    {
        pollster::block_on(self.resample_axis_async(plan, tensor, axis))
    }

    /// [`resample_axis`](Self::resample_axis) for callers that must not block, as
    /// [`resample_batch_async`](Self::resample_batch_async).
    ///
    /// # Errors
    /// As [`resample_axis`](Self::resample_axis).
    pub async fn resample_axis_async<T, S, D>(
        &self,
        plan: &Plan,
        tensor: &ArrayBase<S, D>,
        axis: Axis,
    ) -> Result<Array<T, D>>
    where
        T: GpuSample,
        S: Data<Elem = T>,
        D: Dimension,
    {
        let mut output = array_of(output_shape(plan, tensor, axis)?, T::CONVERSIONS.zeroed)?;
        self.resample_lanes(plan, tensor, axis, output.view_mut()).await?;
        Ok(output)
    }

    /// Resamples a tensor in host memory along an axis into another, of the input's or another type of sample.
    ///
    /// # Errors
    /// [`Error::OutputShape`] for an output of another shape than the result's, and as
    /// [`resample_axis`](Self::resample_axis). After an error the output may hold a part of the
    /// outputs.
    pub fn resample_axis_into<O, S, D>(
        &self,
        plan: &Plan,
        tensor: &ArrayBase<S, D>,
        axis: Axis,
        output: ArrayViewMut<'_, O, D>,
    ) -> Result<Clamped>
    where
        O: GpuSample,
        S: Data<Elem: GpuSample>,
        D: Dimension,
    {
        pollster::block_on(self.resample_axis_into_async(plan, tensor, axis, output))
    }

    /// [`resample_axis_into`](Self::resample_axis_into) for callers that must not block.
    ///
    /// # Errors
    /// As [`resample_axis_into`](Self::resample_axis_into).
    pub async fn resample_axis_into_async<O, S, D>(
        &self,
        plan: &Plan,
        tensor: &ArrayBase<S, D>,
        axis: Axis,
        output: ArrayViewMut<'_, O, D>,
    ) -> Result<Clamped>
    where
        O: GpuSample,
        S: Data<Elem: GpuSample>,
        D: Dimension,
    {
        check_shape(&output_shape(plan, tensor, axis)?, &output)?;
        self.resample_lanes(plan, tensor, axis, output).await
    }

    /// Resamples along an axis into an output of the right shape.
    async fn resample_lanes<O, S, D>(
        &self,
        plan: &Plan,
        tensor: &ArrayBase<S, D>,
        axis: Axis,
        output: ArrayViewMut<'_, O, D>,
    ) -> Result<Clamped>
    where
        O: GpuSample,
        S: Data<Elem: GpuSample>,
        D: Dimension,
    {
        if output.is_empty() {
            return Ok(Clamped::default());
        }
        let lanes = Lanes::new(tensor.view(), axis)?;
        let batch = lanes.batch(plan);
        let offsets = batch.output_offsets();
        let mut output = last(output, axis);
        if let Some(output) = output.as_slice_mut() {
            return self.run_batch(&batch, &mut slices(output, &offsets), RunOptions::default()).await.total_clamped();
        }
        let mut samples = (O::CONVERSIONS.zeroed)(output.len())?;
        let outcome = self.run_batch(&batch, &mut slices(&mut samples, &offsets), RunOptions::default()).await;
        let clamped = outcome.total_clamped()?;
        scatter(&samples, output);
        Ok(clamped)
    }
}

//! Tensors from host memory on the GPU.

use ndarray::{Array, ArrayBase, Axis, Data, Dimension};

use super::pieces::Cursor;
use super::sample::GpuSample;
use crate::alloc::zeroed;
use crate::alloc::zeroed_array;
use crate::error::Result;
use crate::gpu::GpuResampler;
use crate::lanes::{Lanes, last, output_shape, scatter};
use crate::plan::Plan;

impl GpuResampler {
    /// Resamples a tensor in host memory along its last axis, torchaudio's `(..., time)`; the result is in standard layout.
    ///
    /// # Errors
    /// [`Error::Axis`](crate::Error::Axis) for a tensor of no dimensions, and those of
    /// [`resample_batch`](Self::resample_batch), with a lane for a clip.
    pub fn resample_tensor<T, S, D>(&self, plan: &Plan, tensor: &ArrayBase<S, D>) -> Result<Array<T, D>>
    where
        T: GpuSample,
        S: Data<Elem = T>,
        D: Dimension,
    {
        pollster::block_on(self.resample_axis_async(plan, tensor, Axis(tensor.ndim().saturating_sub(1))))
    }

    /// Resamples a tensor in host memory along an axis, for callers that must not block.
    ///
    /// # Errors
    /// [`Error::Axis`](crate::Error::Axis) for an axis that the tensor does not have, and those of
    /// [`resample_batch`](Self::resample_batch), with a lane for a clip.
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
        let shape = output_shape(plan, tensor, axis)?;
        let mut samples = zeroed(shape.size_checked().unwrap_or(usize::MAX))?;
        if !samples.is_empty() {
            let lanes = Lanes::new(tensor.view(), axis)?;
            let batch = lanes.batch(plan);
            self.run_batch(&batch, &batch.output_offsets(), &mut samples, &mut Cursor::default()).await?;
        }
        let mut output = zeroed_array(shape)?;
        scatter(&samples, last(output.view_mut(), axis));
        Ok(output)
    }
}

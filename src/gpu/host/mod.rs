//! Batches from host memory: uploaded, dispatched and read back, piece by piece.

pub(crate) mod adjoint;
mod copies;
pub(crate) mod pieces;
pub(crate) mod run;
pub(crate) mod sample;
mod tensor;
#[cfg(test)]
mod tests;

use self::pieces::ClipWork;
use self::run::{Outcome, RunOptions};
use self::sample::GpuSample;
use super::resampler::GpuResampler;
use crate::batch::{Batch, BatchBuf, check_len};
use crate::clamped::Clamped;
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;

impl GpuResampler {
    /// Resamples every clip of a batch in host memory, to outputs of the input's type.
    ///
    /// The batch may have any size. It is cut into pieces that suit the device, and so are long clips, without changing
    /// a bit of the outputs. [`resample_batch_into`](Self::resample_batch_into) also counts the integers that are
    /// clamped.
    ///
    /// ```no_run
    /// # fn example(device: wgpu::Device, queue: wgpu::Queue, clips: Vec<Vec<i16>>) -> polyphase::Result<()> {
    /// use polyphase::{Batch, GpuResampler, Plan, Preset, wgpu};
    ///
    /// let plan = Plan::new(44_100, 16_000, Preset::High)?;
    /// let batch: Batch<_> = clips.iter().map(|clip| (&plan, &clip[..])).collect();
    /// let gpu = GpuResampler::new(&device, &queue)?;
    /// let integers = gpu.resample_batch(&batch)?;
    /// let floats = gpu.resample_batch_as::<f32>(&batch)?;
    /// assert_eq!(integers.offsets(), floats.offsets());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::GpuNotFinite`] for a clip with a NaN or an infinity in it, [`Error::GpuLimit`] for a plan beyond the
    /// limits of the shaders, [`Error::GpuOutOfMemory`], [`Error::GpuLost`], [`Error::OutOfMemory`].
    pub fn resample_batch<T: GpuSample>(&self, batch: &Batch<'_, T>) -> Result<BatchBuf<T>> {
        pollster::block_on(self.resample_batch_async(batch))
    }

    /// [`resample_batch`](Self::resample_batch) for callers that must not block for long. On native targets each poll
    /// of the first 0.3 ms of a wait yields to other threads, and each later one sleeps for 0.2 ms.
    ///
    /// # Errors
    /// As [`resample_batch`](Self::resample_batch).
    pub async fn resample_batch_async<T: GpuSample>(&self, batch: &Batch<'_, T>) -> Result<BatchBuf<T>> {
        self.resample_batch_as_async(batch).await
    }

    /// Resamples every clip of a batch in host memory, to outputs of type `O`.
    ///
    /// # Errors
    /// As [`resample_batch`](Self::resample_batch).
    pub fn resample_batch_as<O: GpuSample>(&self, batch: &Batch<'_, impl GpuSample>) -> Result<BatchBuf<O>> {
        pollster::block_on(self.resample_batch_as_async(batch))
    }

    /// [`resample_batch_as`](Self::resample_batch_as) for callers that must not block.
    ///
    /// # Errors
    /// As [`resample_batch`](Self::resample_batch).
    pub async fn resample_batch_as_async<O: GpuSample>(
        &self,
        batch: &Batch<'_, impl GpuSample>,
    ) -> Result<BatchBuf<O>> {
        let offsets = batch.output_offsets();
        let mut samples = (O::CONVERSIONS.zeroed)(offsets.last().copied().unwrap_or(0))?;
        self.run_batch(batch, &mut slices(&mut samples, &offsets), RunOptions::default()).await.result?;
        Ok(BatchBuf::from_parts(samples, offsets))
    }

    /// Resamples every clip of a batch in host memory into one packed buffer, in which the outputs of clip i begin at
    /// offset i of [`Batch::output_offsets`].
    ///
    /// # Errors
    /// [`Error::OutputLen`] for a buffer of another length than the last of these offsets, and as
    /// [`resample_batch`](Self::resample_batch). After an error the buffer holds a part of the outputs.
    pub fn resample_batch_into<O: GpuSample>(
        &self,
        batch: &Batch<'_, impl GpuSample>,
        output: &mut [O],
    ) -> Result<Clamped> {
        pollster::block_on(self.resample_batch_into_async(batch, output))
    }

    /// [`resample_batch_into`](Self::resample_batch_into) for callers that must not block.
    ///
    /// # Errors
    /// As [`resample_batch_into`](Self::resample_batch_into).
    pub async fn resample_batch_into_async<O: GpuSample>(
        &self,
        batch: &Batch<'_, impl GpuSample>,
        output: &mut [O],
    ) -> Result<Clamped> {
        let offsets = batch.output_offsets();
        check_len(offsets.last().copied().unwrap_or(0), output.len())?;
        self.run_batch(batch, &mut slices(output, &offsets), RunOptions::default()).await.total_clamped()
    }

    /// Computes the outputs of a batch, each clip's into a slice of its own.
    pub(crate) async fn run_batch<T: GpuSample, O: GpuSample>(
        &self,
        batch: &Batch<'_, T>,
        outputs: &mut [&mut [O]],
        options: RunOptions,
    ) -> Outcome {
        let granularities = match self.granularities(batch.iter().map(|(plan, _)| plan)) {
            Ok(granularities) => granularities,
            Err(error) => return Outcome::failed(batch.len(), error),
        };
        let clips: Vec<_> = batch
            .iter()
            .zip(granularities)
            .map(|((plan, clip), granularity)| ClipWork::whole(plan, granularity, clip.len()))
            .collect();
        let inputs: Vec<_> = batch.iter().map(|(_, clip)| clip).collect();
        self.run_clips(&inputs, &clips, outputs, options).await
    }
}

/// Slices of a packed buffer between these offsets.
pub(crate) fn slices<'o, O>(mut packed: &'o mut [O], offsets: &[usize]) -> Vec<&'o mut [O]> {
    offsets.windows(2).map(|ends| packed.split_off_mut(..ends[1] - ends[0]).unwrap_or_default()).collect()
}

//! [`Resampler`]: the backend that suits each clip, and the CPU where the GPU cannot compute or fails.

mod backend;
mod builder;
mod choice;
mod cpu_speed;
mod on_demand;
mod on_gpu;
mod report;
#[cfg(test)]
mod tests;

use half::f16;
use ndarray::{Array, ArrayBase, Axis, Data, Dimension};

pub use self::backend::{ADAPTER_VARIABLE, BACKEND_VARIABLE, Backend};
pub use self::builder::ResamplerBuilder;
use self::choice::Work;
use self::on_demand::{OnDemand, Request};
use self::on_gpu::{OnGpu, chosen_slices, finish};
pub use self::report::{CpuReason, Estimate, RunReport};
use crate::alloc::array_of;
use crate::batch::{Batch, BatchBuf};
use crate::clamped::Clamped;
use crate::cpu::{CpuResampler, Sample, Typed, TypedMut};
use crate::error::{Error, Result};
use crate::gpu::{AdapterSummary, Adjoints, Context, RunOptions};
use crate::lanes::{Lanes, fill, output_shape};
use crate::options::ResampleOptions;
use crate::plan::Plan;

/// Resamples each clip on the backend that suits it, completes on the CPU what a GPU could not, and reports which
/// backend computed each clip and why.
///
/// ```
/// use polyphase::{Batch, Plan, Preset, Resampler};
///
/// let resampler = Resampler::auto();
/// let plan = Plan::new(48_000, 16_000, Preset::High)?;
/// let clips = [vec![1000_i16; 4800], vec![-1000; 480]];
/// let batch: Batch<_> = clips.iter().map(|clip| (&plan, &clip[..])).collect();
/// let (resampled, report) = resampler.resample_batch(&batch)?;
/// assert_eq!((resampled[0].len(), resampled[1].len()), (1600, 160));
/// assert_eq!(report.gpu_clips + report.cpu_clips(), 2);
/// # Ok::<(), polyphase::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Resampler {
    cpu: CpuResampler,
    gpu: OnDemand,
}

impl ResamplerBuilder {
    /// With [`Backend::Gpu`], opens and tests the device. With [`Backend::Auto`] the device is opened later, and one that
    /// cannot be opened is no error: [`Resampler::reason`] says why.
    ///
    /// # Errors
    /// For [`Backend::Gpu`]: [`Error::NoGpu`](crate::Error::NoGpu), [`Error::GpuSelfTest`](crate::Error::GpuSelfTest),
    /// and those of [`GpuResampler::new`](crate::GpuResampler::new). [`Error::UnknownName`](crate::Error::UnknownName)
    /// for an environment variable that names no backend.
    pub fn build(self) -> Result<Resampler> {
        pollster::block_on(self.build_async())
    }

    /// [`build`](Self::build) for callers that must not block, as in browsers. On native targets this blocks while a
    /// device is opened.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub async fn build_async(self) -> Result<Resampler> {
        let Self { backend, adapter, allow_software, device, cpu } = self;
        let backend = backend.map_or_else(Backend::from_environment, Ok)?;
        if backend == Backend::Cpu {
            return Ok(Resampler::on_cpu(cpu, CpuReason::Requested));
        }
        let adapter = adapter
            .or_else(|| std::env::var_os(ADAPTER_VARIABLE).map(|adapter| adapter.to_string_lossy().into_owned()));
        let request = Request { adapter, device };
        let gpu = match backend {
            Backend::Gpu => OnDemand::now(request, allow_software).await?,
            _ => OnDemand::later(request),
        };
        Ok(Resampler { cpu, gpu })
    }
}

impl Resampler {
    /// Resampler on the faster backend for each clip, see [`Backend::Auto`], unless the environment variable
    /// [`BACKEND_VARIABLE`] names a backend.
    ///
    /// This never fails: if no GPU can be opened, [`reason`](Self::reason) says why.
    pub fn auto() -> Self {
        Self::builder().build().unwrap_or_else(|error| Self::on_cpu(CpuResampler::new(), CpuReason::NoGpu(error)))
    }

    /// Builder with the default settings.
    pub fn builder() -> ResamplerBuilder {
        ResamplerBuilder::default()
    }

    fn on_cpu(cpu: CpuResampler, reason: CpuReason) -> Self {
        Self { cpu, gpu: OnDemand::none(reason) }
    }

    /// [`Backend::Gpu`] if there is a GPU, else [`Backend::Cpu`]. Opens the GPU if it is not open yet, as do
    /// [`reason`](Self::reason), [`adapter`](Self::adapter) and [`device`](Self::device).
    pub fn backend(&self) -> Backend {
        if self.context().is_ok() { Backend::Gpu } else { Backend::Cpu }
    }

    /// Reason why there is no GPU; `None` if there is one.
    pub fn reason(&self) -> Option<&CpuReason> {
        self.context().err()
    }

    /// Adapter of the GPU; `None` if there is none.
    pub fn adapter(&self) -> Option<&AdapterSummary> {
        self.context().ok().map(|context| &context.summary)
    }

    /// Adapter of the GPU if that is open. Opens nothing, and so never blocks.
    pub fn opened_adapter(&self) -> Option<&AdapterSummary> {
        self.gpu.opened().map(|context| &context.summary)
    }

    /// Device and queue of the GPU, for sharing; `None` if there is none.
    pub fn device(&self) -> Option<(&wgpu::Device, &wgpu::Queue)> {
        self.context().ok().map(|context| (context.gpu.device(), context.gpu.queue()))
    }

    fn context(&self) -> std::result::Result<&Context, &CpuReason> {
        pollster::block_on(self.gpu.context(self.cpu))
    }

    /// Sets the threads and the SIMD level for clips that the CPU computes, and keeps the GPU.
    #[must_use]
    pub fn with_cpu(mut self, cpu: CpuResampler) -> Self {
        self.cpu = cpu;
        self
    }

    /// Threads and SIMD level for clips that the CPU computes. Its threads also copy samples to and from the GPU.
    pub fn cpu(&self) -> CpuResampler {
        self.cpu
    }

    /// Resamples one clip, as [`CpuResampler::resample`].
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn resample<T: Sample>(&self, plan: &Plan, clip: &[T]) -> Result<Vec<T>> {
        let mut output = T::zeroed(plan.output_len(clip.len()))?;
        self.resample_into(plan, clip, &mut output)?;
        Ok(output)
    }

    /// Resamples one clip into a buffer of [`Plan::output_len`] samples.
    ///
    /// # Errors
    /// [`Error::OutputLen`] for a buffer of another length, [`Error::OutOfMemory`].
    pub fn resample_into<T: Sample>(&self, plan: &Plan, clip: &[T], output: &mut [T]) -> Result<Clamped> {
        let batch: Batch<'_, T> = [(plan, clip)].into_iter().collect();
        Ok(self.resample_batch_into(&batch, output)?.clamped)
    }

    /// Resamples a tensor along its last axis, torchaudio's `(..., time)`, as [`CpuResampler::resample_tensor`].
    ///
    /// ```
    /// use ndarray::Array3;
    /// use polyphase::{Plan, Preset, Resampler};
    ///
    /// let plan = Plan::new(44_100, 16_000, Preset::High)?;
    /// let waveforms = Array3::<f32>::zeros((4, 2, 4410)); // (batch, channel, time)
    /// assert_eq!(Resampler::auto().resample_tensor(&plan, &waveforms)?.shape(), [4, 2, 1600]);
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
        self.resample_axis(plan, tensor, Axis(tensor.ndim().saturating_sub(1)))
    }

    /// Resamples a tensor along an axis. The result is in standard layout.
    ///
    /// # Errors
    /// [`Error::Axis`] for an axis that the tensor does not have, [`Error::OutOfMemory`].
    pub fn resample_axis<T, S, D>(&self, plan: &Plan, tensor: &ArrayBase<S, D>, axis: Axis) -> Result<Array<T, D>>
    where
        T: Sample,
        S: Data<Elem = T>,
        D: Dimension,
    {
        let mut output: Array<T, D> = array_of(output_shape(plan, tensor, axis)?, T::zeroed)?;
        if !output.is_empty() {
            let lanes = Lanes::new(tensor.view(), axis)?;
            fill(output.view_mut(), axis, |samples| self.resample_batch_into(&lanes.batch(plan), samples))?;
        }
        Ok(output)
    }

    /// Resamples every clip of a batch. The result is complete whatever happens to the GPU: clips that it completed are
    /// kept, the CPU computes the others, and the report says which those are and why.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn resample_batch<T: Sample>(&self, batch: &Batch<'_, T>) -> Result<(BatchBuf<T>, RunReport)> {
        pollster::block_on(self.resample_batch_async(batch))
    }

    /// [`resample_batch`](Self::resample_batch) for callers that must not block, as in browsers. The CPU's clips are
    /// computed without a pause. On native targets this also blocks while a device is opened.
    ///
    /// # Errors
    /// As [`resample_batch`](Self::resample_batch).
    pub async fn resample_batch_async<T: Sample>(&self, batch: &Batch<'_, T>) -> Result<(BatchBuf<T>, RunReport)> {
        let offsets = batch.output_offsets();
        let mut samples = T::zeroed(total(&offsets))?;
        let report = self.resample_batch_into_async(batch, &mut samples).await?;
        Ok((BatchBuf::from_parts(samples, offsets), report))
    }

    /// Resamples every clip of a batch into one packed buffer, in which the outputs of clip i begin at offset i of
    /// [`Batch::output_offsets`].
    ///
    /// # Errors
    /// [`Error::OutputLen`] for a buffer of another length than the last of these offsets, [`Error::OutOfMemory`].
    pub fn resample_batch_into<T: Sample>(&self, batch: &Batch<'_, T>, output: &mut [T]) -> Result<RunReport> {
        pollster::block_on(self.resample_batch_into_async(batch, output))
    }

    /// [`resample_batch_into`](Self::resample_batch_into) for callers that must not block, see
    /// [`resample_batch_async`](Self::resample_batch_async).
    ///
    /// # Errors
    /// As [`resample_batch_into`](Self::resample_batch_into).
    pub async fn resample_batch_into_async<T: Sample>(
        &self,
        batch: &Batch<'_, T>,
        output: &mut [T],
    ) -> Result<RunReport> {
        let clips: Vec<_> = batch.iter().collect();
        let offsets = batch.output_offsets();
        if output.len() != total(&offsets) {
            return Err(Error::OutputLen { expected: total(&offsets), actual: output.len() });
        }
        let (mut reasons, estimate) = self.reasons(clips.iter().map(|&(plan, clip)| (Some(plan), clip))).await;
        let mut clamped = match T::typed_mut(output) {
            TypedMut::F32(output) => self.batch_on_gpu::<T, f32>(&clips, &mut reasons, &offsets, output).await,
            TypedMut::I16(output) => self.batch_on_gpu::<T, i16>(&clips, &mut reasons, &offsets, output).await,
            TypedMut::F16(output) => self.batch_on_gpu::<T, f16>(&clips, &mut reasons, &offsets, output).await,
            TypedMut::Other => Clamped::default(),
        };
        clamped += self.cpu.resample_some_into(batch, output, |clip| reasons[clip].is_some());
        Ok(RunReport::new(reasons, estimate, clamped))
    }

    /// Applies the adjoint of resampling to every gradient of a batch, see
    /// [`GpuResampler::adjoint_batch`](crate::GpuResampler::adjoint_batch) and
    /// [`CpuResampler::adjoint`](crate::CpuResampler::adjoint). The result is complete whatever happens to the GPU, as
    /// with [`resample_batch`](Self::resample_batch).
    ///
    /// ```
    /// use polyphase::{Batch, Plan, ResampleOptions, Resampler};
    ///
    /// let plan = Plan::new(48_000, 16_000, ResampleOptions::default())?;
    /// let gradients: Batch<_> = [(&plan, &[1.0_f32; 1600][..])].into_iter().collect();
    /// let (gradients, _) = Resampler::auto().adjoint_batch(&gradients, &[4800])?;
    /// // Three samples share in each output, whose taps sum to nearly 1.
    /// assert!((gradients[0][2400] - 1.0 / 3.0).abs() < 1e-3);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::BatchLen`] if there are not as many lengths as gradients, [`Error::OutputLen`] for a gradient of
    /// another length than [`Plan::output_len`] of its clip, [`Error::FilterTooLarge`] if a transposed filter is beyond
    /// the limit, [`Error::OutOfMemory`].
    pub fn adjoint_batch<T: Sample>(
        &self,
        gradients: &Batch<'_, T>,
        input_lens: &[usize],
    ) -> Result<(BatchBuf<T>, RunReport)> {
        let offsets = Adjoints::new(gradients, input_lens)?.offsets;
        let mut samples = T::zeroed(total(&offsets))?;
        let clips: Vec<_> = gradients.iter().collect();
        let plans = clips.iter().map(|&(plan, gradient)| (plan.transposed().ok(), gradient));
        let (mut reasons, estimate) = pollster::block_on(self.reasons(plans));
        let mut clamped = match T::typed_mut(&mut samples) {
            TypedMut::F32(output) => {
                self.adjoints_on_gpu::<T, f32>(&clips, input_lens, &mut reasons, &offsets, output)?
            }
            TypedMut::I16(output) => {
                self.adjoints_on_gpu::<T, i16>(&clips, input_lens, &mut reasons, &offsets, output)?
            }
            TypedMut::F16(output) => {
                self.adjoints_on_gpu::<T, f16>(&clips, input_lens, &mut reasons, &offsets, output)?
            }
            TypedMut::Other => Clamped::default(),
        };
        for index in indices(&reasons, Option::is_some) {
            let (plan, gradient) = clips[index];
            clamped += self.cpu.adjoint_into(plan, gradient, &mut samples[offsets[index]..offsets[index + 1]])?;
        }
        Ok((BatchBuf::from_parts(samples, offsets), RunReport::new(reasons, estimate, clamped)))
    }

    /// Chooses the backend of each clip from the plan that computes it (`None` for a transposed plan that cannot be
    /// made): the reason why the CPU computes the clip, or `None` for the GPU,
    /// and the estimate for those on the GPU.
    async fn reasons<'a, T: Sample>(
        &self,
        clips: impl Iterator<Item = (Option<&'a Plan>, &'a [T])>,
    ) -> (Vec<Option<CpuReason>>, Option<Estimate>) {
        let clips: Vec<_> = clips.collect();
        let all = |reason: CpuReason| (vec![Some(reason); clips.len()], None);
        if let Some(reason) = self.gpu.known_reason() {
            return all(reason);
        }
        if matches!(T::typed(&[]), Typed::Other) {
            return all(CpuReason::SampleType);
        }
        let work = |&(plan, clip): &(Option<&Plan>, &[T])| Some(Work::new(plan?, clip.len(), size_of::<T>()));
        let mut works: Vec<_> = clips.iter().map(work).collect();
        if self.gpu.could_pay(self.cpu, &works) {
            let can_compute = |plan: &Option<&Plan>| plan.is_some_and(|plan| self.gpu.can_compute(plan));
            works.iter_mut().zip(&clips).filter(|(_, (plan, _))| !can_compute(plan)).for_each(|(work, _)| *work = None);
        }
        let choice = self.gpu.choose(self.cpu, &works).await;
        let reason = |(index, work): (usize, &Option<Work>)| match (work, &choice) {
            (None, _) => Some(CpuReason::FilterTooLong),
            (Some(_), Err(reason)) => Some(reason.clone()),
            (Some(_), Ok(choice)) => (!choice.on_gpu[index]).then(|| choice.reason()),
        };
        (works.iter().enumerate().map(reason).collect(), choice.as_ref().ok().and_then(|choice| choice.sent))
    }

    /// Resamples on the GPU the clips that have no reason for the CPU, and gives one to each clip that the GPU did not
    /// complete.
    async fn batch_on_gpu<T: Sample, G: OnGpu>(
        &self,
        clips: &[(&Plan, &[T])],
        reasons: &mut [Option<CpuReason>],
        offsets: &[usize],
        output: &mut [G],
    ) -> Clamped {
        let chosen = indices(reasons, Option::is_none);
        let (Some(context), false) = (self.gpu.opened(), chosen.is_empty()) else { return Clamped::default() };
        let part: Batch<'_, G> = chosen.iter().map(|&index| (clips[index].0, G::of(clips[index].1))).collect();
        let mut outputs = chosen_slices(output, offsets, &chosen);
        let outcome = context.gpu.run_batch(&part, &mut outputs, self.run_options()).await;
        finish(context, &outcome, &chosen, reasons)
    }

    /// Applies the adjoint to the gradients that have no reason, as [`batch_on_gpu`](Self::batch_on_gpu).
    fn adjoints_on_gpu<T: Sample, G: OnGpu>(
        &self,
        clips: &[(&Plan, &[T])],
        input_lens: &[usize],
        reasons: &mut [Option<CpuReason>],
        offsets: &[usize],
        output: &mut [G],
    ) -> Result<Clamped> {
        let chosen = indices(reasons, Option::is_none);
        let (Some(context), false) = (self.gpu.opened(), chosen.is_empty()) else { return Ok(Clamped::default()) };
        let part: Batch<'_, G> = chosen.iter().map(|&index| (clips[index].0, G::of(clips[index].1))).collect();
        let lens: Vec<_> = chosen.iter().map(|&index| input_lens[index]).collect();
        let adjoints = Adjoints::new(&part, &lens)?;
        let mut outputs = chosen_slices(output, offsets, &chosen);
        let run = context.gpu.run_adjoints(&part, &adjoints, &mut outputs, self.run_options());
        Ok(finish(context, &pollster::block_on(run), &chosen, reasons))
    }

    /// The CPU's threads copy samples and outputs. Clips that are not finite are left to the CPU.
    fn run_options(&self) -> RunOptions {
        RunOptions { threads: self.cpu.threads(), skips_not_finite: true }
    }

    /// True if the GPU could be faster for a batch with these options and an exact filter, at some pair of rates, whose
    /// clips and outputs have so many float32 samples together. A GPU that is not open yet counts as the best possible
    /// one, which has to be opened first. If this is false, a program need not ask for a GPU.
    ///
    /// An interpolated filter, which needs rates that no recording has, costs four times as much as an exact one.
    /// [`can_use_gpu`](Self::can_use_gpu) takes that into account.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub fn could_use_gpu(&self, options: &ResampleOptions, samples: u64) -> bool {
        // A plan has about 2 · width / rolloff · max(1, M/L) taps, and 1 + M/L samples cross the bus for each output.
        // Upsampling by a large factor costs most for each sample that crosses, and makes most of them.
        let samples = samples as f64;
        let taps = 2.0 * options.lowpass_filter_width / options.rolloff + 1.0;
        let work = Work { multiply_adds: samples * taps, samples, bytes: samples * size_of::<f32>() as f64 };
        self.gpu.pays(self.cpu, work)
    }

    /// True if finite float32 clips of a plan go to the GPU in a large batch: it can compute them, and with
    /// [`Backend::Auto`] it is faster. Opens the GPU if the best possible one would be faster.
    pub fn can_use_gpu(&self, plan: &Plan) -> bool {
        let work = Work::new(plan, 1 << 20, size_of::<f32>());
        let can_compute = || self.context().is_ok_and(|context| context.gpu.can_compute(plan));
        self.gpu.suits(self.cpu, &work) && can_compute() && self.gpu.suits(self.cpu, &work)
    }
}

fn total(offsets: &[usize]) -> usize {
    offsets.last().copied().unwrap_or(0)
}

fn indices<T>(items: &[T], is_chosen: impl Fn(&T) -> bool) -> Vec<usize> {
    items.iter().enumerate().filter(|(_, item)| is_chosen(item)).map(|(index, _)| index).collect()
}

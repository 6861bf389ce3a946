//! [`Resampler`]: the backend that suits each clip, and the CPU where the GPU cannot compute or fails.

mod backend;
mod builder;
mod on_gpu;
mod report;
#[cfg(test)]
mod tests;

use half::f16;
use ndarray::{Array, ArrayBase, Axis, Data, Dimension};

pub use self::backend::{ADAPTER_VARIABLE, BACKEND_VARIABLE, Backend};
pub use self::builder::ResamplerBuilder;
use self::on_gpu::{OnGpu, chosen_slices, finish};
pub use self::report::{CpuReason, RunReport};
use crate::alloc::array_of;
use crate::batch::{Batch, BatchBuf};
use crate::clamped::Clamped;
use crate::cpu::{CpuResampler, Sample, Typed, TypedMut};
use crate::error::{Error, Result};
use crate::gpu::{AdapterSummary, Adjoints, Context, RunOptions};
use crate::lanes::{Lanes, fill, output_shape};
use crate::options::ResampleOptions;
use crate::plan::Plan;

/// Least number of multiply-adds, for each sample that crosses the bus in either direction, at which clips in host
/// memory are sent to a GPU. PCIe 4 carries about 6 G samples a second each way, and a CPU core computes about 30 G
/// multiply-adds a second: below some tens of multiply-adds per sample the CPU is done before the samples have crossed
/// the bus.
const MIN_MULTIPLY_ADDS_PER_SAMPLE: u128 = 64;

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
    gpu: std::result::Result<Context, CpuReason>,
    always_gpu: bool,
}

impl ResamplerBuilder {
    /// Opens and tests the device. With [`Backend::Auto`] a GPU that cannot be opened is no error:
    /// [`Resampler::reason`] says why.
    ///
    /// # Errors
    /// For [`Backend::Gpu`]: [`Error::NoGpu`](crate::Error::NoGpu), [`Error::GpuSelfTest`](crate::Error::GpuSelfTest),
    /// and those of [`GpuResampler::new`](crate::GpuResampler::new). [`Error::UnknownName`](crate::Error::UnknownName)
    /// for an environment variable that names no backend.
    pub fn build(self) -> Result<Resampler> {
        let Self { backend, adapter, allow_software, device, cpu } = self;
        let backend = backend.map_or_else(Backend::from_environment, Ok)?;
        if backend == Backend::Cpu {
            return Ok(Resampler::on_cpu(cpu, CpuReason::Requested));
        }
        let adapter = adapter
            .or_else(|| std::env::var_os(ADAPTER_VARIABLE).map(|adapter| adapter.to_string_lossy().into_owned()));
        let opened = match device {
            Some((device, queue)) => pollster::block_on(Context::with_device(device, queue)),
            None => pollster::block_on(Context::open(allow_software, adapter.as_deref())),
        };
        match opened {
            Ok(context) => Ok(Resampler { cpu, gpu: Ok(context), always_gpu: backend == Backend::Gpu }),
            Err(error) if backend == Backend::Gpu => Err(error),
            Err(error) => Ok(Resampler::on_cpu(cpu, CpuReason::NoGpu(error))),
        }
    }
}

impl Resampler {
    /// Resampler with the GPU if there is one, else with the CPU only, unless the environment variable
    /// [`BACKEND_VARIABLE`] names a backend.
    ///
    /// This never fails: if no GPU is open, [`reason`](Self::reason) says why.
    pub fn auto() -> Self {
        Self::builder().build().unwrap_or_else(|error| Self::on_cpu(CpuResampler::new(), CpuReason::NoGpu(error)))
    }

    /// Builder with the default settings.
    pub fn builder() -> ResamplerBuilder {
        ResamplerBuilder::default()
    }

    fn on_cpu(cpu: CpuResampler, reason: CpuReason) -> Self {
        Self { cpu, gpu: Err(reason), always_gpu: false }
    }

    /// [`Backend::Gpu`] if a GPU is open, else [`Backend::Cpu`].
    pub fn backend(&self) -> Backend {
        if self.gpu.is_ok() { Backend::Gpu } else { Backend::Cpu }
    }

    /// Reason why no GPU is open; `None` if one is.
    pub fn reason(&self) -> Option<&CpuReason> {
        self.gpu.as_ref().err()
    }

    /// Adapter of the GPU that is open; `None` if none is.
    pub fn adapter(&self) -> Option<&AdapterSummary> {
        self.gpu.as_ref().ok().map(|context| &context.summary)
    }

    /// Device and queue of the GPU that is open, for sharing; `None` if none is.
    pub fn device(&self) -> Option<(&wgpu::Device, &wgpu::Queue)> {
        self.gpu.as_ref().ok().map(|context| (context.gpu.device(), context.gpu.queue()))
    }

    /// Threads and SIMD level for clips that the CPU computes.
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
        let offsets = batch.output_offsets();
        let mut samples = T::zeroed(total(&offsets))?;
        let report = self.resample_batch_into(batch, &mut samples)?;
        Ok((BatchBuf::from_parts(samples, offsets), report))
    }

    /// Resamples every clip of a batch into one packed buffer, in which the outputs of clip i begin at offset i of
    /// [`Batch::output_offsets`].
    ///
    /// # Errors
    /// [`Error::OutputLen`] for a buffer of another length than the last of these offsets, [`Error::OutOfMemory`].
    pub fn resample_batch_into<T: Sample>(&self, batch: &Batch<'_, T>, output: &mut [T]) -> Result<RunReport> {
        let clips: Vec<_> = batch.iter().collect();
        let offsets = batch.output_offsets();
        if output.len() != total(&offsets) {
            return Err(Error::OutputLen { expected: total(&offsets), actual: output.len() });
        }
        let mut reasons = self.reasons(clips.iter().map(|&(plan, clip)| (Some(plan), clip)));
        let mut clamped = match T::typed_mut(output) {
            TypedMut::F32(output) => self.batch_on_gpu::<T, f32>(&clips, &mut reasons, &offsets, output),
            TypedMut::I16(output) => self.batch_on_gpu::<T, i16>(&clips, &mut reasons, &offsets, output),
            TypedMut::F16(output) => self.batch_on_gpu::<T, f16>(&clips, &mut reasons, &offsets, output),
            TypedMut::Other => Clamped::default(),
        };
        clamped += self.cpu.resample_some_into(batch, output, |clip| reasons[clip].is_some());
        Ok(RunReport::new(reasons, clamped))
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
        let mut reasons = self.reasons(clips.iter().map(|&(plan, gradient)| (plan.transposed().ok(), gradient)));
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
        Ok((BatchBuf::from_parts(samples, offsets), RunReport::new(reasons, clamped)))
    }

    /// Chooses the backend of each clip from the plan that computes it (`None` for a transposed plan that cannot be
    /// made): the reason why the CPU computes the clip, or `None` for the GPU.
    fn reasons<'a, T: Sample>(
        &self,
        clips: impl Iterator<Item = (Option<&'a Plan>, &'a [T])>,
    ) -> Vec<Option<CpuReason>> {
        let context = match &self.gpu {
            Ok(context) if context.is_lost() => {
                let lost = Error::GpuLost { reason: "it was lost in an earlier call".to_owned() };
                return clips.map(|_| Some(CpuReason::GpuFailed(lost.clone()))).collect();
            }
            Ok(context) => context,
            Err(reason) => return clips.map(|_| Some(reason.clone())).collect(),
        };
        let reason = |(plan, clip): (Option<&Plan>, &[T])| match (plan, T::typed(clip)) {
            (_, Typed::Other) => Some(CpuReason::SampleType),
            (Some(plan), _) if !self.is_worth_the_transfer(plan) => Some(CpuReason::ShortFilter),
            (Some(plan), _) if !context.gpu.can_compute(plan) => Some(CpuReason::FilterTooLong),
            (None, _) => Some(CpuReason::FilterTooLong),
            _ => None,
        };
        clips.map(reason).collect()
    }

    /// Resamples the clips that have no reason on the GPU, and gives a reason to those that it did not complete.
    fn batch_on_gpu<T: Sample, G: OnGpu>(
        &self,
        clips: &[(&Plan, &[T])],
        reasons: &mut [Option<CpuReason>],
        offsets: &[usize],
        output: &mut [G],
    ) -> Clamped {
        let chosen = indices(reasons, Option::is_none);
        let (Ok(context), false) = (&self.gpu, chosen.is_empty()) else { return Clamped::default() };
        let part: Batch<'_, G> = chosen.iter().map(|&index| (clips[index].0, G::of(clips[index].1))).collect();
        let mut outputs = chosen_slices(output, offsets, &chosen);
        let outcome = pollster::block_on(context.gpu.run_batch(&part, &mut outputs, self.run_options()));
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
        let (Ok(context), false) = (&self.gpu, chosen.is_empty()) else { return Ok(Clamped::default()) };
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

    /// True if [`Backend::Auto`] could send clips with these options and an exact filter to a GPU, at some pair of
    /// rates. If not, a program need not open a GPU, which takes a tenth of a second.
    ///
    /// An interpolated filter, which needs rates that no recording has, costs four times as much as an exact one.
    /// [`can_use_gpu`](Self::can_use_gpu) takes that into account.
    pub fn could_use_gpu(options: &ResampleOptions) -> bool {
        // A plan has about 2 · width / rolloff · max(1, M/L) taps, and at least 1 + M/L samples cross for each output.
        #[expect(clippy::cast_precision_loss, reason = "a small constant")]
        let worth = 2.0 * options.lowpass_filter_width / options.rolloff + 1.0 >= MIN_MULTIPLY_ADDS_PER_SAMPLE as f64;
        worth
    }

    /// True if finite clips of a plan go to the GPU: one is open and can compute them, and for [`Backend::Auto`] the
    /// filter is long enough to pay for the transfer.
    pub fn can_use_gpu(&self, plan: &Plan) -> bool {
        self.gpu.as_ref().is_ok_and(|context| self.is_worth_the_transfer(plan) && context.gpu.can_compute(plan))
    }

    fn is_worth_the_transfer(&self, plan: &Plan) -> bool {
        let (stride, phases) = (u128::from(plan.ratio().stride()), u128::from(plan.ratio().phases()));
        // For each output, stride / phases samples go to the GPU and one comes back.
        let multiply_adds = u128::from(plan.multiply_adds()).saturating_mul(phases);
        self.always_gpu || multiply_adds / (stride + phases) >= MIN_MULTIPLY_ADDS_PER_SAMPLE
    }
}

fn total(offsets: &[usize]) -> usize {
    offsets.last().copied().unwrap_or(0)
}

fn indices<T>(items: &[T], is_chosen: impl Fn(&T) -> bool) -> Vec<usize> {
    items.iter().enumerate().filter(|(_, item)| is_chosen(item)).map(|(index, _)| index).collect()
}

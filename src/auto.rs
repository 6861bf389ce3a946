//! [`Resampler`]: whichever backend suits, and the CPU where the GPU cannot or does not.

use std::fmt;
use std::str::FromStr;

use crate::alloc::zeroed;
use crate::batch::{Batch, BatchBuf};
use crate::cpu::CpuResampler;
use crate::error::{Error, Result};
use crate::gpu::{AdapterSummary, Adjoints, Context, Cursor};
use crate::options::ResampleOptions;
use crate::plan::Plan;

/// Environment variable that overrides the backend: `auto`, `cpu` or `gpu`.
pub const BACKEND_VARIABLE: &str = "POLYPHASE_BACKEND";

/// Which backend to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Backend {
    /// A GPU if there is one, and for work that is worth the way there and back; else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The GPU, whatever the work; an error if there is none.
    Gpu,
}

impl FromStr for Backend {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "gpu" => Ok(Self::Gpu),
            _ => Err(Error::UnknownName { what: "backend", name: name.to_owned(), known: "auto, cpu, gpu".to_owned() }),
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
        })
    }
}

/// Multiply-adds for each sample that crosses the bus, in or out, from which a GPU is worth the way for samples in host
/// memory. The bus of PCIe 4 carries about 6 G samples a second each way, a CPU core computes about 30 G multiply-adds: below
/// some tens of them a sample the CPU is done before the samples have arrived.
const WORTH_THE_WAY: u128 = 64;

/// Resamples batches on the backend that suits, says which, and finishes on the CPU what a GPU could not.
///
/// ```
/// use polyphase::{Batch, Plan, ResampleOptions, Resampler};
///
/// let resampler = Resampler::auto();
/// let plan = Plan::new(48_000, 16_000, &ResampleOptions::default())?;
/// let mut batch = Batch::new();
/// batch.push(&plan, &[0.25_f32; 4800]);
/// let (resampled, report) = resampler.resample_batch(&batch)?;
/// assert_eq!(resampled.clip(0).map(<[f32]>::len), Some(1600));
/// println!("{} {}", resampler.backend_name(), report.reason);
/// # Ok::<(), polyphase::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Resampler {
    cpu: CpuResampler,
    gpu: Option<Context>,
    always_gpu: bool,
    reason: String,
}

/// What ran a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunReport {
    /// Clips that the GPU computed, wholly.
    pub gpu_clips: usize,
    /// Clips that the CPU computed, wholly or to the end.
    pub cpu_clips: usize,
    /// Why.
    pub reason: String,
}

impl Resampler {
    /// On a GPU if there is one, else on the CPU; `POLYPHASE_BACKEND` decides otherwise. Never fails: what cannot be had is
    /// told by [`reason`](Self::reason).
    pub fn auto() -> Self {
        let asked = std::env::var(BACKEND_VARIABLE).ok();
        let backend = asked.as_deref().map_or(Ok(Backend::Auto), str::parse);
        match backend.and_then(|backend| Self::new(backend, false)) {
            Ok(resampler) => resampler,
            Err(error) => Self::on_cpu(error.to_string()),
        }
    }

    /// On a backend of one's choice. A software adapter, slower than the CPU path, is used only if it is allowed.
    ///
    /// # Errors
    /// For [`Backend::Gpu`]: [`Error::NoGpu`], [`Error::GpuSelfTest`] and whatever else keeps the GPU from being opened.
    pub fn new(backend: Backend, allow_software: bool) -> Result<Self> {
        if backend == Backend::Cpu {
            return Ok(Self::on_cpu("as asked for".to_owned()));
        }
        match pollster::block_on(Context::open(allow_software, None)) {
            Ok(context) => {
                let reason = match backend {
                    Backend::Gpu => "as asked for".to_owned(),
                    _ => "there is a GPU".to_owned(),
                };
                let always_gpu = backend == Backend::Gpu;
                Ok(Self { cpu: CpuResampler::new(), gpu: Some(context), always_gpu, reason })
            }
            Err(error) if backend == Backend::Gpu => Err(error),
            Err(Error::NoGpu { reason }) => Ok(Self::on_cpu(reason)),
            Err(error) => Ok(Self::on_cpu(error.to_string())),
        }
    }

    fn on_cpu(reason: String) -> Self {
        Self { cpu: CpuResampler::new(), gpu: None, always_gpu: false, reason }
    }

    /// What the CPU computes is computed so.
    #[must_use]
    pub fn with_cpu(mut self, cpu: CpuResampler) -> Self {
        self.cpu = cpu;
        self
    }

    /// `GPU` or `CPU`.
    pub fn backend_name(&self) -> &'static str {
        if self.gpu.is_some() { "GPU" } else { "CPU" }
    }

    /// Why it is that one.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The adapter, if it has a GPU.
    pub fn adapter(&self) -> Option<&AdapterSummary> {
        self.gpu.as_ref().map(|context| &context.summary)
    }

    /// The device, if it has a GPU: to share it.
    pub fn device(&self) -> Option<&wgpu::Device> {
        self.gpu.as_ref().map(|context| context.gpu.device())
    }

    /// The CPU path that it has.
    pub fn cpu(&self) -> CpuResampler {
        self.cpu
    }

    /// Resamples every clip of a batch. Whatever happens to the GPU, the result is complete: what it finished is kept, the CPU
    /// does the rest, and the report says so.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn resample_batch(&self, batch: &Batch<'_, f32>) -> Result<(BatchBuf<f32>, RunReport)> {
        let clips: Vec<_> = batch.iter().collect();
        let offsets = batch.output_offsets();
        let mut samples = zeroed(offsets.last().copied().unwrap_or(0))?;
        let suitable = self.suitable(clips.iter().map(|&(plan, clip)| (Some(plan), clip)));
        let (on_cpu, report) = self.on_gpu(clips.len(), &suitable, |context| {
            let part = select(&clips, &suitable);
            let part_offsets = part.output_offsets();
            let mut computed = zeroed(part_offsets.last().copied().unwrap_or(0))?;
            let mut done = Cursor::default();
            let outcome = pollster::block_on(context.gpu.run_batch(&part, &part_offsets, &mut computed, &mut done));
            let finished = if outcome.is_ok() { part.len() } else { done.clip };
            scatter(&suitable[..finished], &computed, &part_offsets, &mut samples, &offsets);
            Ok((finished, outcome))
        })?;
        if on_cpu.len() == clips.len() {
            self.cpu.resample_batch_into(batch, &mut samples)?;
        } else {
            let (computed, part_offsets) = self.cpu.resample_batch(&select(&clips, &on_cpu))?.into_parts();
            scatter(&on_cpu, &computed, &part_offsets, &mut samples, &offsets);
        }
        Ok((BatchBuf::from_parts(samples, offsets), report))
    }

    /// Applies the transpose of resampling to every gradient of a batch, see
    /// [`GpuResampler::adjoint_batch`](crate::GpuResampler::adjoint_batch) and
    /// [`CpuResampler::adjoint`](crate::CpuResampler::adjoint). The result is complete, as that of
    /// [`resample_batch`](Self::resample_batch).
    ///
    /// ```
    /// use polyphase::{Batch, Plan, ResampleOptions, Resampler};
    ///
    /// let plan = Plan::new(48_000, 16_000, &ResampleOptions::default())?;
    /// let mut gradients = Batch::new();
    /// gradients.push(&plan, &[1.0_f32; 1600]);
    /// let (gradients, _) = Resampler::auto().adjoint_batch(&gradients, &[4800])?;
    /// // Three samples share in each output, whose taps sum to nearly 1.
    /// assert!((gradients.samples()[2400] - 1.0 / 3.0).abs() < 1e-3);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::BatchLen`] if there are not as many lengths as gradients, [`Error::OutputLen`] for a gradient of another length
    /// than [`Plan::output_len`] of the clip's, [`Error::FilterTooLarge`] if a filter's transpose is beyond the limit,
    /// [`Error::OutOfMemory`].
    pub fn adjoint_batch(
        &self,
        gradients: &Batch<'_, f32>,
        input_lens: &[usize],
    ) -> Result<(BatchBuf<f32>, RunReport)> {
        let offsets = Adjoints::new(gradients, input_lens)?.offsets;
        let mut samples = zeroed(offsets.last().copied().unwrap_or(0))?;
        let clips: Vec<_> = gradients.iter().collect();
        let suitable = self.suitable(clips.iter().map(|&(plan, gradient)| (plan.transposed().ok(), gradient)));
        let (on_cpu, report) = self.on_gpu(clips.len(), &suitable, |context| {
            let part = select(&clips, &suitable);
            let lens: Vec<_> = suitable.iter().map(|&index| input_lens[index]).collect();
            let adjoints = Adjoints::new(&part, &lens)?;
            let mut computed = zeroed(adjoints.offsets.last().copied().unwrap_or(0))?;
            let (finished, outcome) = pollster::block_on(context.gpu.run_adjoints(&part, &adjoints, &mut computed))?;
            scatter(&suitable[..finished], &computed, &adjoints.offsets, &mut samples, &offsets);
            Ok((finished, outcome))
        })?;
        for index in on_cpu {
            let (plan, gradient) = clips[index];
            self.cpu.adjoint_into(plan, gradient, &mut samples[offsets[index]..offsets[index + 1]])?;
        }
        Ok((BatchBuf::from_parts(samples, offsets), report))
    }

    /// The clips that go to the GPU, by the plans that compute them.
    fn suitable<'a>(&self, clips: impl Iterator<Item = (Option<&'a Plan>, &'a [f32])>) -> Vec<usize> {
        let suits =
            |(plan, clip): (Option<&Plan>, &[f32])| plan.is_some_and(|plan| self.suits(plan)) && is_finite(clip);
        clips.enumerate().filter(|&(_, clip)| suits(clip)).map(|(index, _)| index).collect()
    }

    /// Has `run` compute the suitable clips of a batch on the GPU, which tells how many it finished and what ended it early.
    /// Returns the others, and those that it did not finish.
    fn on_gpu(
        &self,
        clips: usize,
        suitable: &[usize],
        run: impl FnOnce(&Context) -> Result<(usize, Result<()>)>,
    ) -> Result<(Vec<usize>, RunReport)> {
        let mut on_cpu: Vec<usize> = (0..clips).collect();
        let mut reason = self.reason.clone();
        if let Some(context) = &self.gpu {
            if context.is_lost() {
                "the GPU device was lost earlier".clone_into(&mut reason);
            } else {
                let (finished, outcome) = run(context)?;
                on_cpu.retain(|index| suitable[..finished].binary_search(index).is_err());
                match outcome {
                    Err(error) => {
                        if matches!(error, Error::GpuLost { .. }) {
                            context.give_up();
                        }
                        reason = format!("{error}; the CPU did the rest");
                    }
                    Ok(()) if !on_cpu.is_empty() => {
                        "the CPU is faster for short filters, and alone in keeping NaN and infinities apart"
                            .clone_into(&mut reason);
                    }
                    Ok(()) => {}
                }
            }
        }
        let report = RunReport { gpu_clips: clips - on_cpu.len(), cpu_clips: on_cpu.len(), reason };
        Ok((on_cpu, report))
    }

    /// Whether any plan with these options, and an exact bank, could be worth the way to a GPU and back: for others
    /// [`Backend::Auto`] need not look for one, which takes a tenth of a second. (An interpolated bank costs four times as
    /// much; that takes rates that no recording has, [`suits`](Self::suits) knows of it.)
    pub fn is_worth_a_gpu(options: &ResampleOptions) -> bool {
        // A plan has about 2 · width / rolloff · max(1, M/L) taps, and at least 1 + M/L samples cross for each output.
        #[expect(clippy::cast_precision_loss, reason = "a small constant")]
        let worth = 2.0 * options.lowpass_filter_width / options.rolloff + 1.0 >= WORTH_THE_WAY as f64;
        worth
    }

    /// Whether clips of a plan go to its GPU, if their samples are numbers: it can compute them, and for [`Backend::Auto`] it is
    /// worth the way.
    pub fn suits(&self, plan: &Plan) -> bool {
        let (stride, phases) = (plan.ratio().stride(), plan.ratio().phases());
        // For each output, one sample goes back, and stride / phases come.
        let multiply_adds = u128::from(plan.multiply_adds()).saturating_mul(phases.into());
        let worth = self.always_gpu || multiply_adds / (u128::from(stride) + u128::from(phases)) >= WORTH_THE_WAY;
        self.gpu.as_ref().is_some_and(|context| worth && context.gpu.can_compute(plan))
    }
}

fn is_finite(clip: &[f32]) -> bool {
    // Without an early exit this is a vector loop.
    clip.iter().fold(true, |finite, sample| finite & sample.is_finite())
}

fn select<'a>(clips: &[(&Plan, &'a [f32])], indices: &[usize]) -> Batch<'a, f32> {
    let mut selected = Batch::new();
    indices.iter().for_each(|&index| selected.push(clips[index].0, clips[index].1));
    selected
}

/// Copies clips that lie packed in `computed` to where those of these indices belong.
fn scatter(indices: &[usize], computed: &[f32], part_offsets: &[usize], samples: &mut [f32], offsets: &[usize]) {
    for (&index, range) in indices.iter().zip(part_offsets.windows(2)) {
        samples[offsets[index]..offsets[index + 1]].copy_from_slice(&computed[range[0]..range[1]]);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::gpu::with_fault;

    /// Whatever fails, wherever it fails: the batch is complete and right, the report names the fault, and the next batch
    /// works.
    #[test]
    fn every_fault_at_every_call_leaves_a_complete_batch() {
        let Ok(mut resampler) = Resampler::new(Backend::Gpu, true) else {
            assert!(
                std::env::var_os("POLYPHASE_REQUIRE_GPU").is_none(),
                "POLYPHASE_REQUIRE_GPU is set, and there is no GPU"
            );
            // Past the test harness, which keeps what passing tests print to itself.
            let _ = writeln!(std::io::stderr(), "SKIPPED: faults at every GPU call, no GPU adapter");
            return;
        };
        let plans = [(48_000, 44_100), (8_000, 16_000), (7, 5)]
            .map(|(orig, new)| Plan::new(orig, new, &ResampleOptions::default()).expect("a plan"));
        let clips: Vec<Vec<f32>> =
            (0..12_u16).map(|i| (0..400 * i).map(|n| (f32::from(n) * 0.1).sin()).collect()).collect();
        let mut batch = Batch::new();
        clips.iter().zip(plans.iter().cycle()).for_each(|(clip, plan)| batch.push(plan, clip));
        let expected = CpuResampler::new().resample_batch(&batch).expect("fits");
        let message = "injected".to_owned();
        let faults = [
            Error::GpuLost { reason: message.clone() },
            Error::GpuOutOfMemory { message: message.clone() },
            Error::GpuRefused { message },
        ];
        for fault in faults {
            let mut reached = true;
            let mut calls = 0;
            while reached {
                // Anew each time, so that pools are empty; a lost device is not used again.
                if resampler.gpu.as_ref().is_none_or(Context::is_lost) {
                    resampler = Resampler::new(Backend::Gpu, true).expect("it was there before");
                }
                let (result, came) = with_fault(calls, fault.clone(), || resampler.resample_batch(&batch));
                let (outputs, report) = result.expect("complete");
                let close = outputs.samples().iter().zip(expected.samples()).all(|(a, e)| (a - e).abs() < 2e-6);
                assert!(close && outputs.offsets() == expected.offsets(), "{fault:?} at call {calls}");
                // Memory that runs out once is asked for again, in smaller pieces.
                let survived = matches!(fault, Error::GpuOutOfMemory { .. }) && report.cpu_clips == 0;
                assert_eq!(report.reason.contains("injected"), came && !survived, "{report:?} at call {calls}");
                reached = came;
                calls += 1;
            }
            assert!(calls > 8, "{calls} calls: the seam is not where the calls are");
        }
    }

    /// An interpolated bank costs four times the multiply-adds of an exact one with as many taps.
    #[test]
    fn filters_are_worth_the_way_by_what_they_cost() {
        let Ok(mut resampler) = Resampler::new(Backend::Gpu, true) else {
            assert!(
                std::env::var_os("POLYPHASE_REQUIRE_GPU").is_none(),
                "POLYPHASE_REQUIRE_GPU is set, and there is no GPU"
            );
            let _ = writeln!(std::io::stderr(), "SKIPPED: what is worth the way, no GPU adapter");
            return;
        };
        let plan = |orig, new, options: &ResampleOptions| Plan::new(orig, new, options).expect("a plan");
        let (fast, best) = (ResampleOptions::kaiser_fast(), ResampleOptions::kaiser_best());
        for (options, exact, interpolated) in
            [(ResampleOptions::default(), false, false), (fast, false, true), (best, true, true)]
        {
            resampler.always_gpu = false;
            assert_eq!(resampler.suits(&plan(48_000, 44_100, &options)), exact);
            assert_eq!(resampler.suits(&plan(4_294_967_291, 4_294_967_279, &options)), interpolated);
            resampler.always_gpu = true;
            assert!(resampler.suits(&plan(4_294_967_291, 4_294_967_279, &options)));
        }
    }
}

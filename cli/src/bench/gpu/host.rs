//! [`Calls`] and [`RoundTrip`]: what a caller waits for: the preparation of a job, a small call, and a batch from host
//! memory and back.

use std::time::Instant;

use anyhow::{Context, Result};
use polyphase::{Batch, CpuResampler, GpuClip, GpuResampler, GpuSample, Sample};
use serde::Serialize;

use super::cases::{Case, SECONDS, Samples};
use super::device::Gpu;
use super::noise::{Noise, noise};
use super::pace::{median, runs};
use super::peaks::count;
use crate::bench::check::{Output, compare};

/// Most clips of a batch in host memory.
const MAX_CLIPS: u64 = 64;

/// Times of calls that do not depend on the speed of the kernels.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Calls {
    /// Number of clips of the prepared job.
    pub(super) clips: u64,
    /// Time of the first `prepare` of a resampler, which compiles the pipeline.
    pub(super) first_prepare_milliseconds: f64,
    /// Time of a later `prepare` of the same job.
    pub(super) prepare_milliseconds: f64,
    /// Time of `resample_batch` of one clip of 0.1 seconds.
    pub(super) small_call_milliseconds: f64,
}

impl Calls {
    pub(super) fn measure(gpu: &Gpu, case: &Case, clips: u64, repeat: usize) -> Result<Self> {
        let resampler = GpuResampler::new(&gpu.device, &gpu.queue)?;
        let (clip_len, output_len) = (case.clip_len(), case.output_len());
        // No buffers are needed yet, but all offsets must be below 2³⁰.
        let clips = clips.min(((1 << 30) - 1) / clip_len.max(output_len));
        let layout: Vec<_> =
            (0..clips).map(|clip| GpuClip::new(&case.plan, clip * clip_len, clip_len, clip * output_len)).collect();
        let prepare = || seconds(|| resampler.prepare(&layout, Samples::F32.job_options()).map(drop));
        let first_prepare = prepare()?;
        let prepare = median(repeat, prepare)?;
        gpu.wait()?;
        let small = noise::<f32>(0, usize::try_from(case.orig_freq / 10)?);
        let batch: Batch<'_, f32> = [(&case.plan, &small[..])].into_iter().collect();
        let call = || seconds(|| resampler.resample_batch(&batch).map(drop));
        call()?;
        let small_call = median(2 * repeat, call)?;
        Ok(Self {
            clips,
            first_prepare_milliseconds: 1e3 * first_prepare,
            prepare_milliseconds: 1e3 * prepare,
            small_call_milliseconds: 1e3 * small_call,
        })
    }
}

/// Times of one batch that begins and ends in host memory.
#[derive(Debug, Clone, Serialize)]
pub(super) struct RoundTrip {
    pub(super) filter: &'static str,
    pub(super) orig_freq: u32,
    pub(super) new_freq: u32,
    /// Type of the samples and of the outputs.
    pub(super) samples: &'static str,
    /// Number of clips of 10 seconds.
    pub(super) clips: u64,
    pub(super) gpu_milliseconds: f64,
    pub(super) gpu_times_real_time: f64,
    /// Time of the CPU with all threads for the same batch.
    pub(super) cpu_milliseconds: f64,
    pub(super) cpu_times_real_time: f64,
    /// Largest difference between the outputs of the GPU and the CPU, of full scale.
    worst_difference: f64,
}

impl RoundTrip {
    /// Measures a case with at most `clips` clips, and about `time` seconds of runs.
    pub(super) fn measure(
        resampler: &GpuResampler,
        case: &Case,
        samples: Samples,
        clips: u64,
        time: f64,
        repeat: usize,
    ) -> Result<Self> {
        let measured = match samples {
            Samples::F32 => Self::measure_as::<f32>(resampler, case, samples, clips, time, repeat),
            Samples::I16 => Self::measure_as::<i16>(resampler, case, samples, clips, time, repeat),
        };
        measured.with_context(|| {
            let samples = samples.name();
            format!("{} to {} Hz, {}, {samples} in host memory", case.orig_freq, case.new_freq, case.filter)
        })
    }

    fn measure_as<T: GpuSample + Sample + Noise + Output>(
        resampler: &GpuResampler,
        case: &Case,
        samples: Samples,
        clips: u64,
        time: f64,
        repeat: usize,
    ) -> Result<Self> {
        let clips = clips.min(MAX_CLIPS);
        let len = usize::try_from(case.clip_len())?;
        let inputs: Vec<Vec<T>> = (0..clips).map(|clip| noise(clip * case.clip_len(), len)).collect();
        let batch: Batch<'_, T> = inputs.iter().map(|clip| (&case.plan, &clip[..])).collect();
        let cpu = CpuResampler::new();
        let mut expected = cpu.resample_batch(&batch)?.into_parts().0;
        let mut actual = resampler.resample_batch(&batch)?.into_parts().0;
        let worst_difference = compare(&actual, &expected)?;
        let mut on_gpu = || seconds(|| resampler.resample_batch_into(&batch, &mut actual));
        let once = on_gpu()?;
        let gpu_seconds = median(runs(time, once, repeat), on_gpu)?;
        let mut on_cpu = || seconds(|| cpu.resample_batch_into(&batch, &mut expected));
        let once = on_cpu()?;
        let cpu_seconds = median(runs(time, once, repeat), on_cpu)?;
        Ok(Self {
            filter: case.filter,
            orig_freq: case.orig_freq,
            new_freq: case.new_freq,
            samples: samples.name(),
            clips,
            gpu_milliseconds: 1e3 * gpu_seconds,
            gpu_times_real_time: count(clips * SECONDS) / gpu_seconds,
            cpu_milliseconds: 1e3 * cpu_seconds,
            cpu_times_real_time: count(clips * SECONDS) / cpu_seconds,
            worst_difference,
        })
    }
}

/// Time of a call in seconds.
fn seconds<R>(call: impl FnOnce() -> polyphase::Result<R>) -> Result<f64> {
    let start = Instant::now();
    call()?;
    Ok(start.elapsed().as_secs_f64())
}

//! [`measure`]: clips that are resident in the memory of the device, in the buffers of the caller.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use polyphase::wgpu::{self, BufferUsages};
use polyphase::{AdapterKind, CpuResampler, GpuClip, GpuResampler, Job, Sample};
use serde::Serialize;

use super::cases::{Case, SECONDS, Samples};
use super::device::Gpu;
use super::noise::{Noise, noise};
use super::pace::{Limit, Pace, Schedule, median, runs};
use super::peaks::{Peaks, count};
use super::probes::Probes;
use crate::bench::check::{Output, compare};

/// Time in seconds for which a case runs before it is measured.
const WARM_UP: f64 = 0.05;

/// Most samples in a buffer of a job.
const MAX_SAMPLES: u64 = (1 << 30) - 1;

/// Result of one case.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    pub(super) filter: &'static str,
    pub(super) orig_freq: u32,
    pub(super) new_freq: u32,
    pub(super) taps: usize,
    /// Type of the samples and of the outputs.
    pub(super) samples: &'static str,
    /// Number of clips of 10 seconds.
    pub(super) clips: u64,
    /// Number of runs of which the median is taken.
    runs: usize,
    pub(super) milliseconds: f64,
    pub(super) times_real_time: f64,
    pub(super) limit_milliseconds: f64,
    pub(super) limited_by: &'static str,
    pub(super) share_of_limit: f64,
    /// Largest difference from the outputs of the CPU, of full scale.
    worst_difference: f64,
}

/// Device that is measured, and the resources that its cases share.
#[derive(Debug)]
pub(super) struct Setup<'a> {
    pub(super) gpu: &'a Gpu,
    pub(super) probes: &'a Probes,
    pub(super) resampler: &'a GpuResampler,
    pub(super) peaks: &'a Peaks,
    pub(super) repeat: usize,
}

/// Measures the cases of one pair of rates, one for each filter, with at most `clips` clips.
pub(super) fn measure(
    setup: &Setup<'_>,
    cases: &[Case],
    paces: &mut [Pace],
    schedule: &mut Schedule,
    samples: Samples,
    clips: u64,
) -> Result<Vec<Row>> {
    let planned: Vec<_> = cases
        .iter()
        .zip(&*paces)
        .map(|(case, pace)| {
            let time = schedule.next_case();
            (time, pace.clips(time, Limit::new(setup.peaks, case, samples, 1), clips))
        })
        .collect();
    let most = planned.iter().map(|&(_, clips)| clips).max().unwrap_or(1);
    let parts = Parts::new(setup, &cases[0], samples, most)?;
    let mut rows = Vec::new();
    for ((case, pace), (time, clips)) in cases.iter().zip(paces).zip(planned) {
        let clips = clips.min(parts.clips());
        let row = measure_row(setup, &parts, case, samples, clips, time).with_context(|| {
            format!("{} to {} Hz, {}, {} samples", case.orig_freq, case.new_freq, case.filter, samples.name())
        })?;
        *pace = Pace::measured(row.share_of_limit);
        rows.push(row);
    }
    Ok(rows)
}

fn measure_row(setup: &Setup<'_>, parts: &Parts, case: &Case, samples: Samples, clips: u64, time: f64) -> Result<Row> {
    let jobs = parts.jobs(setup.resampler, case, samples, clips)?;
    let run = || {
        setup.gpu.time_pass(|pass| {
            for (job, Part { input, output }) in jobs.iter().zip(&parts.parts) {
                let (input, output) = (input.as_entire_buffer_binding(), output.as_entire_buffer_binding());
                setup.resampler.record(pass, job, input, output)?;
            }
            Ok(())
        })
    };
    let start = Instant::now();
    let mut once = run()?;
    while start.elapsed().as_secs_f64() < WARM_UP {
        once = run()?;
    }
    let runs = runs(time, once, setup.repeat);
    let seconds = median(runs, run)?;
    let worst_difference = match samples {
        Samples::F32 => parts.check::<f32>(setup.gpu, case, clips)?,
        Samples::I16 => parts.check::<i16>(setup.gpu, case, clips)?,
    };
    let limit = Limit::new(setup.peaks, case, samples, clips);
    Ok(Row {
        filter: case.filter,
        orig_freq: case.orig_freq,
        new_freq: case.new_freq,
        taps: case.plan.taps(),
        samples: samples.name(),
        clips,
        runs,
        milliseconds: 1e3 * seconds,
        times_real_time: count(clips * SECONDS) / seconds,
        limit_milliseconds: 1e3 * limit.seconds,
        limited_by: limit.bound,
        share_of_limit: limit.seconds / seconds,
        worst_difference,
    })
}

/// Clips and their outputs, in as few buffers as the limits of the device allow.
#[derive(Debug)]
struct Parts {
    parts: Vec<Part>,
    clips_in_part: u64,
}

#[derive(Debug)]
struct Part {
    input: wgpu::Buffer,
    output: wgpu::Buffer,
}

impl Parts {
    /// Allocates buffers for `clips` clips, or fewer if memory is short, and fills the inputs with noise.
    fn new(setup: &Setup<'_>, case: &Case, samples: Samples, clips: u64) -> Result<Self> {
        let gpu = setup.gpu;
        // The device frees dropped buffers when it is polled.
        gpu.wait()?;
        let (input_bytes, output_bytes) = (case.clip_len() * samples.bytes(), case.output_len() * samples.bytes());
        let clips = clips.min(memory(gpu) / (input_bytes + output_bytes));
        let most = (gpu.max_buffer() / input_bytes.max(output_bytes))
            .min(MAX_SAMPLES / case.clip_len().max(case.output_len()));
        let mut clips_in_part = clips.min(most);
        let mut parts = Vec::new();
        while parts.len() as u64 * clips_in_part < clips {
            ensure!(clips_in_part > 0, "the GPU has no memory for a clip of {SECONDS} seconds");
            let input = gpu.buffer(clips_in_part * input_bytes, BufferUsages::STORAGE);
            let output = gpu.buffer(clips_in_part * output_bytes, BufferUsages::STORAGE | BufferUsages::COPY_SRC);
            if let (Some(input), Some(output)) = (input, output) {
                parts.push(Part { input, output });
            } else if parts.is_empty() {
                clips_in_part /= 2;
            } else {
                // The tables of the jobs need memory too.
                if parts.len() > 1 {
                    parts.pop();
                }
                break;
            }
        }
        for part in &parts {
            let shader = if samples == Samples::F32 { f32::SHADER } else { i16::SHADER };
            let fill = setup.probes.probe(shader, &[(2, &part.input)]);
            gpu.time_pass(|pass| {
                fill.record(pass, part.input.size() / 4);
                Ok(())
            })?;
        }
        Ok(Self { parts, clips_in_part })
    }

    fn clips(&self) -> u64 {
        self.parts.len() as u64 * self.clips_in_part
    }

    /// Prepares a job for each part.
    fn jobs(&self, resampler: &GpuResampler, case: &Case, samples: Samples, clips: u64) -> Result<Vec<Job>> {
        let (clip_len, output_len) = (case.clip_len(), case.output_len());
        let mut jobs = Vec::new();
        let mut left = clips;
        while left > 0 {
            let count = left.min(self.clips_in_part);
            let clips: Vec<_> =
                (0..count).map(|clip| GpuClip::new(&case.plan, clip * clip_len, clip_len, clip * output_len)).collect();
            jobs.push(resampler.prepare(&clips, samples.job_options())?);
            left -= count;
        }
        Ok(jobs)
    }

    /// Compares the outputs of the first clip, one in the middle and the last with those of the CPU, and returns the
    /// largest difference.
    fn check<T: Sample + Noise + Output>(&self, gpu: &Gpu, case: &Case, clips: u64) -> Result<f64> {
        let mut worst = 0.0_f64;
        for clip in [0, clips / 2, clips - 1] {
            let (part, place) = (&self.parts[usize::try_from(clip / self.clips_in_part)?], clip % self.clips_in_part);
            let size = case.output_len() * size_of::<T>() as u64;
            let actual = T::from_bytes(&gpu.read(&part.output, place * size, size)?);
            let samples: Vec<T> = noise(place * case.clip_len(), usize::try_from(case.clip_len())?);
            let expected = CpuResampler::new().resample(&case.plan, &samples)?;
            worst = worst.max(compare(&actual, &expected).with_context(|| format!("clip {clip}"))?);
        }
        Ok(worst)
    }
}

/// Most bytes to allocate. Where the device shares the memory of the machine, more could displace other programs.
fn memory(gpu: &Gpu) -> u64 {
    match gpu.adapter.kind {
        AdapterKind::Discrete => u64::MAX,
        AdapterKind::Software => 512 << 20,
        _ => 2 << 30,
    }
}

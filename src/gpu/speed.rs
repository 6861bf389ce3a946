//! [`GpuSpeed`]: the time that batches from host memory take on a device, from a short measurement.

use super::device::clock::Clock;
use super::host::run::RunOptions;
use super::resampler::GpuResampler;
use crate::alloc::zeroed;
use crate::batch::Batch;
use crate::error::Result;
use crate::options::ResampleOptions;
use crate::plan::Plan;

/// Speed of a device with its bus. A batch takes `latency + bytes / bytes_per_second + multiply_adds /
/// multiply_adds_per_second`. Pieces of large batches overlap and take less, so the estimate errs on the slow side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct GpuSpeed {
    /// Time of a batch of one clip of 3000 samples, in seconds.
    pub(crate) latency: f64,
    /// Bytes that cross the bus in either direction, with the copies of the host.
    pub(crate) bytes_per_second: f64,
    pub(crate) multiply_adds_per_second: f64,
}

/// A batch to measure.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Timed {
    bytes: f64,
    multiply_adds: f64,
    seconds: f64,
}

/// Samples of the clip that measures the bus: 4 MiB.
const LONG_CLIP: usize = 1 << 20;

/// Samples of the clip that measures the latency.
const SHORT_CLIP: usize = 3000;

/// Number of runs, of which the fastest counts. The first one allocates buffers.
const RUNS: u32 = 3;

impl GpuSpeed {
    /// Measures a device in nine round trips, of 4 MiB at most, which this number of threads copy. `None` on targets
    /// without a clock.
    ///
    /// # Errors
    /// Those of [`GpuResampler::resample_batch`].
    pub(crate) async fn measured(gpu: &GpuResampler, threads: usize) -> Result<Option<Self>> {
        // The self-test has compiled the shader, whose variant is the same up to 256 taps.
        let plan = |width| Plan::new(3, 2, ResampleOptions::default().lowpass_filter_width(width));
        let (short, long) = (plan(6.0)?, plan(64.0)?);
        let clip = zeroed::<f32>(LONG_CLIP)?;
        let options = RunOptions { threads, skips_not_finite: true };
        let latency = timed(gpu, &short, &clip[..SHORT_CLIP], options).await?;
        let bus = timed(gpu, &short, &clip, options).await?;
        let arithmetic = timed(gpu, &long, &clip, options).await?;
        let (Some(latency), Some(bus), Some(arithmetic)) = (latency, bus, arithmetic) else { return Ok(None) };
        Ok(Some(Self::fitted(latency, bus, arithmetic)))
    }

    /// Speed from the times of a small batch, of a large one with a short filter, and of the same with a long filter.
    fn fitted(latency: Timed, bus: Timed, arithmetic: Timed) -> Self {
        // Differences of times may be lost in the noise. A tenth of the time is then still a plausible value.
        let rate = |more: f64, times: f64, total: f64| more / times.max(total / 10.0);
        Self {
            latency: latency.seconds,
            bytes_per_second: rate(bus.bytes - latency.bytes, bus.seconds - latency.seconds, bus.seconds),
            multiply_adds_per_second: rate(
                arithmetic.multiply_adds - bus.multiply_adds,
                arithmetic.seconds - bus.seconds,
                arithmetic.seconds,
            ),
        }
    }
}

/// Fastest of several runs. `None` without a clock.
#[expect(clippy::cast_precision_loss, reason = "sizes of buffers, in an estimate")]
async fn timed(gpu: &GpuResampler, plan: &Plan, clip: &[f32], options: RunOptions) -> Result<Option<Timed>> {
    let mut output = zeroed::<f32>(plan.output_len(clip.len()))?;
    let batch: Batch<'_, f32> = [(plan, clip)].into_iter().collect();
    let mut fastest = f64::INFINITY;
    for _ in 0..RUNS {
        let clock = Clock::start();
        gpu.run_batch(&batch, &mut [&mut output[..]], options).await.result?;
        let Some(elapsed) = clock.elapsed() else { return Ok(None) };
        fastest = fastest.min(elapsed.as_secs_f64());
    }
    let bytes = (size_of::<f32>() * (clip.len() + output.len())) as f64;
    let multiply_adds = output.len() as f64 * plan.multiply_adds() as f64;
    Ok(Some(Timed { bytes, multiply_adds, seconds: fastest }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_fitted_to_differences_and_stay_finite_without_any() {
        let timed = |bytes, multiply_adds, seconds| Timed { bytes, multiply_adds, seconds };
        let latency = timed(0.0, 0.0, 1e-4);
        let speed = GpuSpeed::fitted(latency, timed(8e6, 1e6, 1.1e-3), timed(8e6, 2.01e8, 2.1e-3));
        let expected = [1e-4, 8e9, 2e11];
        let actual = [speed.latency, speed.bytes_per_second, speed.multiply_adds_per_second];
        assert!(actual.iter().zip(expected).all(|(a, e)| (a / e - 1.0).abs() < 1e-9), "{speed:?}");
        // Times in the wrong order.
        let speed = GpuSpeed::fitted(latency, timed(8e6, 1e6, 1e-4), timed(8e6, 2.01e8, 0.9e-4));
        assert!(speed.bytes_per_second > 0.0 && speed.bytes_per_second.is_finite(), "{speed:?}");
        assert!(speed.multiply_adds_per_second > 0.0 && speed.multiply_adds_per_second.is_finite(), "{speed:?}");
    }
}

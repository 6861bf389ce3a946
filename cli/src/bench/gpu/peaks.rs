//! [`Peaks`]: the peak rates of memory and of multiply-adds, measured on the device.

use std::time::Instant;

use anyhow::{Result, ensure};
use polyphase::wgpu::{self, BufferUsages};
use serde::Serialize;

use super::device::Gpu;
use super::probes::{Probe, Probes};

/// Largest size of the copied buffers in bytes, beyond the caches of every GPU.
const MAX_COPIED: u64 = 1 << 30;

/// Least number of bytes that a run moves, reads and writes together, so that the submission costs little beside them.
const MOVED: u64 = 4 << 30;

/// Multiply-adds of a thread of the shader `multiply_adds`.
const MULTIPLY_ADDS: u64 = 32 * 2048;

/// Shortest run of multiply-adds in seconds, in which the clock rates of the device rise.
const LEAST_RUN: f64 = 0.02;

/// Most threads of a run of multiply-adds.
const MAX_THREADS: u64 = 1 << 23;

/// Peak rates of a device.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Peaks {
    /// Size of each of the two buffers of the copies.
    copied_buffer_bytes: u64,
    /// Bytes per second of copies from buffer to buffer, where reads and writes both count.
    buffer_copy_bytes_per_second: f64,
    /// Bytes per second of a shader that copies, where reads and writes both count.
    shader_copy_bytes_per_second: f64,
    /// float32 multiply-adds per second.
    pub(super) multiply_adds_per_second: f64,
}

impl Peaks {
    /// Measures the fastest of some runs, and checks the device's timestamps.
    pub(super) fn measure(gpu: &mut Gpu, probes: &Probes, repeat: usize) -> Result<Self> {
        let usage = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        let mut size = MAX_COPIED.min(gpu.max_buffer());
        let (source, copied) = loop {
            size &= !0xfff;
            ensure!(size > 0, "the GPU is short of memory");
            if let (Some(source), Some(copied)) = (gpu.buffer(size, usage), gpu.buffer(size, usage)) {
                break (source, copied);
            }
            size /= 2;
        };
        let noise = probes.probe("noise_f32", &[(2, &source)]);
        time(gpu, &noise, size / 4, 1)?;

        let buffers = [(0, &source), (1, &copied)];
        let multiply_adds = probes.probe("multiply_adds", &buffers);
        let mut threads = 1 << 10;
        loop {
            let start = Instant::now();
            time(gpu, &multiply_adds, threads, 1)?;
            if threads >= MAX_THREADS || start.elapsed().as_secs_f64() > LEAST_RUN {
                break;
            }
            threads *= 2;
        }
        gpu.check_timestamps(|pass| multiply_adds.record(pass, threads))?;
        let multiply_adds_seconds = fastest(repeat, || time(gpu, &multiply_adds, threads, 1))?;

        let copies = MOVED.div_ceil(2 * size);
        let stream = probes.probe("stream", &buffers);
        let shader_seconds = fastest(repeat, || time(gpu, &stream, size / 16, copies))?;
        // Timestamps cannot be written between copies everywhere.
        let buffer_seconds = fastest(repeat, || {
            let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            (0..copies).for_each(|_| encoder.copy_buffer_to_buffer(&source, 0, &copied, 0, size));
            gpu.time_submission(encoder)
        })?;
        let moved = count(2 * size * copies);
        Ok(Self {
            copied_buffer_bytes: size,
            buffer_copy_bytes_per_second: moved / buffer_seconds,
            shader_copy_bytes_per_second: moved / shader_seconds,
            multiply_adds_per_second: count(threads * MULTIPLY_ADDS) / multiply_adds_seconds,
        })
    }

    /// Bytes per second of the faster copy.
    pub(super) fn bytes_per_second(&self) -> f64 {
        self.buffer_copy_bytes_per_second.max(self.shader_copy_bytes_per_second)
    }
}

/// Seconds of a pass that dispatches a probe several times.
fn time(gpu: &Gpu, probe: &Probe, threads: u64, times: u64) -> Result<f64> {
    gpu.time_pass(|pass| {
        (0..times).for_each(|_| probe.record(pass, threads));
        Ok(())
    })
}

/// Fastest of two to eleven runs in seconds. A peak rate is reached only in a run that nothing disturbs.
fn fastest(repeat: usize, mut run: impl FnMut() -> Result<f64>) -> Result<f64> {
    (0..=repeat.clamp(1, 10)).try_fold(f64::INFINITY, |best, _| Ok(run()?.min(best)))
}

#[expect(clippy::cast_precision_loss, reason = "a count that is divided by a measured time")]
pub(super) fn count(value: u64) -> f64 {
    value as f64
}

//! [`Gpu`]: the device that is measured, with its timer.

use std::time::Instant;

use anyhow::{Context, Result};
use polyphase::wgpu::{self, BufferUsages};
use polyphase::{AdapterSummary, Backend, Resampler};

use crate::devices::no_gpu;

/// An open device, on which passes are timed.
#[derive(Debug)]
pub(super) struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) adapter: AdapterSummary,
    /// `None` where passes are timed by the clock.
    timestamps: Option<Timestamps>,
}

/// The queries for the beginning and the end of a pass, and the buffers in which their values reach the host.
#[derive(Debug)]
struct Timestamps {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    host: wgpu::Buffer,
}

impl Gpu {
    /// Opens an adapter with all its limits, once polyphase has chosen and tested it.
    ///
    /// # Errors
    /// If there is no such adapter, if it fails the self-test, or if it computes in software and `allow_software` is
    /// false.
    pub(super) fn open(adapter: Option<&str>, allow_software: bool) -> Result<Self> {
        let mut builder = Resampler::builder().backend(Backend::Gpu).allow_software(allow_software);
        if let Some(adapter) = adapter {
            builder = builder.adapter(adapter);
        }
        let chosen = builder.build().map_err(|error| no_gpu("bench --gpu", error, allow_software))?;
        let summary = chosen.adapter().context("no adapter")?.clone();
        let info = chosen.device().context("no device")?.0.adapter_info();
        drop(chosen);

        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
        let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
        let adapter = adapters.into_iter().find(|adapter| adapter.get_info() == info);
        let adapter = adapter.with_context(|| format!("{summary} disappeared"))?;
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("polyphase bench"),
            required_features: adapter.features() & wgpu::Features::TIMESTAMP_QUERY,
            required_limits: adapter.limits(),
            ..Default::default()
        };
        let (device, queue) =
            pollster::block_on(adapter.request_device(&descriptor)).with_context(|| format!("opening {summary}"))?;
        let mut gpu = Self { device, queue, adapter: summary, timestamps: None };
        if !descriptor.required_features.is_empty() {
            let queries = gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
                label: None,
                ty: wgpu::QueryType::Timestamp,
                count: 2,
            });
            let resolved = gpu
                .buffer(16, BufferUsages::QUERY_RESOLVE | BufferUsages::COPY_SRC)
                .context("no memory for the timer")?;
            let host =
                gpu.buffer(16, BufferUsages::MAP_READ | BufferUsages::COPY_DST).context("no memory for the timer")?;
            gpu.timestamps = Some(Timestamps { queries, resolved, host });
        }
        Ok(gpu)
    }

    /// Creates a buffer; `None` if the device is short of memory.
    pub(super) fn buffer(&self, size: u64, usage: BufferUsages) -> Option<wgpu::Buffer> {
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let descriptor = wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false };
        let buffer = self.device.create_buffer(&descriptor);
        pollster::block_on(scope.pop()).is_none().then_some(buffer)
    }

    /// Largest size in bytes of a buffer that can be bound as a whole.
    pub(super) fn max_buffer(&self) -> u64 {
        let limits = self.device.limits();
        limits.max_buffer_size.min(limits.max_storage_buffer_binding_size)
    }

    /// `timestamps` or `clock`.
    pub(super) fn timer(&self) -> &'static str {
        if self.timestamps.is_some() { "timestamps" } else { "clock" }
    }

    /// Times passes by the clock from now on if the timestamps of this pass contradict the clock: some drivers write
    /// both at the same time. The pass must take some milliseconds.
    pub(super) fn check_timestamps(&mut self, record: impl Fn(&mut wgpu::ComputePass<'_>)) -> Result<()> {
        let start = Instant::now();
        let seconds = self.time_pass(|pass| {
            record(pass);
            Ok(())
        })?;
        let elapsed = start.elapsed().as_secs_f64();
        if seconds < 0.25 * elapsed || seconds > 1.05 * elapsed {
            self.timestamps = None;
        }
        Ok(())
    }

    /// Submits a compute pass, waits for it, and returns its time in seconds: between two timestamps that the device
    /// writes, or else from the submission to the end of the wait.
    pub(super) fn time_pass(&self, record: impl FnOnce(&mut wgpu::ComputePass<'_>) -> Result<()>) -> Result<f64> {
        let timestamp_writes = self.timestamps.as_ref().map(|timestamps| wgpu::ComputePassTimestampWrites {
            query_set: &timestamps.queries,
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        });
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let descriptor = wgpu::ComputePassDescriptor { label: Some("polyphase bench"), timestamp_writes };
            record(&mut encoder.begin_compute_pass(&descriptor))?;
        }
        let Some(Timestamps { queries, resolved, host }) = &self.timestamps else {
            return self.time_submission(encoder);
        };
        encoder.resolve_query_set(queries, 0..2, resolved, 0);
        encoder.copy_buffer_to_buffer(resolved, 0, host, 0, 16);
        self.queue.submit([encoder.finish()]);
        let bytes = self.read_mapped(host)?;
        let ticks = |range: std::ops::Range<usize>| anyhow::Ok(u64::from_le_bytes(bytes[range].try_into()?));
        #[expect(clippy::cast_precision_loss, reason = "a time")]
        let ticks = ticks(8..16)?.saturating_sub(ticks(0..8)?) as f64;
        Ok(ticks * f64::from(self.queue.get_timestamp_period()) * 1e-9)
    }

    /// Submits commands, and returns the time until they are done in seconds.
    pub(super) fn time_submission(&self, encoder: wgpu::CommandEncoder) -> Result<f64> {
        let commands = encoder.finish();
        let start = Instant::now();
        self.queue.submit([commands]);
        self.wait()?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// Waits until the device is idle.
    pub(super) fn wait(&self) -> Result<()> {
        self.device.poll(wgpu::PollType::wait_indefinitely()).context("waiting for the GPU")?;
        Ok(())
    }

    /// Reads a part of a buffer, whose ends are multiples of four bytes.
    pub(super) fn read(&self, buffer: &wgpu::Buffer, start: u64, size: u64) -> Result<Vec<u8>> {
        let host = self.buffer(size, BufferUsages::MAP_READ | BufferUsages::COPY_DST);
        let host = host.context("no memory to read the results back")?;
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(buffer, start, &host, 0, size);
        self.queue.submit([encoder.finish()]);
        self.read_mapped(&host)
    }

    /// Maps a buffer when the device is idle, and copies its contents.
    fn read_mapped(&self, host: &wgpu::Buffer) -> Result<Vec<u8>> {
        // A failed mapping is reported by `get_mapped_range`.
        host.map_async(wgpu::MapMode::Read, .., |_| {});
        self.wait()?;
        let bytes = host.get_mapped_range(..).context("mapping a buffer")?.to_vec();
        host.unmap();
        Ok(bytes)
    }
}

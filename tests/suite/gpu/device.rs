//! The device on which the GPU tests run.

use std::sync::OnceLock;

use polyphase::wgpu;
use polyphase_checks::skips::{say, skipped};

/// A device of the first adapter. Without an adapter, reports the test as skipped and returns `None`, or panics with
/// `POLYPHASE_REQUIRE_GPU=1`.
pub(crate) fn device() -> Option<(wgpu::Device, wgpu::Queue)> {
    static DEVICE: OnceLock<Option<(wgpu::Device, wgpu::Queue)>> = OnceLock::new();
    let device = DEVICE.get_or_init(|| {
        let adapter = first_adapter()?;
        say(&format!("GPU tests run on {}", adapter.get_info().name));
        Some(open(&adapter, adapter.limits()))
    });
    if device.is_none() {
        skipped("POLYPHASE_REQUIRE_GPU", "GPU adapter");
    }
    device.clone()
}

/// The first adapter, for tests that open a device of their own; `None` as for [`device`].
pub(crate) fn adapter() -> Option<wgpu::Adapter> {
    let adapter = first_adapter();
    if adapter.is_none() {
        skipped("POLYPHASE_REQUIRE_GPU", "GPU adapter");
    }
    adapter
}

fn first_adapter() -> Option<wgpu::Adapter> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all())).into_iter().next()
}

pub(crate) fn open(adapter: &wgpu::Adapter, required_limits: wgpu::Limits) -> (wgpu::Device, wgpu::Queue) {
    pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor { required_limits, ..Default::default() }))
        .unwrap()
}

/// Creates a buffer with these bytes.
pub(crate) fn filled(device: &wgpu::Device, queue: &wgpu::Queue, bytes: &[u8]) -> wgpu::Buffer {
    let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
    let size = bytes.len() as u64;
    let buffer = device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false });
    queue.write_buffer(&buffer, 0, bytes);
    buffer
}

/// Reads a buffer back.
pub(crate) fn read(device: &wgpu::Device, queue: &wgpu::Queue, buffer: &wgpu::Buffer) -> Vec<f32> {
    let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
    let size = buffer.size();
    let host = device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false });
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(buffer, 0, &host, 0, size);
    queue.submit([encoder.finish()]);
    host.map_async(wgpu::MapMode::Read, .., |mapped| mapped.unwrap());
    device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    let view = host.get_mapped_range(..).unwrap();
    view.chunks_exact(4).map(|sample| f32::from_le_bytes(sample.try_into().unwrap())).collect()
}

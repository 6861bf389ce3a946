//! Buffers that are [created](create), and [filled](upload) by the host.

use super::errors::{not_mapped, scoped};
use crate::error::Result;

/// Creates a buffer, within an error scope of the caller's.
pub(in crate::gpu) fn create(
    device: &wgpu::Device,
    label: &str,
    size: u64,
    usage: wgpu::BufferUsages,
    mapped_at_creation: bool,
) -> wgpu::Buffer {
    #[cfg(test)]
    created::count_one();
    device.create_buffer(&wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation })
}

/// Creates a buffer and fills it through a staging buffer. A write through the queue would lose the device if memory
/// ran out.
pub(in crate::gpu) fn upload(
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    label: &str,
    usage: wgpu::BufferUsages,
    size: u64,
    write: impl FnOnce(&mut wgpu::BufferViewMut),
) -> Result<wgpu::Buffer> {
    let size = size.next_multiple_of(4).max(4);
    let usage = usage | wgpu::BufferUsages::COPY_DST;
    let buffer = scoped(device, || create(device, label, size, usage, false))?;
    let staging = staging(device, label, size, write)?;
    scoped(device, || {
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some(label) });
        encoder.copy_buffer_to_buffer(&staging, 0, &buffer, 0, size);
        queue.submit([encoder.finish()]);
    })?;
    Ok(buffer)
}

/// Creates a buffer of a multiple of 4 bytes that the host fills, to be copied into another.
pub(in crate::gpu) fn staging(
    device: &wgpu::Device,
    label: &str,
    size: u64,
    write: impl FnOnce(&mut wgpu::BufferViewMut),
) -> Result<wgpu::Buffer> {
    let usage = wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC;
    let staging = scoped(device, || create(device, label, size, usage, true))?;
    let mut view = staging.get_mapped_range_mut(..).map_err(not_mapped)?;
    write(&mut view);
    drop(view);
    staging.unmap();
    Ok(staging)
}

#[cfg(test)]
pub(in crate::gpu) mod created {
    use std::cell::Cell;

    thread_local! {
        static CREATED: Cell<u32> = const { Cell::new(0) };
    }

    pub(super) fn count_one() {
        CREATED.set(CREATED.get() + 1);
    }

    /// Number of buffers that this thread creates in `f`.
    pub(in crate::gpu) fn during<T>(f: impl FnOnce() -> T) -> (T, u32) {
        let before = CREATED.get();
        let result = f();
        (result, CREATED.get() - before)
    }
}

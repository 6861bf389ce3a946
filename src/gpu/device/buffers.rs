//! Buffers: [`upload`] for tables, and [`Slots`] for pieces, which later pieces reuse.

use std::sync::{Mutex, PoisonError};

use super::errors::{not_mapped, scoped};
use super::wait::Mapping;
use crate::error::Result;

/// Number of pieces under way at once: while the GPU computes one, the host writes the next and reads the last.
pub(in crate::gpu) const SLOTS: usize = 2;

/// Buffers of a piece. When a slot is taken, its upload buffer is mapped.
#[derive(Debug)]
pub(in crate::gpu) struct Slot {
    input_bytes: u64,
    output_bytes: u64,
    pub(in crate::gpu) upload: wgpu::Buffer,
    pub(in crate::gpu) input: wgpu::Buffer,
    pub(in crate::gpu) output: wgpu::Buffer,
    pub(in crate::gpu) download: wgpu::Buffer,
}

impl Slot {
    /// Creates buffers of at least these sizes, rounded up to powers of two, so that pieces of about the same size can
    /// reuse them.
    fn new(device: &wgpu::Device, input_bytes: u64, output_bytes: u64) -> Result<Self> {
        use wgpu::BufferUsages as Usage;
        let limit = device.limits().max_buffer_size;
        let input_bytes = input_bytes.next_power_of_two().min(limit);
        let output_bytes = output_bytes.next_power_of_two().min(limit);
        scoped(device, || {
            let create = |label, size, usage, mapped_at_creation| {
                device.create_buffer(&wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation })
            };
            let upload = create("polyphase upload", input_bytes, Usage::MAP_WRITE | Usage::COPY_SRC, true);
            let input = create("polyphase input", input_bytes, Usage::STORAGE | Usage::COPY_DST, false);
            let output = create("polyphase output", output_bytes, Usage::STORAGE | Usage::COPY_SRC, false);
            let download = create("polyphase download", output_bytes, Usage::MAP_READ | Usage::COPY_DST, false);
            Self { input_bytes, output_bytes, upload, input, output, download }
        })
    }
}

/// Slots of earlier pieces, kept for reuse.
#[derive(Debug, Default)]
pub(in crate::gpu) struct Slots(Mutex<Vec<Slot>>);

impl Slots {
    /// Takes a slot of at least these sizes, or creates one.
    pub(in crate::gpu) async fn take(
        &self,
        device: &wgpu::Device,
        input_bytes: u64,
        output_bytes: u64,
    ) -> Result<Slot> {
        let kept = {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let fits = |slot: &Slot| slot.input_bytes >= input_bytes && slot.output_bytes >= output_bytes;
            slots.iter().position(fits).map(|index| slots.swap_remove(index))
        };
        let Some(slot) = kept else { return Slot::new(device, input_bytes, output_bytes) };
        let mapping = Mapping::default();
        slot.upload.map_async(wgpu::MapMode::Write, .., mapping.callback());
        mapping.wait(device).await?;
        Ok(slot)
    }

    /// Keeps the slot of a piece that is complete.
    pub(in crate::gpu) fn keep(&self, slot: Slot) {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() < SLOTS {
            slots.push(slot);
        }
    }

    /// Frees all slots that are not in use.
    pub(in crate::gpu) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
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
    let buffer = scoped(device, || {
        device.create_buffer(&wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false })
    })?;
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
    let staging = scoped(device, || {
        device.create_buffer(&wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: true })
    })?;
    let mut view = staging.get_mapped_range_mut(..).map_err(not_mapped)?;
    write(&mut view);
    drop(view);
    staging.unmap();
    Ok(staging)
}

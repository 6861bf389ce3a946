//! Buffers: [`upload`] for tables, and [`Slots`] for pieces, which later pieces reuse.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::errors::{not_mapped, scoped};
use super::probe::Probe;
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
    /// Mapping of the upload buffer for the next piece, which the submission of a piece asks for.
    pub(in crate::gpu) mapped_again: Mapping,
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
            let create = |label, size, usage, is_mapped| create(device, label, size, usage, is_mapped);
            let upload = create("polyphase upload", input_bytes, Usage::MAP_WRITE | Usage::COPY_SRC, true);
            let input = create("polyphase input", input_bytes, Usage::STORAGE | Usage::COPY_DST, false);
            let output = create("polyphase output", output_bytes, Usage::STORAGE | Usage::COPY_SRC, false);
            let download = create("polyphase download", output_bytes, Usage::MAP_READ | Usage::COPY_DST, false);
            Self { input_bytes, output_bytes, upload, input, output, download, mapped_again: Mapping::default() }
        })
    }

    fn fits(&self, input_bytes: u64, output_bytes: u64) -> bool {
        self.input_bytes >= input_bytes && self.output_bytes >= output_bytes
    }

    fn bytes(&self) -> u64 {
        self.input_bytes + self.output_bytes
    }
}

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

/// Slots of earlier pieces, kept for reuse: the [`SLOTS`] largest, since the first pieces of a batch are smaller than
/// later ones, and a small piece can use a large slot.
#[derive(Debug, Default)]
pub(in crate::gpu) struct Slots {
    kept: Mutex<Vec<Slot>>,
    pub(in crate::gpu) probe: Probe,
}

impl Slots {
    fn lock(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the smallest slot of at least these sizes, or creates one.
    pub(in crate::gpu) async fn take(
        &self,
        device: &wgpu::Device,
        input_bytes: u64,
        output_bytes: u64,
    ) -> Result<Slot> {
        let kept = {
            let mut slots = self.lock();
            let fitting = (0..slots.len()).filter(|&index| slots[index].fits(input_bytes, output_bytes));
            fitting.min_by_key(|&index| slots[index].bytes()).map(|index| slots.swap_remove(index))
        };
        let Some(slot) = kept else { return Slot::new(device, input_bytes, output_bytes) };
        slot.mapped_again.wait(device).await?;
        Ok(slot)
    }

    /// Keeps the slot of a piece that is complete.
    pub(in crate::gpu) fn keep(&self, slot: Slot) {
        let mut slots = self.lock();
        slots.push(slot);
        if slots.len() > SLOTS
            && let Some(smallest) = (0..slots.len()).min_by_key(|&index| slots[index].bytes())
        {
            slots.swap_remove(smallest);
        }
    }

    /// Frees all slots that are not in use.
    pub(in crate::gpu) fn clear(&self) {
        self.lock().clear();
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

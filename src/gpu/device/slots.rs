//! [`Slots`]: the buffers of pieces, which later pieces reuse.
//!
//! ```text
//! slot      host           device
//! input     mapped  ────→  storage      samples
//! tables    mapped  ────→  storage      tables of the job
//! output    mapped  ←────  storage      outputs, and counters of clamped integers
//! ```

use std::sync::{Mutex, MutexGuard, PoisonError};

use wgpu::BufferUsages as Usage;

use super::buffers::create;
use super::errors::scoped;
use super::probe::Probe;
use super::wait::Mapping;
use crate::error::Result;

/// Number of pieces in flight: while the GPU computes one, the host writes the next and reads the last.
pub(in crate::gpu) const SLOTS: usize = 2;

/// Size of the smallest buffer in bytes.
const MIN_BYTES: u64 = 4096;

/// Numbers of bytes that a piece needs.
#[derive(Debug, Clone, Copy)]
pub(in crate::gpu) struct Sizes {
    pub(in crate::gpu) input: u64,
    pub(in crate::gpu) tables: u64,
    pub(in crate::gpu) output: u64,
}

/// A buffer that the host maps and one of the same size that shaders use.
#[derive(Debug)]
pub(in crate::gpu) struct Pair {
    bytes: u64,
    pub(in crate::gpu) host: wgpu::Buffer,
    pub(in crate::gpu) device: wgpu::Buffer,
    /// Mapping of the host's buffer, which the submission of a piece asks for. `None` if the buffer is mapped.
    pub(in crate::gpu) mapping: Option<Mapping>,
}

impl Pair {
    /// Creates buffers of at least this size, rounded up to a power of two, so that pieces of about the same size can
    /// reuse them. A host's buffer for writing is mapped.
    fn new(device: &wgpu::Device, label: &str, bytes: u64, on_host: Usage, on_device: Usage) -> Result<Self> {
        let bytes = bytes.max(MIN_BYTES).next_power_of_two().min(device.limits().max_buffer_size);
        let is_mapped = on_host.contains(Usage::MAP_WRITE);
        scoped(device, || Self {
            bytes,
            host: create(device, label, bytes, on_host, is_mapped),
            device: create(device, label, bytes, on_device, false),
            mapping: None,
        })
    }

    fn input(device: &wgpu::Device, bytes: u64) -> Result<Self> {
        let on_device = Usage::STORAGE | Usage::COPY_DST;
        Self::new(device, "polyphase input", bytes, Usage::MAP_WRITE | Usage::COPY_SRC, on_device)
    }

    fn tables(device: &wgpu::Device, bytes: u64) -> Result<Self> {
        let on_device = Usage::STORAGE | Usage::UNIFORM | Usage::COPY_DST;
        Self::new(device, "polyphase tables", bytes, Usage::MAP_WRITE | Usage::COPY_SRC, on_device)
    }

    fn output(device: &wgpu::Device, bytes: u64) -> Result<Self> {
        let on_device = Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST;
        Self::new(device, "polyphase output", bytes, Usage::MAP_READ | Usage::COPY_DST, on_device)
    }

    /// Replaces the buffers by larger ones if they are smaller than this.
    fn grow(&mut self, device: &wgpu::Device, bytes: u64, new: fn(&wgpu::Device, u64) -> Result<Self>) -> Result<()> {
        if self.bytes < bytes {
            *self = new(device, bytes)?;
        }
        Ok(())
    }

    /// Waits for the pending mapping of the host's buffer, if there is one.
    pub(in crate::gpu) async fn wait(&mut self, device: &wgpu::Device) -> Result<()> {
        match self.mapping.take() {
            Some(mapping) => mapping.wait(device).await,
            None => Ok(()),
        }
    }

    /// Asks for the next mapping of the host's buffer, after the submission of the commands in the encoder.
    pub(in crate::gpu) fn map_on_submit(&mut self, encoder: &wgpu::CommandEncoder, mode: wgpu::MapMode, bytes: u64) {
        let mapping = Mapping::default();
        encoder.map_buffer_on_submit(&self.host, mode, ..bytes, mapping.callback());
        self.mapping = Some(mapping);
    }

    /// Number of bytes of each buffer.
    pub(in crate::gpu) fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Buffers of a piece.
#[derive(Debug)]
pub(in crate::gpu) struct Slot {
    pub(in crate::gpu) input: Pair,
    pub(in crate::gpu) tables: Pair,
    pub(in crate::gpu) output: Pair,
}

impl Slot {
    fn new(device: &wgpu::Device, sizes: Sizes) -> Result<Self> {
        Ok(Self {
            input: Pair::input(device, sizes.input)?,
            tables: Pair::tables(device, sizes.tables)?,
            output: Pair::output(device, sizes.output)?,
        })
    }

    fn grow(&mut self, device: &wgpu::Device, sizes: Sizes) -> Result<()> {
        self.input.grow(device, sizes.input, Pair::input)?;
        self.tables.grow(device, sizes.tables, Pair::tables)?;
        self.output.grow(device, sizes.output, Pair::output)
    }

    fn fits(&self, sizes: Sizes) -> bool {
        self.input.bytes >= sizes.input && self.tables.bytes >= sizes.tables && self.output.bytes >= sizes.output
    }

    fn bytes(&self) -> u64 {
        self.input.bytes + self.tables.bytes + self.output.bytes
    }
}

/// Slots of earlier pieces, kept for reuse: the [`SLOTS`] largest, because a small piece can use a large slot.
#[derive(Debug, Default)]
pub(in crate::gpu) struct Slots {
    kept: Mutex<Vec<Slot>>,
    pub(in crate::gpu) probe: Probe,
}

impl Slots {
    fn lock(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the smallest slot of at least these sizes. If there is none, the largest slot grows.
    pub(in crate::gpu) async fn take(&self, device: &wgpu::Device, sizes: Sizes) -> Result<Slot> {
        let kept = {
            let mut slots = self.lock();
            let fitting = (0..slots.len()).filter(|&index| slots[index].fits(sizes));
            let best = fitting.min_by_key(|&index| slots[index].bytes());
            let largest = || (0..slots.len()).max_by_key(|&index| slots[index].bytes());
            best.or_else(largest).map(|index| slots.swap_remove(index))
        };
        let Some(mut slot) = kept else { return Slot::new(device, sizes) };
        slot.grow(device, sizes)?;
        slot.input.wait(device).await?;
        slot.tables.wait(device).await?;
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

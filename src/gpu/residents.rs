//! [`Residents`]: the banks of plans, kept in buffers of the device.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::device::buffers::upload;
use super::layout::bank::Bank;
use crate::error::Result;

/// Taps of banks in the device's memory. A bank stays as long as the cache of banks holds it, which bounds the bytes of
/// both.
#[derive(Debug, Default)]
pub(crate) struct Residents(Mutex<Vec<(Weak<Bank>, wgpu::Buffer)>>);

impl Residents {
    /// Buffer with the taps of a bank, if it is resident.
    pub(crate) fn find(&self, bank: &Arc<Bank>) -> Option<wgpu::Buffer> {
        let mut banks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        banks.retain(|(other, _)| other.strong_count() > 0);
        banks
            .iter()
            .find(|(other, _)| std::ptr::eq(other.as_ptr(), Arc::as_ptr(bank)))
            .map(|(_, buffer)| buffer.clone())
    }

    /// Buffer with the taps of a bank, which are uploaded if they are not resident.
    pub(crate) fn make_resident(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        bank: &Arc<Bank>,
    ) -> Result<wgpu::Buffer> {
        if let Some(buffer) = self.find(bank) {
            return Ok(buffer);
        }
        let taps: &[u8] = bytemuck::cast_slice(&bank.taps);
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
        let buffer = upload(device, queue, "polyphase taps", usage, taps.len() as u64, |bytes| {
            bytes.slice(..taps.len()).copy_from_slice(taps);
        })?;
        let mut banks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        banks.push((Arc::downgrade(bank), buffer.clone()));
        Ok(buffer)
    }
}

//! [`Probe`]: finds out whether a device is lost.

use std::sync::{Mutex, PoisonError};

use super::buffers::create;
use super::errors::scoped;
use super::wait::Mapping;
use crate::error::Result;

/// A small buffer by which loss is noticed. It is created at the first check.
///
/// wgpu maps the buffers of submitted work on a lost device too, with whatever they hold, and reports loss to no error
/// scope. It does refuse to map a buffer anew.
#[derive(Debug, Default)]
pub(in crate::gpu) struct Probe(Mutex<Option<wgpu::Buffer>>);

impl Probe {
    /// Checks that the device is not lost. The empty submission makes wgpu learn the state from the driver; mapping
    /// the buffer then fails if the device is lost.
    ///
    /// # Errors
    /// [`Error::GpuLost`](crate::Error::GpuLost).
    pub(in crate::gpu) fn check(&self, device: &wgpu::Device, queue: &wgpu::Queue) -> Result<()> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let buffer = match kept.take() {
            Some(buffer) => buffer,
            None => scoped(device, || {
                let usage = wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC;
                create(device, "polyphase probe", 4, usage, false)
            })?,
        };
        let mapping = Mapping::default();
        let mut refused = None;
        let reported = scoped(device, || {
            let encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            queue.submit([encoder.finish()]);
            buffer.map_async(wgpu::MapMode::Write, .., mapping.callback());
            // If wgpu refuses, it has called the callback by now. Else the mapping has served its purpose.
            refused = mapping.failure();
            if refused.is_none() {
                buffer.unmap();
            }
        });
        if let Some(lost) = refused {
            return Err(lost);
        }
        *kept = Some(buffer);
        reported
    }
}

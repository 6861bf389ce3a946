//! [`GpuResampler`]: a device with the pipelines, buffers and banks that its jobs share.

use std::sync::Arc;

use super::device::slots::Slots;
#[cfg(doc)]
use super::job_options::JobOptions;
use super::layout::cache::BankCache;
use super::layout::shader::{BANDED_WORKGROUP, GpuKernel, MAX_STAGED};
use super::pipelines::Pipelines;
use super::residents::Residents;
use crate::error::{Error, Result};
use crate::plan::Plan;

/// Resamples on a GPU, on the caller's device and in the caller's buffers.
///
/// A resampler holds the pipelines, and serves any number of plans, jobs and threads. [`prepare`](Self::prepare) makes
/// the tables of a job, and [`record`](Self::record) records it into a compute pass without submitting, writing or
/// reading anything. No callback is ever installed on the device.
///
/// # Buffers
///
/// | buffer | usage | holds |
/// |---|---|---|
/// | input | `STORAGE` | float32 samples, or 16-bit integers or floats in pairs |
/// | output | `STORAGE` | the same, see [`JobOptions`] |
///
/// Offsets of bindings are multiples of the device's `min_storage_buffer_offset_alignment`; their sizes are multiples of
/// 4 and at most `max_storage_buffer_binding_size`.
///
/// Clips may lie anywhere in the input, and no result depends on the values between them. Outputs must not overlap.
/// Input and output are two buffers, or disjoint ranges of one with [`JobOptions::shared_buffer`]. A NaN or an infinity
/// in the input reaches the outputs whose window holds it, and may reach others beside them, up to 16 outputs or 8
/// samples away, whichever is more.
///
/// # Batches in host memory
///
/// - [`resample_batch`](Self::resample_batch) returns outputs of the input's type,
/// - [`resample_batch_as`](Self::resample_batch_as) returns outputs of another type,
/// - [`resample_batch_into`](Self::resample_batch_into) fills a buffer of any sample type.
///
/// Each has an asynchronous form, whose name ends in `_async`. [`adjoint_batch`](Self::adjoint_batch) has the same
/// forms; [`resample_tensor`](Self::resample_tensor) and [`resample_axis`](Self::resample_axis) have the first and
/// the `_into` form. The blocking forms are for native targets: browsers allow only the asynchronous ones.
#[derive(Debug, Clone)]
pub struct GpuResampler {
    inner: Arc<Inner>,
    kernel: GpuKernel,
}

#[derive(Debug)]
struct Inner {
    device: wgpu::Device,
    queue: wgpu::Queue,
    pipelines: Pipelines,
    slots: Slots,
    banks: BankCache,
    residents: Residents,
}

impl GpuResampler {
    /// Creates a resampler on a device, with the kernel [`GpuKernel::Paired`] if it computes in software outside a browser,
    /// and [`GpuKernel::Banded`] otherwise. Pipelines are compiled when a job first needs them.
    ///
    /// # Errors
    /// [`Error::GpuLimit`] for a device with less than 16 KiB of workgroup memory, 128 threads of a workgroup or 7 storage
    /// buffers of a shader, all of which WebGPU's default limits allow; [`Error::GpuRefused`], [`Error::GpuLost`].
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue) -> Result<Self> {
        check_limits(&device.limits(), 7)?;
        let pipelines = Pipelines::new(device)?;
        // Not every browser tells the adapter of a device.
        let is_software =
            cfg!(not(target_family = "wasm")) && device.adapter_info().device_type == wgpu::DeviceType::Cpu;
        let kernel = if is_software { GpuKernel::Paired } else { GpuKernel::Banded };
        let (device, queue) = (device.clone(), queue.clone());
        let (banks, residents) = (BankCache::default(), Residents::default());
        let inner = Inner { device, queue, pipelines, slots: Slots::default(), banks, residents };
        Ok(Self { inner: Arc::new(inner), kernel })
    }

    /// Sets the kernel for plans with exact banks.
    #[must_use]
    pub fn with_kernel(mut self, kernel: GpuKernel) -> Self {
        self.kernel = kernel;
        self
    }

    /// Kernel for plans with exact banks.
    pub fn kernel(&self) -> GpuKernel {
        self.kernel
    }

    /// Device of this resampler.
    pub fn device(&self) -> &wgpu::Device {
        &self.inner.device
    }

    /// Queue of this resampler.
    pub fn queue(&self) -> &wgpu::Queue {
        &self.inner.queue
    }

    pub(in crate::gpu) fn pipelines(&self) -> &Pipelines {
        &self.inner.pipelines
    }

    /// Buffers of earlier pieces, for reuse.
    pub(in crate::gpu) fn slots(&self) -> &Slots {
        &self.inner.slots
    }

    pub(in crate::gpu) fn banks(&self) -> &BankCache {
        &self.inner.banks
    }

    /// Banks in the device's memory.
    pub(in crate::gpu) fn residents(&self) -> &Residents {
        &self.inner.residents
    }

    /// True if the plan is within the limits of the shaders.
    pub(crate) fn can_compute(&self, plan: &Plan) -> bool {
        self.banks().recipe(plan, self.kernel).is_ok()
    }
}

/// Refuses devices that the shaders exceed.
pub(in crate::gpu) fn check_limits(limits: &wgpu::Limits, storage_buffers: u32) -> Result<()> {
    let staged = u64::from(MAX_STAGED) * 16;
    for (what, needed, limit) in [
        ("bytes of workgroup memory", staged, u64::from(limits.max_compute_workgroup_storage_size)),
        ("threads of a workgroup", BANDED_WORKGROUP.into(), limits.max_compute_invocations_per_workgroup.into()),
        ("storage buffers of a shader", storage_buffers.into(), limits.max_storage_buffers_per_shader_stage.into()),
    ] {
        if needed > limit {
            return Err(Error::GpuLimit { what, needed, limit });
        }
    }
    Ok(())
}

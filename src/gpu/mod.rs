//! [`GpuResampler`]: the strided convolution on the caller's device.

mod clip;
mod device;
#[cfg(any(test, fuzzing))]
#[allow(unreachable_pub, reason = "public where it is fuzzed")]
pub mod fuzzed;
mod host;
mod job;
mod layout;
mod pipelines;

use std::sync::{Arc, Mutex};

pub use self::clip::GpuClip;
pub(crate) use self::device::context::Context;
pub use self::device::context::{AdapterSummary, list_adapters};
use self::device::errors::{not_mapped, scoped};
#[cfg(test)]
pub(crate) use self::device::fail_points::injection::with_fault;
use self::host::Slot;
pub(crate) use self::host::adjoint::Adjoints;
pub(crate) use self::host::pieces::Cursor;
pub use self::host::sample::GpuSample;
pub use self::job::Job;
use self::layout::cache::BankCache;
use self::layout::shader;
pub use self::layout::shader::{GpuKernel, InputSamples};
use self::pipelines::Pipelines;
use crate::error::{Error, Result};
use crate::plan::Plan;

/// Resamples on a GPU, on the caller's device and in the caller's buffers.
///
/// It holds the pipelines, and serves any number of plans, jobs and threads. [`prepare`](Self::prepare) makes the tables of a
/// dispatch, [`record`](Self::record) records it into a compute pass: nothing is submitted, written or read back then, and no
/// callback is ever installed on the device.
///
/// # Buffers
///
/// | buffer | usage | holds | alignment |
/// |---|---|---|---|
/// | input | `STORAGE` | float32 samples, or 16-bit integers or floats in pairs | offset a multiple of `min_storage_buffer_offset_alignment` |
/// | output | `STORAGE` | float32 samples | the same |
///
/// Clips lie anywhere in the input; what lies between them is not read into any result. Outputs must not overlap, and input
/// and output must be different buffers. A NaN or an infinity in the input reaches the outputs whose window holds it, and may
/// reach the seven outputs beside each of them.
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
    /// Buffers of earlier pieces.
    slots: Mutex<Vec<Slot>>,
    banks: BankCache,
}

impl GpuResampler {
    /// Makes what every job needs. Pipelines are compiled when a job first needs them.
    ///
    /// # Errors
    /// [`Error::GpuLimit`] for a device with less than WebGPU's default limits, [`Error::GpuRefused`], [`Error::GpuLost`].
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue) -> Result<Self> {
        let limits = device.limits();
        let staged = u64::from(shader::STAGED) * 16;
        for (what, needed, limit) in [
            ("bytes of workgroup memory", staged, u64::from(limits.max_compute_workgroup_storage_size)),
            ("threads of a workgroup", shader::WORKGROUP.into(), limits.max_compute_invocations_per_workgroup.into()),
            ("storage buffers of a shader", 7, limits.max_storage_buffers_per_shader_stage.into()),
        ] {
            if needed > limit {
                return Err(Error::GpuLimit { what, needed, limit });
            }
        }
        let pipelines = Pipelines::new(device)?;
        let (device, queue) = (device.clone(), queue.clone());
        let inner = Inner { device, queue, pipelines, slots: Mutex::default(), banks: BankCache::default() };
        Ok(Self { inner: Arc::new(inner), kernel: GpuKernel::default() })
    }

    /// Computes with another kernel than the main one.
    #[must_use]
    pub fn with_kernel(mut self, kernel: GpuKernel) -> Self {
        self.kernel = kernel;
        self
    }

    /// The kernel that it computes with.
    pub fn kernel(&self) -> GpuKernel {
        self.kernel
    }

    /// The device that it was made with.
    pub fn device(&self) -> &wgpu::Device {
        &self.inner.device
    }

    /// The queue that it was made with.
    pub fn queue(&self) -> &wgpu::Queue {
        &self.inner.queue
    }

    fn pipelines(&self) -> &Pipelines {
        &self.inner.pipelines
    }

    fn slots(&self) -> &Mutex<Vec<Slot>> {
        &self.inner.slots
    }

    fn banks(&self) -> &BankCache {
        &self.inner.banks
    }

    /// Whether the plan is within what the shaders can do.
    pub(crate) fn can_compute(&self, plan: &Plan) -> bool {
        self.banks().recipe(plan, self.kernel).is_ok()
    }

    /// Records a job into a compute pass, on these ranges of the caller's buffers.
    ///
    /// Nothing is submitted, written or read back. Jobs have their own tables: two of them recorded before one submit do not
    /// disturb each other.
    ///
    /// # Errors
    /// [`Error::GpuBuffer`] for a buffer that is too small, misaligned, lacks `STORAGE`, or is both input and output, and
    /// [`Error::GpuRefused`] for one of another device.
    pub fn record(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        job: &Job,
        input: wgpu::BufferBinding<'_>,
        output: wgpu::BufferBinding<'_>,
    ) -> Result<()> {
        if job.dispatches.is_empty() {
            return Ok(());
        }
        let limits = self.device().limits();
        check_binding("input", &input, job.input_bytes(), &limits)?;
        check_binding("output", &output, job.output_bytes(), &limits)?;
        if input.buffer == output.buffer {
            let problem = "is the input buffer too: they must be two".to_owned();
            return Err(Error::GpuBuffer { buffer: "output", problem });
        }
        let pipelines = job.dispatches.iter().map(|dispatch| self.pipelines().pipeline(dispatch.variant));
        let pipelines = pipelines.collect::<Result<Vec<_>>>()?;
        scoped(self.device(), || {
            let bind =
                |binding, resource| wgpu::BindGroupEntry { binding, resource: wgpu::BindingResource::Buffer(resource) };
            let samples = self.device().create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("polyphase samples"),
                layout: &self.pipelines().samples,
                entries: &[bind(0, input), bind(1, output)],
            });
            for (dispatch, pipeline) in job.dispatches.iter().zip(&pipelines) {
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, &dispatch.tables, &[]);
                pass.set_bind_group(1, &samples, &[]);
                pass.dispatch_workgroups(dispatch.grid.0, dispatch.grid.1, 1);
            }
        })
    }

    /// A new buffer, filled through a staging buffer of its own: writing through the queue loses the device when memory
    /// runs out.
    fn upload(
        &self,
        label: &str,
        usage: wgpu::BufferUsages,
        size: u64,
        write: impl FnOnce(&mut wgpu::BufferViewMut),
    ) -> Result<wgpu::Buffer> {
        let device = self.device();
        let size = size.next_multiple_of(4).max(4);
        let (buffer, staging) = scoped(device, || {
            let create = |usage, mapped_at_creation| {
                device.create_buffer(&wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation })
            };
            let staging = create(wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC, true);
            (create(usage | wgpu::BufferUsages::COPY_DST, false), staging)
        })?;
        let mut view = staging.get_mapped_range_mut(..).map_err(not_mapped)?;
        write(&mut view);
        drop(view);
        staging.unmap();
        scoped(device, || {
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some(label) });
            encoder.copy_buffer_to_buffer(&staging, 0, &buffer, 0, size);
            self.queue().submit([encoder.finish()]);
        })?;
        Ok(buffer)
    }
}

fn check_binding(
    buffer: &'static str,
    binding: &wgpu::BufferBinding<'_>,
    needed: u64,
    limits: &wgpu::Limits,
) -> Result<()> {
    let refuse = |problem| Err(Error::GpuBuffer { buffer, problem });
    if !binding.buffer.usage().contains(wgpu::BufferUsages::STORAGE) {
        return refuse(format!("lacks the usage STORAGE: it has {:?}", binding.buffer.usage()));
    }
    let alignment = u64::from(limits.min_storage_buffer_offset_alignment);
    if !binding.offset.is_multiple_of(alignment) {
        return refuse(format!("is bound at byte {}: that must be a multiple of {alignment}", binding.offset));
    }
    let rest = binding.buffer.size().saturating_sub(binding.offset);
    let size = binding.size.map_or(rest, wgpu::BufferSize::get);
    if size > rest || size < needed {
        return refuse(format!("has {} bytes from byte {} on: the job needs {needed}", size.min(rest), binding.offset));
    }
    let limit = limits.max_storage_buffer_binding_size;
    if size > limit {
        return refuse(format!("is bound with {size} bytes: the device allows {limit}, bind less of it"));
    }
    Ok(())
}

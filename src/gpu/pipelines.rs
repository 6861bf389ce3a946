//! [`Pipelines`]: the compute pipelines of a device, each compiled on first use.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::device::errors::scoped;
use super::layout::abi;
use super::layout::shader::Variant;
use crate::error::Result;

#[derive(Debug)]
pub(crate) struct Pipelines {
    device: wgpu::Device,
    /// Layout of group 0, the tables of a job.
    pub(crate) tables: wgpu::BindGroupLayout,
    /// Input and output in two buffers.
    two_buffers: SamplesLayout,
    /// Input and output in ranges of one buffer.
    shared_buffer: SamplesLayout,
    compiled: Mutex<HashMap<Variant, wgpu::ComputePipeline>>,
}

/// Layouts for one way to bind the samples.
#[derive(Debug)]
struct SamplesLayout {
    /// Layout of group 1, input and output.
    samples: wgpu::BindGroupLayout,
    pipeline: wgpu::PipelineLayout,
}

fn buffer(binding: u32, ty: wgpu::BufferBindingType, min_size: usize) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty,
            has_dynamic_offset: false,
            min_binding_size: std::num::NonZeroU64::new(min_size as u64),
        },
        count: None,
    }
}

impl Pipelines {
    pub(crate) fn new(device: &wgpu::Device) -> Result<Self> {
        scoped(device, || {
            let read = wgpu::BufferBindingType::Storage { read_only: true };
            let write = wgpu::BufferBindingType::Storage { read_only: false };
            let tables = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: Some("polyphase tables"),
                entries: &[
                    buffer(0, wgpu::BufferBindingType::Uniform, size_of::<abi::JobEntry>()),
                    buffer(1, read, size_of::<abi::TileEntry>()),
                    buffer(2, read, size_of::<abi::ClipEntry>()),
                    // The elements differ between the shaders. wgpu checks the sizes when a job is recorded.
                    buffer(3, read, 0),
                    buffer(4, read, 0),
                    buffer(5, read, 4 * size_of::<f32>()),
                ],
            });
            // A buffer cannot be bound for reading and for writing in one dispatch, but several times for both.
            let layouts = |input| {
                let samples = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                    label: Some("polyphase samples"),
                    entries: &[buffer(0, input, 4), buffer(1, write, 4)],
                });
                let pipeline = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                    label: Some("polyphase"),
                    bind_group_layouts: &[Some(&tables), Some(&samples)],
                    ..Default::default()
                });
                SamplesLayout { samples, pipeline }
            };
            let (two_buffers, shared_buffer) = (layouts(read), layouts(write));
            Self { device: device.clone(), tables, two_buffers, shared_buffer, compiled: Mutex::default() }
        })
    }

    fn layout(&self, shares_buffer: bool) -> &SamplesLayout {
        if shares_buffer { &self.shared_buffer } else { &self.two_buffers }
    }

    /// Layout of group 1, input and output.
    pub(crate) fn samples(&self, shares_buffer: bool) -> &wgpu::BindGroupLayout {
        &self.layout(shares_buffer).samples
    }

    /// Pipeline of a variant. Only one is compiled at a time, since some drivers crash when two are compiled at once.
    pub(crate) fn pipeline(&self, variant: Variant) -> Result<wgpu::ComputePipeline> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = compiled.get(&variant) {
            return Ok(pipeline.clone());
        }
        let pipeline = scoped(&self.device, || {
            let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some("polyphase"),
                source: wgpu::ShaderSource::Wgsl(variant.source().into()),
            });
            self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some("polyphase"),
                layout: Some(&self.layout(variant.format.shares_buffer).pipeline),
                module: &module,
                entry_point: Some(variant.shader.entry_point()),
                compilation_options: wgpu::PipelineCompilationOptions {
                    constants: &variant.constants(),
                    // What is read has been written, and on some backends a single thread would do the zeroing.
                    zero_initialize_workgroup_memory: false,
                },
                cache: None,
            })
        })?;
        compiled.insert(variant, pipeline.clone());
        Ok(pipeline)
    }
}

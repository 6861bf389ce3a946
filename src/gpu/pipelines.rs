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
    /// Layout of group 1, input and output.
    pub(crate) samples: wgpu::BindGroupLayout,
    layout: wgpu::PipelineLayout,
    compiled: Mutex<HashMap<Variant, wgpu::ComputePipeline>>,
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
            let samples = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: Some("polyphase samples"),
                entries: &[buffer(0, read, 4), buffer(1, write, 4)],
            });
            let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some("polyphase"),
                bind_group_layouts: &[Some(&tables), Some(&samples)],
                ..Default::default()
            });
            Self { device: device.clone(), tables, samples, layout, compiled: Mutex::default() }
        })
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
                source: wgpu::ShaderSource::Wgsl(variant.shader.source().into()),
            });
            self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some("polyphase"),
                layout: Some(&self.layout),
                module: &module,
                entry_point: Some(variant.shader.entry_point()),
                compilation_options: wgpu::PipelineCompilationOptions {
                    constants: &variant.constants(),
                    // Every row that is read has been staged, and on some backends a single thread would do the
                    // zeroing.
                    zero_initialize_workgroup_memory: false,
                },
                cache: None,
            })
        })?;
        compiled.insert(variant, pipeline.clone());
        Ok(pipeline)
    }
}

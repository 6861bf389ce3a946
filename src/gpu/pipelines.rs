//! The compute pipelines, made once for a device and for each variant when it is first needed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::device::errors::scoped;
use super::layout::abi;
use super::layout::shader::{COPIED, InputSamples, SEGMENT, STAGED, Shader, WORKGROUP};
use crate::error::Result;

/// What tells one pipeline from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Variant {
    pub(crate) shader: Shader,
    pub(crate) input: InputSamples,
    /// Some plan of the job sums its taps in several parts. One pipeline for all jobs would do, but llvmpipe takes both sides of every branch.
    pub(crate) splits_sums: bool,
    /// Some plan pads its clips with anything but silence: likewise.
    pub(crate) pads: bool,
}

#[derive(Debug)]
pub(crate) struct Pipelines {
    device: wgpu::Device,
    /// The tables of a job.
    pub(crate) tables: wgpu::BindGroupLayout,
    /// Input and output.
    pub(crate) samples: wgpu::BindGroupLayout,
    layout: wgpu::PipelineLayout,
    made: Mutex<HashMap<Variant, wgpu::ComputePipeline>>,
}

fn source(shader: Shader) -> wgpu::ShaderModuleDescriptor<'static> {
    match shader {
        Shader::Simple | Shader::Interpolated => wgpu::include_wgsl!("../../shaders/simple.wgsl"),
        Shader::Banded => wgpu::include_wgsl!("../../shaders/banded.wgsl"),
    }
}

const fn entry_point(shader: Shader) -> &'static str {
    match shader {
        Shader::Simple => "simple",
        Shader::Banded => "banded",
        Shader::Interpolated => "interpolated",
    }
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
                    // Of one shader or the other: wgpu checks their sizes when they are recorded.
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
            Self { device: device.clone(), tables, samples, layout, made: Mutex::default() }
        })
    }

    /// The pipeline of a variant. They are made one at a time: some drivers crash when two are made at once.
    pub(crate) fn pipeline(&self, variant: Variant) -> Result<wgpu::ComputePipeline> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = made.get(&variant) {
            return Ok(pipeline.clone());
        }
        let input = match variant.input {
            InputSamples::F32 => 0.0,
            InputSamples::I16 => 1.0,
            InputSamples::F16 => 2.0,
        };
        let flag = |set: bool| f64::from(u8::from(set));
        let mut constants = vec![("INPUT", input), ("PADS", flag(variant.pads)), ("WORKGROUP", f64::from(WORKGROUP))];
        match variant.shader {
            Shader::Banded => constants.extend([
                ("SPLITS_SUMS", flag(variant.splits_sums)),
                ("STAGED", f64::from(STAGED)),
                ("COPIED", f64::from(COPIED)),
            ]),
            Shader::Simple => {}
            Shader::Interpolated => constants.push(("SEGMENT", f64::from(SEGMENT))),
        }
        let pipeline = scoped(&self.device, || {
            self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some("polyphase"),
                layout: Some(&self.layout),
                module: &self.device.create_shader_module(source(variant.shader)),
                entry_point: Some(entry_point(variant.shader)),
                compilation_options: wgpu::PipelineCompilationOptions {
                    constants: &constants,
                    // Every row that is read has been staged; zeroing is done by one thread on some backends.
                    zero_initialize_workgroup_memory: false,
                },
                cache: None,
            })
        })?;
        made.insert(variant, pipeline.clone());
        Ok(pipeline)
    }
}

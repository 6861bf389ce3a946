//! [`Probes`]: the shaders of `probes.wgsl`.

use polyphase::wgpu;

use super::device::Gpu;

/// Lanes of a workgroup, as in the shaders.
const WORKGROUP: u64 = 256;

/// Number of workgroups in a row of the grid. Every device allows 65,535.
const ROW: u32 = 32_768;

/// Shaders of the bench on one device.
#[derive(Debug)]
pub(super) struct Probes {
    device: wgpu::Device,
    module: wgpu::ShaderModule,
}

/// Shader with its buffers, ready to be dispatched.
#[derive(Debug)]
pub(super) struct Probe {
    pipeline: wgpu::ComputePipeline,
    buffers: wgpu::BindGroup,
}

impl Probes {
    pub(super) fn new(gpu: &Gpu) -> Self {
        let source = wgpu::ShaderSource::Wgsl(include_str!("probes.wgsl").into());
        let descriptor = wgpu::ShaderModuleDescriptor { label: Some("polyphase bench"), source };
        Self { device: gpu.device.clone(), module: gpu.device.create_shader_module(descriptor) }
    }

    /// Compiles a shader, and binds its buffers.
    pub(super) fn probe(&self, entry_point: &str, buffers: &[(u32, &wgpu::Buffer)]) -> Probe {
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(entry_point),
            layout: None,
            module: &self.module,
            entry_point: Some(entry_point),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &[("ROW", ROW.into())],
                ..Default::default()
            },
            cache: None,
        });
        let entries = buffers
            .iter()
            .map(|&(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() });
        let buffers = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries.collect::<Vec<_>>(),
        });
        Probe { pipeline, buffers }
    }
}

impl Probe {
    /// Records a dispatch of at least `threads` threads.
    pub(super) fn record(&self, pass: &mut wgpu::ComputePass<'_>, threads: u64) {
        let workgroups = threads.div_ceil(WORKGROUP);
        let rows = workgroups.div_ceil(ROW.into());
        let columns = workgroups.min(ROW.into());
        let size = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.buffers, &[]);
        pass.dispatch_workgroups(size(columns), size(rows), 1);
    }
}

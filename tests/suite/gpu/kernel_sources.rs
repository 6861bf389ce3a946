//! Jobs as data, launched by a runtime other than `GpuResampler`: each with all of its buffers in one.

use polyphase::half::f16;
use polyphase::{
    GpuClip, GpuResampler, JobOptions, KernelSource, KernelSources, Padding, Plan, Preset, SampleFormat, wgpu,
};

use super::device::{device, filled, read};
use super::kernels::KERNELS;
use crate::signals::noise_f32;

/// Buffer with these bytes at aligned offsets, and their bindings, the last of which is the output.
struct Shared {
    buffer: wgpu::Buffer,
    ranges: Vec<(u64, u64)>,
}

impl Shared {
    fn new(device: &wgpu::Device, queue: &wgpu::Queue, contents: &[&[u8]]) -> Self {
        let (mut bytes, mut ranges) = (Vec::new(), Vec::new());
        for content in contents {
            ranges.push((bytes.len() as u64, content.len() as u64));
            bytes.extend_from_slice(content);
            bytes.resize(bytes.len().next_multiple_of(256), 0xff);
        }
        Self { buffer: filled(device, queue, &bytes), ranges }
    }

    fn binding(&self, index: usize) -> wgpu::BindingResource<'_> {
        let (offset, size) = self.ranges[index];
        let size = wgpu::BufferSize::new(size);
        wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer: &self.buffer, offset, size })
    }
}

fn launch(device: &wgpu::Device, queue: &wgpu::Queue, kernel: &KernelSource, shared: &Shared) {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(kernel.wgsl().into()),
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: None,
        module: &module,
        entry_point: Some(kernel.entry_point()),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    });
    let entries: Vec<_> = (0..shared.ranges.len())
        .map(|index| wgpu::BindGroupEntry { binding: index as u32, resource: shared.binding(index) })
        .collect();
    let layout = &pipeline.get_bind_group_layout(0);
    let group = device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries });
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
    pass.set_pipeline(&pipeline);
    pass.set_bind_group(0, &group, &[]);
    pass.dispatch_workgroups(kernel.grid().0, kernel.grid().1, 1);
    drop(pass);
    queue.submit([encoder.finish()]);
}

/// The bits of a job as data are those of the job that `GpuResampler` records.
#[test]
fn jobs_as_data_give_the_same_bits() {
    let Some((device, queue)) = device() else { return };
    for kernel in KERNELS {
        check_bits(&GpuResampler::new(&device, &queue).unwrap().with_kernel(kernel));
    }
}

fn check_bits(gpu: &GpuResampler) {
    let (device, queue) = (gpu.device(), gpu.queue());
    let sources = KernelSources::new(&device.limits()).unwrap().with_kernel(gpu.kernel());
    let floats = noise_f32(1, 3 * 4801);
    let halves: Vec<f16> = floats.iter().map(|&x| f16::from_f32(x)).collect();
    let plans = [(48_000, 44_100), (3, 1), (5, 5), (4_294_967_291, 4_294_967_279)];
    let paddings = [Padding::Zero, Padding::Reflect];
    for ((orig_freq, new_freq), padding) in plans.into_iter().flat_map(|plan| paddings.map(|padding| (plan, padding))) {
        let plan = Plan::new(orig_freq, new_freq, Preset::Default.options().padding(padding)).unwrap();
        for format in [SampleFormat::F32, SampleFormat::F16] {
            let out = plan.output_len(4801) as u64;
            let clips: Vec<_> = (0..3).map(|row| GpuClip::new(&plan, row * 4801, 4801, row * out)).collect();
            let options = JobOptions::from(format).shared_buffer(true).max_multiply_adds(100_000);
            let job = gpu.prepare(&clips, options).unwrap();
            let mut input: Vec<u8> = match format {
                SampleFormat::F16 => halves.iter().flat_map(|x| x.to_le_bytes()).collect(),
                _ => floats.iter().flat_map(|x| x.to_le_bytes()).collect(),
            };
            input.resize(job.input_bytes() as usize, 0);
            let output = vec![0; job.output_bytes() as usize];

            let shared = Shared::new(device, queue, &[&input, &output]);
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            let [wgpu::BindingResource::Buffer(from), wgpu::BindingResource::Buffer(to)] =
                [0, 1].map(|index| shared.binding(index))
            else {
                panic!()
            };
            gpu.record(&mut pass, &job, from, to).unwrap();
            drop(pass);
            queue.submit([encoder.finish()]);
            let samples = |shared: &Shared| {
                let (offset, bytes) = *shared.ranges.last().unwrap();
                let all = read(device, queue, &shared.buffer);
                all[offset as usize / 4..][..bytes as usize / 4].iter().map(|y| y.to_bits()).collect::<Vec<_>>()
            };
            let expected = samples(&shared);
            assert!(expected.iter().any(|&bits| bits != 0));

            let kernels = sources.prepare(&clips, options).unwrap();
            assert_eq!(kernels.len(), job.parts());
            let bytes = |kernel: &KernelSource| (kernel.input_bytes(), kernel.output_bytes());
            assert!(kernels.iter().all(|kernel| bytes(kernel) == (job.input_bytes(), job.output_bytes())));
            let mut output = output;
            for kernel in &kernels {
                let tables = kernel.tables().iter().map(|table| &**table);
                let contents: Vec<_> = tables.chain([&*input, &*output]).collect();
                let shared = Shared::new(device, queue, &contents);
                launch(device, queue, kernel, &shared);
                output = samples(&shared).iter().flat_map(|bits| bits.to_le_bytes()).collect();
            }
            let actual: Vec<_> =
                output.chunks_exact(4).map(|bits| u32::from_le_bytes(bits.try_into().unwrap())).collect();
            assert!(actual == expected, "{orig_freq}→{new_freq}, {padding}, {format:?}");
        }
    }
}

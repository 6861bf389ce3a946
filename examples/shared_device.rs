//! A resampler on an application's own device: one shader of the application makes a signal in the application's
//! buffer, polyphase resamples it, and another shader measures the result, all in one submission. No sample crosses to
//! the host; at the end a single number is read.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use polyphase::wgpu::{self, util::DeviceExt};
use polyphase::{GpuClip, GpuResampler, Plan, ResampleOptions, SampleFormat};

/// The application's shaders: a 1 kHz tone at 48 kHz, and the largest difference from the same tone at 44.1 kHz.
const APPLICATION: &str = "
@group(0) @binding(0) var<storage, read_write> signal: array<f32>;
@group(0) @binding(1) var<storage, read_write> worst: atomic<u32>;

fn tone(n: u32, rate: u32) -> f32 {
    // Whole cycles are removed first: float32 is too coarse for the phase of a tone that lasts a second.
    let cycles = f32(n * 1000u % rate) / f32(rate);
    return 0.5 * sin(6.283185307179586 * cycles);
}

@compute @workgroup_size(64)
fn make(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x < arrayLength(&signal) {
        signal[id.x] = tone(id.x, 48000u);
    }
}

@compute @workgroup_size(64)
fn measure(@builtin(global_invocation_id) id: vec3<u32>) {
    let n = id.x;
    // A tenth of a second at each end, where the signal starts and stops, is left out.
    if n > 4410u && n + 4410u < arrayLength(&signal) {
        // Positive floats compare as their bits do.
        atomicMax(&worst, bitcast<u32>(abs(signal[n] - tone(n, 44100u))));
    }
}
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The application's own device.
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let adapter = pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default()))?;
    let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default()))?;
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some("application"),
        source: wgpu::ShaderSource::Wgsl(APPLICATION.into()),
    });
    let pipeline = |entry_point| {
        device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(entry_point),
            layout: None,
            module: &module,
            entry_point: Some(entry_point),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        })
    };
    let (make, measure) = (pipeline("make"), pipeline("measure"));

    // Buffers: a second of signal, the resampled signal, and the largest difference.
    let plan = Plan::new(48_000, 44_100, ResampleOptions::kaiser_best())?;
    let buffer = |samples: usize| {
        let size = 4 * samples as u64;
        let usage = wgpu::BufferUsages::STORAGE;
        device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
    };
    let (signal, resampled) = (buffer(48_000), buffer(plan.output_len(48_000)));
    let worst = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
        label: Some("worst"),
        contents: &[0; 4],
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
    });
    let bind = |pipeline: &wgpu::ComputePipeline, buffers: &[(u32, &wgpu::Buffer)]| {
        let entries: Vec<_> = buffers
            .iter()
            .map(|(binding, buffer)| wgpu::BindGroupEntry { binding: *binding, resource: buffer.as_entire_binding() })
            .collect();
        let layout = &pipeline.get_bind_group_layout(0);
        device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
    };
    let make_bind = bind(&make, &[(0, &signal)]);
    let measure_bind = bind(&measure, &[(0, &resampled), (1, &worst)]);

    // The resampler, created once, and a job for buffers of these lengths.
    let gpu = GpuResampler::new(&device, &queue)?;
    let job = gpu.prepare(&[GpuClip::new(&plan, 0, 48_000, 0)], SampleFormat::F32)?;

    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&make);
        pass.set_bind_group(0, &make_bind, &[]);
        pass.dispatch_workgroups(750, 1, 1);
        gpu.record(&mut pass, &job, signal.as_entire_buffer_binding(), resampled.as_entire_buffer_binding())?;
        pass.set_pipeline(&measure);
        pass.set_bind_group(0, &measure_bind, &[]);
        pass.dispatch_workgroups(690, 1, 1);
    }
    let read = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("read"),
        size: 4,
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    encoder.copy_buffer_to_buffer(&worst, 0, &read, 0, 4);
    queue.submit([encoder.finish()]);

    read.map_async(wgpu::MapMode::Read, .., |mapped| mapped.expect("mapped"));
    device.poll(wgpu::PollType::wait_indefinitely())?;
    let bytes: [u8; 4] = read.get_mapped_range(..)?[..4].try_into()?;
    let worst = f32::from_le_bytes(bytes);
    println!("on {}: the resampled tone is within {worst:.1e} of the tone", adapter.get_info().name);
    assert!(worst < 2e-6, "the resampled tone is off by {worst}");
    Ok(())
}

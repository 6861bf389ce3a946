//! The GPU kernels on the first adapter: `cargo bench --bench resample -- 'resident|round_trip'`.
//!
//! `resident` times a dispatch and the wait for it, with the samples in the GPU's memory. `round_trip` times a batch of
//! ten clips of one second, from host memory and back. Without an adapter both print SKIPPED, and fail if
//! `POLYPHASE_REQUIRE_GPU` is set.
//!
//! On lavapipe (Mesa 22.3.6, llvmpipe of 256 bits, two cores), 10 s of audio, one run, median:
//!
//! | rates, filter                  | plain    | banded  | ratio         |
//! |--------------------------------|----------|---------|---------------|
//! | 44.1 to 48 kHz, kaiser_best    | 125.0 ms | 18.2 ms | 6.9           |
//! | 48 to 44.1 kHz, kaiser_best    | 124.3 ms | 20.5 ms | 6.1           |
//! | 44.1 to 16 kHz, kaiser_best    | 114.3 ms | 21.4 ms | 5.4           |
//! | 16 to 8 kHz, kaiser_best       | 40.5 ms  | 7.72 ms | 5.2           |
//! | 48 to 44.1 kHz, default        | 16.9 ms  | 4.46 ms | 3.8           |
//! | 48 to 16 kHz, default          | 12.6 ms  | 3.81 ms | 3.3           |
//! | 8 to 16 kHz, default           | 5.93 ms  | 1.51 ms | 3.9           |
//!
//! lavapipe says nothing about occupancy, bank conflicts and caches. The machine code of banded.wgsl for RDNA2 (RADV of
//! Mesa 22.3.6, with the bounds checks that wgpu adds) shows registers and memory traffic:
//!
//! | variant             | instructions | VGPRs | spilled | hot block: fma | workgroup words per fma |
//! |---------------------|--------------|-------|---------|----------------|-------------------------|
//! | float32             | 852          | 96    | 0       | 128 (77 %)     | 0.125                   |
//! | `INPUT=1`           | 894          | 96    | 0       | 128 (77 %)     | 0.125                   |
//! | `INPUT=2`           | 959          | 96    | 0       | 128 (77 %)     | 0.125                   |
//! | `PADS`              | 1036         | 96    | 0       | 128 (77 %)     | 0.125                   |
//! | `SPLITS_SUMS`       | 1564         | 96    | 0       | 128 (77 %)     | 0.125                   |
//!
//! interpolated.wgsl has 328 instructions and 48 VGPRs, none spilled; 16 of the 63 instructions of its hot block are
//! fma.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use polyphase::{Batch, CpuResampler, GpuClip, GpuKernel, GpuResampler, SampleFormat, wgpu};
use polyphase_checks::skips::skipped;

use crate::cases::{Case, cases};

/// Cases with kaiser_best, one of the longest filters, and with the shortest filter.
fn gpu_cases() -> impl Iterator<Item = Case> {
    cases().filter(|case| case.name.ends_with("kaiser_best") || case.name.ends_with("width 6"))
}

const SECONDS: u32 = 10;

/// Opens the first adapter. Without one the benches are skipped, or fail with `POLYPHASE_REQUIRE_GPU=1`.
#[expect(clippy::print_stdout, reason = "says what it runs on")]
fn open() -> Option<(wgpu::Device, wgpu::Queue)> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let adapter = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all())).into_iter().next();
    let Some(adapter) = adapter else {
        skipped("POLYPHASE_REQUIRE_GPU", "GPU adapter");
        return None;
    };
    let name = adapter.get_info().name;
    println!("adapter: {name}");
    let required_limits = adapter.limits();
    let descriptor = wgpu::DeviceDescriptor { required_limits, ..Default::default() };
    let opened = pollster::block_on(adapter.request_device(&descriptor));
    Some(opened.unwrap_or_else(|error| panic!("{name} cannot be opened: {error}")))
}

pub(crate) fn resident(criterion: &mut Criterion) {
    let Some((device, queue)) = open() else {
        return;
    };
    let mut group = criterion.benchmark_group("resident");
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    for case in gpu_cases() {
        let (plan, clip) = (case.plan(), case.input(SECONDS));
        let expected = CpuResampler::new().resample(&plan, &clip).expect("fits");
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
        let buffer = |len: usize, usage| {
            let size = 4 * len as u64;
            device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
        };
        let (input, output) = (buffer(clip.len(), usage), buffer(expected.len(), usage));
        queue.write_buffer(&input, 0, bytemuck::cast_slice(&clip));
        group.throughput(Throughput::Elements(expected.len() as u64));
        for kernel in [GpuKernel::Plain, GpuKernel::Banded] {
            let gpu = GpuResampler::new(&device, &queue).expect("a device").with_kernel(kernel);
            let job = gpu.prepare(&[GpuClip::new(&plan, 0, clip.len() as u64, 0)], SampleFormat::F32).expect("a job");
            let run = || {
                let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                let (input, output) = (input.as_entire_buffer_binding(), output.as_entire_buffer_binding());
                gpu.record(&mut pass, &job, input, output).expect("recorded");
                drop(pass);
                queue.submit([encoder.finish()]);
                device.poll(wgpu::PollType::wait_indefinitely()).expect("done");
            };
            run();
            let host = buffer(expected.len(), wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encoder.copy_buffer_to_buffer(&output, 0, &host, 0, output.size());
            queue.submit([encoder.finish()]);
            host.map_async(wgpu::MapMode::Read, .., |mapped| mapped.expect("mapped"));
            device.poll(wgpu::PollType::wait_indefinitely()).expect("done");
            let view = host.get_mapped_range(..).expect("mapped");
            let actual: &[f32] = bytemuck::cast_slice(&view);
            assert!(actual.iter().zip(&expected).all(|(a, e)| (a - e).abs() < 2e-6), "{kernel:?} differs from the CPU");

            let name = format!("{kernel:?}").to_lowercase();
            group.bench_function(BenchmarkId::new(&case.name, name), |bencher| bencher.iter(run));
        }
    }
    group.finish();
}

pub(crate) fn round_trip(criterion: &mut Criterion) {
    let Some((device, queue)) = open() else {
        return;
    };
    let gpu = GpuResampler::new(&device, &queue).expect("a device");
    let mut group = criterion.benchmark_group("round_trip");
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    for case in gpu_cases() {
        let plan = case.plan();
        let clips: Vec<_> = (0..SECONDS).map(|_| case.input(1)).collect();
        let mut batch = Batch::new();
        clips.iter().for_each(|clip| batch.push(&plan, clip));
        let expected = CpuResampler::new().resample_batch(&batch).expect("fits");
        let run = || gpu.resample_batch(&batch).expect("resampled");
        let close = run().samples().iter().zip(expected.samples()).all(|(a, e)| (a - e).abs() < 2e-6);
        assert!(close, "the GPU differs from the CPU");
        group.throughput(Throughput::Elements(expected.samples().len() as u64));
        group.bench_function(&case.name, |bencher| bencher.iter(run));
    }
    group.finish();
}

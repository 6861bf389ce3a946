//! The GPU kernels on the first adapter: `cargo bench --bench resample -- 'resident|round_trip'`.
//!
//! `resident` times a dispatch and the wait for it, with the samples in the GPU's memory: clips of 10 s, so many that no
//! cache holds them, or one in software. `round_trip` times a batch of ten clips of one second, from host memory and
//! back. Without an adapter both print SKIPPED, and fail if `POLYPHASE_REQUIRE_GPU` is set.
//!
//! `polyphase bench --gpu` measures more clips with the timestamps of the GPU, as shares of its limits.
//!
//! On lavapipe (Mesa 22.3.6, llvmpipe of 256 bits, two cores), 10 s of audio, one run, median:
//!
//! | rates, filter                  | plain   | banded  | paired  |
//! |--------------------------------|---------|---------|---------|
//! | 44.1 to 48 kHz, kaiser_best    | 98.1 ms | 21.8 ms | 13.7 ms |
//! | 48 to 44.1 kHz, kaiser_best    | 96.8 ms | 24.2 ms | 16.0 ms |
//! | 44.1 to 16 kHz, kaiser_best    | 87.4 ms | 21.4 ms | 13.1 ms |
//! | 16 to 8 kHz, kaiser_best       | 30.9 ms | 7.4 ms  | 6.6 ms  |
//! | 48 to 44.1 kHz, width 6        | 17.2 ms | 7.7 ms  | 5.5 ms  |
//! | 48 to 16 kHz, width 6          | 12.7 ms | 5.9 ms  | 3.8 ms  |
//! | 8 to 16 kHz, width 6           | 7.4 ms  | 3.1 ms  | 1.5 ms  |
//!
//! lavapipe says nothing about occupancy, bank conflicts and caches. `shaders/banded.wgsl` gives the registers and memory
//! traffic of its machine code for RDNA2 (RADV of Mesa 22.3.6, with the bounds checks that wgpu adds). There,
//! interpolated.wgsl has 328 instructions and 48 VGPRs, none spilled; 16 of the 63 instructions of its hot block are
//! fma.

mod host;

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use polyphase::wgpu::{self, BufferUsages};
use polyphase::{Batch, CpuResampler, GpuClip, GpuKernel, GpuResampler, JobOptions, Preset, SampleFormat};
use polyphase_checks::skips::skipped;

pub(crate) use self::host::host_path;
use crate::cases::{Case, cases};

/// Cases with the shortest filter, with kaiser_best, one of the longest, and with the preset `High`.
fn gpu_cases() -> impl Iterator<Item = Case> {
    let designed = cases().filter(|case| case.name.ends_with("width 6")).map(|case| Case {
        name: format!("{}-{}/high", case.orig_freq, case.new_freq),
        options: Preset::High.options(),
        ..case
    });
    let tutorial = cases().filter(|case| case.name.ends_with("width 6") || case.name.ends_with("kaiser_best"));
    tutorial.chain(designed)
}

const SECONDS: u32 = 10;

/// Bytes of samples and outputs that no cache of a GPU holds.
const BEYOND_CACHES: u64 = 300 << 20;

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
    let gpu = GpuResampler::new(&device, &queue).expect("a device");
    let kernels =
        [GpuKernel::Plain, GpuKernel::Banded, GpuKernel::Paired].map(|kernel| gpu.clone().with_kernel(kernel));
    let mut group = criterion.benchmark_group("resident");
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    let cpu = CpuResampler::new();
    for case in gpu_cases() {
        let (plan, floats) = (case.plan(), case.input(SECONDS));
        #[expect(clippy::cast_possible_truncation, reason = "the samples are below full scale")]
        let integers: Vec<_> = floats.iter().map(|x| (32_767.0 * x).round() as i16).collect();
        let options = JobOptions::from(SampleFormat::F32);
        let expected = cpu.resample(&plan, &floats).expect("fits");
        for gpu in &kernels {
            measure(&mut group, gpu, &case, options, &floats, &expected, 2e-6);
        }
        let options = JobOptions::from(SampleFormat::I16).output(SampleFormat::I16);
        let expected = cpu.resample(&plan, &integers).expect("fits");
        // Outputs halfway between two integers may be rounded to either of them.
        measure(&mut group, &gpu, &case, options, &integers, &expected, 1.5);
    }
    group.finish();
}

/// Measures copies of a clip with the outputs `expected`, and checks the last of them.
fn measure<I: bytemuck::Pod, O: bytemuck::Pod + Into<f64>>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    gpu: &GpuResampler,
    case: &Case,
    options: JobOptions,
    clip: &[I],
    expected: &[O],
    tolerance: f64,
) {
    let (device, queue) = (gpu.device(), gpu.queue());
    let (input_bytes, output_bytes) = (size_of_val(clip) as u64, size_of_val(expected) as u64);
    let clips = if device.adapter_info().device_type == wgpu::DeviceType::Cpu {
        1
    } else {
        let limits = device.limits();
        let most = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size) / input_bytes.max(output_bytes);
        BEYOND_CACHES.div_ceil(input_bytes + output_bytes).min(most)
    };
    let buffer = |size: u64, usage| {
        device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
    };
    let input = buffer(clips * input_bytes, BufferUsages::STORAGE | BufferUsages::COPY_DST);
    let output = buffer(clips * output_bytes, BufferUsages::STORAGE | BufferUsages::COPY_SRC);
    for index in 0..clips {
        queue.write_buffer(&input, index * input_bytes, bytemuck::cast_slice(clip));
        queue.submit([]);
    }
    let (clip_len, output_len) = (clip.len() as u64, expected.len() as u64);
    let plan = case.plan();
    let layout: Vec<_> =
        (0..clips).map(|index| GpuClip::new(&plan, index * clip_len, clip_len, index * output_len)).collect();
    let job = gpu.prepare(&layout, options).expect("a job");
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
    let host = buffer(output_bytes, BufferUsages::MAP_READ | BufferUsages::COPY_DST);
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(&output, (clips - 1) * output_bytes, &host, 0, output_bytes);
    queue.submit([encoder.finish()]);
    host.map_async(wgpu::MapMode::Read, .., |mapped| mapped.expect("mapped"));
    device.poll(wgpu::PollType::wait_indefinitely()).expect("done");
    let view = host.get_mapped_range(..).expect("mapped");
    let actual: &[O] = bytemuck::cast_slice(&view);
    let name = format!("{:?} {:?}", gpu.kernel(), options.input_format()).to_lowercase();
    let is_close = |(&actual, &expected): (&O, &O)| (actual.into() - expected.into()).abs() < tolerance;
    assert!(actual.iter().zip(expected).all(is_close), "{}, {name} differs from the CPU", case.name);

    group.throughput(Throughput::Elements(clips * output_len));
    group.bench_function(BenchmarkId::new(&case.name, name), |bencher| bencher.iter(run));
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
        let actual = run();
        let close = actual.samples().iter().zip(expected.samples()).all(|(a, e)| (a - e).abs() < 2e-6);
        assert!(close && actual.offsets() == expected.offsets(), "{}: the GPU differs from the CPU", case.name);
        group.throughput(Throughput::Elements(expected.samples().len() as u64));
        group.bench_function(&case.name, |bencher| bencher.iter(run));
    }
    group.finish();
}

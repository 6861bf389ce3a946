//! Errors for unusable buffers, jobs beyond the limits, and small or broken devices, on wgpu's `noop` device, which
//! needs no adapter.

use polyphase::{Error, GpuClip, GpuResampler, Plan, ResampleOptions, SampleFormat, wgpu};

/// A device that does nothing, with these limits.
fn noop(limits: wgpu::Limits) -> (wgpu::Device, wgpu::Queue) {
    wgpu::Device::noop(&wgpu::DeviceDescriptor { required_limits: limits, ..Default::default() })
}

fn a_plan() -> Plan {
    Plan::new(3, 2, ResampleOptions::default()).unwrap()
}

#[test]
fn devices_below_webgpus_defaults_are_refused() {
    for (limits, what) in [
        (
            wgpu::Limits { max_compute_workgroup_storage_size: 8192, ..wgpu::Limits::default() },
            "bytes of workgroup memory",
        ),
        (
            wgpu::Limits { max_compute_invocations_per_workgroup: 32, ..wgpu::Limits::default() },
            "threads of a workgroup",
        ),
        (
            wgpu::Limits { max_storage_buffers_per_shader_stage: 4, ..wgpu::Limits::default() },
            "storage buffers of a shader",
        ),
    ] {
        let (device, queue) = noop(limits);
        let error = GpuResampler::new(&device, &queue).unwrap_err();
        assert!(matches!(error, Error::GpuLimit { what: named, .. } if named == what), "{error}");
    }
    let (device, queue) = noop(wgpu::Limits::default());
    assert!(GpuResampler::new(&device, &queue).is_ok());
}

#[test]
fn jobs_beyond_what_a_dispatch_addresses_are_refused() {
    let (device, queue) = noop(wgpu::Limits { max_compute_workgroups_per_dimension: 2, ..wgpu::Limits::default() });
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let prepare = |clips: &[GpuClip]| gpu.prepare(clips, SampleFormat::F32);
    let plan = a_plan();
    for clip in [
        GpuClip::new(&plan, 1 << 40, 10, 0),
        GpuClip::new(&plan, 0, 10, 1 << 40),
        GpuClip::new(&plan, 0, 1 << 40, 0),
        GpuClip::new(&plan, u64::MAX, u64::MAX, u64::MAX),
        // A grid of 2 × 2 has only four workgroups.
        GpuClip::new(&plan, 0, 1 << 20, 0),
    ] {
        let error = prepare(&[clip]).unwrap_err();
        assert!(matches!(error, Error::GpuLimit { .. }), "{error}");
    }
    let overlapping = prepare(&[GpuClip::new(&plan, 0, 30, 0), GpuClip::new(&plan, 30, 30, 19)]).unwrap_err();
    assert!(overlapping.to_string().contains("the output buffer is written twice"), "{overlapping}");
    let job = prepare(&[GpuClip::new(&plan, 5, 30, 7), GpuClip::new(&plan, 0, 0, 7)]).unwrap();
    assert_eq!((job.input_bytes(), job.output_bytes()), (4 * 35, 4 * 27));
    assert_eq!(gpu.prepare(&[GpuClip::new(&plan, 5, 30, 7)], SampleFormat::I16).unwrap().input_bytes(), 72);
}

#[test]
fn unusable_buffers_are_refused_with_the_reason() {
    let (device, queue) = noop(wgpu::Limits::default());
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let job = gpu.prepare(&[GpuClip::new(&a_plan(), 0, 300, 0)], SampleFormat::F32).unwrap();
    let buffer = |size, usage| {
        device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
    };
    let storage = wgpu::BufferUsages::STORAGE;
    let (input, output) = (buffer(1200, storage), buffer(800, storage));
    let (small, large) = (buffer(796, storage), buffer(4096, storage));
    let copy = buffer(1200, wgpu::BufferUsages::COPY_DST);
    let whole = wgpu::Buffer::as_entire_buffer_binding;
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
    let mut record =
        |input: wgpu::BufferBinding<'_>, output: wgpu::BufferBinding<'_>| gpu.record(&mut pass, &job, input, output);
    assert_eq!(record(whole(&input), whole(&output)), Ok(()));
    assert_eq!(record(wgpu::BufferBinding { buffer: &large, offset: 256, size: None }, whole(&output)), Ok(()));
    for (input, output, says) in [
        (whole(&input), whole(&small), "the output buffer has 796 bytes from byte 0 on: the job needs 800"),
        (whole(&output), whole(&input), "the input buffer has 800 bytes from byte 0 on: the job needs 1200"),
        (whole(&copy), whole(&output), "the input buffer lacks the usage STORAGE"),
        (whole(&large), whole(&large), "the output buffer is also the input buffer"),
        (
            wgpu::BufferBinding { buffer: &large, offset: 4, size: None },
            whole(&output),
            "the input buffer is bound at byte 4: that must be a multiple of 256",
        ),
    ] {
        let error = record(input, output).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}

/// On a small device that computes nothing, a batch is cut into pieces and the call returns.
#[test]
fn a_driver_that_computes_nothing_does_not_hang() {
    let limits =
        wgpu::Limits { max_buffer_size: 1 << 16, max_storage_buffer_binding_size: 1 << 16, ..wgpu::Limits::default() };
    let (device, queue) = noop(limits);
    let (plan, clip) = (a_plan(), vec![0.5_f32; 200_000]);
    let mut batch = polyphase::Batch::new();
    batch.push(&plan, &clip);
    let outputs = GpuResampler::new(&device, &queue).unwrap().resample_batch(&batch).unwrap();
    assert!(outputs.samples().len() == plan.output_len(clip.len()) && outputs.samples().iter().all(|&y| y == 0.0));
}

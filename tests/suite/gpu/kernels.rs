//! Each kernel on the caller's device and buffers: against the golden files and the CPU, and against the other kernels.

use polyphase::{
    CpuResampler, Error, GpuClip, GpuKernel, GpuResampler, Plan, Preset, ResampleOptions, SampleFormat, wgpu,
};

use super::device::{device, filled, read};
use crate::compare::{GPU, Tolerance, compare, peak};
use crate::golden;
use crate::signals::{noise_f32, to_f32, to_f64};

pub(crate) const KERNELS: [GpuKernel; 3] = [GpuKernel::Banded, GpuKernel::Paired, GpuKernel::Plain];

/// Resamples clips from one buffer, each with its plan, in one job.
pub(crate) fn resample(gpu: &GpuResampler, clips: &[(Plan, Vec<f32>)]) -> Vec<Vec<f32>> {
    let (device, queue) = (gpu.device(), gpu.queue());
    // The values between the clips must not be read.
    let mut input = vec![f32::NAN; 3];
    let mut layout = Vec::new();
    let mut outputs = 5;
    for (plan, clip) in clips {
        layout.push(GpuClip::new(plan, input.len() as u64, clip.len() as u64, outputs as u64));
        input.extend(clip);
        input.push(f32::NAN);
        outputs += plan.output_len(clip.len()) + 2;
    }
    let input = filled(device, queue, bytemuck::cast_slice(&input));
    let output = filled(device, queue, bytemuck::cast_slice(&vec![7.5_f32; outputs]));
    let job = gpu.prepare(&layout, SampleFormat::F32).unwrap();
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
    gpu.record(&mut pass, &job, input.as_entire_buffer_binding(), output.as_entire_buffer_binding()).unwrap();
    drop(pass);
    queue.submit([encoder.finish()]);
    let samples = read(device, queue, &output);
    let mut untouched = samples.clone();
    let result = layout
        .iter()
        .zip(clips)
        .map(|(place, (plan, clip))| {
            let range = place.output_offset() as usize..place.output_offset() as usize + plan.output_len(clip.len());
            untouched[range.clone()].fill(7.5);
            samples[range].to_vec()
        })
        .collect();
    assert!(untouched.iter().all(|&sample| sample == 7.5), "something was written outside the outputs");
    result
}

/// A device that computes in software has a kernel of its own. Another can be chosen.
#[test]
fn the_kernel_suits_the_device() {
    let Some((device, queue)) = device() else { return };
    let is_software = device.adapter_info().device_type == wgpu::DeviceType::Cpu;
    let expected = if is_software { GpuKernel::Paired } else { GpuKernel::Banded };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    assert_eq!(gpu.kernel(), expected);
    assert_eq!(gpu.with_kernel(GpuKernel::Plain).kernel(), GpuKernel::Plain);
}

#[test]
fn golden_cases() {
    let Some((device, queue)) = device() else { return };
    for kernel in KERNELS {
        let gpu = GpuResampler::new(&device, &queue).unwrap().with_kernel(kernel);
        let mut clips = Vec::new();
        let mut expected = Vec::new();
        for case in golden::cases() {
            let plan = case.plan();
            for (input, output) in case.channels() {
                clips.push((plan.clone(), to_f32(&input)));
                expected.push((case.name.clone(), peak(&input), output));
            }
        }
        for ((name, peak, expected), actual) in expected.iter().zip(resample(&gpu, &clips)) {
            compare(&to_f64(&actual), expected, *peak, GPU)
                .unwrap_or_else(|wrong| panic!("{kernel:?}, {name}: {wrong}"));
        }
    }
}

/// One dispatch for clips of lengths 0, 1, 2, … at mixed rates: against the CPU, and with the same bits from all
/// kernels, in any order, alone, and in every run. (Filters of up to 256 taps are one chain of sums in all kernels.)
#[test]
fn ragged_batches_are_right_and_exact() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap().with_kernel(GpuKernel::Banded);
    let rates =
        [(48_000, 44_100), (44_100, 48_000), (16_000, 8_000), (8_000, 16_000), (44_100, 16_000), (1009, 997), (3, 3)];
    let plans: Vec<_> = rates
        .into_iter()
        .flat_map(|(orig, new)| {
            [Preset::Default, Preset::KaiserFast].map(|preset| Plan::new(orig, new, preset.options()).unwrap())
        })
        .collect();
    let clips: Vec<_> = (0..1000)
        .map(|i| {
            let len = if i < 500 { i } else { i * 7 % 3001 };
            (plans[i * 5 % plans.len()].clone(), noise_f32(i as u64, len))
        })
        .collect();
    let first = resample(&gpu, &clips);
    let cpu = CpuResampler::new();
    for (actual, (plan, clip)) in first.iter().zip(&clips) {
        let exact = to_f64(&cpu.resample(plan, clip).unwrap());
        // The tolerance of the CPU for each sample is a quarter of this one.
        compare(&to_f64(actual), &exact, 1.0, GPU)
            .unwrap_or_else(|wrong| panic!("{:?}, {}: {wrong}", plan.ratio(), clip.len()));
    }
    assert!(first == resample(&gpu, &clips), "run to run");
    for kernel in [GpuKernel::Paired, GpuKernel::Plain] {
        assert!(first == resample(&gpu.clone().with_kernel(kernel), &clips), "Banded to {kernel:?}");
    }
    let reversed: Vec<_> = clips.iter().rev().cloned().collect();
    let mut backwards = resample(&gpu, &reversed);
    backwards.reverse();
    assert!(first == backwards, "order");
    for i in [0, 1, 77, 640, 999] {
        assert!(resample(&gpu, &clips[i..=i])[0] == first[i], "alone");
    }
}

/// Lengths around the sizes of tiles of every shape.
#[test]
fn lengths_around_tiles() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let mut clips = Vec::new();
    for (orig, new) in
        [(1, 2), (2, 1), (3, 1), (7, 1), (1, 7), (20, 1), (200, 1), (1, 1000), (3, 2), (160, 147), (44_100, 44_101)]
    {
        for width in [0.1, 1.0, 6.0, 10.5] {
            let plan = Plan::new(orig, new, ResampleOptions::default().lowpass_filter_width(width)).unwrap();
            let most = if new > 100 * orig { 100 } else { 5000 };
            for len in [1, 2, 31, 32, 33, 63, 64, 65, 255, 256, 257, 2047, 2048, 2049, 4095, 4096, 4097, 5000] {
                clips.push((plan.clone(), noise_f32(len, (len as usize).min(most))));
            }
        }
    }
    let cpu = CpuResampler::new();
    let exact: Vec<_> = clips.iter().map(|(plan, clip)| to_f64(&cpu.resample(plan, clip).unwrap())).collect();
    for kernel in [GpuKernel::Banded, GpuKernel::Paired] {
        let outputs = resample(&gpu.clone().with_kernel(kernel), &clips);
        for ((actual, exact), (plan, clip)) in outputs.iter().zip(&exact).zip(&clips) {
            // Filters of thousands of taps pass so little of the noise that only the bound for each sample is useful.
            let rms_db = if plan.taps() <= 4096 { -120.0 } else { 0.0 };
            let tolerance = Tolerance { rms_db, ..GPU };
            compare(&to_f64(actual), exact, 1.0, tolerance)
                .unwrap_or_else(|wrong| panic!("{kernel:?}, {:?}, {}: {wrong}", plan.ratio(), clip.len()));
        }
    }
}

/// Filters too long for a thread's loops are refused, not cut short.
#[test]
fn filters_of_too_many_steps_are_refused() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let plan = Plan::new(1000, 1, ResampleOptions::default().lowpass_filter_width(64.0)).unwrap();
    for kernel in KERNELS {
        let error =
            gpu.clone().with_kernel(kernel).prepare(&[GpuClip::new(&plan, 0, 5, 0)], SampleFormat::F32).unwrap_err();
        assert!(
            matches!(
                error,
                Error::GpuLimit {
                    what: "loop iterations of a thread, which grow with taps and mixed channels",
                    limit: 60_000,
                    ..
                }
            ),
            "{error}"
        );
    }
}

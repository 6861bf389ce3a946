//! 16-bit floats as inputs and outputs, on devices that need not support them.

use half::f16;
use polyphase::{
    Batch, Clamped, Error, GpuClip, GpuResampler, Padding, Plan, ResampleOptions, SampleFormat, half, wgpu,
};

use super::device::{device, filled, read};
use super::kernels::KERNELS;
use crate::signals::noise_f32;

/// At equal rates every 16-bit float is copied exactly, subnormal numbers, infinities and NaN included.
#[test]
fn every_half_is_decoded_exactly() {
    let Some((device, queue)) = device() else { return };
    let plan = Plan::new(1, 1, ResampleOptions::default()).unwrap();
    let halves: Vec<u16> = (0..=u16::MAX).collect();
    let input = filled(&device, &queue, bytemuck::cast_slice(&halves));
    for kernel in KERNELS {
        let gpu = GpuResampler::new(&device, &queue).unwrap().with_kernel(kernel);
        let job = gpu.prepare(&[GpuClip::new(&plan, 0, 1 << 16, 0)], SampleFormat::F16).unwrap();
        assert_eq!(job.input_bytes(), 1 << 17);
        let output = filled(&device, &queue, &vec![0; 1 << 18]);
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        gpu.record(&mut pass, &job, input.as_entire_buffer_binding(), output.as_entire_buffer_binding()).unwrap();
        drop(pass);
        queue.submit([encoder.finish()]);
        for (bits, actual) in (0..=u16::MAX).zip(read(&device, &queue, &output)) {
            let expected = f16::from_bits(bits).to_f32();
            let same = actual.to_bits() == expected.to_bits() || (actual.is_nan() && expected.is_nan());
            assert!(same, "{kernel:?}: {bits:#06x} is {actual:e}, not {expected:e}");
        }
    }
}

#[test]
fn halves_equal_their_floats() {
    let Some((device, queue)) = device() else { return };
    let options = ResampleOptions::default();
    let plans = [
        Plan::new(48_000, 44_100, options).unwrap(),
        Plan::new(3, 1, ResampleOptions::kaiser_fast().padding(polyphase::Padding::Edge)).unwrap(),
        Plan::new(999_983, 999_979, options.max_filter_bytes(1_200_000)).unwrap(),
    ];
    let halves: Vec<Vec<f16>> =
        (0..30).map(|i| noise_f32(i, 31 * i as usize).into_iter().map(f16::from_f32).collect()).collect();
    let floats: Vec<Vec<f32>> = halves.iter().map(|clip| clip.iter().map(|x| x.to_f32()).collect()).collect();
    let (mut of_halves, mut of_floats) = (Batch::new(), Batch::new());
    for (i, plan) in (0..30).zip(plans.iter().cycle()) {
        of_halves.push(plan, &halves[i]);
        of_floats.push(plan, &floats[i]);
    }
    for kernel in KERNELS {
        let gpu = GpuResampler::new(&device, &queue).unwrap().with_kernel(kernel);
        let expected = gpu.resample_batch(&of_floats).unwrap();
        assert!(gpu.resample_batch_as::<f32>(&of_halves).unwrap() == expected, "{kernel:?}");
        let rounded: Vec<_> = expected.samples().iter().map(|&y| f16::from_f32(y)).collect();
        assert!(gpu.resample_batch(&of_halves).unwrap().samples() == rounded, "{kernel:?}");
    }
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let infinite = [f16::INFINITY];
    let mut batch = Batch::new();
    batch.push(&plans[0], &infinite);
    assert_eq!(gpu.resample_batch(&batch), Err(Error::GpuNotFinite { clip: 0 }));
}

/// Sums of large floats overflow to infinities of either sign, and sums of these are NaN. A NaN becomes 0 and was not
/// clamped to the range, unlike the infinities.
#[test]
fn integers_that_were_nan_are_not_counted_as_clamped() {
    let Some((device, queue)) = device() else { return };
    let options = ResampleOptions::default();
    let long = options.lowpass_filter_width(400.0);
    let plans = [
        Plan::new(999_983, 999_979, options.max_filter_bytes(1_200_000)).unwrap(),
        Plan::new(3, 2, long.padding(Padding::Edge)).unwrap(),
        Plan::new(1, 100, options.padding(Padding::Edge)).unwrap(),
    ];
    let clips: Vec<Vec<f32>> =
        (0..3).map(|i| noise_f32(i, 3000).iter().map(|x| f32::MAX.copysign(x - 0.5)).collect()).collect();
    let gradients = plans.each_ref().map(|plan| vec![f32::MAX; plan.output_len(90)]);
    let (mut batch, mut of_gradients) = (Batch::new(), Batch::new());
    for i in 0..3 {
        batch.push(&plans[i], &clips[i]);
        of_gradients.push(&plans[i], &gradients[i]);
    }
    for kernel in KERNELS {
        let gpu = GpuResampler::new(&device, &queue).unwrap().with_kernel(kernel);
        let floats = gpu.resample_batch(&batch).unwrap();
        let mut integers = vec![1; floats.samples().len()];
        let clamped = gpu.resample_batch_into(&batch, &mut integers).unwrap();
        assert_converted(floats.samples(), &integers, clamped);
        let floats = gpu.adjoint_batch(&of_gradients, &[90; 3]).unwrap();
        let mut integers = vec![1; floats.samples().len()];
        let clamped = gpu.adjoint_batch_into(&of_gradients, &[90; 3], &mut integers).unwrap();
        assert_converted(floats.samples(), &integers, clamped);
    }
}

/// Compares integers and the number of clamped ones with the floats that they were rounded from, as on the CPU.
fn assert_converted(floats: &[f32], integers: &[i16], clamped: Clamped) {
    let scaled = || floats.iter().map(|y| (y * 32_768.0).round_ties_even());
    assert!(scaled().any(f32::is_nan), "the test rounds no NaN");
    assert!(scaled().map(|y| y as i16).eq(integers.iter().copied()));
    let beyond = scaled().filter(|y| *y < -32_768.0 || *y > 32_767.0).count();
    assert!(beyond > 0, "the test clamps nothing");
    assert_eq!(clamped, Clamped { count: beyond });
}

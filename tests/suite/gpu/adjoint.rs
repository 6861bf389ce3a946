//! The adjoint on the GPU, of batches and in the caller's buffers: against the adjoint on the CPU, and as the transpose
//! of resampling.

use polyphase::{
    Backend, Batch, Clamped, CpuResampler, Error, GpuClip, GpuResampler, OutputLength, Padding, Plan, Preset, Ratio,
    ResampleOptions, Resampler, SampleFormat, half::f16, wgpu,
};

use super::backends::on_gpu;
use super::device::{adapter, device, filled, open, read};
use super::kernels::KERNELS;
use crate::signals::{noise_f32, to_f64};

const PAIRS: [(u32, u32); 7] =
    [(48_000, 44_100), (2, 1), (1, 2), (441, 160), (1009, 997), (7, 7), (4_294_967_291, 4_294_967_279)];

fn options() -> impl Iterator<Item = ResampleOptions> {
    let lengths = [OutputLength::Ceil, OutputLength::Exact(800)];
    Padding::ALL.into_iter().flat_map(move |padding| {
        lengths.into_iter().flat_map(move |output_length| {
            [Preset::Default, Preset::KaiserFast].into_iter().flat_map(move |preset| {
                let options = preset.options().padding(padding).output_length(output_length);
                [false, true].map(|normalize| options.normalize_phases(normalize))
            })
        })
    })
}

/// Plans, gradients with respect to the outputs, and lengths of the clips.
fn gradients() -> Vec<(Plan, Vec<f32>, usize)> {
    let mut gradients = Vec::new();
    for (orig, new) in PAIRS {
        for options in options() {
            let plan = Plan::new(orig, new, options).unwrap();
            for len in [0, 1, 90, 501] {
                let gradient = noise_f32(gradients.len() as u64, plan.output_len(len));
                gradients.push((plan.clone(), gradient, len));
            }
        }
    }
    gradients
}

fn batch(gradients: &[(Plan, Vec<f32>, usize)]) -> (Batch<'_, f32>, Vec<usize>) {
    let mut batch = Batch::new();
    gradients.iter().for_each(|(plan, gradient, _)| batch.push(plan, gradient));
    (batch, gradients.iter().map(|(_, _, len)| *len).collect())
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    to_f64(a).iter().zip(to_f64(b)).map(|(a, b)| a * b).sum()
}

/// True if all differences are below 2e-6 of the peak, which padding can make many times larger than 1.
fn close(actual: &[f32], expected: &[f32]) -> bool {
    let peak = expected.iter().fold(1.0_f32, |peak, x| peak.max(x.abs()));
    actual.len() == expected.len() && actual.iter().zip(expected).all(|(a, e)| (a - e).abs() < 2e-6 * peak)
}

#[test]
fn adjoints_are_the_cpus_and_transposes() {
    let Some((device, queue)) = device() else { return };
    let gradients = gradients();
    let (batch, lens) = batch(&gradients);
    let cpu = CpuResampler::new();
    for kernel in KERNELS {
        let gpu = GpuResampler::new(&device, &queue).unwrap().with_kernel(kernel);
        let adjoints = gpu.adjoint_batch(&batch, &lens).unwrap();
        assert!(adjoints == gpu.adjoint_batch(&batch, &lens).unwrap(), "run to run");
        let clips: Vec<_> = lens.iter().map(|&len| noise_f32(17, len)).collect();
        let mut forward = Batch::new();
        gradients.iter().zip(&clips).for_each(|((plan, ..), clip)| forward.push(plan, clip));
        let outputs = gpu.resample_batch(&forward).unwrap();
        for (i, (plan, gradient, len)) in gradients.iter().enumerate() {
            let expected = cpu.adjoint(plan, gradient, *len).unwrap();
            let actual = adjoints.clip(i).unwrap();
            assert!(close(actual, &expected), "{kernel:?}, {:?}, {:?}, {len}", plan.ratio(), plan.options());
            let (forward, adjoint) = (dot(outputs.clip(i).unwrap(), gradient), dot(&clips[i], actual));
            let scale = (dot(gradient, gradient) * dot(&clips[i], &clips[i])).sqrt().max(1.0);
            let is_transpose = (forward - adjoint).abs() < 2e-6 * scale;
            assert!(is_transpose, "{kernel:?}, {:?}, {len}: {forward} {adjoint}", plan.options());
        }
    }
}

#[test]
fn cut_gradients_give_the_same_bits() {
    let Some((device, queue)) = device() else { return };
    let Some(adapter) = adapter() else { return };
    let mut gradients = Vec::new();
    for (orig, new) in [(16_000, 48_000), (3, 2), (999_983, 999_979)] {
        for padding in [Padding::Zero, Padding::Reflect] {
            let options = ResampleOptions::default().padding(padding).max_filter_bytes(1_200_000);
            let plan = Plan::new(orig, new, options).unwrap();
            gradients.push((plan.clone(), noise_f32(3, plan.output_len(70_000)), 70_000));
        }
    }
    let (batch, lens) = batch(&gradients);
    let whole = GpuResampler::new(&device, &queue).unwrap().adjoint_batch(&batch, &lens).unwrap();
    let limits =
        wgpu::Limits { max_storage_buffer_binding_size: 1 << 17, max_buffer_size: 1 << 20, ..wgpu::Limits::default() };
    let (device, queue) = open(&adapter, limits);
    let cut = GpuResampler::new(&device, &queue).unwrap().adjoint_batch(&batch, &lens).unwrap();
    assert!(cut == whole);
    for (i, (plan, gradient, len)) in gradients.iter().enumerate() {
        assert!(close(cut.clip(i).unwrap(), &CpuResampler::new().adjoint(plan, gradient, *len).unwrap()));
    }
}

/// Adjoints in the caller's buffers, of normalised filters too.
#[test]
fn adjoints_in_buffers_are_those_of_batches() {
    let Some((device, queue)) = device() else { return };
    let supported = |plan: &Plan| {
        let interpolated = plan.filter_form() != polyphase::FilterForm::Exact;
        let padded = plan.options().padding != Padding::Zero;
        plan.ratio().is_identity() || !(padded || interpolated && plan.options().normalize_phases)
    };
    let gradients: Vec<_> = gradients().into_iter().filter(|(plan, ..)| supported(plan)).collect();
    let (mut input, mut layout, mut end) = (vec![f32::NAN; 3], Vec::new(), 1);
    for (plan, gradient, len) in &gradients {
        layout.push(GpuClip::adjoint(plan, input.len() as u64, *len as u64, end).unwrap());
        input.extend(gradient);
        input.push(f32::NAN);
        end += *len as u64 + 1;
    }
    for kernel in KERNELS {
        let gpu = GpuResampler::new(&device, &queue).unwrap().with_kernel(kernel);
        let job = gpu.prepare(&layout, SampleFormat::F32).unwrap();
        let from = filled(&device, &queue, bytemuck::cast_slice(&input));
        let to = filled(&device, &queue, &vec![0; 4 * end as usize]);
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        gpu.record(&mut pass, &job, from.as_entire_buffer_binding(), to.as_entire_buffer_binding()).unwrap();
        drop(pass);
        queue.submit([encoder.finish()]);
        let samples = read(&device, &queue, &to);
        for (clip, (plan, gradient, len)) in layout.iter().zip(&gradients) {
            let expected = CpuResampler::new().adjoint(plan, gradient, *len).unwrap();
            let actual = &samples[clip.output_offset() as usize..][..*len];
            assert!(close(actual, &expected), "{kernel:?}, {:?}, {:?}, {len}", plan.ratio(), plan.options());
        }
    }
}

#[test]
fn unsupported_adjoints_and_wrong_lengths_are_refused() {
    let (device, queue) = wgpu::Device::noop(&wgpu::DeviceDescriptor::default());
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let plan = |orig, new, options: ResampleOptions| Plan::new(orig, new, options).unwrap();
    let padded = plan(3, 2, ResampleOptions::default().padding(Padding::Edge));
    let refused = GpuClip::adjoint(&padded, 0, 30, 0).unwrap_err();
    assert_eq!(refused, Error::GpuUnsupported { what: "the adjoint of a padded clip, in buffers" });
    // Callers compute the adjoint of a padded clip elsewhere, unless the transposed filter is beyond the limit: that
    // error comes first. The bank interpolates; its transpose has one phase, of twelve thousand taps.
    let limited = plan(1, 1001, ResampleOptions::default().padding(Padding::Edge).max_filter_bytes(40_000));
    let refused = GpuClip::adjoint(&limited, 0, 30, 0).unwrap_err();
    assert!(matches!(refused, Error::FilterTooLarge { limit: 40_000, .. }), "{refused}");
    let ratio = Ratio::new(u64::MAX, u64::MAX - 1).unwrap();
    let largest = Plan::with_ratio(ratio, ResampleOptions::default().padding(Padding::Edge)).unwrap();
    let refused = GpuClip::adjoint(&largest, 0, 30, 0).unwrap_err();
    assert!(matches!(refused, Error::PaddedAdjoint { phases: 0xffff_ffff_ffff_fffe, .. }), "{refused}");
    let normalized = plan(4_294_967_291, 4_294_967_279, ResampleOptions::default().normalize_phases(true));
    let clip = GpuClip::adjoint(&normalized, 0, 30, 0).unwrap();
    let refused = gpu.prepare(&[clip], SampleFormat::F32).unwrap_err();
    assert!(matches!(refused, Error::GpuUnsupported { .. }), "{refused}");
    let gradient = [0.0_f32; 20];
    let mut batch = Batch::new();
    batch.push(&padded, &gradient);
    let adjoint = |lens: &[usize]| gpu.adjoint_batch(&batch, lens).unwrap_err();
    assert_eq!(adjoint(&[]), Error::BatchLen { expected: 1, actual: 0 });
    assert_eq!(adjoint(&[33]), Error::OutputLen { expected: 22, actual: 20 });
    let resampler = Resampler::builder().backend(Backend::Cpu).build().unwrap();
    assert_eq!(resampler.adjoint_batch(&batch, &[]).unwrap_err(), Error::BatchLen { expected: 1, actual: 0 });
    assert_eq!(resampler.adjoint_batch(&batch, &[33]).unwrap_err(), Error::OutputLen { expected: 22, actual: 20 });
}

/// A [`Resampler`] with a GPU computes all gradients there, except those with a NaN, which the CPU computes.
#[test]
fn only_gradients_with_nan_go_to_the_cpu() {
    let mut gradients = gradients();
    let at = gradients.iter().position(|(_, gradient, _)| gradient.len() > 90).unwrap();
    gradients[at].1[7] = f32::NAN;
    let (batch, lens) = batch(&gradients);
    let on_cpu = Resampler::builder().backend(Backend::Cpu).build().unwrap();
    let (expected, report) = on_cpu.adjoint_batch(&batch, &lens).unwrap();
    assert_eq!((report.gpu_clips, report.cpu_clips()), (0, gradients.len()));
    for (i, (plan, gradient, len)) in gradients.iter().enumerate().filter(|(i, _)| *i != at) {
        assert!(expected.clip(i).unwrap() == CpuResampler::new().adjoint(plan, gradient, *len).unwrap());
    }
    if adapter().is_none() {
        return;
    }
    let (actual, report) = on_gpu().adjoint_batch(&batch, &lens).unwrap();
    assert_eq!((report.gpu_clips, report.cpu_clips()), (gradients.len() - 1, 1), "{report:?}");
    for (i, (actual, expected)) in actual.iter().zip(expected.iter()).enumerate() {
        let same = actual.iter().map(|x| x.to_bits()).eq(expected.iter().map(|x| x.to_bits()));
        assert!(if i == at { same } else { close(actual, expected) }, "gradient {i}");
    }
}

#[test]
fn gradients_may_be_integers_and_halves() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    for normalize in [false, true] {
        let plan = Plan::new(3, 2, ResampleOptions::default().normalize_phases(normalize)).unwrap();
        let integers: Vec<i16> = noise_f32(4, 200).iter().map(|x| (x * 9000.0) as i16).collect();
        let floats: Vec<f32> = integers.iter().map(|&x| f32::from(x) / 32_768.0).collect();
        let halves: Vec<f16> = floats.iter().map(|&x| f16::from_f32(x)).collect();
        let (mut of_integers, mut of_floats, mut of_halves) = (Batch::new(), Batch::new(), Batch::new());
        of_integers.push(&plan, &integers);
        of_floats.push(&plan, &floats);
        of_halves.push(&plan, &halves);
        let expected = gpu.adjoint_batch(&of_floats, &[300]).unwrap();
        assert!(gpu.adjoint_batch_as::<f32>(&of_integers, &[300]).unwrap() == expected);
        let rounded = gpu.adjoint_batch(&of_halves, &[300]).unwrap();
        let mut into = vec![f16::MAX; 300];
        assert_eq!(gpu.adjoint_batch_into(&of_halves, &[300], &mut into), Ok(Clamped::default()));
        assert!(into == rounded.samples());
        let refused = gpu.adjoint_batch_into(&of_halves, &[300], &mut into[1..]);
        assert_eq!(refused, Err(Error::OutputLen { expected: 300, actual: 299 }));
        assert_eq!(rounded.samples().len(), expected.samples().len());
        assert!(rounded.samples().iter().zip(expected.samples()).all(|(a, e)| (a.to_f32() - e).abs() < 1e-3));
    }
}

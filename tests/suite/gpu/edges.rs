//! Padding, output lengths and normalised phases on the GPU: in the caller's buffers, in batches, and where clips are
//! cut.

use polyphase::{
    Batch, CpuResampler, GpuClip, GpuKernel, GpuResampler, OutputLength, Padding, Plan, ResampleOptions, SampleFormat,
    Window, wgpu,
};

use super::batches::batch;
use super::device::{adapter, device, open};
use super::kernels::{KERNELS, resample};
use crate::compare::{GPU, compare};
use crate::signals::{noise_f32, to_f64};

/// Compares outputs with those of the CPU in float64.
fn assert_right<'a>(outputs: impl Iterator<Item = &'a [f32]>, clips: &[(Plan, Vec<f32>)]) {
    let outputs: Vec<_> = outputs.collect();
    assert_eq!(outputs.len(), clips.len());
    for (actual, (plan, clip)) in outputs.into_iter().zip(clips) {
        let exact = CpuResampler::new().resample(plan, &to_f64(clip)).unwrap();
        compare(&to_f64(actual), &exact, 1.0, GPU)
            .unwrap_or_else(|wrong| panic!("{:?}, {:?}, {}: {wrong}", plan.ratio(), plan.options(), clip.len()));
    }
}

fn padded_clips() -> Vec<(Plan, Vec<f32>)> {
    let mut clips = Vec::new();
    for (orig, new) in [(48_000, 44_100), (1, 3), (7, 2), (44_100, 16_000), (5, 5)] {
        for padding in Padding::ALL {
            for options in [ResampleOptions::default(), ResampleOptions::kaiser_fast().normalize_phases(true)] {
                let plan = Plan::new(orig, new, options.padding(padding)).unwrap();
                for len in [0, 1, 2, 3, 7, 40, 300, 4001] {
                    // Samples in 0 … 1, so that padding makes a difference.
                    let clip = noise_f32(len as u64, len).into_iter().map(|x| 0.5 + x / 2.0);
                    clips.push((plan.clone(), clip.collect()));
                }
            }
        }
    }
    clips
}

/// Padding is right at every place in a tile at which a clip can end.
#[test]
fn padding_begins_where_the_clip_ends() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let mut clips = Vec::new();
    for (orig, new, most) in [(2, 1, 700), (3, 2, 700), (1, 2, 300)] {
        // A window that ends at full height, so that its last taps count.
        let options = ResampleOptions::default().padding(Padding::Edge).window(Window::Kaiser { beta: 0.0 });
        for width in [3.2, 3.7, 4.2, 4.7, 5.2] {
            let plan = Plan::new(orig, new, options.lowpass_filter_width(width)).unwrap();
            clips.extend((1..most).map(|len| (plan.clone(), vec![1.0; len])));
        }
    }
    assert_right(resample(&gpu, &clips).iter().map(Vec::as_slice), &clips);
}

#[test]
fn padded_clips_are_right_in_any_batch() {
    let Some((device, queue)) = device() else { return };
    let clips = padded_clips();
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let recorded = resample(&gpu, &clips);
    assert_right(recorded.iter().map(Vec::as_slice), &clips);
    for kernel in KERNELS {
        let gpu = gpu.clone().with_kernel(kernel);
        assert!(resample(&gpu, &clips) == recorded, "{kernel:?}: kernel to kernel");
        assert!(gpu.resample_batch(&batch(&clips)).unwrap().iter().eq(&recorded), "{kernel:?}: in a batch");
    }
    // Clips without padding have the same bits in a job that pads other clips and in a job that pads none.
    let (plain, expected): (Vec<_>, Vec<_>) =
        clips.iter().cloned().zip(&recorded).filter(|((plan, _), _)| plan.options().padding == Padding::Zero).unzip();
    assert!(resample(&gpu, &plain).iter().eq(expected), "alone");
}

/// A piece of a cut clip contains the samples that its padding repeats, even if they are far from its windows.
#[test]
fn cut_padded_clips_give_the_same_bits() {
    let Some((device, queue)) = device() else { return };
    let Some(adapter) = adapter() else { return };
    let mut clips = Vec::new();
    for padding in [Padding::Edge, Padding::Reflect] {
        for (orig, new, len) in [(48_000, 16_000, 90_001), (22_050, 16_000, 70_000), (10, 1, 200_000), (10, 1, 100)] {
            let plan = Plan::new(orig, new, ResampleOptions::default().padding(padding)).unwrap();
            clips.push((plan, noise_f32(len, len as usize)));
        }
    }
    let limits = wgpu::Limits {
        max_storage_buffer_binding_size: 1 << 17,
        max_buffer_size: 1 << 20,
        max_compute_workgroups_per_dimension: 64,
        ..wgpu::Limits::default()
    };
    let small = open(&adapter, limits);
    // A piece whose outputs are all beyond the end of the clip needs more samples for the mirrored clip than for its
    // windows. The lengths place the cut at many positions.
    for cut in (32_480..=32_760).step_by(40) {
        let options = ResampleOptions::default().lowpass_filter_width(20.0).padding(Padding::Reflect);
        let options = options.output_length(OutputLength::Exact(cut + 400));
        let clips = [(Plan::new(1, 10, options).unwrap(), noise_f32(5, cut / 10 - 2))];
        let gpu = GpuResampler::new(&small.0, &small.1).unwrap();
        assert_right(gpu.resample_batch(&batch(&clips)).unwrap().iter(), &clips);
    }
    for kernel in KERNELS {
        let on = |(device, queue): &(wgpu::Device, wgpu::Queue)| {
            let gpu = GpuResampler::new(device, queue).unwrap().with_kernel(kernel);
            gpu.resample_batch(&batch(&clips)).unwrap()
        };
        let whole = on(&(device.clone(), queue.clone()));
        if kernel == GpuKernel::Banded {
            for (actual, (plan, clip)) in whole.iter().zip(&clips) {
                let exact = CpuResampler::new().resample(plan, clip).unwrap();
                assert_eq!(actual.len(), exact.len());
                assert!(actual.iter().zip(&exact).all(|(a, e)| (a - e).abs() < 2e-6), "{:?}", plan.ratio());
            }
        }
        assert!(on(&small) == whole, "{kernel:?}");
    }
}

#[test]
fn lengths_are_those_of_the_plan() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let mut clips = Vec::new();
    for (orig, new) in [(48_000, 44_100), (1, 2), (7, 2), (5, 5)] {
        for output_length in [
            OutputLength::Floor,
            OutputLength::Exact(0),
            OutputLength::Exact(1),
            OutputLength::Exact(333),
            OutputLength::Exact(10_000),
        ] {
            for padding in Padding::ALL {
                let options = ResampleOptions::default().output_length(output_length).padding(padding);
                let plan = Plan::new(orig, new, options).unwrap();
                clips.extend([0, 1, 100, 1001].map(|len| (plan.clone(), noise_f32(len, len as usize))));
            }
        }
    }
    let recorded = resample(&gpu, &clips);
    assert_right(recorded.iter().map(Vec::as_slice), &clips);
    for kernel in KERNELS {
        let gpu = gpu.clone().with_kernel(kernel);
        assert!(resample(&gpu, &clips) == recorded, "{kernel:?}");
        assert!(gpu.resample_batch(&batch(&clips)).unwrap().iter().eq(&recorded), "{kernel:?}, in a batch");
    }
    let plan = Plan::new(3, 2, ResampleOptions::default().output_length(OutputLength::Exact(100))).unwrap();
    let tensor = ndarray::Array2::<f32>::ones((3, 60));
    let resampled = gpu.resample_tensor(&plan, &tensor).unwrap();
    assert_eq!(resampled.shape(), [3, 100]);
    assert!(resampled.row(2).iter().skip(50).all(|&y| y == 0.0) && (resampled[[2, 20]] - 1.0).abs() < 0.01);
}

/// In a batch, outputs whose windows are beyond the clip are zeros that cost nothing. In the caller's buffer, positions
/// beyond 32 bits are refused.
#[test]
fn outputs_far_beyond_the_clip_are_silence() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let options = ResampleOptions::default().output_length(OutputLength::Exact(5_000_000));
    let plan = Plan::new(1000, 1, options).unwrap();
    let clip = [0.5_f32; 50_000];
    let mut batch = Batch::new();
    batch.push(&plan, &clip);
    let samples = gpu.resample_batch(&batch).unwrap().into_parts().0;
    assert_eq!(samples.len(), 5_000_000);
    assert!((samples[25] - 0.5).abs() < 0.01 && samples[60..].iter().all(|&y| y == 0.0));
    let refused = gpu.prepare(&[GpuClip::new(&plan, 0, 50_000, 0)], SampleFormat::F32).unwrap_err();
    assert_eq!(refused.to_string(), "the position of an output: 5000000000 is above the GPU's limit of 1073741823");
}

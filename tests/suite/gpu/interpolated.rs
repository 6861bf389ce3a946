//! Interpolated banks on the GPU, against the exact filter in float64.

use polyphase::{
    CpuResampler, Error, FilterForm, GpuClip, GpuKernel, GpuResampler, OutputLength, Padding, Plan, Preset, Ratio,
    ResampleOptions, SampleFormat, Window, wgpu,
};

use super::backends::on_gpu;
use super::batches::batch;
use super::device::{adapter, device, open};
use super::kernels::resample;
use crate::compare::{GPU, Tolerance, compare};
use crate::signals::{noise_f32, to_f64};

fn interpolated(orig_freq: u64, new_freq: u64, options: &ResampleOptions) -> Plan {
    let ratio = Ratio::new(orig_freq, new_freq).unwrap();
    let plan = Plan::with_ratio(ratio, options.max_filter_bytes(1_200_000)).unwrap();
    assert!(matches!(plan.filter_form(), FilterForm::Interpolated { .. }), "{orig_freq}→{new_freq}");
    plan
}

fn options() -> Vec<ResampleOptions> {
    let default = ResampleOptions::default();
    let presets = [Preset::Default, Preset::KaiserFast, Preset::KaiserBest].map(Preset::options);
    let others = [
        // A window that ends at full height.
        default.lowpass_filter_width(1.5).window(Window::Kaiser { beta: 0.0 }),
        // Windows narrower than a sample.
        default.lowpass_filter_width(0.3),
        default.lowpass_filter_width(0.3).normalize_phases(true),
        default.rolloff(0.5).normalize_phases(true).padding(Padding::Reflect),
        default.lowpass_filter_width(2.7).window(Window::Kaiser { beta: 1.0 }).normalize_phases(true),
        default.padding(Padding::Edge).output_length(OutputLength::Exact(400)),
    ];
    presets.into_iter().chain(others).collect()
}

fn clips() -> Vec<(Plan, Vec<f32>)> {
    let rates = [(48_017, 44_101), (44_101, 48_017), (99_991, 10_007), (10_007, 99_991), (u64::MAX, u64::MAX - 1)];
    let mut clips = Vec::new();
    for (orig, new) in rates {
        for options in options() {
            let plan = interpolated(orig, new, &options);
            clips.extend([0, 1, 2, 63, 64, 700].map(|len| (plan.clone(), noise_f32(len, len as usize))));
        }
    }
    clips
}

#[test]
fn interpolated_banks_are_right_in_any_batch() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    // Add clips that another shader computes.
    let other = Plan::new(48_000, 44_100, ResampleOptions::default()).unwrap();
    let mut clips = clips();
    for at in (0..clips.len()).step_by(7) {
        clips.insert(at, (other.clone(), noise_f32(at as u64, 5 * at)));
    }
    let recorded = resample(&gpu, &clips);
    for (actual, (plan, clip)) in recorded.iter().zip(&clips) {
        let exact = CpuResampler::new().resample(plan, &to_f64(clip)).unwrap();
        compare(&to_f64(actual), &exact, 1.0, GPU)
            .unwrap_or_else(|wrong| panic!("{:?}, {:?}, {}: {wrong}", plan.ratio(), plan.options(), clip.len()));
    }
    assert!(recorded == resample(&gpu, &clips), "run to run");
    assert!(gpu.resample_batch(&batch(&clips)).unwrap().iter().eq(&recorded), "in a batch");
    let plain = gpu.clone().with_kernel(GpuKernel::Plain);
    assert!(recorded == resample(&plain, &clips), "kernel to kernel");
    let reversed: Vec<_> = clips.iter().rev().cloned().collect();
    assert!(resample(&gpu, &reversed).iter().rev().eq(&recorded), "order");
    for i in [7, 50, 100, 200] {
        assert!(resample(&gpu, &clips[i..=i])[0] == recorded[i], "alone");
    }
}

/// Positions are integers, and cuts change no bit. Output 44,101 of the third clip is exactly at a sample, as output 0.
#[test]
fn long_clips_are_cut_at_exact_positions() {
    let Some((device, queue)) = device() else { return };
    let Some(adapter) = adapter() else { return };
    let (orig, new) = (4_294_967_291, 4_294_967_279);
    let plan = Plan::new(orig, new, ResampleOptions::default()).unwrap();
    let again = interpolated(48_017, 44_101, &ResampleOptions::default());
    let mut clips =
        vec![(plan.clone(), noise_f32(1, 120_000)), (plan, noise_f32(2, 5001)), (again, noise_f32(3, 50_000))];
    // The outputs of this clip have every distance from a sample. At some, the window ends at a sample, and it ends at
    // full height.
    let full = ResampleOptions::default().lowpass_filter_width(1.5).window(Window::Kaiser { beta: 0.0 });
    clips.push((interpolated(10_007, 99_991, &full), noise_f32(4, 10_100)));
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let whole = gpu.resample_batch(&batch(&clips)).unwrap();
    for (actual, (plan, clip)) in whole.iter().zip(&clips) {
        let exact = CpuResampler::new().resample(plan, &to_f64(clip)).unwrap();
        compare(&to_f64(actual), &exact, 1.0, GPU).unwrap();
    }
    let limits =
        wgpu::Limits { max_storage_buffer_binding_size: 1 << 17, max_buffer_size: 1 << 20, ..wgpu::Limits::default() };
    let (device, queue) = open(&adapter, limits);
    let cut = GpuResampler::new(&device, &queue).unwrap().resample_batch(&batch(&clips)).unwrap();
    assert!(cut == whole);
}

/// Equal rates have no bank: their samples are copied even if the limit is too small for any filter.
#[test]
fn equal_rates_are_copied_under_any_limit() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let plan = Plan::new(8000, 8000, ResampleOptions::default().rolloff(0.25).max_filter_bytes(1600)).unwrap();
    let clips = [(plan, noise_f32(1, 3000)), (interpolated(48_017, 44_101, &ResampleOptions::default()), vec![])];
    for gpu in [gpu.clone(), gpu.with_kernel(GpuKernel::Plain)] {
        assert!(resample(&gpu, &clips)[0] == clips[0].1);
        assert!(gpu.resample_batch(&batch(&clips)).unwrap().clip(0).unwrap() == clips[0].1);
        assert!(gpu.adjoint_batch(&batch(&clips), &[3000, 0]).unwrap().clip(0).unwrap() == clips[0].1);
    }
}

/// A NaN outside the window of an output does not reach it.
#[test]
fn nan_reaches_only_outputs_whose_window_holds_it() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    for (orig, new) in [(44_101, 48_017), (10_007, 99_991)] {
        // Ten taps: half of the last vec4 is zeros.
        let plan = interpolated(orig, new, &ResampleOptions::default().lowpass_filter_width(5.0));
        let mut clip = noise_f32(3, 300);
        clip[150] = f32::NAN;
        let expected = CpuResampler::new().resample(&plan, &clip).unwrap();
        let actual = &resample(&gpu, &[(plan, clip)])[0];
        assert_eq!(actual.len(), expected.len());
        assert!(actual.iter().zip(&expected).all(|(a, e)| a.is_nan() == e.is_nan()));
        assert!(expected.iter().any(|e| e.is_nan()) && !expected.iter().all(|e| e.is_nan()));
    }
}

/// The size of the tables depends on the outputs, not on the ratio.
#[test]
fn tables_are_small_at_any_ratio() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let plan = Plan::new(4_294_967_291, 4_294_967_279, ResampleOptions::kaiser_best()).unwrap();
    let used = allocation_counter::measure(|| {
        gpu.prepare(&[GpuClip::new(&plan, 0, 100_000, 0)], SampleFormat::F32).unwrap();
    });
    assert!(used.bytes_max < 2 << 20, "{} bytes", used.bytes_max);
}

/// Filters of 12,000 taps are computed. Filters too long for a thread's loops are left to the CPU.
#[test]
fn long_filters_are_right_or_refused() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let plan = |width| {
        let options = ResampleOptions::default().lowpass_filter_width(width);
        Plan::new(1_000_003 * 1000, 1_000_033, options).unwrap()
    };
    let clip = noise_f32(6, 30_000);
    let long = plan(6.0);
    let exact = CpuResampler::new().resample(&long, &to_f64(&clip)).unwrap();
    let actual = &resample(&gpu, &[(long, clip.clone())])[0];
    compare(&to_f64(actual), &exact, 1.0, Tolerance { rms_db: -100.0, ..GPU }).unwrap();
    let longer = plan(120.0);
    let refused = gpu.prepare(&[GpuClip::new(&longer, 0, 30_000, 0)], SampleFormat::F32).unwrap_err();
    assert!(
        matches!(
            refused,
            Error::GpuLimit { what: "loop iterations of a thread, which grow with taps and mixed channels", .. }
        ),
        "{refused}"
    );
    let resampler = on_gpu();
    let clips = [(longer, clip.clone()), (plan(6.0), clip)];
    let (outputs, report) = resampler.resample_batch(&batch(&clips)).unwrap();
    assert_eq!((report.gpu_clips, report.cpu_clips()), (1, 1), "{report:?}");
    assert!(outputs.clip(0).unwrap() == CpuResampler::new().resample(&clips[0].0, &clips[0].1).unwrap());
    assert!(outputs.clip(1).unwrap() == actual);
}

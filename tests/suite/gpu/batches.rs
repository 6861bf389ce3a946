//! Batches from host memory: whole, cut, on small devices, of 16-bit integers, from several threads.

use polyphase::{Batch, Clamped, CpuResampler, Error, GpuResampler, Plan, Preset, wgpu};

use super::device::{adapter, device, open};
use super::kernels::{KERNELS, resample};
use crate::compare::{GPU, compare};
use crate::signals::{noise_f32, to_f64};

fn plans() -> Vec<Plan> {
    [(48_000, 16_000), (44_100, 16_000), (22_050, 16_000), (8_000, 16_000), (16_000, 16_000)]
        .into_iter()
        .flat_map(|(orig, new)| {
            [Preset::Default, Preset::KaiserFast].map(|p| Plan::new(orig, new, p.options()).unwrap())
        })
        .collect()
}

fn clips(count: usize) -> Vec<(Plan, Vec<f32>)> {
    let plans = plans();
    let len = |i: usize| if i.is_multiple_of(7) { i / 7 } else { i * 97 % 4001 };
    (0..count).map(|i| (plans[i % plans.len()].clone(), noise_f32(i as u64, len(i)))).collect()
}

pub(crate) fn batch(clips: &[(Plan, Vec<f32>)]) -> Batch<'_, f32> {
    let mut batch = Batch::new();
    clips.iter().for_each(|(plan, clip)| batch.push(plan, clip));
    batch
}

fn assert_right(outputs: impl Iterator<Item = Vec<f32>>, clips: &[(Plan, Vec<f32>)]) {
    let outputs: Vec<_> = outputs.collect();
    assert_eq!(outputs.len(), clips.len());
    for (actual, (plan, clip)) in outputs.iter().zip(clips) {
        let exact = to_f64(&CpuResampler::new().resample(plan, clip).unwrap());
        compare(&to_f64(actual), &exact, 1.0, GPU)
            .unwrap_or_else(|wrong| panic!("{:?}, {}: {wrong}", plan.ratio(), clip.len()));
    }
}

#[test]
fn batches_equal_recorded_clips() {
    let Some((device, queue)) = device() else { return };
    for kernel in KERNELS {
        let gpu = GpuResampler::new(&device, &queue).unwrap().with_kernel(kernel);
        let clips = clips(1000);
        let outputs = gpu.resample_batch(&batch(&clips)).unwrap();
        assert_eq!(outputs.len(), 1000);
        assert_right(outputs.iter().map(<[f32]>::to_vec), &clips);
        assert!(outputs.iter().eq(resample(&gpu, &clips)), "the same bits as in one recorded dispatch");
        assert!(outputs == gpu.resample_batch(&batch(&clips)).unwrap(), "run to run");
    }
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    assert!(gpu.resample_batch(&Batch::<f32>::new()).unwrap().is_empty());
}

/// On a device that can bind 128 KiB and dispatch 64 workgroups per dimension, clips are cut, and no bit changes.
#[test]
fn clips_cut_for_small_devices_give_the_same_bits() {
    let Some((device, queue)) = device() else { return };
    let Some(adapter) = adapter() else { return };
    let clips: Vec<_> = plans()
        .into_iter()
        .zip([300_000, 100_000, 1, 0, 70_000])
        .map(|(plan, len)| (plan, noise_f32(len, len as usize)))
        .collect();
    let whole = GpuResampler::new(&device, &queue).unwrap().resample_batch(&batch(&clips)).unwrap();
    assert_right(whole.iter().map(<[f32]>::to_vec), &clips);
    let limits = wgpu::Limits {
        max_storage_buffer_binding_size: 1 << 17,
        max_buffer_size: 1 << 20,
        max_compute_workgroups_per_dimension: 64,
        ..wgpu::Limits::default()
    };
    let (device, queue) = open(&adapter, limits);
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let cut = gpu.resample_batch(&batch(&clips)).unwrap();
    assert!(cut == whole);
    // The integers that each piece clamps are counted.
    let integers: Vec<Vec<i16>> =
        clips.iter().map(|(_, clip)| clip.iter().map(|sample| (sample * 50_000.0) as i16).collect()).collect();
    let of_integers: Batch<'_, i16> = clips.iter().zip(&integers).map(|((plan, _), clip)| (plan, &clip[..])).collect();
    let scaled = |y: &f32| (y * 32768.0).round_ties_even();
    let floats = gpu.resample_batch_as::<f32>(&of_integers).unwrap();
    let count = floats.samples().iter().filter(|y| !(-32768.0..32768.0).contains(&scaled(y))).count();
    assert!(count > 1000);
    let mut output = vec![77; floats.samples().len()];
    for _ in 0..2 {
        assert_eq!(gpu.resample_batch_into(&of_integers, &mut output), Ok(Clamped { count }));
        assert!(output.iter().zip(floats.samples()).all(|(&sample, y)| sample == scaled(y) as i16));
    }
}

#[test]
fn integers_equal_their_scaled_floats() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let clips = clips(100);
    let integers: Vec<(Plan, Vec<i16>)> = clips
        .iter()
        .map(|(plan, clip)| (plan.clone(), clip.iter().map(|sample| (sample * 32767.0) as i16).collect()))
        .collect();
    let floats: Vec<(Plan, Vec<f32>)> = integers
        .iter()
        .map(|(plan, clip)| (plan.clone(), clip.iter().map(|&sample| f32::from(sample) / 32768.0).collect()))
        .collect();
    let mut of_integers = Batch::new();
    integers.iter().for_each(|(plan, clip)| of_integers.push(plan, clip));
    let expected = gpu.resample_batch(&batch(&floats)).unwrap();
    assert!(gpu.resample_batch_as::<f32>(&of_integers).unwrap() == expected);
    // As integers the outputs are rounded to the nearest, ties to even, clamped and counted.
    let rounded: Vec<i16> = expected
        .samples()
        .iter()
        .map(|y| f64::from(y * 32768.0).round_ties_even().clamp(-32768.0, 32767.0) as i16)
        .collect();
    assert!(rounded.contains(&32767) && rounded.contains(&-32768));
    assert!(gpu.resample_batch(&of_integers).unwrap().samples() == rounded);
    let out_of_range = |y: &&f32| !(-32768.0..32768.0).contains(&(**y * 32768.0).round_ties_even());
    let count = expected.samples().iter().filter(out_of_range).count();
    assert!(count > 0);
    // The buffer holds other values before the call.
    let mut into = vec![77_i16; rounded.len()];
    assert_eq!(gpu.resample_batch_into(&of_integers, &mut into), Ok(Clamped { count }));
    assert!(into == rounded);
    let mut floats = vec![7.5_f32; rounded.len()];
    assert_eq!(gpu.resample_batch_into(&of_integers, &mut floats), Ok(Clamped::default()));
    assert!(floats == expected.samples());
    let refused = gpu.resample_batch_into(&of_integers, &mut into[1..]);
    assert_eq!(refused, Err(Error::OutputLen { expected: rounded.len(), actual: rounded.len() - 1 }));
}

#[test]
fn clips_that_are_not_finite_are_refused() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let mut clips = clips(20);
    clips[13].1[5] = f32::NAN;
    assert_eq!(gpu.resample_batch(&batch(&clips)), Err(Error::GpuNotFinite { clip: 13 }));
    // The next call works.
    clips[13].1[5] = 0.0;
    assert_right(gpu.resample_batch(&batch(&clips)).unwrap().iter().map(<[f32]>::to_vec), &clips);
}

#[test]
fn threads_share_a_resampler_and_its_device() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let clips = clips(200);
    let expected = gpu.resample_batch(&batch(&clips)).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..3 {
                    assert!(gpu.resample_batch(&batch(&clips)).unwrap() == expected);
                }
            });
        }
    });
}

/// If the device is lost during a batch, the call returns an [`Error::GpuLost`] and does not panic.
#[test]
fn a_lost_device_is_an_error() {
    let Some(adapter) = adapter() else { return };
    let clips = clips(3000);
    for milliseconds in [0, 1, 5, 20, 50] {
        let (device, queue) = open(&adapter, adapter.limits());
        let gpu = GpuResampler::new(&device, &queue).unwrap();
        std::thread::scope(|scope| {
            let destroyer = scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(milliseconds));
                device.destroy();
            });
            match gpu.resample_batch(&batch(&clips)) {
                Ok(outputs) => assert_right(outputs.iter().take(200).map(<[f32]>::to_vec), &clips[..200]),
                Err(error) => assert!(matches!(error, Error::GpuLost { .. }), "{error}"),
            }
            destroyer.join().unwrap();
        });
        let error = gpu.resample_batch(&batch(&clips)).unwrap_err();
        assert!(matches!(error, Error::GpuLost { .. }), "{error}");
    }
}

#[test]
fn tensors_of_any_strides() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let plan = Plan::new(44_100, 48_000, Preset::Default.options()).unwrap();
    let tensor = ndarray::Array3::from_shape_vec((10, 40, 50), noise_f32(7, 20_000)).unwrap();
    for view in [tensor.view(), tensor.view().permuted_axes([2, 0, 1]), tensor.view().reversed_axes()] {
        for axis in (0..3).map(ndarray::Axis) {
            let actual = gpu.resample_axis(&plan, &view, axis).unwrap();
            let expected = CpuResampler::new().resample_axis(&plan, &view, axis).unwrap();
            assert_eq!(actual.raw_dim(), expected.raw_dim());
            assert!(actual.iter().zip(&expected).all(|(a, e)| (a - e).abs() < 2e-6));
            assert!(actual == pollster::block_on(gpu.resample_axis_async(&plan, &view, axis)).unwrap());
            // An output with other strides, which holds other values before the call.
            let mut into =
                ndarray::Array3::from_elem(actual.raw_dim(), 7.5).reversed_axes().as_standard_layout().into_owned();
            assert_eq!(
                gpu.resample_axis_into(&plan, &view, axis, into.view_mut().reversed_axes()),
                Ok(Clamped::default())
            );
            assert!(into.reversed_axes() == actual);
        }
        let along_last = gpu.resample_tensor(&plan, &view).unwrap();
        assert!(along_last == gpu.resample_axis(&plan, &view, ndarray::Axis(2)).unwrap());
        // As integers, clamped and counted.
        let mut integers = along_last.mapv(|_| 77_i16);
        let rounded = along_last.mapv(|y| (y * 32768.0).round_ties_even());
        let out_of_range = rounded.iter().filter(|y| !(-32768.0..32768.0).contains(*y)).count();
        assert_eq!(gpu.resample_tensor_into(&plan, &view, integers.view_mut()), Ok(Clamped { count: out_of_range }));
        assert!(integers.iter().zip(&rounded).all(|(&i, &y)| i == y as i16));
    }
    let scalar = ndarray::Array0::from_elem((), 1.0_f32);
    assert_eq!(gpu.resample_tensor(&plan, &scalar), Err(Error::Axis { axis: 0, ndim: 0 }));
    let (flat, mut short) = (ndarray::Array1::<f32>::zeros(441), ndarray::Array1::<f32>::zeros(479));
    let refused = gpu.resample_tensor_into(&plan, &flat, short.view_mut());
    assert_eq!(refused, Err(Error::OutputShape { expected: vec![480], actual: vec![479] }));
    assert_eq!(gpu.resample_tensor(&plan, &ndarray::Array2::<f32>::zeros((2, 0))).unwrap().shape(), [2, 0]);
}

//! Batches from host memory: whole, cut, on small devices, of 16-bit integers, from several threads.

use polyphase::{Batch, CpuResampler, Error, GpuKernel, GpuResampler, Plan, Preset, wgpu};

use super::device::{adapter, device, open};
use super::kernels::{GPU, resample};
use crate::compare::compare;
use crate::signals::{noise_f32, to_f64};

fn plans() -> Vec<Plan> {
    [(48_000, 16_000), (44_100, 16_000), (22_050, 16_000), (8_000, 16_000), (16_000, 16_000)]
        .into_iter()
        .flat_map(|(orig, new)| {
            [Preset::Default, Preset::KaiserFast].map(|p| Plan::new(orig, new, &p.options()).unwrap())
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
    for (actual, (plan, clip)) in outputs.zip(clips) {
        let exact = to_f64(&CpuResampler::new().resample(plan, clip).unwrap());
        compare(&to_f64(&actual), &exact, 1.0, GPU)
            .unwrap_or_else(|wrong| panic!("{:?}, {}: {wrong}", plan.ratio(), clip.len()));
    }
}

#[test]
fn batches_equal_their_clips_recorded() {
    let Some((device, queue)) = device() else { return };
    for kernel in [GpuKernel::Banded, GpuKernel::Simple] {
        let gpu = GpuResampler::new(&device, &queue).unwrap().with_kernel(kernel);
        let clips = clips(1000);
        let outputs = gpu.resample_batch::<_, f32>(&batch(&clips)).unwrap();
        assert_eq!(outputs.len(), 1000);
        assert_right(outputs.iter().map(<[f32]>::to_vec), &clips);
        assert!(outputs.iter().eq(resample(&gpu, &clips)), "the same bits as recorded in one dispatch");
        assert!(outputs == gpu.resample_batch::<_, f32>(&batch(&clips)).unwrap(), "run to run");
    }
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    assert!(gpu.resample_batch::<f32, f32>(&Batch::new()).unwrap().is_empty());
}

/// A device that can bind 128 KiB and dispatch 64 workgroups in a row: clips are cut, and every bit stays.
#[test]
fn small_devices_cut_clips_and_change_nothing() {
    let Some((device, queue)) = device() else { return };
    let Some(adapter) = adapter() else { return };
    let clips: Vec<_> = plans()
        .into_iter()
        .zip([300_000, 100_000, 1, 0, 70_000])
        .map(|(plan, len)| (plan, noise_f32(len, len as usize)))
        .collect();
    let whole = GpuResampler::new(&device, &queue).unwrap().resample_batch::<_, f32>(&batch(&clips)).unwrap();
    assert_right(whole.iter().map(<[f32]>::to_vec), &clips);
    let limits = wgpu::Limits {
        max_storage_buffer_binding_size: 1 << 17,
        max_buffer_size: 1 << 20,
        max_compute_workgroups_per_dimension: 64,
        ..wgpu::Limits::default()
    };
    let (device, queue) = open(&adapter, limits);
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let cut = gpu.resample_batch::<_, f32>(&batch(&clips)).unwrap();
    assert!(cut == whole);
}

#[test]
fn integers_are_scaled_and_otherwise_the_same() {
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
    let expected = gpu.resample_batch::<_, f32>(&batch(&floats)).unwrap();
    assert!(gpu.resample_batch::<_, f32>(&of_integers).unwrap() == expected);
    // Out as integers: rounded to the nearest, ties to even, and clamped.
    let rounded: Vec<i16> = expected
        .samples()
        .iter()
        .map(|y| f64::from(y * 32768.0).round_ties_even().clamp(-32768.0, 32767.0) as i16)
        .collect();
    assert!(rounded.contains(&32767) && rounded.contains(&-32768));
    assert!(gpu.resample_batch::<_, i16>(&of_integers).unwrap().samples() == rounded);
}

#[test]
fn clips_that_are_not_numbers_are_refused() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let mut clips = clips(20);
    clips[13].1[5] = f32::NAN;
    assert_eq!(gpu.resample_batch::<_, f32>(&batch(&clips)), Err(Error::GpuNotFinite { clip: 13 }));
    // And the next call works.
    clips[13].1[5] = 0.0;
    assert_right(gpu.resample_batch::<_, f32>(&batch(&clips)).unwrap().iter().map(<[f32]>::to_vec), &clips);
}

#[test]
fn threads_share_a_resampler_and_its_device() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let clips = clips(200);
    let expected = gpu.resample_batch::<_, f32>(&batch(&clips)).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..3 {
                    assert!(gpu.resample_batch::<_, f32>(&batch(&clips)).unwrap() == expected);
                }
            });
        }
    });
}

/// The device goes while a batch is under way: a typed error, at once, and no panic.
#[test]
fn a_device_that_goes_is_an_error() {
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
            match gpu.resample_batch::<_, f32>(&batch(&clips)) {
                Ok(outputs) => assert_right(outputs.iter().take(200).map(<[f32]>::to_vec), &clips[..200]),
                Err(error) => assert!(matches!(error, Error::GpuLost { .. }), "{error}"),
            }
            destroyer.join().unwrap();
        });
        let error = gpu.resample_batch::<_, f32>(&batch(&clips)).unwrap_err();
        assert!(matches!(error, Error::GpuLost { .. }), "{error}");
    }
}

#[test]
fn tensors_of_any_strides() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let plan = Plan::new(44_100, 48_000, &Preset::Default.options()).unwrap();
    let tensor = ndarray::Array3::from_shape_vec((10, 40, 50), noise_f32(7, 20_000)).unwrap();
    for view in [tensor.view(), tensor.view().permuted_axes([2, 0, 1]), tensor.view().reversed_axes()] {
        for axis in (0..3).map(ndarray::Axis) {
            let actual = pollster::block_on(gpu.resample_axis_async(&plan, &view, axis)).unwrap();
            let expected = CpuResampler::new().resample_axis(&plan, &view, axis).unwrap();
            assert_eq!(actual.raw_dim(), expected.raw_dim());
            assert!(actual.iter().zip(&expected).all(|(a, e)| (a - e).abs() < 2e-6));
        }
        assert_eq!(gpu.resample_tensor(&plan, &view).unwrap().shape()[2], plan.output_len(view.shape()[2]));
    }
    let scalar = ndarray::Array0::from_elem((), 1.0_f32);
    assert_eq!(gpu.resample_tensor(&plan, &scalar), Err(Error::Axis { axis: 0, ndim: 0 }));
    assert_eq!(gpu.resample_tensor(&plan, &ndarray::Array2::<f32>::zeros((2, 0))).unwrap().shape(), [2, 0]);
}

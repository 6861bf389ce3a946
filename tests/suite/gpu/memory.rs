//! Memory that calls allocate on the host: outputs are written in place, without a copy of them or of the samples.

use ndarray::{Array2, Axis};
use polyphase::{Batch, CpuReason, GpuResampler, GpuSample, Plan, Preset, wgpu};

use super::backends::on_gpu;
use super::device::adapter;
use crate::signals::noise_f32;

/// Most bytes of a call besides its output: tables and lists of blocks.
const LITTLE: u64 = 200_000;

/// On wgpu's `noop` device, since drivers allocate for themselves.
fn check<T: GpuSample>() {
    let (device, queue) = wgpu::Device::noop(&wgpu::DeviceDescriptor::default());
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let plan = Plan::new(44_100, 48_000, Preset::Default.options()).unwrap();
    let tensor = Array2::<T>::default((10, 44_100));
    let mut output = Array2::<T>::default((10, 48_000));
    let offsets: Vec<_> = (0..=10).map(|clip| clip * 44_100).collect();
    let batch = Batch::from_offsets(&plan, tensor.as_slice().unwrap(), &offsets).unwrap();
    let mut used = allocation_counter::AllocationInfo::default();
    // The first calls make the filter and the buffers.
    for _ in 0..2 {
        used = allocation_counter::measure(|| {
            gpu.resample_tensor_into(&plan, &tensor, output.view_mut()).unwrap();
        });
    }
    assert!(used.bytes_max < LITTLE, "a tensor: {used:?}");
    let used = allocation_counter::measure(|| {
        gpu.resample_batch_into(&batch, output.as_slice_mut().unwrap()).unwrap();
    });
    assert!(used.bytes_max < LITTLE, "a batch: {used:?}");
    let used = allocation_counter::measure(|| drop(gpu.resample_batch(&batch).unwrap()));
    let output_bytes = (output.len() * size_of::<T>()) as u64;
    assert!((output_bytes..output_bytes + LITTLE).contains(&used.bytes_max), "a new output: {used:?}");
    // Lanes that are not contiguous in the output need a buffer, which shows that it would be seen.
    let (tensor, mut output) = (tensor.t(), Array2::<T>::default((48_000, 10)));
    let used = allocation_counter::measure(|| {
        gpu.resample_axis_into(&plan, &tensor, Axis(0), output.view_mut()).unwrap();
    });
    assert!(used.bytes_max >= output_bytes, "a scratch buffer: {used:?}");
}

#[test]
fn batches_and_tensors_are_resampled_in_place() {
    check::<f32>();
    check::<i16>();
    check::<half::f16>();
}

/// Outputs of both backends go to their places at once.
#[test]
fn backends_share_an_output() {
    if adapter().is_none() {
        return;
    }
    let resampler = on_gpu();
    let plan = Plan::new(44_100, 48_000, Preset::Default.options()).unwrap();
    let mut clips: Vec<_> = (0..40).map(|seed| noise_f32(seed, 44_100)).collect();
    clips.iter_mut().step_by(2).for_each(|clip| clip[100] = f32::NAN);
    let batch: Batch<'_, f32> = clips.iter().map(|clip| (&plan, &clip[..])).collect();
    let mut output = vec![0.0; 40 * 48_000];
    let used = allocation_counter::measure(|| {
        let report = resampler.resample_batch_into(&batch, &mut output).unwrap();
        assert_eq!((report.gpu_clips, report.cpu_clips()), (20, 20), "{report}");
        assert_eq!(report.cpu_reason(0), Some(&CpuReason::NotFinite));
    });
    assert!(used.bytes_max < 4 * output.len() as u64 / 4, "{used:?}");
    assert!(output.chunks(48_000).enumerate().all(|(i, clip)| clip.iter().any(|y| y.is_nan()) == (i % 2 == 0)));
}

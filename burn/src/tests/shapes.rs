//! Shapes and strides.

use burn::tensor::{Device, Tensor};
use polyphase::{CpuResampler, OutputLength, Plan, Preset};
use polyphase_checks::signals::noise_f32;

use super::{devices, samples, tensor};
use crate::resample;

fn plan() -> Plan {
    Plan::new(48_000, 44_100, Preset::Default).unwrap()
}

/// Resampled rows of `len` samples, by the CPU.
fn rows(x: &[f32], len: usize) -> Vec<f32> {
    x.chunks(len).flat_map(|row| CpuResampler::new().resample(&plan(), row).unwrap()).collect()
}

fn assert_close(actual: &[f32], expected: &[f32], device: &Device) {
    assert_eq!(actual.len(), expected.len());
    let worst = actual.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 2e-6, "{worst} on {device:?}");
}

#[test]
fn tensors_of_any_rank() {
    let x = noise_f32(1, 2 * 3 * 500);
    for device in devices() {
        let expected = rows(&x, 500);
        let out = plan().output_len(500);
        let y = resample(tensor(&x, [2, 3, 500], &device), &plan());
        assert_eq!(y.dims(), [2, 3, out]);
        assert_close(&samples(y), &expected, &device);
        let y = resample(tensor(&x, [1, 2, 1, 3, 500], &device), &plan());
        assert_eq!(y.dims(), [1, 2, 1, 3, out]);
        assert_close(&samples(y), &expected, &device);
        let y = resample(tensor(&x, [3000], &device), &plan());
        assert_eq!(y.dims(), [plan().output_len(3000)]);
        assert_close(&samples(y), &rows(&x, 3000), &device);
    }
}

/// Swapped axes, slices, steps and repeated rows, none of which is contiguous.
#[test]
fn tensors_of_any_strides() {
    let x = noise_f32(2, 4 * 600);
    let transposed: Vec<f32> = (0..600 * 4).map(|i| x[i % 4 * 600 + i / 4]).collect();
    for device in devices() {
        let swapped = tensor(&transposed, [600, 4], &device).swap_dims(0, 1);
        assert_close(&samples(resample(swapped, &plan())), &rows(&x, 600), &device);

        let sliced = tensor(&x, [4, 600], &device).slice([1..3, 50..551]);
        let expected: Vec<f32> = x[600..1800].chunks(600).flat_map(|row| &row[50..551]).copied().collect();
        assert_close(&samples(resample(sliced, &plan())), &rows(&expected, 501), &device);

        let repeated = tensor(&x[..600], [1, 600], &device).expand([3, 600]);
        assert_close(&samples(resample(repeated, &plan())), &rows(&x[..600].repeat(3), 600), &device);
    }
}

#[test]
fn empty_tensors_give_empty_or_silent_ones() {
    for device in devices() {
        let out = plan().output_len(100);
        assert_eq!(resample(Tensor::<2>::zeros([0, 100], &device), &plan()).dims(), [0, out]);
        assert_eq!(resample(Tensor::<2>::zeros([3, 0], &device), &plan()).dims(), [3, 0]);
        let short = Plan::new(3, 2, Preset::Default.options().output_length(OutputLength::Floor)).unwrap();
        assert_eq!(resample(Tensor::<2>::ones([3, 1], &device), &short).dims(), [3, 0]);
        let silent = Plan::new(3, 2, Preset::Default.options().output_length(OutputLength::Exact(7))).unwrap();
        let y = resample(Tensor::<2>::zeros([2, 0], &device), &silent);
        assert_eq!((y.dims(), samples(y)), ([2, 7], vec![0.0; 14]));
    }
}

/// Equal rates give the tensor back, unless another length is asked for.
#[test]
fn equal_rates() {
    let x = noise_f32(3, 20);
    for device in devices() {
        let same = Plan::new(5, 5, Preset::Default).unwrap();
        assert_eq!(samples(resample(tensor(&x, [2, 10], &device), &same)), x);
        let longer = Plan::new(5, 5, Preset::Default.options().output_length(OutputLength::Exact(12))).unwrap();
        let expected: Vec<f32> = x.chunks(10).flat_map(|row| [row, &[0.0, 0.0]].concat()).collect();
        assert_eq!(samples(resample(tensor(&x, [2, 10], &device), &longer)), expected);
    }
}

/// A gradient of an empty row is zero, or empty.
#[cfg(feature = "autodiff")]
#[test]
fn gradients_of_rows_without_outputs_are_zero() {
    for device in devices() {
        let device = device.autodiff();
        let short = Plan::new(3, 2, Preset::Default.options().output_length(OutputLength::Floor)).unwrap();
        let x = Tensor::<2>::ones([3, 1], &device).require_grad();
        let loss = resample(x.clone(), &short).sum() + x.clone().sum() * 0.0;
        assert_eq!(samples(x.grad(&loss.backward()).unwrap()), [0.0; 3]);
    }
}

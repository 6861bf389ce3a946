//! Types of floats.

use burn::tensor::{DType, Tensor, TensorData};
use polyphase::half::f16;
use polyphase::{CpuResampler, Plan, Preset};
use polyphase_checks::signals::noise_f32;

use super::{devices, samples, tensor};
use crate::resample;

/// Rounding of a type relative to 1.
fn rounding(dtype: DType) -> f32 {
    match dtype {
        DType::F16 => f32::from(f16::EPSILON) / 2.0,
        DType::BF16 => 1.0 / 256.0,
        other => panic!("{other:?}"),
    }
}

/// Results are those of the CPU for the rounded samples, rounded. Rows of odd lengths begin between two words.
#[test]
fn floats_of_16_bits() {
    let plan = Plan::new(48_000, 44_100, Preset::Default).unwrap();
    let mut tested = 0;
    for device in devices() {
        for dtype in [DType::F16, DType::BF16].into_iter().filter(|&dtype| device.supports_dtype(dtype)) {
            let x = tensor(&noise_f32(1, 3 * 4801), [3, 4801], &device).cast(dtype);
            let rounded = samples(x.clone());
            let y = resample(x, &plan);
            assert_eq!(y.dtype(), dtype);
            let y = samples(y);
            let expected = rounded.chunks(4801).flat_map(|row| CpuResampler::new().resample(&plan, row).unwrap());
            for (n, (y, expected)) in y.iter().zip(expected).enumerate() {
                let allowed = rounding(dtype) * expected.abs().max(1e-4) + 2e-6;
                assert!((y - expected).abs() <= allowed, "{n}: {y} {expected} {dtype:?} on {device:?}");
            }
            tested += 1;
        }
    }
    assert!(tested > 0 || devices().is_empty());
}

/// Gradients have the type of their tensor.
#[cfg(feature = "autodiff")]
#[test]
fn gradients_of_16_bits() {
    let plan = Plan::new(3, 2, Preset::Default).unwrap();
    for device in devices().into_iter().filter(|device| device.supports_dtype(DType::F16)) {
        let tracked = device.autodiff();
        let x = tensor(&noise_f32(2, 303), [3, 101], &tracked).cast(DType::F16).require_grad();
        let gradients = resample(x.clone(), &plan).sum_dim(1).sum_dim(0).backward();
        let gradient = x.grad(&gradients).unwrap();
        assert_eq!(gradient.dtype(), DType::F16);
        let ones = vec![1.0_f32; plan.output_len(101)];
        let expected = CpuResampler::new().adjoint(&plan, &ones, 101).unwrap();
        for (g, expected) in samples(gradient).iter().zip(expected.iter().cycle()) {
            assert!((g - expected).abs() < 1e-3, "{g} {expected}");
        }
    }
}

/// float64 is exact where a backend has it.
#[test]
fn floats_of_64_bits() {
    let plan = Plan::new(48_000, 44_100, Preset::Default).unwrap();
    let x: Vec<f64> = noise_f32(3, 500).iter().map(|&x| f64::from(x) / 3.0).collect();
    let expected = CpuResampler::new().resample(&plan, &x).unwrap();
    for device in devices().into_iter().filter(|device| device.supports_dtype(DType::F64)) {
        let x = Tensor::<1>::from_data(TensorData::new(x.clone(), [500]), (&device, DType::F64));
        let y = resample(x, &plan).into_data();
        assert_eq!((y.dtype(), y.try_into_vec::<f64>().unwrap()), (DType::F64, expected.clone()));
    }
}

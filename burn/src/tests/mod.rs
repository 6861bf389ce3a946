//! The tests, in one binary with access to both routes to the GPU.
//!
//! - `golden`: stored inputs, outputs and gradients of torchaudio.
//! - `gradients`: differences of the loss, for every kind of plan.
//! - `shapes`: ranks, strides, slices, empty tensors.
//! - `types`: float16, bfloat16, float64.
//! - `order`: burn's queue and threads; memory after many calls.
//! - `module`: configuration, record, devices.
//! - `refusals`: refused tensors and plans, and a lost device.
//!
//! They run on burn's default wgpu device, and with the features `flex` and `ndarray` on the CPU backends. Without an
//! adapter the GPU's are reported as skipped, or fail with `POLYPHASE_REQUIRE_GPU=1`.
//!
//! With burn's feature `vulkan` (`--features burn/vulkan`) they run in SPIR-V where the device can. There, lavapipe of Mesa
//! 22.3.6 crashes on burn's own `sum`, which the tests of gradients take.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]
#![expect(clippy::cast_possible_truncation, reason = "the sizes here are small")]

mod golden;
#[cfg(feature = "autodiff")]
mod gradients;
mod module;
#[cfg(feature = "wgpu")]
mod order;
mod refusals;
mod shapes;
mod types;

#[cfg(feature = "wgpu")]
use std::sync::OnceLock;

#[cfg(feature = "wgpu")]
use burn::backend::wgpu::WgpuSetup;
use burn::tensor::{Device, Tensor, TensorData};
#[cfg(feature = "wgpu")]
use polyphase_checks::skips::{say, skipped};

/// burn's default wgpu device, with its handles. It is registered, for runtimes that do not compile WGSL.
#[cfg(feature = "wgpu")]
pub(crate) fn gpu() -> Option<(Device, WgpuSetup)> {
    static GPU: OnceLock<Option<(Device, WgpuSetup)>> = OnceLock::new();
    let gpu = GPU.get_or_init(|| {
        let (device, setup) = Device::wgpu_options().init_with_setup().ok()?;
        let runtime = cube_tensor(&[0.0], [1], &device).client.name();
        say(&format!("GPU tests run on {}, {runtime}", setup.adapter.get_info().name));
        crate::register(&device, &setup).unwrap();
        Some((device, setup))
    });
    if gpu.is_none() {
        skipped("POLYPHASE_REQUIRE_GPU", "GPU adapter");
    }
    gpu.clone()
}

/// The device of [`gpu`], if burn compiles its kernels from WGSL.
#[cfg(feature = "wgpu")]
pub(crate) fn wgsl_gpu() -> Option<Device> {
    let (device, _) = gpu()?;
    let compiles_wgsl = cube_tensor(&[0.0], [1], &device).client.name() == crate::cube::WGSL;
    if !compiles_wgsl {
        skipped("POLYPHASE_REQUIRE_WGSL", "runtime that compiles WGSL");
    }
    compiles_wgsl.then_some(device)
}

/// The devices of all backends that are compiled in.
fn devices() -> Vec<Device> {
    let devices = [
        #[cfg(feature = "wgpu")]
        gpu().map(|(device, _)| device),
        #[cfg(feature = "flex")]
        Some(Device::flex()),
        #[cfg(feature = "ndarray")]
        #[expect(deprecated, reason = "burn has deprecated it, but still has it")]
        Some(Device::ndarray()),
    ];
    devices.into_iter().flatten().collect()
}

pub(crate) fn tensor<const D: usize>(samples: &[f32], shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(samples.to_vec(), shape), device)
}

/// Elements of a tensor, read back.
pub(crate) fn samples<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_into_vec().unwrap()
}

fn to_f64(samples: &[f32]) -> Vec<f64> {
    samples.iter().map(|&sample| sample.into()).collect()
}

/// Tensor of the GPU backend, below fusion.
#[cfg(feature = "wgpu")]
pub(crate) fn cube_tensor<const D: usize>(
    samples: &[f32],
    shape: [usize; D],
    device: &Device,
) -> burn_cubecl::tensor::CubeTensor {
    use burn::backend::DispatchDevice;
    use burn::backend::ops::FloatTensorOps;

    let DispatchDevice::Cube(device) = device.as_dispatch() else { panic!("{device:?}") };
    burn_cubecl::CubeBackend::float_from_data(TensorData::new(samples.to_vec(), shape), device)
}

/// Elements of a tensor of the GPU backend, read back.
#[cfg(feature = "wgpu")]
pub(crate) fn cube_samples(tensor: burn_cubecl::tensor::CubeTensor) -> Vec<f32> {
    use burn::backend::ops::FloatTensorOps;

    let data = pollster::block_on(burn_cubecl::CubeBackend::float_into_data(tensor)).unwrap();
    data.convert::<f32>().try_into_vec().unwrap()
}

//! torchaudio's windowed-sinc resampling for [burn](https://burn.dev) tensors, with gradients.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use polyphase_burn::{Plan, Preset, resample};
//!
//! let plan = Plan::new(48_000, 16_000, Preset::Default)?;
//! # fn example(device: Device, plan: Plan) {
//! let clips = Tensor::<3>::zeros([8, 2, 48_000], &device); // (batch, channel, time)
//! assert_eq!(resample(clips, &plan).dims(), [8, 2, 16_000]);
//! # }
//! # Ok::<(), polyphase_burn::polyphase::Error>(())
//! ```
//!
//! | for | use |
//! |---|---|
//! | a tensor of any rank, along its last axis | [`resample`], [`try_resample`] |
//! | a module of a network, like torchaudio's `transforms.Resample` | [`ResampleConfig`], [`Resample`] |
//! | devices whose kernels burn compiles to SPIR-V or Metal's language | [`register`] |
//!
//! # Where a tensor is resampled
//!
//! | tensor on | resampled |
//! |---|---|
//! | wgpu, kernels in WGSL (burn's feature `wgpu`) | on the GPU, by a kernel that burn launches |
//! | wgpu, kernels in another language (burn's features `vulkan`, `metal`) | on the GPU after [`register`]; otherwise on the CPU: copied to the host and back |
//! | other GPUs of burn (CUDA, ROCm) | on the CPU: copied to the host and back |
//! | Flex and NdArray (features `flex`, `ndarray`) | on the CPU |
//!
//! Work that the shaders cannot do or that exceeds the limits of the GPU, such as the gradient of a padded clip, is
//! also done on the CPU, with copies to the host and back.
//!
//! float32 and float16 are resampled directly. bfloat16 is converted to float32 and back. float64 is resampled in
//! float64 arithmetic, on the CPU. Results have the type of the tensor. The numerical contract is that of
//! [`polyphase`].
//!
//! # Gradients
//!
//! The gradient is the adjoint of the resampling, and is computed where the forward pass is. Since resampling is
//! linear, the forward pass keeps no samples for the gradient.
//!
//! # Errors
//!
//! [`try_resample`] returns the errors that are known before a kernel is launched. Later failures, such as a lost
//! device or a lack of memory, are handled as for burn's own operations, which return no `Result`: burn reports them
//! when the results are read, as by `Tensor::try_into_data`, or panics.
//!
//! # Features
//!
//! Each of these features must be on if the feature of `burn` with the same name is on, since burn chooses the types of
//! its backends by its features. All but `flex` and `ndarray` are on by default.
//!
//! | feature | enables |
//! |---|---|
//! | `wgpu` | tensors on GPUs |
//! | `fusion` | burn's fusion of kernels |
//! | `autodiff` | gradients |
//! | `flex`, `ndarray` | tensors on burn's CPU backends |

#![forbid(unsafe_code)]

#[cfg_attr(feature = "ndarray", expect(deprecated, reason = "burn has deprecated its NdArray, but still has it"))]
mod backend;
#[cfg(feature = "wgpu")]
mod cube;
mod error;
mod host;
mod job;
mod module;
#[cfg(test)]
mod tests;

use burn::backend::Dispatch;
use burn::tensor::Tensor;
pub use polyphase;
pub use polyphase::{Padding, Plan, Preset, ResampleOptions, Window};

use self::backend::ResampleBackend;
#[cfg(feature = "wgpu")]
pub use self::cube::register;
pub use self::error::{Error, Result};
use self::job::Job;
pub use self::module::{Resample, ResampleConfig, ResamplingMethod};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Resamples a tensor of any rank along its last axis: the shape is `(..., time)`, as in torchaudio. The result has
/// [`Plan::output_len`] samples along that axis, and the type and the device of the tensor.
///
/// # Panics
/// If [`try_resample`] would return an error.
pub fn resample<const D: usize>(tensor: Tensor<D>, plan: &Plan) -> Tensor<D> {
    match try_resample(tensor, plan) {
        Ok(resampled) => resampled,
        Err(error) => panic!("{error}"),
    }
}

/// Resamples a tensor as [`resample`] does, and returns an error instead of panicking.
///
/// # Errors
/// - [`Error::DType`] if the tensor is quantised.
/// - [`Error::Resample`] if the result, or the adjoint of a tensor that tracks gradients, exceeds the limits of the
///   memory or of the plan.
pub fn try_resample<const D: usize>(tensor: Tensor<D>, plan: &Plan) -> Result<Tensor<D>> {
    let job = Job::forward(plan);
    job.check(&tensor)?;
    Ok(Tensor::from_dispatch(<Dispatch as ResampleBackend>::polyphase(tensor.into_dispatch(), job)))
}

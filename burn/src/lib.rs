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
//! | use | for |
//! |---|---|
//! | [`resample`], [`try_resample`] | a tensor of any rank, along its last axis |
//! | [`ResampleConfig`], [`Resample`] | torchaudio's `transforms.Resample` as a module of a network |
//! | [`register`] | devices whose kernels burn compiles to SPIR-V or Metal's language |
//!
//! # Where a tensor is resampled
//!
//! | tensor | resampled |
//! |---|---|
//! | wgpu, kernels in WGSL (burn's feature `wgpu`) | on the GPU in place, by a kernel that burn launches |
//! | wgpu, kernels in another language (burn's features `vulkan`, `metal`) | on the GPU in place after [`register`], otherwise as the next line |
//! | other GPUs of burn (CUDA, ROCm) | on the CPU: copied to the host and back |
//! | Flex and NdArray (features `flex`, `ndarray`) | on the CPU |
//!
//! What the GPU's limits do not allow, such as the gradient of a padded clip, is resampled on the CPU too, and copied to
//! the host and back.
//!
//! float32 and float16 are resampled as they are; bfloat16 is converted to float32 and back; float64 is exact on the
//! CPU. Results have the type of the tensor. The numerical contract is that of [`polyphase`].
//!
//! # Gradients
//!
//! The gradient is the adjoint of the resampling, computed where the forward pass is. Resampling is linear, so that no
//! samples are kept for it.
//!
//! # Errors
//!
//! burn's operations return no `Result`, and what fails on a device is reported where its results are read, as by
//! `Tensor::try_into_data`. So it is here: [`try_resample`] returns what can be told before anything is launched. What
//! fails later, on a lost device or for want of memory, is reported by burn at the read, or panics where burn's own
//! operations do.
//!
//! # Features
//!
//! They must be on if the same feature of `burn` is: burn chooses its backend types by them. All but `flex` and
//! `ndarray` are on by default.
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

/// Resamples a tensor of any rank along its last axis, torchaudio's `(..., time)`. The result has
/// [`Plan::output_len`] samples along that axis, and the type and the device of the tensor.
///
/// # Panics
/// Where [`try_resample`] returns an error.
pub fn resample<const D: usize>(tensor: Tensor<D>, plan: &Plan) -> Tensor<D> {
    match try_resample(tensor, plan) {
        Ok(resampled) => resampled,
        Err(error) => panic!("{error}"),
    }
}

/// Resamples a tensor as [`resample`] does.
///
/// # Errors
/// [`Error::DType`] for a quantised tensor, [`Error::Resample`] for a result or, if the tensor tracks gradients, an
/// adjoint beyond the limits of memory and plan.
pub fn try_resample<const D: usize>(tensor: Tensor<D>, plan: &Plan) -> Result<Tensor<D>> {
    let job = Job::forward(plan);
    job.check(&tensor)?;
    Ok(Tensor::from_dispatch(<Dispatch as ResampleBackend>::polyphase(tensor.into_dispatch(), job)))
}

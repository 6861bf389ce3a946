//! [`Error`]: the reasons for which a tensor is refused.

use burn::tensor::DType;

/// Reason why a tensor was not resampled.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The plan cannot resample the tensor.
    #[error(transparent)]
    Resample(#[from] polyphase::Error),
    /// The tensor does not hold floats.
    #[error("tensors of {dtype:?} cannot be resampled: convert it to float16, bfloat16, float32 or float64")]
    DType {
        /// Type of the tensor's elements.
        dtype: DType,
    },
    /// The device has no kernels of burn's wgpu runtime.
    #[error("{device} is not a device of burn's wgpu runtime")]
    NotWgpu {
        /// The device that was given.
        device: String,
    },
}

/// Result of every call of this crate that may fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

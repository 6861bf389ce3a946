//! [`Job`]: what is done with each row of a tensor.

use burn::tensor::{DType, Shape, Tensor};
use polyphase::{GpuClip, Plan};

use crate::error::{Error, Result};

/// Resampling of each row of a tensor, or its adjoint. Rows run along the last axis.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Job {
    pub(crate) plan: Plan,
    pub(crate) direction: Direction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    Forward,
    /// From the gradient of resampled rows to that of rows of this length.
    Adjoint(usize),
}

/// Rows of a tensor: their number and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Rows {
    pub(crate) count: usize,
    pub(crate) len: usize,
}

impl Rows {
    pub(crate) fn of(shape: &Shape) -> Self {
        let len = shape.last().copied().unwrap_or(0);
        let count = shape.iter().rev().skip(1).product();
        Self { count, len }
    }
}

impl Job {
    pub(crate) fn forward(plan: &Plan) -> Self {
        Self { plan: plan.clone(), direction: Direction::Forward }
    }

    /// Length of a row that is made from a row of `len` samples.
    pub(crate) fn output_len(&self, len: usize) -> usize {
        match self.direction {
            Direction::Forward => self.plan.output_len(len),
            Direction::Adjoint(input_len) => input_len,
        }
    }

    /// Shape of the result.
    pub(crate) fn output_shape(&self, shape: &Shape) -> Shape {
        let mut shape = shape.clone();
        if let Some(len) = shape.last_mut() {
            *len = self.output_len(*len);
        }
        shape
    }

    /// The adjoint of this job on rows of `len` samples.
    #[cfg(feature = "autodiff")]
    pub(crate) fn transposed(&self, len: usize) -> Self {
        let direction = match self.direction {
            Direction::Forward => Direction::Adjoint(len),
            Direction::Adjoint(_) => Direction::Forward,
        };
        Self { plan: self.plan.clone(), direction }
    }

    /// True if the result is the tensor itself: at equal rates.
    pub(crate) fn is_identity(&self, len: usize) -> bool {
        self.plan.ratio().phases() == self.plan.ratio().stride() && self.output_len(len) == len
    }

    /// Refuses tensors and plans for which the job or its adjoint would fail later.
    pub(crate) fn check<const D: usize>(&self, tensor: &Tensor<D>) -> Result<()> {
        let dtype = tensor.dtype();
        if matches!(dtype, DType::QFloat(_)) {
            return Err(Error::DType { dtype });
        }
        let shape = tensor.shape();
        if shape.is_empty() {
            return Err(polyphase::Error::Axis { axis: 0, ndim: 0 }.into());
        }
        let elements = self.output_shape(&shape).iter().try_fold(1_usize, |elements, &len| elements.checked_mul(len));
        let bytes = elements.and_then(|elements| elements.checked_mul(dtype.size()));
        if bytes.is_none_or(|bytes| isize::try_from(bytes).is_err()) {
            let (samples, bytes_per_sample) = (elements.unwrap_or(usize::MAX), dtype.size());
            return Err(polyphase::Error::OutOfMemory { samples, bytes_per_sample }.into());
        }
        if tensor.device().is_autodiff() {
            // Designs the transposed filter, once for all clones of the plan, or tells that it is beyond the limits.
            match GpuClip::adjoint(&self.plan, 0, 1, 0) {
                // That of a padded clip is computed on the CPU.
                Ok(_) | Err(polyphase::Error::GpuUnsupported { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

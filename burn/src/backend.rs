//! [`ResampleBackend`]: the operation on burn's backends, and its gradient.

#[cfg(feature = "autodiff")]
use burn::backend::autodiff::checkpoint::base::Checkpointer;
#[cfg(feature = "autodiff")]
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
#[cfg(feature = "autodiff")]
use burn::backend::autodiff::grads::Gradients;
#[cfg(feature = "autodiff")]
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
#[cfg(feature = "autodiff")]
use burn::backend::{Autodiff, TensorMetadata};
use burn::backend::{Backend, backend_extension};
#[cfg(feature = "fusion")]
use burn::tensor::Shape;

#[cfg(any(feature = "flex", feature = "ndarray"))]
use crate::host;
use crate::job::Job;

/// Backends that resample: on the CPU, unless they do it themselves. The macro routes tensors to their backend, and
/// delays the operation where burn fuses kernels.
#[backend_extension(
    Cube: cfg(feature = "wgpu"),
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
    Fusion: cfg(feature = "fusion"),
    Autodiff: cfg(feature = "autodiff")
)]
pub(crate) trait ResampleBackend: Backend {
    #[fusion(dtype = tensor, shape = output_shape(tensor, job))]
    fn polyphase(tensor: FloatTensor<Self>, job: Job) -> FloatTensor<Self>;
}

#[cfg(feature = "fusion")]
fn output_shape(shape: &Shape, job: &Job) -> Shape {
    job.output_shape(shape)
}

#[cfg(feature = "wgpu")]
impl ResampleBackend for burn_cubecl::CubeBackend {
    fn polyphase(tensor: FloatTensor<Self>, job: Job) -> FloatTensor<Self> {
        crate::cube::resample(tensor, &job)
    }
}

#[cfg(feature = "flex")]
impl ResampleBackend for burn::backend::Flex {
    fn polyphase(tensor: FloatTensor<Self>, job: Job) -> FloatTensor<Self> {
        host::resample::<Self>(tensor, &job)
    }
}

#[cfg(feature = "ndarray")]
impl ResampleBackend for burn::backend::NdArray {
    fn polyphase(tensor: FloatTensor<Self>, job: Job) -> FloatTensor<Self> {
        host::resample::<Self>(tensor, &job)
    }
}

/// Gradient of a job: its transpose.
#[cfg(feature = "autodiff")]
#[derive(Debug)]
struct Transpose;

#[cfg(feature = "autodiff")]
impl<B: ResampleBackend> Backward<B, 1> for Transpose {
    type State = Job;

    fn backward(self, ops: Ops<Job, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let [node] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        if let Some(node) = node {
            gradients.register::<B>(node.id, B::polyphase(gradient, ops.state));
        }
    }
}

#[cfg(feature = "autodiff")]
impl<B: ResampleBackend, C: CheckpointStrategy> ResampleBackend for Autodiff<B, C> {
    fn polyphase(tensor: FloatTensor<Self>, job: Job) -> FloatTensor<Self> {
        let len = tensor.primitive().shape().last().copied().unwrap_or(0);
        // The gradient needs no samples, so that there is nothing to keep or to compute anew.
        match Transpose.prepare::<C>([tensor.node()]).compute_bound().stateful() {
            OpsKind::Tracked(preparation) => {
                let transposed = job.transposed(len);
                preparation.finish(transposed, B::polyphase(tensor.into_primitive(), job))
            }
            OpsKind::UnTracked(preparation) => preparation.finish(B::polyphase(tensor.into_primitive(), job)),
        }
    }
}

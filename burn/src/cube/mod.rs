//! [`resample`]: tensors of burn's GPU runtimes.
//!
//! ```text
//! kernels in WGSL     kernels.rs     polyphase's kernel, launched by burn
//! another language    guests.rs      polyphase's job, recorded on burn's queue
//! otherwise           host.rs        on the CPU
//! ```

mod guests;
mod jobs;
mod kernels;

use burn::backend::TensorMetadata;
use burn::backend::ops::FloatTensorOps;
use burn::tensor::{DType, FloatDType};
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::{cast, into_contiguous};
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;

pub use self::guests::register;
use crate::host;
use crate::job::{Job, Rows};

/// Name of burn's wgpu runtime where it compiles WGSL.
pub(crate) const WGSL: &str = "wgpu<wgsl>";

/// Applies a job to the rows of a tensor, on its device if that can do it.
pub(crate) fn resample(tensor: CubeTensor, job: &Job) -> CubeTensor {
    let (shape, dtype) = (tensor.shape(), tensor.dtype);
    let rows = Rows::of(&shape);
    if job.is_identity(rows.len) {
        return tensor;
    }
    let output_shape = job.output_shape(&shape);
    if rows.len == 0 || output_shape.num_elements() == 0 {
        return CubeBackend::float_zeros(output_shape, &tensor.device, FloatDType::from(dtype));
    }
    match dtype {
        DType::F32 | DType::F16 => {}
        DType::F64 => return host::resample::<CubeBackend>(tensor, job),
        _ => return cast(resample(cast(tensor, DType::F32), job), dtype),
    }
    // Undoes permutations, broadcasts and tilings.
    let input = into_contiguous(tensor);
    let empty = || {
        let shape = output_shape.clone();
        empty_device_contiguous_dtype(input.client.clone(), input.device.clone(), shape, dtype)
    };
    if input.client.name() == WGSL
        && let Some(kernels) = kernels::of(&input, job, rows)
    {
        let output = empty();
        if kernels.launch(&input, &output) {
            return output;
        }
    }
    if let Some(guest) = guests::of(&input, job, rows) {
        let output = empty();
        guest.submit(&input, &output);
        return output;
    }
    host::resample::<CubeBackend>(input, job)
}

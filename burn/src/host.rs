//! [`resample`]: a tensor of any backend, by way of the host's memory.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::{DType, Element, FloatDType, Shape, TensorData};
use polyphase::half::f16;
use polyphase::ndarray::{ArrayView2, Axis};
use polyphase::{CpuResampler, Sample};

use crate::job::{Direction, Job, Rows};

/// Applies a job to the rows of a tensor on the CPU. The result has the tensor's type and device.
///
/// # Panics
/// As burn's reads do, if the device fails, and if the result does not fit in memory.
pub(crate) fn resample<B: Backend>(tensor: FloatTensor<B>, job: &Job) -> FloatTensor<B> {
    let (device, dtype) = (tensor.device(), tensor.dtype());
    let rows = Rows::of(&tensor.shape());
    if job.is_identity(rows.len) {
        return tensor;
    }
    let shape = job.output_shape(&tensor.shape());
    if rows.len == 0 || shape.num_elements() == 0 {
        return B::float_zeros(shape, &device, FloatDType::from(dtype));
    }
    let data = match pollster::block_on(B::float_into_data(tensor)) {
        Ok(data) => data,
        Err(error) => panic!("{error}"),
    };
    let resampled = match dtype {
        DType::F64 => apply::<f64>(data, rows, shape, job),
        DType::F32 => apply::<f32>(data, rows, shape, job),
        DType::F16 => apply::<f16>(data, rows, shape, job),
        // bfloat16 and other types of 16 bits.
        _ => apply::<f32>(data.convert::<f32>(), rows, shape, job).convert_dtype(dtype),
    };
    B::float_from_data(resampled, &device)
}

/// Applies a job to rows of samples.
///
/// # Panics
/// If the result does not fit in memory.
fn apply<T: Sample + Element>(data: TensorData, rows: Rows, shape: Shape, job: &Job) -> TensorData {
    let cpu = CpuResampler::new();
    let samples = match data.try_into_vec::<T>() {
        Ok(samples) => samples,
        Err(error) => panic!("{error:?}"),
    };
    let resampled = ArrayView2::from_shape((rows.count, rows.len), &samples)
        .map_err(|_| polyphase::Error::OutOfMemory { samples: samples.len(), bytes_per_sample: size_of::<T>() })
        .and_then(|rows| match job.direction {
            Direction::Forward => cpu.resample_axis(&job.plan, &rows, Axis(1)),
            Direction::Adjoint(len) => cpu.adjoint_axis(&job.plan, &rows, Axis(1), len),
        });
    match resampled {
        Ok(resampled) => TensorData::new(resampled.into_raw_vec_and_offset().0, shape),
        Err(error) => panic!("{error}"),
    }
}

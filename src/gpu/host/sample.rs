//! [`GpuSample`]: the sample types that are uploaded without a conversion, and rounded from float32 when read back.

use half::f16;

use self::sealed::Conversions;
use crate::alloc::zeroed_by_system;
use crate::clamped::Clamped;
use crate::gpu::layout::shader::SampleFormat;

/// A type of sample in host memory for the GPU: `f32`, `i16` or [`half::f16`]. Sealed.
///
/// | type | uploaded as | value of full scale (1.0) | outputs |
/// |---|---|---|---|
/// | `f32` | itself | 1 | as computed |
/// | [`half::f16`] | itself, 2 bytes | 1 | rounded to nearest, ties to even |
/// | `i16` | itself, 2 bytes | 2¹⁵ | rounded to nearest, ties to even; clamped to the range and counted |
pub trait GpuSample: Copy + Default + Send + Sync + 'static {
    /// Seals the trait: the type cannot be named outside the crate.
    #[doc(hidden)]
    const CONVERSIONS: Conversions<Self>;
}

impl GpuSample for f32 {
    const CONVERSIONS: Conversions<Self> = Conversions {
        format: SampleFormat::F32,
        are_finite: |samples| are_all(samples, |sample| sample.is_finite()),
        bytes: |samples| bytemuck::cast_slice(samples),
        bytes_mut: |samples| bytemuck::cast_slice_mut(samples),
        zeroed: zeroed_by_system,
        to_f32: |samples, floats| floats.copy_from_slice(samples),
        store: |outputs, samples| {
            samples.copy_from_slice(outputs);
            Clamped::default()
        },
    };
}

impl GpuSample for i16 {
    const CONVERSIONS: Conversions<Self> = Conversions {
        format: SampleFormat::I16,
        are_finite: |_| true,
        bytes: |samples| bytemuck::cast_slice(samples),
        bytes_mut: |samples| bytemuck::cast_slice_mut(samples),
        zeroed: zeroed_by_system,
        to_f32: |samples, floats| {
            floats.iter_mut().zip(samples).for_each(|(float, &sample)| *float = f32::from(sample) / 32768.0);
        },
        store: store_integers,
    };
}

impl GpuSample for f16 {
    const CONVERSIONS: Conversions<Self> = Conversions {
        format: SampleFormat::F16,
        are_finite: |samples| are_all(samples, f16::is_finite),
        bytes: |samples| bytemuck::cast_slice(samples),
        bytes_mut: |samples| bytemuck::cast_slice_mut(samples),
        zeroed: zeroed_by_system,
        to_f32: |samples, floats| floats.iter_mut().zip(samples).for_each(|(float, sample)| *float = sample.to_f32()),
        store: |outputs, samples| {
            samples.iter_mut().zip(outputs).for_each(|(sample, &output)| *sample = Self::from_f32(output));
            Clamped::default()
        },
    };
}

/// True if all samples pass the test. There is no early exit, so that the loop is vectorised.
fn are_all<T: Copy>(samples: &[T], test: impl Fn(T) -> bool) -> bool {
    samples.iter().fold(true, |passed, &sample| passed & test(sample))
}

fn store_integers(outputs: &[f32], samples: &mut [i16]) -> Clamped {
    let mut clamped = Clamped::default();
    samples.iter_mut().zip(outputs).for_each(|(sample, &output)| *sample = clamped.round_to_i16(output));
    clamped
}

mod sealed {
    use crate::clamped::Clamped;
    use crate::error::Result;
    use crate::gpu::layout::shader::SampleFormat;

    /// Conversions between a type of sample and float32, slice by slice. They are not methods of the trait, so that a
    /// bound on the trait gives callers nothing to call.
    #[derive(Debug)]
    pub struct Conversions<T: 'static> {
        /// Format of the type in the buffers of the GPU.
        pub(crate) format: SampleFormat,
        /// False if there is a NaN or an infinity.
        pub(crate) are_finite: fn(&[T]) -> bool,
        /// The samples as they are uploaded.
        pub(crate) bytes: fn(&[T]) -> &[u8],
        /// The samples as they are downloaded.
        pub(crate) bytes_mut: fn(&mut [T]) -> &mut [u8],
        /// Buffer of zeros, as [`zeroed_by_system`](crate::alloc::zeroed_by_system).
        pub(crate) zeroed: fn(usize) -> Result<Vec<T>>,
        /// Converts the samples to the values that the shaders read.
        pub(crate) to_f32: fn(&[T], &mut [f32]),
        /// Stores outputs as samples, and counts those that are clamped.
        pub(crate) store: fn(&[f32], &mut [T]) -> Clamped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_rounded_to_nearest_even_clamped_and_counted() {
        let outputs =
            [0.5, 1.5, -0.5, 32_767.4, 32_767.5, 1e9, -32_768.5, -32_769.0, f32::NAN].map(|value| value / 32_768.0);
        let mut samples = [1; 9];
        let clamped = (i16::CONVERSIONS.store)(&outputs, &mut samples);
        assert_eq!(samples, [0, 2, 0, 32_767, 32_767, 32_767, -32_768, -32_768, 0]);
        assert_eq!(clamped, Clamped { count: 3 });
    }

    #[test]
    fn samples_that_are_not_finite_are_found() {
        assert!((f32::CONVERSIONS.are_finite)(&[0.0, -1.0, f32::MAX]));
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(!(f32::CONVERSIONS.are_finite)(&[0.0, value, 1.0]));
            assert!(!(f16::CONVERSIONS.are_finite)(&[f16::ZERO, f16::from_f32(value), f16::ONE]));
        }
    }
}

//! The samples that go to the GPU as they are, and come back rounded.

use half::f16;

use crate::gpu::layout::shader::InputSamples;

/// A type of sample that can be uploaded.
pub trait GpuSample: bytemuck::Pod + Default + Send + Sync + sealed::Sealed {
    /// What the shaders are told.
    #[doc(hidden)]
    const INPUT: InputSamples;

    /// False for NaN and the infinities.
    #[doc(hidden)]
    fn is_number(self) -> bool;

    /// What the shaders take it for.
    #[doc(hidden)]
    fn to_input(self) -> f32;

    /// An output, as float32 in [−1, 1), in this type.
    #[doc(hidden)]
    fn from_output(output: f32) -> Self;
}

impl GpuSample for f32 {
    const INPUT: InputSamples = InputSamples::F32;

    fn is_number(self) -> bool {
        self.is_finite()
    }

    fn to_input(self) -> f32 {
        self
    }

    fn from_output(output: f32) -> Self {
        output
    }
}

/// Scaled by 2⁻¹⁵ on the way in; on the way out by 2¹⁵, rounded to the nearest, ties to even, and clamped.
impl GpuSample for i16 {
    const INPUT: InputSamples = InputSamples::I16;

    fn is_number(self) -> bool {
        true
    }

    fn to_input(self) -> f32 {
        f32::from(self) / 32768.0
    }

    #[expect(clippy::cast_possible_truncation, reason = "`as` clamps")]
    fn from_output(output: f32) -> Self {
        (output * 32768.0).round_ties_even() as Self
    }
}

/// Rounded to the nearest on the way out, ties to even.
impl GpuSample for f16 {
    const INPUT: InputSamples = InputSamples::F16;

    fn is_number(self) -> bool {
        self.is_finite()
    }

    fn to_input(self) -> f32 {
        self.to_f32()
    }

    fn from_output(output: f32) -> Self {
        Self::from_f32(output)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for i16 {}
    impl Sealed for half::f16 {}
}

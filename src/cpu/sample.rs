//! [`Sample`]: what can be resampled, and how it becomes the floats that are computed with, and back.

use half::f16;
use num_complex::Complex;

use super::kernel::Kernel;

/// A type of sample to resample. Sealed.
///
/// | type | computed in | a sample of 1.0 is | results |
/// |---|---|---|---|
/// | `f32`, `f64` | itself | 1 | as computed |
/// | [`half::f16`] | `f32` | 1 | rounded to nearest even |
/// | `i16` | `f32` | 2¹⁵ | rounded to nearest even, clamped to the range and counted |
/// | `i32` | `f64` | 2³¹ | the same |
/// | [`Complex<f32>`], [`Complex<f64>`] | their parts | 1 | real and imaginary part, each by itself |
///
/// Calls that fill the caller's buffer return how many samples had to be clamped: 0 for all but integers.
///
/// ```
/// use polyphase::half::f16;
/// use polyphase::num_complex::Complex;
/// use polyphase::{CpuResampler, Plan, ResampleOptions};
///
/// let plan = Plan::new(8_000, 16_000, &ResampleOptions::default())?;
/// let cpu = CpuResampler::new();
/// assert_eq!(cpu.resample(&plan, &[0_i16, 0, 10_000, 0, 0])?[4], 9_900);
/// assert_eq!(cpu.resample(&plan, &[0, 0, f16::ONE.to_bits(), 0, 0].map(f16::from_bits))?[4], f16::from_f32(0.99));
/// let rotating = [0.0, 0.0, 1.0_f32, 0.0, 0.0].map(|x| Complex { re: x, im: -x });
/// assert_eq!(cpu.resample(&plan, &rotating)?[4], Complex { re: 0.99, im: -0.99 });
/// # Ok::<(), polyphase::Error>(())
/// ```
pub trait Sample: Convert {}

/// How a [`Sample`] is computed with.
pub trait Convert: Copy + Default + std::fmt::Debug + Send + Sync + 'static {
    /// What its parts are computed in.
    type Float: Kernel + Sample<Float = Self::Float>;
    /// Signals that its samples carry: 2 for complex numbers, else 1.
    const PARTS: usize;

    /// A part of it.
    fn part(self, part: usize) -> Self::Float;

    /// The sample with these parts, the second of them 0 if it has only one. Adds 1 to `clipped` if it is out of range.
    fn from_parts(parts: [Self::Float; 2], clipped: &mut usize) -> Self;

    /// The samples themselves, if they are what is computed in.
    fn floats(_samples: &[Self]) -> Option<&[Self::Float]> {
        None
    }

    /// The samples themselves, if they are what is computed in.
    fn floats_mut(_samples: &mut [Self]) -> Option<&mut [Self::Float]> {
        None
    }
}

macro_rules! float {
    ($($type:ty),*) => {$(
        impl Sample for $type {}

        impl Convert for $type {
            type Float = Self;
            const PARTS: usize = 1;

            fn part(self, _: usize) -> Self {
                self
            }

            fn from_parts([value, _]: [Self; 2], _: &mut usize) -> Self {
                value
            }

            fn floats(samples: &[Self]) -> Option<&[Self]> {
                Some(samples)
            }

            fn floats_mut(samples: &mut [Self]) -> Option<&mut [Self]> {
                Some(samples)
            }
        }

        impl Sample for Complex<$type> {}

        impl Convert for Complex<$type> {
            type Float = $type;
            const PARTS: usize = 2;

            fn part(self, part: usize) -> $type {
                if part == 0 { self.re } else { self.im }
            }

            fn from_parts([re, im]: [$type; 2], _: &mut usize) -> Self {
                Self { re, im }
            }
        }
    )*};
}

float!(f32, f64);

macro_rules! integer {
    ($($type:ty, $float:ty, $one:expr);*) => {$(
        impl Sample for $type {}

        impl Convert for $type {
            type Float = $float;
            const PARTS: usize = 1;

            fn part(self, _: usize) -> $float {
                <$float>::from(self) / $one
            }

            #[expect(clippy::cast_possible_truncation, reason = "whole, and out of range only if it is to be clamped")]
            fn from_parts([value, _]: [$float; 2], clipped: &mut usize) -> Self {
                let scaled = (value * $one).round_ties_even();
                // NaN becomes 0.
                *clipped += usize::from(!scaled.is_nan() && !(-$one..$one).contains(&scaled));
                scaled as $type
            }
        }
    )*};
}

integer!(i16, f32, 32_768.0; i32, f64, 2_147_483_648.0);

impl Sample for f16 {}

impl Convert for f16 {
    type Float = f32;
    const PARTS: usize = 1;

    fn part(self, _: usize) -> f32 {
        self.to_f32()
    }

    fn from_parts([value, _]: [f32; 2], _: &mut usize) -> Self {
        Self::from_f32(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back<T: Sample + PartialEq>(sample: T) -> bool {
        let mut clipped = 0;
        let parts = [sample.part(0), if T::PARTS == 2 { sample.part(1) } else { T::Float::default() }];
        T::from_parts(parts, &mut clipped) == sample && clipped == 0
    }

    #[test]
    fn every_sample_survives_the_way_there_and_back() {
        assert!((i16::MIN..=i16::MAX).all(there_and_back));
        assert!((0..=u16::MAX).map(f16::from_bits).filter(|sample| !sample.is_nan()).all(there_and_back));
        assert!([i32::MIN, i32::MIN + 1, -1, 0, 1, 123_456_789, i32::MAX].into_iter().all(there_and_back));
        assert!(there_and_back(Complex { re: 0.1_f32, im: -3.0 }));
    }

    #[test]
    fn integers_are_rounded_to_nearest_even_clamped_and_counted() {
        let mut clipped = 0;
        let mut sample = |value: f32| i16::from_parts([value / 32_768.0, 0.0], &mut clipped);
        assert_eq!([0.5, 1.5, -0.5, -2.5, 2.51].map(&mut sample), [0, 2, 0, -2, 3]);
        assert_eq!([32_767.0, 32_767.4, -32_768.5].map(&mut sample), [32_767, 32_767, -32_768]);
        assert_eq!(sample(f32::NAN), 0);
        assert_eq!(clipped, 0);
        let mut sample = |value: f32| i16::from_parts([value / 32_768.0, 0.0], &mut clipped);
        assert_eq!([32_767.5, -32_769.0, f32::INFINITY].map(&mut sample), [32_767, -32_768, 32_767]);
        assert_eq!(clipped, 3);
        let mut sample = |value: f64| i32::from_parts([value / 2_147_483_648.0, 0.0], &mut clipped);
        assert_eq!(
            [2_147_483_647.4, 2_147_483_647.5, -2_147_483_649.0].map(&mut sample),
            [i32::MAX, i32::MAX, i32::MIN]
        );
        assert_eq!(clipped, 5);
    }
}

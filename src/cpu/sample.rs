//! [`Sample`]: the types of samples, and their conversion to and from the floats that the kernels compute with.

use half::f16;
use num_complex::Complex;

use super::kernel::Kernel;
use crate::clamped::Clamped;
#[cfg(feature = "gpu")]
use crate::error::Result;

/// Type of a sample that can be resampled. Sealed.
///
/// | type | computed in | value of full scale (1.0) | result |
/// |---|---|---|---|
/// | `f32`, `f64` | itself | 1 | as computed |
/// | [`half::f16`] | `f32` | 1 | rounded to nearest, ties to even |
/// | `i16` | `f32` | 2¹⁵ | rounded to nearest, ties to even; clamped to the range and counted |
/// | `i32` | `f64` | 2³¹ | rounded to nearest, ties to even; clamped to the range and counted |
/// | [`Complex<f32>`], [`Complex<f64>`] | their parts | 1 | real and imaginary part, each resampled by itself |
///
/// Methods that fill the caller's buffer return the number of clamped samples, see [`Clamped`].
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
///
/// The conversions are private, even in generic code:
///
/// ```compile_fail,E0624
/// fn first_part<T: polyphase::Sample>(sample: T) {
///     sample.part(0);
/// }
/// ```
#[expect(private_bounds, reason = "seals the trait, and hides its conversions from code with the bound `T: Sample`")]
pub trait Sample: Convert {}

/// Conversion of a [`Sample`] to and from its parts.
pub(crate) trait Convert: Copy + Default + std::fmt::Debug + Send + Sync + 'static {
    /// Float type that the parts are computed in.
    type Float: Kernel + Sample<Float = Self::Float>;
    /// Number of parts: 2 for complex numbers, else 1.
    const PARTS: usize;

    /// Part number `part`, below [`PARTS`](Self::PARTS), as a float.
    fn part(self, part: usize) -> Self::Float;

    /// Sample with these parts; the second is ignored if there is only one part. Counts the sample if it is clamped.
    fn from_parts(parts: [Self::Float; 2], clamped: &mut Clamped) -> Self;

    /// The samples as floats, if no conversion is needed.
    fn floats(_samples: &[Self]) -> Option<&[Self::Float]> {
        None
    }

    /// The samples as floats, if no conversion is needed.
    fn floats_mut(_samples: &mut [Self]) -> Option<&mut [Self::Float]> {
        None
    }

    /// The samples by their type.
    #[cfg(feature = "gpu")]
    fn typed(_samples: &[Self]) -> Typed<'_> {
        Typed::Other
    }

    /// The samples by their type.
    #[cfg(feature = "gpu")]
    fn typed_mut(_samples: &mut [Self]) -> TypedMut<'_> {
        TypedMut::Other
    }

    /// Buffer of zeros that the GPU or the CPU is going to fill.
    #[cfg(feature = "gpu")]
    fn zeroed(len: usize) -> Result<Vec<Self>> {
        crate::alloc::zeroed(len)
    }
}

/// Implements [`Convert::typed`] and [`Convert::zeroed`] for a type that [`Typed`] names.
macro_rules! typed {
    ($variant:ident) => {
        #[cfg(feature = "gpu")]
        fn typed(samples: &[Self]) -> Typed<'_> {
            Typed::$variant(samples)
        }

        #[cfg(feature = "gpu")]
        fn typed_mut(samples: &mut [Self]) -> TypedMut<'_> {
            TypedMut::$variant(samples)
        }

        #[cfg(feature = "gpu")]
        fn zeroed(len: usize) -> Result<Vec<Self>> {
            crate::alloc::zeroed_by_system(len)
        }
    };
    () => {};
}

/// Samples by their type, for a backend that computes only some types.
#[cfg(feature = "gpu")]
pub(crate) enum Typed<'a> {
    F32(&'a [f32]),
    I16(&'a [i16]),
    F16(&'a [f16]),
    Other,
}

/// [`Typed`], to be filled.
#[cfg(feature = "gpu")]
pub(crate) enum TypedMut<'a> {
    F32(&'a mut [f32]),
    I16(&'a mut [i16]),
    F16(&'a mut [f16]),
    Other,
}

/// Samples with the given parts; the second slice is empty if there is only one part. Counts the samples that are
/// clamped.
#[inline(always)]
pub(crate) fn join<'a, T: Sample>(
    parts: [&'a [T::Float]; 2],
    clamped: &'a mut Clamped,
) -> impl Iterator<Item = T> + 'a {
    let mut second = parts[1].iter();
    parts[0].iter().map(move |&first| T::from_parts([first, second.next().copied().unwrap_or_default()], clamped))
}

macro_rules! float {
    ($($type:ty $(, $variant:ident)?);*) => {$(
        impl Sample for $type {}

        impl Convert for $type {
            type Float = Self;
            const PARTS: usize = 1;

            #[inline(always)]
            fn part(self, _: usize) -> Self {
                self
            }

            #[inline(always)]
            fn from_parts([value, _]: [Self; 2], _: &mut Clamped) -> Self {
                value
            }

            fn floats(samples: &[Self]) -> Option<&[Self]> {
                Some(samples)
            }

            fn floats_mut(samples: &mut [Self]) -> Option<&mut [Self]> {
                Some(samples)
            }

            typed!($($variant)?);
        }

        impl Sample for Complex<$type> {}

        impl Convert for Complex<$type> {
            type Float = $type;
            const PARTS: usize = 2;

            #[inline(always)]
            fn part(self, part: usize) -> $type {
                if part == 0 { self.re } else { self.im }
            }

            #[inline(always)]
            fn from_parts([re, im]: [$type; 2], _: &mut Clamped) -> Self {
                Self { re, im }
            }
        }
    )*};
}

float!(f32, F32; f64);

macro_rules! integer {
    ($($type:ty, $float:ty, $one:expr, $round:ident $(, $variant:ident)?);*) => {$(
        impl Sample for $type {}

        impl Convert for $type {
            type Float = $float;
            const PARTS: usize = 1;

            #[inline(always)]
            fn part(self, _: usize) -> $float {
                <$float>::from(self) / $one
            }

            #[inline(always)]
            fn from_parts([value, _]: [$float; 2], clamped: &mut Clamped) -> Self {
                clamped.$round(value)
            }

            typed!($($variant)?);
        }
    )*};
}

integer!(i16, f32, 32_768.0, round_to_i16, I16; i32, f64, 2_147_483_648.0, round_to_i32);

impl Sample for f16 {}

impl Convert for f16 {
    type Float = f32;
    const PARTS: usize = 1;

    fn part(self, _: usize) -> f32 {
        self.to_f32()
    }

    fn from_parts([value, _]: [f32; 2], _: &mut Clamped) -> Self {
        Self::from_f32(value)
    }

    typed!(F16);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survives_round_trip<T: Sample + PartialEq>(sample: T) -> bool {
        let mut clamped = Clamped::default();
        let (first, second) = ([sample.part(0)], [sample.part(1)]);
        let parts: [&[_]; 2] = [&first, if T::PARTS == 2 { &second } else { &[] }];
        let joined: Vec<T> = join(parts, &mut clamped).collect();
        joined == [sample] && clamped.count == 0
    }

    #[test]
    fn every_sample_survives_the_round_trip_to_floats() {
        assert!((i16::MIN..=i16::MAX).all(survives_round_trip));
        assert!((0..=u16::MAX).map(f16::from_bits).filter(|sample| !sample.is_nan()).all(survives_round_trip));
        assert!([i32::MIN, i32::MIN + 1, -1, 0, 1, 123_456_789, i32::MAX].into_iter().all(survives_round_trip));
        assert!(survives_round_trip(Complex { re: 0.1_f32, im: -3.0 }));
    }

    #[test]
    fn integers_are_rounded_to_nearest_even_clamped_and_counted() {
        let mut clamped = Clamped::default();
        let mut sample = |value: f32| i16::from_parts([value / 32_768.0, 0.0], &mut clamped);
        assert_eq!([0.5, 1.5, -0.5, -2.5, 2.51].map(&mut sample), [0, 2, 0, -2, 3]);
        assert_eq!([32_767.0, 32_767.4, -32_768.5].map(&mut sample), [32_767, 32_767, -32_768]);
        assert_eq!(sample(f32::NAN), 0);
        assert_eq!(clamped.count, 0);
        let mut sample = |value: f32| i16::from_parts([value / 32_768.0, 0.0], &mut clamped);
        assert_eq!([32_767.5, -32_769.0, f32::INFINITY].map(&mut sample), [32_767, -32_768, 32_767]);
        assert_eq!(clamped.count, 3);
        let mut sample = |value: f64| i32::from_parts([value / 2_147_483_648.0, 0.0], &mut clamped);
        assert_eq!(
            [2_147_483_647.4, 2_147_483_647.5, -2_147_483_649.0].map(&mut sample),
            [i32::MAX, i32::MAX, i32::MIN]
        );
        assert_eq!(clamped.count, 5);
    }
}

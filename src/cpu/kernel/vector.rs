//! [`Vector`]: sixteen floats in SIMD registers, as one type for float32 and float64. [`Element`]: one of these floats.

use fearless_simd::{Simd, f32x16, f64x8, prelude::*};

use crate::filter::bands::LANES;
use crate::filter::coefficient::Coefficient;

/// Sixteen floats in SIMD registers.
pub(crate) trait Vector<S: Simd, T>: Copy {
    fn splat(simd: S, value: T) -> Self;

    fn load(simd: S, values: &[T; LANES]) -> Self;

    /// Loads a slice of sixteen values.
    fn load_slice(simd: S, values: &[T]) -> Self;

    fn store(self, values: &mut [T; LANES]);

    /// `self · factor + addend`, rounded once where the level has such an instruction.
    fn mul_add(self, factor: Self, addend: Self) -> Self;

    fn plus(self, other: Self) -> Self;

    /// Values of the two vectors by turns, in two vectors.
    fn interleave(self, other: Self) -> [Self; 2];
}

/// Float type of samples, taps and sums.
pub(crate) trait Element: Coefficient {
    /// Sixteen values in SIMD registers.
    type Vector<S: Simd>: Vector<S, Self>;

    /// False for NaN and the infinities.
    fn is_finite(self) -> bool;

    /// Product with a factor.
    fn times(self, factor: f64) -> Self;

    /// Sum of this value and another.
    fn plus(self, other: Self) -> Self;
}

impl Element for f32 {
    type Vector<S: Simd> = f32x16<S>;

    fn is_finite(self) -> bool {
        self.is_finite()
    }

    #[expect(clippy::cast_possible_truncation, reason = "rounded once, to the type of the samples")]
    fn times(self, factor: f64) -> Self {
        (f64::from(self) * factor) as Self
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }
}

impl Element for f64 {
    type Vector<S: Simd> = F64x16<S>;

    fn is_finite(self) -> bool {
        self.is_finite()
    }

    fn times(self, factor: f64) -> Self {
        self * factor
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }
}

impl<S: Simd> Vector<S, f32> for f32x16<S> {
    #[inline(always)]
    fn splat(simd: S, value: f32) -> Self {
        SimdBase::splat(simd, value)
    }

    #[inline(always)]
    fn load(simd: S, values: &[f32; LANES]) -> Self {
        Self::load_array_ref(simd, values)
    }

    #[inline(always)]
    fn load_slice(simd: S, values: &[f32]) -> Self {
        Self::from_slice(simd, values)
    }

    #[inline(always)]
    fn store(self, values: &mut [f32; LANES]) {
        self.store_array(values);
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        SimdFloat::mul_add(self, factor, addend)
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self + other
    }

    #[inline(always)]
    fn interleave(self, other: Self) -> [Self; 2] {
        [self.zip_low(other), self.zip_high(other)]
    }
}

/// Sixteen float64 in two vectors of eight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct F64x16<S: Simd>([f64x8<S>; 2]);

impl<S: Simd> Vector<S, f64> for F64x16<S> {
    #[inline(always)]
    fn splat(simd: S, value: f64) -> Self {
        Self([f64x8::splat(simd, value); 2])
    }

    #[inline(always)]
    fn load(simd: S, values: &[f64; LANES]) -> Self {
        Self::load_slice(simd, values)
    }

    #[inline(always)]
    fn load_slice(simd: S, values: &[f64]) -> Self {
        let (low, high) = values.split_at(LANES / 2);
        Self([f64x8::from_slice(simd, low), f64x8::from_slice(simd, high)])
    }

    #[inline(always)]
    fn store(self, values: &mut [f64; LANES]) {
        let (low, high) = values.split_at_mut(LANES / 2);
        self.0[0].store_slice(low);
        self.0[1].store_slice(high);
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        let half = |i: usize| self.0[i].mul_add(factor.0[i], addend.0[i]);
        Self([half(0), half(1)])
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Self([self.0[0] + other.0[0], self.0[1] + other.0[1]])
    }

    #[inline(always)]
    fn interleave(self, other: Self) -> [Self; 2] {
        let half = |i: usize| Self([self.0[i].zip_low(other.0[i]), self.0[i].zip_high(other.0[i])]);
        [half(0), half(1)]
    }
}

//! [`SampleType`]: bytes of a file to samples.
//!
//! Each type has one loop over whole samples of a fixed width, without branches or bounds checks, so that the compiler
//! vectorizes those of one, two, four and eight bytes.

use super::bytes::Order;

/// Floats that samples are decoded to.
///
/// Integers arrive with their most significant bit at the top, and are divided by 2^7, 2^15, 2^31 or 2^63. A sample is
/// rounded at most once.
pub trait Float: Copy {
    /// An integer of 8 bits over 2^7.
    fn from_i8(value: i8) -> Self;
    /// An integer of 16 bits over 2^15.
    fn from_i16(value: i16) -> Self;
    /// An integer of 32 bits over 2^31.
    fn from_i32(value: i32) -> Self;
    /// An integer of 64 bits over 2^63.
    fn from_i64(value: i64) -> Self;
    /// A float of 32 bits.
    fn from_f32(value: f32) -> Self;
    /// A float of 64 bits.
    fn from_f64(value: f64) -> Self;
    /// Half the sum of two samples.
    fn mean(a: Self, b: Self) -> Self;
}

impl Float for f32 {
    fn from_i8(value: i8) -> Self {
        f32::from(value) * (1.0 / 128.0)
    }
    fn from_i16(value: i16) -> Self {
        f32::from(value) * (1.0 / 32_768.0)
    }
    fn from_i32(value: i32) -> Self {
        value as f32 * (1.0 / 2_147_483_648.0)
    }
    fn from_i64(value: i64) -> Self {
        value as f32 * (1.0 / 9_223_372_036_854_775_808.0)
    }
    fn from_f32(value: f32) -> Self {
        value
    }
    #[expect(clippy::cast_possible_truncation, reason = "rounded to float32: the caller's choice")]
    fn from_f64(value: f64) -> Self {
        value as f32
    }
    fn mean(a: Self, b: Self) -> Self {
        (a + b) * 0.5
    }
}

impl Float for f64 {
    fn from_i8(value: i8) -> Self {
        f64::from(value) * (1.0 / 128.0)
    }
    fn from_i16(value: i16) -> Self {
        f64::from(value) * (1.0 / 32_768.0)
    }
    fn from_i32(value: i32) -> Self {
        f64::from(value) * (1.0 / 2_147_483_648.0)
    }
    fn from_i64(value: i64) -> Self {
        value as f64 * (1.0 / 9_223_372_036_854_775_808.0)
    }
    fn from_f32(value: f32) -> Self {
        f64::from(value)
    }
    fn from_f64(value: f64) -> Self {
        value
    }
    fn mean(a: Self, b: Self) -> Self {
        (a + b) * 0.5
    }
}

/// Meaning of the bytes of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Unsigned integers of 8 bits, with silence at 128
    Unsigned8,
    /// Signed integers of 1 to 8 bytes, with their most significant bit at the top
    Integer,
    /// Floats of 4 or 8 bytes
    Float,
    /// A-law (ITU-T G.711)
    ALaw,
    /// µ-law (ITU-T G.711)
    MuLaw,
}

/// Type of the samples in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SampleType {
    pub(crate) coding: Coding,
    /// Bytes of a sample.
    pub(crate) width: usize,
    pub(crate) order: Order,
}

impl SampleType {
    /// Appends the samples in `bytes`.
    pub(super) fn decode<T: Float>(self, bytes: &[u8], samples: &mut Vec<T>) {
        use Order::{Big, Little};
        match (self.coding, self.width, self.order) {
            (Coding::Unsigned8, ..) => each(bytes, samples, |[byte]: [u8; 1]| T::from_i8((byte ^ 0x80).cast_signed())),
            (Coding::ALaw, ..) => each(bytes, samples, |[byte]: [u8; 1]| T::from_i16(A_LAW[usize::from(byte)])),
            (Coding::MuLaw, ..) => each(bytes, samples, |[byte]: [u8; 1]| T::from_i16(MU_LAW[usize::from(byte)])),
            (Coding::Float, 8, Little) => each(bytes, samples, |bytes| T::from_f64(f64::from_le_bytes(bytes))),
            (Coding::Float, 8, Big) => each(bytes, samples, |bytes| T::from_f64(f64::from_be_bytes(bytes))),
            (Coding::Float, _, Little) => each(bytes, samples, |bytes| T::from_f32(f32::from_le_bytes(bytes))),
            (Coding::Float, _, Big) => each(bytes, samples, |bytes| T::from_f32(f32::from_be_bytes(bytes))),
            (Coding::Integer, 1, _) => each(bytes, samples, |[byte]: [u8; 1]| T::from_i8(byte.cast_signed())),
            (Coding::Integer, 2, Little) => each(bytes, samples, |bytes| T::from_i16(i16::from_le_bytes(bytes))),
            (Coding::Integer, 2, Big) => each(bytes, samples, |bytes| T::from_i16(i16::from_be_bytes(bytes))),
            (Coding::Integer, 3, Little) => {
                each(bytes, samples, |[a, b, c]: [u8; 3]| T::from_i32(i32::from_le_bytes([0, a, b, c])));
            }
            (Coding::Integer, 3, Big) => {
                each(bytes, samples, |[a, b, c]: [u8; 3]| T::from_i32(i32::from_be_bytes([a, b, c, 0])));
            }
            (Coding::Integer, 4, Little) => each(bytes, samples, |bytes| T::from_i32(i32::from_le_bytes(bytes))),
            (Coding::Integer, 4, Big) => each(bytes, samples, |bytes| T::from_i32(i32::from_be_bytes(bytes))),
            (Coding::Integer, 5, order) => each(bytes, samples, |bytes: [u8; 5]| T::from_i64(wide(bytes, order))),
            (Coding::Integer, 6, order) => each(bytes, samples, |bytes: [u8; 6]| T::from_i64(wide(bytes, order))),
            (Coding::Integer, 7, order) => each(bytes, samples, |bytes: [u8; 7]| T::from_i64(wide(bytes, order))),
            (Coding::Integer, _, Little) => each(bytes, samples, |bytes| T::from_i64(i64::from_le_bytes(bytes))),
            (Coding::Integer, _, Big) => each(bytes, samples, |bytes| T::from_i64(i64::from_be_bytes(bytes))),
        }
    }
}

/// Appends what `sample` makes of every `N` bytes.
fn each<const N: usize, T>(bytes: &[u8], samples: &mut Vec<T>, sample: impl Fn([u8; N]) -> T) {
    samples.extend(bytes.as_chunks::<N>().0.iter().map(|&bytes| sample(bytes)));
}

/// An integer of fewer than eight bytes, moved to the top.
fn wide<const N: usize>(bytes: [u8; N], order: Order) -> i64 {
    (order.number(&bytes) << (64 - 8 * N)).cast_signed()
}

/// The sample of each byte of A-law.
static A_LAW: [i16; 256] = {
    let (mut table, mut byte) = ([0; 256], 0_u8);
    loop {
        table[byte as usize] = a_law(byte);
        match byte.checked_add(1) {
            Some(next) => byte = next,
            None => break table,
        }
    }
};

/// The sample of each byte of µ-law.
static MU_LAW: [i16; 256] = {
    let (mut table, mut byte) = ([0; 256], 0_u8);
    loop {
        table[byte as usize] = mu_law(byte);
        match byte.checked_add(1) {
            Some(next) => byte = next,
            None => break table,
        }
    }
};

/// Decodes a byte of A-law to 13 bits, at the top of 16.
const fn a_law(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let (exponent, mantissa) = ((byte >> 4) & 7, (byte & 15) as i16);
    let magnitude = match exponent {
        0 => mantissa * 16 + 8,
        _ => (mantissa * 16 + 264) << (exponent - 1),
    };
    if byte & 0x80 == 0 { -magnitude } else { magnitude }
}

/// Decodes a byte of µ-law to 14 bits, at the top of 16.
const fn mu_law(byte: u8) -> i16 {
    let byte = !byte;
    let (exponent, mantissa) = ((byte >> 4) & 7, (byte & 15) as i16);
    let magnitude = ((mantissa * 8 + 132) << exponent) - 132;
    if byte & 0x80 == 0 { magnitude } else { -magnitude }
}

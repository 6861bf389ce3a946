//! [`Coefficient`]: the float types that taps are stored in.

/// A float type that a bank can be stored in.
pub trait Coefficient: Copy + Default + std::fmt::Debug + Send + Sync + 'static {
    /// Rounds once, to the nearest.
    fn from_f64(value: f64) -> Self;
}

impl Coefficient for f32 {
    #[expect(clippy::cast_possible_truncation, reason = "the one rounding of the coefficients")]
    fn from_f64(value: f64) -> Self {
        value as Self
    }
}

impl Coefficient for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
}

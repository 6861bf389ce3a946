//! [`Coefficient`]: the float types that taps are stored in.

/// Float type of taps.
pub(crate) trait Coefficient: Copy + Default + std::fmt::Debug + Send + Sync + 'static {
    /// Nearest value of this type.
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

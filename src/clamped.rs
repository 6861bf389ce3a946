//! [`Clamped`]: samples that did not fit into an integer type.

use std::iter::Sum;
use std::ops::AddAssign;

/// Number of samples that a call clamped to the range of their integer type; 0 for all other types.
///
/// A filter overshoots at steps, so that outputs of a clip near full scale may exceed the range. Every method that
/// fills the caller's buffer returns this number. A NaN becomes 0 and is not counted.
///
/// ```
/// use polyphase::{Clamped, CpuResampler, Plan, ResampleOptions};
///
/// let square_wave: Vec<i16> = (0..1000).map(|i| if i / 20 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
/// let plan = Plan::new(16_000, 8_000, &ResampleOptions::default())?;
/// let mut resampled = vec![0; 500];
/// let clamped = CpuResampler::new().resample_into(&plan, &square_wave, &mut resampled)?;
/// assert_eq!(clamped, Clamped { count: 250 });
/// # Ok::<(), polyphase::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clamped {
    /// Number of samples.
    pub count: usize,
}

macro_rules! rounding {
    ($($name:ident, $type:ty, $float:ty, $one:expr);*) => {
        impl Clamped {$(
            /// Integer of a float sample: rounded to nearest, ties to even, and clamped to the range, which is counted. NaN
            /// becomes 0.
            #[expect(clippy::cast_possible_truncation, reason = "whole, and out of range only if it is to be clamped")]
            #[inline(always)]
            pub(crate) fn $name(&mut self, sample: $float) -> $type {
                let scaled = (sample * $one).round_ties_even();
                self.count += usize::from(!scaled.is_nan() && !(-$one..$one).contains(&scaled));
                scaled as $type
            }
        )*}
    };
}

rounding!(round_to_i16, i16, f32, 32_768.0; round_to_i32, i32, f64, 2_147_483_648.0);

impl AddAssign for Clamped {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
    }
}

impl Sum for Clamped {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        Self { count: terms.map(|clamped| clamped.count).sum() }
    }
}

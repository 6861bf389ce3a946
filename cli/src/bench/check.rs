//! [`compare`]: the outputs of the GPU beside those of the CPU.

use anyhow::{Result, ensure};

/// Type of output that is compared within a tolerance.
pub(super) trait Output: Copy {
    /// Largest difference, of full scale.
    const TOLERANCE: f64;

    /// Least share of outputs that must be equal.
    const LEAST_EQUAL: f64;

    /// Value, of full scale.
    fn value(self) -> f64;

    /// Outputs in a buffer of the device.
    fn from_bytes(bytes: &[u8]) -> Vec<Self>;
}

impl Output for f32 {
    const TOLERANCE: f64 = 2e-6;
    const LEAST_EQUAL: f64 = 0.0;

    fn value(self) -> f64 {
        self.into()
    }

    fn from_bytes(bytes: &[u8]) -> Vec<Self> {
        bytes.as_chunks().0.iter().map(|&bytes| Self::from_le_bytes(bytes)).collect()
    }
}

/// Outputs halfway between two integers may be rounded to either of them.
impl Output for i16 {
    const TOLERANCE: f64 = 1.0 / 32_768.0;
    const LEAST_EQUAL: f64 = 0.9;

    fn value(self) -> f64 {
        f64::from(self) / 32_768.0
    }

    fn from_bytes(bytes: &[u8]) -> Vec<Self> {
        bytes.as_chunks().0.iter().map(|&bytes| Self::from_le_bytes(bytes)).collect()
    }
}

/// Largest difference between the outputs of the GPU and the CPU, of full scale.
///
/// # Errors
/// If there is not one for each, or they differ by more than the tolerance.
pub(super) fn compare<T: Output>(gpu: &[T], cpu: &[T]) -> Result<f64> {
    ensure!(gpu.len() == cpu.len(), "the GPU computed {} outputs, the CPU {}", gpu.len(), cpu.len());
    let (mut worst, mut equal) = (0.0_f64, 0_usize);
    for (n, (gpu, cpu)) in gpu.iter().zip(cpu).enumerate() {
        let (gpu, cpu) = (gpu.value(), cpu.value());
        let difference = (gpu - cpu).abs();
        // A NaN is not within the tolerance.
        let is_close = difference <= T::TOLERANCE;
        ensure!(is_close, "output {n} is {gpu} on the GPU, {cpu} on the CPU");
        worst = worst.max(difference);
        equal += usize::from(difference == 0.0);
    }
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let least = T::LEAST_EQUAL * cpu.len() as f64;
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let is_equal = equal as f64 >= least;
    ensure!(is_equal, "only {equal} of {} outputs are equal on the GPU and the CPU", cpu.len());
    Ok(worst)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats() -> Vec<f32> {
        let mut random = fastrand::Rng::with_seed(1);
        std::iter::repeat_with(|| 2.0 * random.f32() - 1.0).take(1000).collect()
    }

    fn integers() -> Vec<i16> {
        let mut random = fastrand::Rng::with_seed(2);
        std::iter::repeat_with(|| random.i16(..)).take(1000).collect()
    }

    #[test]
    fn outputs_within_the_tolerance_are_accepted() {
        let floats = floats();
        let worst = compare(&floats.iter().map(|x| x + 1e-6).collect::<Vec<_>>(), &floats).expect("they are close");
        assert!(worst > 9e-7 && worst < 1.1e-6, "{worst}");
        let integers = integers();
        let mut other = integers.clone();
        other[500] ^= 1;
        assert_eq!(compare(&other, &integers).expect("one unit is close"), 1.0 / 32_768.0);
        assert_eq!(f32::from_bytes(&[0, 0, 128, 63, 0, 0, 0, 191]), [1.0, -0.5]);
        assert_eq!(i16::from_bytes(&[1, 0, 254, 255]), [1, -2]);
    }

    #[test]
    fn wrong_outputs_are_refused() {
        let floats = floats();
        let changed = |change: fn(f32) -> f32| floats.iter().map(|&x| change(x)).collect::<Vec<_>>();
        assert!(compare(&floats[1..], &floats[..999]).is_err(), "a shift by one");
        assert!(compare(&floats[..999], &floats).is_err(), "a missing output");
        assert!(compare(&changed(|x| 1.0001 * x), &floats).is_err(), "a gain");
        assert!(compare(&changed(|_| 0.0), &floats).is_err(), "zeros");
        assert!(compare(&changed(|_| f32::NAN), &floats).is_err(), "NaNs");
        let integers = integers();
        let biased: Vec<_> = integers.iter().map(|x| x.saturating_add(1)).collect();
        assert!(compare(&biased, &integers).is_err(), "a bias of one unit");
    }
}

//! [`Noise`]: the samples of the measured clips, which the device and the host compute alike.

/// Sample type of which there is noise.
pub(super) trait Noise: Copy {
    /// Shader that fills a buffer with noise.
    const SHADER: &str;

    /// Noise at index `n`, uniform in [−1, 1) of full scale.
    fn noise(n: u32) -> Self;
}

impl Noise for f32 {
    const SHADER: &str = "noise_f32";

    #[expect(clippy::cast_precision_loss, reason = "24 bits fit a float32")]
    fn noise(n: u32) -> Self {
        (random(n) >> 8) as Self / 8_388_608.0 - 1.0
    }
}

impl Noise for i16 {
    const SHADER: &str = "noise_i16";

    #[expect(clippy::cast_possible_truncation, reason = "the upper half has 16 bits")]
    fn noise(n: u32) -> Self {
        (random(n) >> 16).cast_signed() as Self
    }
}

/// Noise from index `start` on.
pub(super) fn noise<T: Noise>(start: u64, len: usize) -> Vec<T> {
    // Indices wrap, as they do on the device.
    #[expect(clippy::cast_possible_truncation, reason = "it wraps")]
    let start = start as u32;
    (0..u32::MAX).take(len).map(|n| T::noise(start.wrapping_add(n))).collect()
}

/// Random bits of sample `n`: M. E. O'Neill's PCG-RXS-M-XS-32, as in `probes.wgsl`.
fn random(n: u32) -> u32 {
    let state = n.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
    let word = ((state >> ((state >> 28) + 4)) ^ state).wrapping_mul(277_803_737);
    (word >> 22) ^ word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_spread_over_full_scale() {
        let floats: Vec<f32> = noise(u64::from(u32::MAX) - 100, 100_000);
        let mean = floats.iter().sum::<f32>() / 1e5;
        let power = floats.iter().map(|x| x * x).sum::<f32>() / 1e5;
        assert!(mean.abs() < 0.01 && (power - 1.0 / 3.0).abs() < 0.01, "mean {mean}, power {power}");
        let integers: Vec<i16> = noise(7, 100_000);
        assert_eq!(integers[3..10], noise::<i16>(10, 7));
        assert!(integers.iter().min() < Some(&-32_700) && integers.iter().max() > Some(&32_700));
    }
}

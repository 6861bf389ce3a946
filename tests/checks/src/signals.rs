//! Test signals.

/// Uniform noise in [−1, 1) from SplitMix64, the same for the same seed.
pub fn noise(seed: u64, len: usize) -> Vec<f64> {
    let mut state = seed;
    (0..len)
        .map(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut bits = state;
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            bits ^= bits >> 31;
            (bits >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        })
        .collect()
}

/// The noise of [`noise`], rounded to float32.
pub fn noise_f32(seed: u64, len: usize) -> Vec<f32> {
    to_f32(&noise(seed, len))
}

/// Samples rounded to float32.
pub fn to_f32(samples: &[f64]) -> Vec<f32> {
    samples.iter().map(|&sample| sample as f32).collect()
}

/// Samples widened to float64.
pub fn to_f64(samples: &[f32]) -> Vec<f64> {
    samples.iter().map(|&sample| f64::from(sample)).collect()
}

/// A cosine of `cycles_per_sample`, whose phase at sample 0 is `phase`.
pub fn tone(cycles_per_sample: f64, phase: f64, len: usize) -> Vec<f64> {
    (0..len).map(|i| (std::f64::consts::TAU * cycles_per_sample * i as f64 + phase).cos()).collect()
}

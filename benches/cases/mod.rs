//! The table of cases that the benches share.

use polyphase::{CpuResampler, Plan, Preset, ResampleOptions};

/// The rate pairs of torchaudio's audio resampling tutorial, and the two that speech models need most.
const PAIRS: [(u32, u32); 6] =
    [(48_000, 44_100), (16_000, 8_000), (44_100, 48_000), (8_000, 16_000), (48_000, 16_000), (44_100, 16_000)];

/// A pair of rates and a filter.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) orig_freq: u32,
    pub(crate) new_freq: u32,
    pub(crate) options: ResampleOptions,
}

/// Every pair with every filter, with names such as `48000-44100/kaiser_best`.
pub(crate) fn cases() -> impl Iterator<Item = Case> {
    PAIRS.into_iter().flat_map(|(orig_freq, new_freq)| {
        let width = |width: f64| ResampleOptions::default().lowpass_filter_width(width);
        [
            ("width 6", width(6.0)),
            ("width 16", width(16.0)),
            ("width 64", width(64.0)),
            ("kaiser_best", Preset::KaiserBest.options()),
            ("kaiser_fast", Preset::KaiserFast.options()),
            ("high", Preset::High.options()),
            ("best", Preset::Best.options()),
        ]
        .map(|(filter, options)| Case {
            name: format!("{orig_freq}-{new_freq}/{filter}"),
            orig_freq,
            new_freq,
            options,
        })
    })
}

impl Case {
    pub(crate) fn plan(&self) -> Plan {
        Plan::new(self.orig_freq, self.new_freq, self.options).expect("a plan within the limits")
    }

    /// Noise at the original rate.
    pub(crate) fn input(&self, seconds: u32) -> Vec<f32> {
        noise((self.orig_freq * seconds) as usize)
    }
}

/// Uniform noise in (−1, 1).
pub(crate) fn noise(len: usize) -> Vec<f32> {
    let mut state = 1_u32;
    std::iter::repeat_with(|| {
        // A linear congruential generator (Numerical Recipes): its high bits are random enough to be resampled.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    })
    .take(len)
    .collect()
}

/// Compares the output with the float64 reference at its beginning, in its middle and at its end, and panics where they
/// differ by 5e-7.
pub(crate) fn check(plan: &Plan, input: &[f32], output: &[f32]) {
    assert_eq!(output.len(), plan.output_len(input.len()));
    let double: Vec<_> = input.iter().map(|&sample| f64::from(sample)).collect();
    for start in [0, output.len() / 2, output.len() - 100] {
        let range = start..start + 100;
        let expected = CpuResampler::new().resample_range(plan, &double, range.clone()).expect("a range of the output");
        for (actual, expected) in output[range].iter().zip(expected) {
            assert!((f64::from(*actual) - expected).abs() < 5e-7, "{actual} instead of {expected}");
        }
    }
}

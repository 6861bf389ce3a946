//! [`Case`]: a pair of rates with a filter and a sample type.

use polyphase::{JobOptions, Plan, Preset, ResampleOptions, Result, SampleFormat};

/// Length of every clip.
pub(super) const SECONDS: u64 = 10;

/// The rate pairs of torchaudio's audio resampling tutorial, and the two that speech models need most.
pub(super) const PAIRS: [(u32, u32); 6] =
    [(48_000, 44_100), (16_000, 8_000), (44_100, 48_000), (8_000, 16_000), (48_000, 16_000), (44_100, 16_000)];

/// Names of the measured filters and their options.
pub(super) fn filters() -> [(&'static str, ResampleOptions); 3] {
    [Preset::Default, Preset::KaiserBest, Preset::High]
        .map(|preset| (if preset == Preset::Default { "width 6" } else { preset.name() }, preset.options()))
}

/// Type of the samples and outputs of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Samples {
    F32,
    I16,
}

impl Samples {
    pub(super) const ALL: [Self; 2] = [Self::F32, Self::I16];

    pub(super) fn job_options(self) -> JobOptions {
        let format = match self {
            Self::F32 => SampleFormat::F32,
            Self::I16 => SampleFormat::I16,
        };
        JobOptions::from(format).output(format)
    }

    /// Bytes of a sample.
    pub(super) fn bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::I16 => 2,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::I16 => "i16",
        }
    }
}

/// One measured case.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) filter: &'static str,
    pub(super) orig_freq: u32,
    pub(super) new_freq: u32,
    pub(super) plan: Plan,
}

impl Case {
    pub(super) fn new(
        filter: &'static str,
        (orig_freq, new_freq): (u32, u32),
        options: ResampleOptions,
    ) -> Result<Self> {
        let plan = Plan::new(orig_freq, new_freq, options)?;
        Ok(Self { filter, orig_freq, new_freq, plan })
    }

    /// Number of samples of a clip.
    pub(super) fn clip_len(&self) -> u64 {
        u64::from(self.orig_freq) * SECONDS
    }

    /// Number of outputs of a clip.
    pub(super) fn output_len(&self) -> u64 {
        u64::from(self.new_freq) * SECONDS
    }

    /// Multiply-adds of a clip.
    pub(super) fn multiply_adds(&self) -> u64 {
        self.plan.multiply_adds() * self.output_len()
    }
}

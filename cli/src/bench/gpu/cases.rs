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

/// True if the shaders write 16-bit integers. Otherwise, 16-bit integers are resampled to float32.
const WRITES_INTEGERS: bool = false;

/// Type of the samples in the buffers of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Samples {
    F32,
    I16,
}

impl Samples {
    pub(super) const ALL: [Self; 2] = [Self::F32, Self::I16];

    pub(super) fn job_options(self) -> JobOptions {
        match self {
            Self::F32 => SampleFormat::F32.into(),
            Self::I16 => JobOptions::from(SampleFormat::I16).output(self.output()),
        }
    }

    /// Format of the outputs.
    pub(super) fn output(self) -> SampleFormat {
        if self == Self::I16 && WRITES_INTEGERS { SampleFormat::I16 } else { SampleFormat::F32 }
    }

    /// Bytes of a sample of the input.
    pub(super) fn input_bytes(self) -> u64 {
        if self == Self::F32 { 4 } else { 2 }
    }

    /// Bytes of an output.
    pub(super) fn output_bytes(self) -> u64 {
        if self.output() == SampleFormat::F32 { 4 } else { 2 }
    }

    /// Names of the types of the samples and of the outputs.
    pub(super) fn names(self) -> (&'static str, &'static str) {
        match (self, self.output()) {
            (Self::F32, _) => ("f32", "f32"),
            (Self::I16, SampleFormat::F32) => ("i16", "f32"),
            (Self::I16, _) => ("i16", "i16"),
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
        self.plan.taps() as u64 * self.output_len()
    }
}

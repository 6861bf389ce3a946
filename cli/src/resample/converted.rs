//! [`Converted`]: what a finished conversion was.

use polyphase_audio::SampleFormat;

use crate::rate::Rate;

/// What a finished conversion was, for the report and the record.
#[derive(Debug)]
pub(super) struct Converted {
    pub(super) orig_freq: Rate,
    /// Channels of the input.
    pub(super) input_channels: usize,
    /// Channels of the output.
    pub(super) channels: usize,
    pub(super) frames_in: u64,
    pub(super) frames_out: u64,
    pub(super) format: SampleFormat,
    pub(super) clipped: u64,
    /// Highest magnitude of the output before it was clipped; full scale is 1. `None` for arrays.
    pub(super) peak: Option<f64>,
    /// What is odd about the input, a line each.
    pub(super) warnings: Vec<String>,
}

impl From<polyphase_audio::Converted> for Converted {
    fn from(converted: polyphase_audio::Converted) -> Self {
        Self {
            orig_freq: converted.orig_rate,
            input_channels: converted.input_channels,
            channels: converted.spec.channels,
            frames_in: converted.input_frames,
            frames_out: converted.output_frames,
            format: converted.spec.format,
            clipped: converted.clipped,
            peak: Some(converted.peak),
            warnings: converted.warnings,
        }
    }
}

impl Converted {
    /// What the user should know, a line each: oddities of the input, and clipping.
    pub(super) fn all_warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings.clone();
        match self.peak_dbfs().filter(|_| self.clipped > 0) {
            Some(above) if above > 0.0 => warnings.push(format!(
                "{} samples clipped, the peak is {above:.1} dB above full scale: lower the level with \
                 --headroom {:.1} or --normalize-peak, or write floats",
                self.clipped,
                (above * 10.0).ceil() / 10.0
            )),
            _ if self.clipped > 0 => warnings.push(format!("{} samples clipped", self.clipped)),
            _ => {}
        }
        warnings
    }

    /// The peak in decibels relative to full scale. `None` for silence and arrays.
    pub(super) fn peak_dbfs(&self) -> Option<f64> {
        self.peak.filter(|peak| *peak > 0.0).map(|peak| 20.0 * peak.log10())
    }
}

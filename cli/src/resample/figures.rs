//! [`Figures`]: what is known of a resampled file, for the report and for the record.

use serde::{Deserialize, Serialize};

use super::converted::Converted;
use crate::rate::{self, Rate};

/// Figures of a resampled file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Figures {
    #[serde(with = "rate")]
    orig_freq: Rate,
    #[serde(with = "rate")]
    new_freq: Rate,
    /// Channels of the input.
    #[serde(default)]
    input_channels: Option<usize>,
    /// Channels of the output.
    channels: usize,
    input_frames: u64,
    output_frames: u64,
    /// Duration of the input.
    pub(super) seconds: f64,
    sample_format: String,
    pub(super) clipped_samples: u64,
    /// Highest magnitude of the output before it was clipped, in decibels relative to full scale; `null` for silence
    /// and arrays.
    #[serde(default)]
    peak_dbfs: Option<f64>,
    /// The filter, as text; `null` if the rates are equal.
    filter: Option<String>,
    /// Oddities of the input that cost no samples, and clipping, a line for each.
    #[serde(default)]
    pub(super) warnings: Vec<String>,
}

impl Figures {
    /// Figures of a conversion to `new_freq` with a filter.
    pub(super) fn new(converted: &Converted, new_freq: Rate, filter: &str) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a duration to read")]
        let frames = converted.frames_in as f64;
        Self {
            orig_freq: converted.orig_freq,
            new_freq,
            input_channels: Some(converted.input_channels),
            channels: converted.channels,
            input_frames: converted.frames_in,
            output_frames: converted.frames_out,
            seconds: frames / converted.orig_freq.hz(),
            sample_format: converted.format.name().to_owned(),
            clipped_samples: converted.clipped,
            peak_dbfs: converted.peak_dbfs(),
            filter: (converted.orig_freq != new_freq).then(|| filter.to_owned()),
            warnings: converted.all_warnings(),
        }
    }
}

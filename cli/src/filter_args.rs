//! [`FilterArgs`]: the options of the filter, shared by every command that designs one.

use std::fmt;

use anyhow::{Context, Error, Result, anyhow, bail};
use clap::{Args, ValueHint};
use polyphase::{OutputLength, Padding, Preset, ResampleOptions, Window};
use serde::Serialize;

use crate::names::Named;

/// Preset of the program. That of the library is torchaudio's default.
const DEFAULT: &str = "high";

/// Name of torchaudio's default, which the library calls `default`.
const TORCHAUDIO: &str = "torchaudio";

/// Names of the presets.
const PRESETS: &[&str] =
    &[TORCHAUDIO, "fast", "high", "best", "kaiser_best", "kaiser_fast", "resampy_kaiser_best", "resampy_kaiser_fast"];

/// Names of the windows, first those of the library, then torchaudio's.
const WINDOWS: &[&str] = &["hann", "kaiser", "sinc_interp_hann", "sinc_interp_kaiser"];

/// Names of the paddings.
const PADDINGS: &[&str] = &["zero", "edge", "reflect"];

#[derive(Debug, Args)]
#[command(next_help_heading = "Filter")]
pub(crate) struct FilterArgs {
    /// Named filter: torchaudio, fast, high, best, …
    ///
    /// The options below change it.
    ///
    /// torchaudio is the default of torchaudio.functional.resample, with aliases at -14 dB near the band's edge (width
    /// 6, rolloff 0.99, hann; it is also called default). fast, high and best keep aliases below -80, -120 and -150 dB,
    /// up to 0.8, 0.913 and 0.95 of the lower Nyquist frequency. kaiser_best and kaiser_fast are those of torchaudio's
    /// tutorial, resampy_kaiser_best and resampy_kaiser_fast those of resampy 0.4.
    #[arg(long, value_name = "NAME", default_value = DEFAULT, value_parser = Named::new(PRESETS, preset))]
    #[arg(hide_possible_values = true)]
    preset: Preset,

    /// Half-width in zero crossings: larger is sharper and slower
    ///
    /// It need not be whole. [default: that of the preset]
    #[arg(long, value_name = "F", allow_negative_numbers = true, value_hint = ValueHint::Other)]
    lowpass_filter_width: Option<f64>,

    /// Cut-off as a fraction of the lower Nyquist frequency, up to 1
    ///
    /// That is the Nyquist frequency (half the rate) of the lower of the two rates. [default: that of the preset]
    #[arg(long, value_name = "F", allow_negative_numbers = true, value_hint = ValueHint::Other)]
    rolloff: Option<f64>,

    /// Window, hann or kaiser; torchaudio's method names work too
    ///
    /// [default: that of the preset]
    #[arg(long, value_name = "NAME", value_parser = Named::<Window>::of(WINDOWS))]
    #[arg(hide_possible_values = true)]
    window: Option<Window>,

    /// Shape of the Kaiser window, at least 0
    ///
    /// [default: that of the preset, or 14.769656459379492 if the window of the preset is not Kaiser]
    #[arg(long, value_name = "F", allow_negative_numbers = true, hide_short_help = true)]
    #[arg(value_hint = ValueHint::Other)]
    beta: Option<f64>,

    /// Divide the taps of each phase by their sum, so that a constant stays constant
    #[arg(long, hide_short_help = true)]
    normalize_phases: bool,

    /// Samples assumed beyond the ends of a clip: zero, edge or reflect [default: zero]
    ///
    /// edge repeats the first and last sample, reflect mirrors the clip.
    #[arg(long, value_name = "NAME", default_value_t = Padding::Zero, hide_default_value = true, hide_short_help = true)]
    #[arg(value_parser = Named::<Padding>::of(PADDINGS), hide_possible_values = true)]
    padding: Padding,

    /// Number of output samples: ceil, floor or a number
    ///
    /// ceil: n × new rate / old rate for n input samples, rounded up, as in torchaudio; floor: rounded down.
    #[arg(long, value_name = "LENGTH", default_value = "ceil", hide_short_help = true, hide_possible_values = true)]
    #[arg(value_parser = Named::new(&["ceil", "floor"], output_length))]
    output_length: OutputLength,

    /// Largest size of a filter bank, in MiB: a bank that would be larger is interpolated
    #[arg(long, value_name = "MIB", default_value_t = 64, hide_short_help = true, value_hint = ValueHint::Other)]
    max_filter_mib: u32,
}

impl FilterArgs {
    /// The options of the filter.
    ///
    /// # Errors
    /// If an option is out of range.
    pub(crate) fn options(&self) -> Result<ResampleOptions> {
        let mut options = self.preset.options().max_filter_bytes(u64::from(self.max_filter_mib) << 20);
        options.normalize_phases = self.normalize_phases;
        options.padding = self.padding;
        options.output_length = self.output_length;
        options.lowpass_filter_width = self.lowpass_filter_width.unwrap_or(options.lowpass_filter_width);
        options.rolloff = self.rolloff.unwrap_or(options.rolloff);
        options.window = match (self.window, options.window) {
            // A preset with a Kaiser window keeps its own beta.
            (Some(Window::Kaiser { .. }), kaiser @ Window::Kaiser { .. }) | (None, kaiser) => kaiser,
            (Some(window), _) => window,
        };
        if let Some(value) = self.beta {
            match &mut options.window {
                Window::Kaiser { beta } => *beta = value,
                _ => bail!("--beta shapes the Kaiser window: add --window kaiser"),
            }
        }
        // Checked here once, instead of for every file.
        options.validate().context("filter options")?;
        Ok(options)
    }

    /// The filter in words: the name of the preset, and the options that were changed.
    pub(crate) fn summary(&self) -> String {
        let name = if self.preset == Preset::Default { TORCHAUDIO } else { self.preset.name() };
        let mut changes = Vec::new();
        changes.extend(self.lowpass_filter_width.map(|width| format!("width {width}")));
        changes.extend(self.rolloff.map(|rolloff| format!("rolloff {rolloff}")));
        changes.extend(self.window.map(|window| window.name().to_owned()));
        changes.extend(self.beta.map(|beta| format!("beta {beta}")));
        if self.normalize_phases {
            changes.push("normalized phases".to_owned());
        }
        if self.padding != Padding::Zero {
            changes.push(format!("padding {}", self.padding));
        }
        if changes.is_empty() { name.to_owned() } else { format!("{name} with {}", changes.join(", ")) }
    }

    /// The number of output samples, as given.
    pub(crate) fn output_length_text(&self) -> String {
        match self.output_length {
            OutputLength::Floor => "floor".to_owned(),
            OutputLength::Exact(samples) => samples.to_string(),
            _ => "ceil".to_owned(),
        }
    }

    /// Largest size of a filter bank, in MiB.
    pub(crate) fn max_filter_mib(&self) -> u32 {
        self.max_filter_mib
    }
}

/// Parses the name of a preset.
pub(crate) fn preset(name: &str) -> Result<Preset> {
    name.parse().map_err(|_| {
        let known = Preset::ALL.into_iter().filter(|&preset| preset != Preset::Default).map(Preset::name);
        let known: Vec<_> = [TORCHAUDIO].into_iter().chain(known).collect();
        anyhow!("unknown preset `{name}`: it must be one of {}", known.join(", "))
    })
}

fn output_length(text: &str) -> Result<OutputLength> {
    match text {
        "ceil" => Ok(OutputLength::Ceil),
        "floor" => Ok(OutputLength::Floor),
        _ => {
            text.parse().map(OutputLength::Exact).map_err(|_| anyhow!("it must be ceil, floor or a number of samples"))
        }
    }
}

/// Rewrites the advice in an error of a plan to name options of the command line instead of those of the library.
pub(crate) fn plan_error(error: polyphase::Error) -> Error {
    match error {
        polyphase::Error::FilterTooLarge { bytes, phases, taps, limit } => anyhow!(
            "the filter bank would take {bytes} bytes ({phases} phases of {taps} taps), above the limit of {limit}: \
             choose a smaller --lowpass-filter-width, or raise --max-filter-mib"
        ),
        polyphase::Error::RatioTooLarge { orig_freq, new_freq, limit } => {
            anyhow!("the ratio {new_freq}/{orig_freq} is outside 1/{limit} … {limit}: resample in two steps")
        }
        error => error.into(),
    }
}

/// The options of a filter in a report.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FilterRow {
    lowpass_filter_width: f64,
    rolloff: f64,
    window: &'static str,
    /// `null` for windows without this parameter.
    beta: Option<f64>,
    normalize_phases: bool,
    padding: &'static str,
    /// `ceil`, `floor`, or a number of samples.
    output_length: String,
}

impl fmt::Display for FilterRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "width {}, rolloff {}, {}", self.lowpass_filter_width, self.rolloff, self.window)?;
        self.beta.map_or(Ok(()), |beta| write!(f, ", beta {beta}"))
    }
}

impl From<ResampleOptions> for FilterRow {
    fn from(options: ResampleOptions) -> Self {
        Self {
            lowpass_filter_width: options.lowpass_filter_width,
            rolloff: options.rolloff,
            window: options.window.name(),
            beta: match options.window {
                Window::Kaiser { beta } => Some(beta),
                _ => None,
            },
            normalize_phases: options.normalize_phases,
            padding: options.padding.name(),
            output_length: match options.output_length {
                OutputLength::Floor => "floor".to_owned(),
                OutputLength::Exact(samples) => samples.to_string(),
                _ => "ceil".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_offered() {
        assert_eq!(PRESETS.len(), Preset::ALL.len());
        for known in Preset::ALL {
            assert_eq!(PRESETS.iter().filter(|name| preset(name).is_ok_and(|preset| preset == known)).count(), 1);
        }
        assert!(WINDOWS.iter().all(|name| name.parse::<Window>().is_ok()));
        assert_eq!(PADDINGS, Padding::ALL.map(Padding::name));
    }
}

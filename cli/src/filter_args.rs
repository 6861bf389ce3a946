//! [`FilterArgs`]: the options of the filter, shared by every command that designs one.

use std::fmt;

use anyhow::{Context, Error, Result, anyhow, bail};
use clap::Args;
use polyphase::{OutputLength, Padding, Preset, ResampleOptions, Window};
use serde::Serialize;

#[derive(Debug, Args)]
#[command(next_help_heading = "Filter")]
pub(crate) struct FilterArgs {
    /// Start from a named filter; the options below change it [default, fast, high, best, kaiser_best, kaiser_fast,
    /// resampy_kaiser_best, resampy_kaiser_fast]
    #[arg(long, value_name = "NAME", default_value_t = Preset::Default, hide_default_value = true)]
    preset: Preset,

    /// Half-width of the filter in zero crossings, which need not be whole: larger is sharper and slower [preset
    /// default: 6]
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    lowpass_filter_width: Option<f64>,

    /// Cut-off as a fraction of the lower Nyquist frequency, above 0 and at most 1 [preset default: 0.99]
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    rolloff: Option<f64>,

    /// Window, hann or kaiser; torchaudio's method names work too [preset default: hann]
    #[arg(long, value_name = "NAME")]
    window: Option<Window>,

    /// Shape parameter of the Kaiser window, at least 0 [default with --window kaiser: 14.769656459379492]
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    beta: Option<f64>,

    /// Divide the taps of each phase by their sum, so that a constant stays constant
    #[arg(long)]
    normalize_phases: bool,

    /// Samples assumed beyond the ends of a clip: zero, edge (repeats the first and last sample) or reflect (mirrors
    /// the clip)
    #[arg(long, value_name = "NAME", default_value_t = Padding::Zero, hide_default_value = true)]
    padding: Padding,

    /// Number of output samples: ceil (n·L/M rounded up for n input samples at the ratio L/M, as in torchaudio), floor
    /// (rounded down), or a number
    #[arg(long, value_name = "LENGTH", default_value = "ceil", value_parser = output_length)]
    output_length: OutputLength,

    /// Largest size of a filter bank, in MiB: a bank that would be larger is interpolated
    #[arg(long, value_name = "MIB", default_value_t = 64)]
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

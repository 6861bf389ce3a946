//! `polyphase inspect`: describes the filter between two rates, without resampling anything.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use polyphase::{FilterForm, Plan, ResampleOptions, Response};
use serde::Serialize;

use crate::filter_args::{FilterArgs, FilterRow, plan_error};
use crate::plot::{self, PictureArgs, PictureFile};
use crate::rate::{self, Rate};
use crate::{filter_curves, terminal};

/// Show the filter between two sampling rates: ratio, phases, taps, memory, cost, delay and frequency response
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Sampling rate of the input in Hz, which need not be whole
    #[arg(long, value_name = "HZ", value_hint = clap::ValueHint::Other)]
    orig_freq: Rate,

    /// Sampling rate of the output in Hz, which need not be whole
    #[arg(long, value_name = "HZ", value_hint = clap::ValueHint::Other)]
    rate: Rate,

    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,

    /// Draw the impulse response, the gain, and where aliases and images land, as a .png or .svg
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,

    #[command(flatten)]
    picture: PictureArgs,

    #[command(flatten)]
    filter: FilterArgs,
}

#[derive(Debug, Serialize)]
struct Report {
    #[serde(serialize_with = "rate::serialize")]
    orig_freq: Rate,
    #[serde(serialize_with = "rate::serialize")]
    new_freq: Rate,
    /// Numerator of new_freq / orig_freq in lowest terms; the stride is the denominator.
    phases: u64,
    stride: u64,
    #[serde(flatten)]
    filter: FilterRow,
    taps: usize,
    multiply_adds_per_output: usize,
    multiply_adds_per_second: f64,
    /// True if the bank holds evenly spaced phases that are interpolated, false if it holds every phase.
    interpolated: bool,
    /// Bound of the difference from the output of the exact taps, for samples of magnitude up to 1.
    interpolation_error: f64,
    filter_bytes_f32: usize,
    /// Size of a bank with the taps of every phase.
    exact_filter_bytes: u128,
    cutoff_hz: f64,
    delay_samples: u32,
    look_ahead_input_samples: usize,
    look_ahead_seconds: f64,
    response: ResponseRow,
}

/// Frequency response. Frequencies are fractions of the lower Nyquist frequency, levels are in dB.
#[derive(Debug, Serialize)]
struct ResponseRow {
    lower_nyquist_hz: f64,
    /// Frequency at which the gain falls to −0.1 dB; `null` if there is no filter.
    edge_01: Option<f64>,
    /// Frequency at which the gain falls to −3 dB; `null` if there is no filter.
    edge_3: Option<f64>,
    /// Largest deviation of an output from 1, for an input of ones.
    dc_image: f64,
    asymmetry: f64,
    pass_bands: Vec<PassBand>,
}

/// Figures of the filter for a signal in one pass band.
#[derive(Debug, Serialize)]
struct PassBand {
    pass_band: f64,
    ripple_db: f64,
    /// Level of the signal above the worst alias that folds into the pass band; `null` if no alias can.
    alias_rejection_db: Option<f64>,
    /// Level of a tone above the sum of its images; `null` if it has none.
    image_rejection_db: Option<f64>,
}

/// Ends of the pass bands to report. The last one is the whole band that both rates can carry.
const PASS_BANDS: [f64; 4] = [0.8, 0.9, 0.95, 1.0];

impl ResponseRow {
    fn new(response: &Response, lower_nyquist_hz: f64) -> Self {
        let pass_band = |pass_band| PassBand {
            pass_band,
            ripple_db: response.pass_band_ripple(pass_band),
            alias_rejection_db: response.alias_rejection(pass_band),
            image_rejection_db: response.image_rejection(pass_band),
        };
        Self {
            lower_nyquist_hz,
            edge_01: response.edge(0.1),
            edge_3: response.edge(3.0),
            dc_image: response.dc_image(),
            asymmetry: response.asymmetry(),
            pass_bands: PASS_BANDS.map(pass_band).into(),
        }
    }

    fn print(&self) -> Result<()> {
        let edge = |name: &str, edge: Option<f64>| match edge {
            Some(edge) => {
                let hertz = edge * self.lower_nyquist_hz;
                terminal::print_line(&format!("{name:<24}{hertz:.1} Hz, {edge:.4} of the lower Nyquist frequency"))
            }
            None => terminal::print_line(&format!("{name:<24}none")),
        };
        edge("-0.1 dB", self.edge_01)?;
        edge("-3 dB", self.edge_3)?;
        terminal::print_line(&format!("{:<24}{:.1e} of a constant", "ripple of a constant", self.dc_image))?;
        let row = |name: &str, cell: &dyn Fn(&PassBand) -> String| {
            let cells: String = self.pass_bands.iter().map(|band| format!("{:>12}", cell(band))).collect();
            terminal::print_line(&format!("{name:<20}{cells}"))
        };
        let rejection = |level: Option<f64>| level.map_or_else(|| "none".to_owned(), |level| format!("{level:.1} dB"));
        row("\nwith a pass band to", &|band| format!("{:.2}", band.pass_band))?;
        row("  ripple", &|band| format!("{:.1e} dB", band.ripple_db))?;
        row("  aliases into it", &|band| rejection(band.alias_rejection_db))?;
        row("  images of it", &|band| rejection(band.image_rejection_db))?;
        terminal::print_line(
            "(pass bands in fractions of the lower Nyquist frequency; aliases and images in dB below the signal)",
        )?;
        Ok(())
    }
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let options = args.filter.options()?;
    let (orig_freq, new_freq) = (args.orig_freq, args.rate);
    let plan = Plan::with_ratio(Rate::ratio(orig_freq, new_freq)?, options).map_err(plan_error)?;
    if let Some(path) = &args.plot {
        let file = PictureFile::new(path, args.picture.overwrite)?;
        let mut picture = args.picture.picture();
        plot::filter::draw(&mut picture, &filter_curves::curves(orig_freq.rounded()?, new_freq.rounded()?, &plan)?);
        file.write(&picture)?;
    }
    let report = Report::new(orig_freq, new_freq, options, &plan);
    if args.json {
        terminal::print_line(&serde_json::to_string_pretty(&report)?)?;
    } else {
        report.print(options)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Report {
    fn new(orig_freq: Rate, new_freq: Rate, options: ResampleOptions, plan: &Plan) -> Self {
        let identity = plan.ratio().is_identity();
        let taps = if identity { 0 } else { plan.taps() };
        let (interpolated, multiply_adds, interpolation_error, exact_filter_bytes) = match plan.filter_form() {
            FilterForm::Interpolated { max_error, exact_bytes, .. } => (true, 4 * taps, max_error, exact_bytes),
            _ => (false, taps, 0.0, plan.filter_bytes() as u128),
        };
        let lower_nyquist = orig_freq.hz().min(new_freq.hz()) / 2.0;
        #[expect(clippy::cast_precision_loss, reason = "figures to read")]
        let (per_second, look_ahead_seconds) =
            (multiply_adds as f64 * new_freq.hz(), plan.look_ahead() as f64 / orig_freq.hz());
        Self {
            orig_freq,
            new_freq,
            phases: plan.ratio().phases(),
            stride: plan.ratio().stride(),
            filter: options.into(),
            taps,
            multiply_adds_per_output: multiply_adds,
            multiply_adds_per_second: per_second,
            interpolated,
            interpolation_error,
            filter_bytes_f32: plan.filter_bytes(),
            exact_filter_bytes,
            cutoff_hz: lower_nyquist * options.rolloff,
            delay_samples: 0,
            look_ahead_input_samples: plan.look_ahead(),
            look_ahead_seconds,
            response: ResponseRow::new(&plan.response(), lower_nyquist),
        }
    }

    fn print(&self, options: ResampleOptions) -> Result<()> {
        let row = |name: &str, value: String| terminal::print_line(&format!("{name:<24}{value}"));
        row("rates", format!("{} Hz to {} Hz", self.orig_freq, self.new_freq))?;
        row("ratio", format!("{}/{}", self.phases, self.stride))?;
        // Equal rates need no filter.
        if self.taps == 0 {
            row("filter", "none: equal rates leave the samples unchanged".to_owned())?;
            return Ok(());
        }
        let width = options.lowpass_filter_width;
        row("filter", format!("width {width}, rolloff {}, {}", options.rolloff, options.window))?;
        row("cut-off (-6 dB)", format!("{:.1} Hz", self.cutoff_hz))?;
        row("phases", self.phases.to_string())?;
        row("taps", self.taps.to_string())?;
        row(
            "multiply-adds",
            format!(
                "{} per output, {:.2} million per second",
                self.multiply_adds_per_output,
                self.multiply_adds_per_second / 1e6
            ),
        )?;
        let bank = if self.interpolated {
            format!(
                "interpolated, within {:e}: {} bytes; the exact bank would take {}",
                self.interpolation_error, self.filter_bytes_f32, self.exact_filter_bytes
            )
        } else {
            format!("exact, {} bytes in float32", self.filter_bytes_f32)
        };
        row("filter bank", bank)?;
        let symmetry = if self.response.asymmetry == 0.0 { "exactly" } else { "except for rounding" };
        row("delay", format!("0 samples: the filter is symmetric {symmetry}"))?;
        let milliseconds = self.look_ahead_seconds * 1e3;
        row("look-ahead", format!("{} input samples, {milliseconds:.2} ms", self.look_ahead_input_samples))?;
        self.response.print()?;
        Ok(())
    }
}

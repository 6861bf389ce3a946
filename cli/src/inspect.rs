//! `polyphase inspect`: what a filter for two rates will be, without resampling anything.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use polyphase::{FilterForm, Plan, Response};
use serde::Serialize;

use crate::filter_args::{FilterArgs, FilterRow, in_options};
use crate::plot::{self, PictureArgs, PictureFile};
use crate::rate::Rate;
use crate::{filter_curves, terminal};

/// Show the filter between two sampling rates: its ratio, phases, taps, memory, cost, delay and frequency response.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The sampling rate of the input, in Hz, with decimals if need be
    #[arg(long, value_name = "HZ")]
    orig_freq: Rate,

    /// The sampling rate of the output, in Hz, with decimals if need be
    #[arg(long, value_name = "HZ")]
    rate: Rate,

    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,

    /// Draw it too, as a .png or .svg: its impulse response, its gain, and where aliases and images land
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,

    #[command(flatten)]
    picture: PictureArgs,

    #[command(flatten)]
    filter: FilterArgs,
}

#[derive(Debug, Serialize)]
struct Facts {
    orig_freq: Rate,
    new_freq: Rate,
    /// new_freq / orig_freq in lowest terms: phases over stride.
    phases: u64,
    stride: u64,
    #[serde(flatten)]
    filter: FilterRow,
    taps: usize,
    multiply_adds_per_output: usize,
    multiply_adds_per_second: f64,
    /// Whether the taps of every phase are held, or rows to interpolate between.
    interpolated: bool,
    /// How far outputs of samples of at most 1 may be from those of the exact taps.
    interpolation_error: f64,
    filter_bytes_f32: usize,
    /// What the taps of every phase would take.
    exact_filter_bytes: u128,
    cutoff_hz: f64,
    delay_samples: u32,
    look_ahead_input_samples: usize,
    look_ahead_seconds: f64,
    response: ResponseRow,
}

/// The frequency response; frequencies are fractions of the lower Nyquist frequency, levels in dB.
#[derive(Debug, Serialize)]
struct ResponseRow {
    lower_nyquist_hz: f64,
    /// Where the gain falls to −0.1 and to −3 dB; `null` without a filter.
    edge_01: Option<f64>,
    edge_3: Option<f64>,
    /// By how much a constant 1 ripples.
    dc_image: f64,
    asymmetry: f64,
    pass_bands: Vec<PassBand>,
}

/// What a filter is up to a frequency.
#[derive(Debug, Serialize)]
struct PassBand {
    pass_band: f64,
    ripple_db: f64,
    /// How far below the signal the worst alias folds into it; `null` where none can.
    alias_rejection_db: Option<f64>,
    /// How far below a tone of it all its images are; `null` where there are none.
    image_rejection_db: Option<f64>,
}

/// The last is every frequency that both rates can carry.
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
                terminal::print(&format!("{name:<24}{hertz:.1} Hz, {edge:.4} of the lower Nyquist frequency"))
            }
            None => terminal::print(&format!("{name:<24}none")),
        };
        edge("-0.1 dB", self.edge_01)?;
        edge("-3 dB", self.edge_3)?;
        terminal::print(&format!("{:<24}{:.1e} of a constant", "ripple of a constant", self.dc_image))?;
        let row = |name: &str, cell: &dyn Fn(&PassBand) -> String| {
            let cells: String = self.pass_bands.iter().map(|band| format!("{:>12}", cell(band))).collect();
            terminal::print(&format!("{name:<20}{cells}"))
        };
        let rejection = |level: Option<f64>| level.map_or_else(|| "none".to_owned(), |level| format!("{level:.1} dB"));
        row("\nwith a pass band to", &|band| format!("{:.2}", band.pass_band))?;
        row("  ripple", &|band| format!("{:.1e} dB", band.ripple_db))?;
        row("  aliases into it", &|band| rejection(band.alias_rejection_db))?;
        row("  images of it", &|band| rejection(band.image_rejection_db))?;
        terminal::print("(fractions of the lower Nyquist frequency; aliases and images are so far below the signal)")?;
        Ok(())
    }
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let options = args.filter.options()?;
    let (orig_freq, new_freq) = (args.orig_freq, args.rate);
    let plan = Plan::with_ratio(Rate::ratio(orig_freq, new_freq)?, &options).map_err(in_options)?;
    if let Some(path) = &args.plot {
        let file = PictureFile::new(path, args.picture.overwrite)?;
        let mut picture = args.picture.picture();
        plot::filter::draw(&mut picture, &filter_curves::curves(orig_freq.rounded()?, new_freq.rounded()?, &plan)?);
        file.write(&picture)?;
    }
    let identity = plan.ratio().is_identity();
    let taps = if identity { 0 } else { plan.taps() };
    let (interpolated, multiply_adds, interpolation_error, exact_filter_bytes) = match plan.filter_form() {
        FilterForm::Interpolated { max_error, exact_bytes, .. } => (true, 4 * taps, max_error, exact_bytes),
        _ => (false, taps, 0.0, plan.filter_bytes() as u128),
    };
    let lower_nyquist = orig_freq.hz().min(new_freq.hz()) / 2.0;
    #[expect(clippy::cast_precision_loss, reason = "a duration for people to read")]
    let facts = Facts {
        orig_freq,
        new_freq,
        phases: plan.ratio().phases(),
        stride: plan.ratio().stride(),
        filter: options.into(),
        taps,
        multiply_adds_per_output: multiply_adds,
        multiply_adds_per_second: multiply_adds as f64 * new_freq.hz(),
        interpolated,
        interpolation_error,
        filter_bytes_f32: plan.filter_bytes(),
        exact_filter_bytes,
        cutoff_hz: lower_nyquist * options.rolloff,
        delay_samples: 0,
        look_ahead_input_samples: plan.look_ahead(),
        look_ahead_seconds: plan.look_ahead() as f64 / orig_freq.hz(),
        response: ResponseRow::new(&plan.response(), lower_nyquist),
    };
    if args.json {
        terminal::print(&serde_json::to_string_pretty(&facts)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let row = |name: &str, value: String| terminal::print(&format!("{name:<24}{value}"));
    row("rates", format!("{orig_freq} Hz to {new_freq} Hz"))?;
    row("ratio", format!("{}/{}", facts.phases, facts.stride))?;
    if identity {
        row("filter", "none: equal rates give the samples back unchanged".to_owned())?;
        return Ok(ExitCode::SUCCESS);
    }
    let width = options.lowpass_filter_width;
    row("filter", format!("width {width}, rolloff {}, {}", options.rolloff, options.window))?;
    row("cut-off (-6 dB)", format!("{:.1} Hz", facts.cutoff_hz))?;
    row("phases", facts.phases.to_string())?;
    row("taps", facts.taps.to_string())?;
    row(
        "multiply-adds",
        format!("{multiply_adds} per output, {:.2} million per second", facts.multiply_adds_per_second / 1e6),
    )?;
    let bank = if interpolated {
        format!(
            "interpolated, within {interpolation_error:e}: {} bytes, since every phase would take {exact_filter_bytes}",
            facts.filter_bytes_f32
        )
    } else {
        format!("exact, {} bytes in float32", facts.filter_bytes_f32)
    };
    row("filter bank", bank)?;
    let symmetry = if facts.response.asymmetry == 0.0 { "exactly" } else { "but for rounding" };
    row("delay", format!("0 samples: the filter is symmetric {symmetry}"))?;
    let milliseconds = facts.look_ahead_seconds * 1e3;
    row("look-ahead", format!("{} input samples, {milliseconds:.2} ms", facts.look_ahead_input_samples))?;
    facts.response.print()?;
    Ok(ExitCode::SUCCESS)
}

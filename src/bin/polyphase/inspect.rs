//! `polyphase inspect`: what a filter for two rates will be, without resampling anything.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use polyphase::Plan;
use serde::Serialize;

use crate::filter_args::{FilterArgs, FilterRow, in_options};
use crate::plot::{self, PictureArgs, PictureFile};
use crate::{filter_curves, terminal};

/// Show the filter between two sampling rates: its ratio, phases, taps, memory, cost and delay.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The sampling rate of the input, in Hz
    #[arg(long, value_name = "HZ")]
    orig_freq: NonZeroU32,

    /// The sampling rate of the output, in Hz
    #[arg(long, value_name = "HZ")]
    rate: NonZeroU32,

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
    orig_freq: u32,
    new_freq: u32,
    /// new_freq / orig_freq in lowest terms: phases over stride.
    phases: u64,
    stride: u64,
    #[serde(flatten)]
    filter: FilterRow,
    taps: usize,
    multiply_adds_per_output: usize,
    multiply_adds_per_second: u64,
    filter_bytes_f32: usize,
    filter_bytes_f64: u64,
    cutoff_hz: f64,
    delay_samples: u32,
    look_ahead_input_samples: usize,
    look_ahead_seconds: f64,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let options = args.filter.options()?;
    let (orig_freq, new_freq) = (args.orig_freq.get(), args.rate.get());
    let plan = Plan::new(orig_freq, new_freq, &options).map_err(in_options)?;
    if let Some(path) = &args.plot {
        let file = PictureFile::new(path, args.picture.overwrite)?;
        let mut picture = args.picture.picture();
        plot::filter::draw(&mut picture, &filter_curves::curves(orig_freq, new_freq, &plan)?);
        file.write(&picture)?;
    }
    let identity = plan.ratio().is_identity();
    let taps = if identity { 0 } else { plan.taps() };
    #[expect(clippy::cast_precision_loss, reason = "a duration for people to read")]
    let facts = Facts {
        orig_freq,
        new_freq,
        phases: plan.ratio().phases(),
        stride: plan.ratio().stride(),
        filter: options.into(),
        taps,
        multiply_adds_per_output: taps,
        multiply_adds_per_second: taps as u64 * u64::from(new_freq),
        filter_bytes_f32: plan.filter_bytes(),
        filter_bytes_f64: plan.ratio().phases() * plan.taps() as u64 * 8,
        cutoff_hz: f64::from(orig_freq.min(new_freq)) / 2.0 * options.rolloff,
        delay_samples: 0,
        look_ahead_input_samples: plan.look_ahead(),
        look_ahead_seconds: plan.look_ahead() as f64 / f64::from(orig_freq),
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
        format!("{taps} per output, {:.2} million per second", facts.multiply_adds_per_second as f64 / 1e6),
    )?;
    row("filter bank", format!("{} bytes in float32, {} in float64", facts.filter_bytes_f32, facts.filter_bytes_f64))?;
    row("delay", "0 samples: the filter is symmetric".to_owned())?;
    let milliseconds = facts.look_ahead_seconds * 1e3;
    row("look-ahead", format!("{} input samples, {milliseconds:.2} ms", facts.look_ahead_input_samples))?;
    Ok(ExitCode::SUCCESS)
}

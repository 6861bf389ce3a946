//! `polyphase quality`: measures ripple, aliases, images and noise on resampled signals.

mod backends;
mod files;
mod measure;
mod signals;
mod spectrum;
mod table;

use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use polyphase::{Plan, Preset};
use rayon::prelude::*;
use serde::Serialize;

use crate::filter_args::FilterRow;
use crate::terminal;

use self::backends::{Distance, System};
use self::files::Manifest;
use self::measure::Figures;
use self::signals::Signals;

/// Measure the quality of resampling: ripple, edges, aliases, images and noise, on signals resampled by each backend
///
/// Prints a line for each filter, pair of rates and backend. With --files, measures the outputs of other resamplers,
/// which are read from files.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Filter to measure; can be given several times [default: torchaudio, which the table calls default, kaiser_best,
    /// fast, high and best; none with --files]
    #[arg(long, value_name = "NAME", value_parser = crate::filter_args::preset)]
    preset: Vec<Preset>,

    /// Sampling rate of the input in Hz [default: six common pairs of rates]
    #[arg(long, value_name = "HZ", requires = "rate")]
    orig_freq: Option<NonZeroU32>,

    /// Sampling rate of the output in Hz
    #[arg(long, value_name = "HZ", requires = "orig_freq")]
    rate: Option<NonZeroU32>,

    /// End of the pass band as a fraction of the lower Nyquist frequency; the tones are in the pass band, and aliases
    /// are measured there [default: the pass band that the filter was designed for, else 0.9]
    #[arg(long, value_name = "F", value_parser = pass_band)]
    pass_band: Option<f64>,

    /// Measure float32 on every SIMD level of this processor instead of the best one
    #[arg(long)]
    every_level: bool,

    /// Accept a GPU adapter that computes in software
    #[arg(long)]
    allow_software: bool,

    /// Write the test signals into a folder instead of measuring
    #[arg(long, value_name = "DIR", conflicts_with_all = ["files", "preset"])]
    write_signals: Option<PathBuf>,

    /// Measure the outputs of other resamplers for the signals in this folder: DIR/NAME/A_B.npy is DIR/A_B.npy
    /// resampled from A to B, and DIR/NAME/A_B.back.npy is its last row resampled back to A
    #[arg(long, value_name = "DIR", conflicts_with_all = ["orig_freq", "rate", "pass_band"])]
    files: Option<PathBuf>,

    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Range of the option `--pass-band`, which leaves room for tones and for aliases.
const PASS_BANDS: RangeInclusive<f64> = 0.1..=0.99;

const DEFAULT_PASS_BAND: f64 = 0.9;

/// The pairs of rates of torchaudio's audio resampling tutorial, and two to 16 kHz, the rate of speech models.
const PAIRS: [(u32, u32); 6] =
    [(48_000, 44_100), (44_100, 48_000), (16_000, 8_000), (8_000, 16_000), (48_000, 16_000), (44_100, 16_000)];

const PRESETS: [Preset; 5] = [Preset::Default, Preset::KaiserBest, Preset::Fast, Preset::High, Preset::Best];

/// Largest rate. A period lasts one second between coprime rates: at higher rates the signals would take gigabytes.
const MAX_RATE: u32 = 1 << 20;

fn pass_band(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    let (start, end) = (PASS_BANDS.start(), PASS_BANDS.end());
    if PASS_BANDS.contains(&value) { Ok(value) } else { Err(format!("it must be {start} to {end}")) }
}

#[derive(Debug, Serialize)]
struct Report {
    /// Reason why no GPU was measured; `null` if one was.
    no_gpu: Option<String>,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Serialize)]
struct Row {
    /// Name of the preset or of the folder.
    filter: String,
    /// `null` for other resamplers.
    options: Option<FilterRow>,
    /// Taps of the longest phase; `null` for other resamplers.
    taps: Option<usize>,
    backend: String,
    orig_freq: u32,
    new_freq: u32,
    pass_band: f64,
    #[serde(flatten)]
    figures: Figures,
    /// Distance from float64; `null` for float64 itself and for other resamplers.
    distance: Option<Distance>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let given = args.orig_freq.zip(args.rate).map(|(orig_freq, rate)| vec![(orig_freq.get(), rate.get())]);
    let manifest = match &args.files {
        Some(folder) => Some(files::read_manifest(folder)?),
        None => None,
    };
    let pairs = match &manifest {
        Some(manifest) => manifest.pairs.clone(),
        None => given.unwrap_or_else(|| PAIRS.to_vec()),
    };
    for &(orig_freq, new_freq) in &pairs {
        ensure!(
            orig_freq.max(new_freq) <= MAX_RATE,
            "{orig_freq} to {new_freq} Hz: rates up to {MAX_RATE} Hz are measured"
        );
        ensure!(orig_freq != new_freq, "equal rates leave the samples unchanged: there is nothing to measure");
    }
    if let Some(folder) = &args.write_signals {
        files::write(folder, &Manifest { pass_band: args.pass_band.unwrap_or(DEFAULT_PASS_BAND), pairs })?;
        return Ok(ExitCode::SUCCESS);
    }
    let presets = match (&args.preset[..], &args.files) {
        ([], None) => &PRESETS[..],
        (presets, _) => presets,
    };
    // With files, all resamplers are measured on the same pass band.
    let pass_band = args.pass_band.or(manifest.as_ref().map(|manifest| manifest.pass_band));
    let mut report = if presets.is_empty() {
        Report { no_gpu: None, rows: Vec::new() }
    } else {
        measure_presets(args, presets, &pairs, pass_band)?
    };
    if let (Some(folder), Some(manifest)) = (&args.files, &manifest) {
        report.rows.extend(measure_files(folder, manifest)?);
    }
    terminal::print_line(&if args.json { serde_json::to_string_pretty(&report)? } else { table::table(&report) })?;
    Ok(ExitCode::SUCCESS)
}

fn measure_presets(args: &Args, presets: &[Preset], pairs: &[(u32, u32)], pass_band: Option<f64>) -> Result<Report> {
    let (systems, no_gpu) = System::all(args.every_level, args.allow_software)?;
    let cases: Vec<_> = presets
        .iter()
        .flat_map(|&preset| pairs.iter().map(move |&pair| (preset, pair)))
        .flat_map(|(preset, pair)| systems.iter().map(move |system| (preset, pair, system)))
        .collect();
    let row = |&(preset, (orig_freq, new_freq), system): &(Preset, (u32, u32), &System)| {
        let designed_for = preset.designed_for().map(|(_, pass_band)| pass_band);
        let pass_band = pass_band.or(designed_for).unwrap_or(DEFAULT_PASS_BAND);
        let options = preset.options();
        let signals = Signals::new(orig_freq, new_freq, pass_band);
        let outputs = system.run(&options, &signals)?;
        Ok(Row {
            filter: preset.name().to_owned(),
            options: Some(options.into()),
            taps: Some(Plan::new(orig_freq, new_freq, options)?.taps()),
            backend: system.to_string(),
            orig_freq,
            new_freq,
            pass_band,
            figures: measure::measure(&signals, &outputs)?,
            distance: system.distance(&options, &signals, &outputs)?,
        })
    };
    let rows: Result<_> = cases.par_iter().map(row).collect();
    Ok(Report { no_gpu, rows: rows? })
}

fn measure_files(folder: &Path, manifest: &Manifest) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (name, folder) in files::resamplers(folder)? {
        let before = rows.len();
        for &(orig_freq, new_freq) in &manifest.pairs {
            let signals = Signals::new(orig_freq, new_freq, manifest.pass_band);
            let Some(outputs) = files::outputs(&folder, &signals)? else { continue };
            let figures = measure::measure(&signals, &outputs)
                .with_context(|| format!("{} at {orig_freq} to {new_freq} Hz", folder.display()))?;
            rows.push(Row {
                filter: name.clone(),
                options: None,
                taps: None,
                backend: "files".to_owned(),
                orig_freq,
                new_freq,
                pass_band: manifest.pass_band,
                figures,
                distance: None,
            });
        }
        ensure!(rows.len() > before, "{}: no outputs for the rates of the signals", folder.display());
    }
    Ok(rows)
}

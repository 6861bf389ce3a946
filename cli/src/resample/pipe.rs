//! [`run`]: `--out -`, one input to stdout, for pipes.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail, ensure};
use polyphase_audio::{
    Container, ConvertOptions, Decoder, Output, ReadOptions, Reader, SampleFormat, Source, convert_from,
};

use super::args::{Args, Precision};
use super::conversion::explained;
use super::converted::Converted;
use super::paths::STDIN;
use crate::terminal::{eprint_line, one_line, shown};

/// Resamples the only input, and writes it to stdout as it is read.
pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let input = &args.input;
    let [path] = &input.inputs[..] else {
        bail!("--out - is the output of one input: {} are given", input.inputs.len())
    };
    ensure!(input.files_from.is_none() && !path.is_dir(), "--out - is the output of one file: name a folder for more");
    let runs = &args.resuming;
    let has_run_options = runs.resume || runs.dry_run || runs.shard.is_some() || args.messages.json.is_some();
    ensure!(!has_run_options, "--resume, --dry-run, --shard and --json are for runs that write files: leave them out");
    let options = options(args)?;
    // Nothing is left behind by a run that a signal ends.
    let source = || {
        let source = if path.as_os_str() == STDIN { Source::stream(io::stdin()) } else { Source::path(path) };
        match input.raw {
            Some(format) => source.raw(format),
            None => source,
        }
    };
    let again = (path.as_os_str() != STDIN).then(source);
    let converted = convert(source(), again, &options, args.speed.precision);
    match converted.map_err(|error| explained(error, Path::new("stdout"))) {
        Ok(converted) => {
            if !args.messages.quiet {
                for warning in Converted::from(converted).all_warnings() {
                    eprint_line(&format!("polyphase: {}: warning: {}", shown(path), one_line(&warning)));
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            eprint_line(&format!("polyphase: {}: {error:#}", shown(path)));
            Ok(ExitCode::FAILURE)
        }
    }
}

fn convert(
    source: Source,
    again: Option<Source>,
    options: &ConvertOptions,
    precision: Option<Precision>,
) -> Result<polyphase_audio::Converted, polyphase_audio::Error> {
    let decoder = Decoder::open(source)?;
    let output = Output::stream(io::stdout());
    let is_wide = precision.map_or(decoder.spec().format == SampleFormat::F64, |precision| precision == Precision::F64);
    if is_wide {
        convert_from(Reader::<f64>::new(decoder, &options.read)?, again, output, options, || Ok(()))
    } else {
        convert_from(Reader::<f32>::new(decoder, &options.read)?, again, output, options, || Ok(()))
    }
}

fn options(args: &Args) -> Result<ConvertOptions> {
    let container = args.output.format.0.unwrap_or(Container::Wav);
    if !matches!(container, Container::Wav | Container::Raw) {
        bail!("{container} files cannot be written to a pipe: choose --format wav or raw");
    }
    let mut read = ReadOptions::default().rate(args.output.rate).filter(args.filter.options()?);
    (read.orig_rate, read.channels) = (args.input.orig_freq, args.channels.channels());
    let mut options = ConvertOptions::new(container, read).dither(!args.output.no_dither).level(args.channels.level());
    options.format = args.output.sample_format.0;
    Ok(options)
}

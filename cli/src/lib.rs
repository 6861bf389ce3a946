//! The program `polyphase`: resamples audio files and arrays, describes filters, and measures their quality and speed.
//!
//! It is a library only so that fuzz targets can link it. Only [`main`] is public.
//!
//! - `resample`, `inspect`, `devices`: the everyday commands.
//! - `packaging`: completions and the manual page.
//! - `bench`, `quality`, `spectrogram`, `tutorial`: the laboratory. `plot` draws its pictures.
//! - `filter_args`, `names`, `rate`, `threads`: options that several commands share.

#![forbid(unsafe_code)]

mod bench;
mod bessel;
mod devices;
#[cfg(test)]
mod documents;
mod filter_args;
mod filter_curves;
mod fourier;
#[cfg(any(test, fuzzing))]
pub mod fuzzed;
mod inspect;
mod interrupt;
mod names;
mod packaging;
mod panics;
mod plot;
mod quality;
mod rate;
mod resample;
mod spectrogram;
mod terminal;
mod threads;
mod tutorial;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// Windowed-sinc resampling as torchaudio defines it, exact at every ratio and length.
#[derive(Debug, Parser)]
#[command(name = "polyphase", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Resample(Box<resample::Args>),
    Inspect(inspect::Args),
    Devices(devices::Args),
    Bench(bench::Args),
    Spectrogram(spectrogram::Args),
    Tutorial(tutorial::Args),
    Quality(quality::Args),
    Completions(packaging::Completions),
    Man(packaging::Man),
}

/// Runs the command that is named by the arguments of the process.
///
/// The exit code is 0 if everything succeeded, 1 if a file failed or the report could not be written, and 2 if the run
/// was refused before any work.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Resample(args) => resample::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Devices(args) => devices::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Spectrogram(args) => spectrogram::run(&args),
        Command::Tutorial(args) => tutorial::run(&args),
        Command::Quality(args) => quality::run(&args),
        Command::Completions(args) => args.run(Cli::command()),
        Command::Man(args) => args.run(Cli::command()),
    };
    done.unwrap_or_else(|error| {
        terminal::eprint_line(&format!("polyphase: {error:#}"));
        ExitCode::from(2)
    })
}

//! The `polyphase` program: resamples audio files and arrays, shows what a filter is, and measures its speed.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program talks to its terminal")]

mod audio;
mod bench;
mod filter_args;
mod inspect;
mod resample;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Windowed-sinc resampling as torchaudio defines it, exact at every ratio and length.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Resample(resample::Args),
    Inspect(inspect::Args),
    Bench(bench::Args),
}

/// 0 if everything succeeded, 1 if a file failed, 2 if nothing was begun.
fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Resample(args) => resample::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Bench(args) => bench::run(&args),
    };
    done.unwrap_or_else(|error| {
        eprintln!("polyphase: {error:#}");
        ExitCode::from(2)
    })
}

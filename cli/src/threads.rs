//! [`ThreadArgs`]: the option `--threads`, with the same meaning in every command.

use std::num::NonZeroUsize;
use std::thread;

use clap::Args;

/// Largest number of threads, far more than a machine needs. Some systems cannot start many more.
const MAX_THREADS: usize = 512;

#[derive(Debug, Args)]
pub(crate) struct ThreadArgs {
    /// Number of threads, from 1 to 512 [default: one for each core]
    #[arg(short = 'j', long, value_name = "N", value_parser = threads, value_hint = clap::ValueHint::Other)]
    threads: Option<NonZeroUsize>,
}

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    let number: Option<NonZeroUsize> = text.parse().ok();
    number.filter(|number| number.get() <= MAX_THREADS).ok_or_else(|| format!("it must be in 1..={MAX_THREADS}"))
}

impl ThreadArgs {
    /// Number of threads to use.
    pub(crate) fn count(&self) -> usize {
        let given = self.threads.map(NonZeroUsize::get);
        given.unwrap_or_else(|| thread::available_parallelism().map_or(1, Into::into).min(MAX_THREADS))
    }
}

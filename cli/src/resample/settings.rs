//! [`Settings`]: the settings that all files of a run share.

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use polyphase::{CpuResampler, Plan, ResampleOptions};
use polyphase_audio::{Channels, Level, RawFormat, ReadOptions, SampleFormat, Source};

use super::args::Precision;
use super::gpu::GpuQueue;
use super::paths::STDIN;
use super::record::Record;
use crate::filter_args::plan_error;
use crate::rate::Rate;

/// Output that stands for stdout.
pub(super) const STDOUT: &str = "-";

/// Settings of a run.
pub(super) struct Settings {
    pub(super) new_freq: Rate,
    /// Rate of the inputs. `None`: the rate in the header of each.
    pub(super) orig_freq: Option<Rate>,
    pub(super) options: ResampleOptions,
    pub(super) channels: Channels,
    pub(super) level: Level,
    /// Format of the inputs, if they have no headers.
    pub(super) raw: Option<RawFormat>,
    /// Axis of arrays that is time, from the end if it is negative.
    pub(super) axis: isize,
    /// Precision of the computation. `None`: float64 for float64 inputs, else float32.
    pub(super) precision: Option<Precision>,
    /// Format of the output samples. `None`: that of the input.
    pub(super) format: Option<SampleFormat>,
    pub(super) dither: bool,
    pub(super) overwrite: bool,
    pub(super) record: Arc<Record>,
    pub(super) cpu: CpuResampler,
    /// Queue to the GPU, if there is one.
    pub(super) gpu: Option<GpuQueue>,
}

impl Settings {
    /// What to read of an input, at the new rate, or at its own rate.
    pub(super) fn read_options(&self, new_freq: Option<Rate>) -> ReadOptions {
        let mut options = ReadOptions::default().filter(self.options).channels(self.channels.clone());
        (options.orig_rate, options.rate) = (self.orig_freq, new_freq);
        options
    }

    /// The input at a path.
    pub(super) fn source(&self, path: &Path) -> Source {
        let source = if path.as_os_str() == STDIN { Source::stream(io::stdin()) } else { Source::path(path) };
        match self.raw {
            Some(format) => source.raw(format),
            None => source,
        }
    }

    /// Plan for inputs of a rate.
    pub(super) fn plan(&self, orig_freq: Rate) -> Result<Plan> {
        Plan::cached(Rate::ratio(orig_freq, self.new_freq)?, self.options).map_err(plan_error)
    }

    /// Precision for an input of a sample format.
    pub(super) fn precision(&self, input: SampleFormat) -> Precision {
        self.precision.unwrap_or(if input == SampleFormat::F64 { Precision::F64 } else { Precision::F32 })
    }

    /// True if an output gets dither. Samples that are copied in the same format need none.
    pub(super) fn dithers(&self, plan: &Plan, input: SampleFormat, output: SampleFormat) -> bool {
        self.dither && !(plan.ratio().is_identity() && input == output)
    }
}

//! Arguments of `polyphase resample`.

use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use polyphase::Backend;
use polyphase_audio::{Container, SampleFormat};

use crate::filter_args::FilterArgs;
use crate::rate::Rate;
use crate::threads::ThreadArgs;

/// Resample audio files, folders of them, and .npy arrays to one sampling rate
///
/// Reads WAV, RF64, Wave64, FLAC, MP3, Ogg Vorbis, AAC, ALAC, AIFF, CAF, Matroska and .npy (f32, f64, i16 or i32, of
/// any rank, the last axis is time). Writes WAV, FLAC and .npy. A file that fails is reported, and the others are resampled.
///
/// After an interruption or a failure, --resume continues with the files that are not done. Finished files are recorded
/// in the output folder, in .polyphase-done.jsonl, which is removed when all are done. If the first run has --resume
/// too, the record is kept, and later runs resample only files that are new.
///
/// Exit code: 0 if every file was resampled, 1 if a file failed or the report could not be written, 2 if the run was
/// refused before any work; 130 after Ctrl-C, 143 after SIGTERM. The first signal abandons the files in progress, the
/// second ends the program at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  polyphase resample recordings --rate 16000 --out recordings-16k
  polyphase resample song.flac --rate 48000 --preset kaiser_best --sample-format f32 --format wav
  polyphase resample batch.npy --orig-freq 44100 --rate 16000")]
pub(crate) struct Args {
    /// Files, and folders that are searched recursively
    #[arg(required = true, value_name = "INPUT")]
    pub(super) inputs: Vec<PathBuf>,

    /// Sampling rate of the outputs in Hz, which need not be whole; file headers get the nearest whole number
    #[arg(long, value_name = "HZ")]
    pub(super) rate: Rate,

    /// Sampling rate of the inputs in Hz, which replaces the rate in their headers; required for .npy arrays
    #[arg(long, value_name = "HZ")]
    pub(super) orig_freq: Option<Rate>,

    /// Folder of the outputs; a file keeps its name, and a file found in an input folder its path within that folder
    #[arg(long, value_name = "DIR", default_value = "resampled")]
    pub(super) out: PathBuf,

    /// Format of the outputs; same keeps the format of each input, or writes WAV if that format can only be read
    #[arg(long, value_enum, default_value_t = OrSame(None))]
    pub(super) format: OrSame<Container>,

    /// Type of the output samples; same keeps the type of each input, which is f32 for lossy formats
    #[arg(long, value_enum, default_value_t = OrSame(None))]
    pub(super) sample_format: OrSame<SampleFormat>,

    /// Do not add dither to 16-bit output
    #[arg(long)]
    pub(super) no_dither: bool,

    /// Replace outputs that exist; with --resume, skipped outputs are kept
    #[arg(long)]
    pub(super) overwrite: bool,

    /// Skip files whose outputs an earlier run made from the same input with the same settings
    #[arg(long)]
    pub(super) resume: bool,

    /// Backend: auto, cpu or gpu; auto uses a GPU if it is faster, transfers included, by an estimate from speeds that
    /// are measured, and the last line printed gives the reason
    #[arg(long, value_name = "NAME", default_value_t = Backend::Auto)]
    pub(super) backend: Backend,

    /// GPU adapter: a part of its name, or its index, PCI address or PCI id, which `polyphase devices` lists [default:
    /// that of the environment variable POLYPHASE_ADAPTER, else the first of the best kind]
    #[arg(long, value_name = "NAME")]
    pub(super) adapter: Option<String>,

    /// Accept a GPU adapter that computes in software, with --backend gpu: correct, but slower than the CPU backend
    #[arg(long)]
    pub(super) allow_software: bool,

    /// Precision of the computation [default: f64 for f64 inputs, else f32]
    #[arg(long, value_enum)]
    pub(super) precision: Option<Precision>,

    #[command(flatten)]
    pub(super) threads: ThreadArgs,

    /// Write the result for each file and the totals to a file, as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,

    /// Print neither progress nor the summary; errors are still printed
    #[arg(long)]
    pub(super) quiet: bool,

    // Last, since its help heading applies to all options after it.
    #[command(flatten)]
    pub(super) filter: FilterArgs,
}

/// Property of an output; `None` (`same` on the command line) takes that of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OrSame<T>(pub(super) Option<T>);

impl<T> OrSame<T> {
    fn value(&self, name: impl Fn(&T) -> &'static str) -> PossibleValue {
        PossibleValue::new(self.0.as_ref().map_or("same", name))
    }
}

impl ValueEnum for OrSame<Container> {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self(None), Self(Some(Container::Wav)), Self(Some(Container::Flac)), Self(Some(Container::Npy))]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(self.value(|container| container.extension()))
    }
}

impl ValueEnum for OrSame<SampleFormat> {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self(None),
            Self(Some(SampleFormat::I16)),
            Self(Some(SampleFormat::I24)),
            Self(Some(SampleFormat::I32)),
            Self(Some(SampleFormat::F32)),
            Self(Some(SampleFormat::F64)),
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(self.value(|format| format.name()))
    }
}

/// Precision of the computation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Precision {
    F32,
    F64,
}

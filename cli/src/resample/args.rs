//! Arguments of `polyphase resample`, in groups that are the headings of `--help`.
//!
//! The first paragraph of a comment is the text of `-h`, and should fit in one line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::builder::PossibleValue;
use clap::{ValueEnum, ValueHint};
use polyphase::Backend;
use polyphase_audio::{Channels, Container, Level, RawFormat, SampleFormat};

use super::shard::Shard;
use crate::filter_args::FilterArgs;
use crate::names::Named;
use crate::rate::Rate;
use crate::threads::ThreadArgs;

/// Resample audio files, folders of them, and .npy arrays to one sampling rate
///
/// Reads WAV, RF64, Wave64, FLAC, MP3, Opus, Ogg Vorbis, AAC and ALAC (.m4a, .mp4), AIFF, CAF, Matroska, raw samples and
/// .npy (f16, f32, f64, i16 or i32, of any rank, the last axis is time). Writes WAV, FLAC, raw samples and .npy. A file
/// that fails is reported, and the others are resampled. The filter is the preset `high` unless --preset names another:
/// `--preset torchaudio` gives the samples of torchaudio.functional.resample.
///
/// Inputs that differ only in their extension, such as a.wav and a.mp3, have outputs with their whole names:
/// a.wav.flac and a.mp3.flac.
///
/// Finished files are recorded in the output folder, in .polyphase-done.jsonl, with their settings. After an
/// interruption, a failure, or with new inputs, --resume resamples only the files that are not recorded. The record
/// stays valid if the folders are moved, as long as the times of the files are kept. --no-record leaves none.
///
/// Exit code: 0 if every file was resampled, 1 if a file failed or the report could not be written, 2 if the run was
/// refused before any work; 130 after Ctrl-C, 143 after SIGTERM. The first signal abandons the files in progress, the
/// second ends the program at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  polyphase resample recordings -r 16000 --mono --format flac -o recordings-16k
  polyphase resample song.flac -r 48000 -o song-48k.wav
  find . -type f -name '*.mp3' -print0 | polyphase resample --files-from - -r 16000 -o /data
  ffmpeg -i film.mkv -f s16le -ac 2 -ar 48000 - \\
    | polyphase resample - --raw s16le,2,48000 -r 16000 -o - | sox - film.ogg
  polyphase resample batch.npy --orig-freq 44100 -r 16000 --preset torchaudio")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) input: InputArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) channels: ChannelArgs,
    #[command(flatten)]
    pub(super) filter: FilterArgs,
    #[command(flatten)]
    pub(super) resuming: RunArgs,
    #[command(flatten)]
    pub(super) speed: SpeedArgs,
    #[command(flatten, next_help_heading = "Speed and devices")]
    pub(super) threads: ThreadArgs,
    #[command(flatten)]
    pub(super) messages: MessageArgs,
}

impl Args {
    /// Returns an error if an input is a negative number, which is the value of an option.
    pub(super) fn refuse_numbers(&self) -> Result<()> {
        let is_number = |text: &&str| text.starts_with('-') && text.parse::<f64>().is_ok();
        let number = self.input.inputs.iter().find_map(|input| input.to_str().filter(is_number));
        match number {
            Some(number) if self.channels.normalize_peak.is_some() => {
                bail!("--normalize-peak {number}: write --normalize-peak={number}")
            }
            Some(number) => bail!("{number} is not an option: write ./{number} if it is a file"),
            None => Ok(()),
        }
    }
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Input")]
pub(super) struct InputArgs {
    /// Files, and folders that are searched recursively; - is stdin
    ///
    /// In folders, files with an audio extension are resampled, and all others are passed over: aac, adts, aif, aifc,
    /// aiff, alac, bwf, caf, flac, m4a, m4b, mka, mkv, mov, mp1, mp2, mp3, mp4, npy, oga, ogg, opus, rf64, w64, wav,
    /// wave, webm, weba; with --raw also pcm and raw. A file that is named is read whatever its extension.
    #[arg(required_unless_present = "files_from", value_name = "INPUT", allow_negative_numbers = true)]
    pub(super) inputs: Vec<PathBuf>,

    /// File (or - for stdin) with a list of inputs, one a line or NUL-separated
    ///
    /// A list that holds a NUL is separated by NUL, as by `find -print0`. The outputs keep the tree of the listed files,
    /// relative to --relative-to.
    ///
    /// Listed files are read whatever their extension. Listed folders are searched. Pipes and devices are passed over,
    /// and, without --follow-links, links to folders.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) files_from: Option<PathBuf>,

    /// Folder that the names of the outputs are relative to
    ///
    /// An input outside of it is refused. [default: the longest common folder of the listed files; for other inputs,
    /// the input folder, or the folder of the file]
    #[arg(long, value_name = "DIR", hide_short_help = true, value_hint = ValueHint::DirPath)]
    pub(super) relative_to: Option<PathBuf>,

    /// Resample only files that match, such as '*.wav' or 'train/**'
    ///
    /// May be repeated. Patterns are those of .gitignore: one without a slash matches the name of a file or folder at
    /// any depth, one with a slash the path within the input folder; `*` matches no slash, `**` any folders. A pattern
    /// that matches a folder matches everything in it.
    #[arg(long, value_name = "GLOB")]
    pub(super) include: Vec<String>,

    /// Pass over files and folders that match
    ///
    /// May be repeated. Takes the same patterns as --include, and wins over it.
    #[arg(long, value_name = "GLOB")]
    pub(super) exclude: Vec<String>,

    /// Follow links that lead out of an input folder
    ///
    /// Links within the folder are always followed. Without this option, links that lead out are passed over.
    #[arg(long, hide_short_help = true)]
    pub(super) follow_links: bool,

    /// Sampling rate of the inputs, whatever their headers say; needed for .npy
    ///
    /// In Hz. It applies to all inputs.
    #[arg(long, value_name = "HZ", value_hint = ValueHint::Other)]
    pub(super) orig_freq: Option<Rate>,

    /// Read files without headers: TYPE,CHANNELS,RATE, such as s16le,2,44100
    ///
    /// The types have ffmpeg's names: u8, s8, s16le, s16be, s24le, s24be, s32le, s32be, f32le, f32be, f64le, f64be, alaw,
    /// mulaw. It applies to all inputs; in folders, files that end in .raw or .pcm are read too.
    #[arg(long, value_name = "FORMAT", value_hint = ValueHint::Other)]
    pub(super) raw: Option<RawFormat>,

    /// Axis of .npy arrays that is time, counted from 0, or from -1 for the last [default: -1]
    #[arg(long, value_name = "N", allow_negative_numbers = true, hide_short_help = true, value_hint = ValueHint::Other)]
    pub(super) axis: Option<isize>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// Sampling rate of the outputs in Hz
    ///
    /// It need not be whole; file headers get the nearest whole number.
    #[arg(short, long, value_name = "HZ", value_hint = ValueHint::Other)]
    pub(super) rate: Rate,

    /// Folder of the outputs, or name of the output of one file: out.wav; - is stdout
    ///
    /// In the folder, a file keeps its name, and a file found in an input folder its path within that folder.
    ///
    /// A name that ends in .wav, .flac, .npy or .raw and is not an existing folder is that of the output of a single
    /// input file; its extension gives the format. A name that ends in / is a folder.
    #[arg(short, long, value_name = "PATH", default_value = "resampled")]
    pub(super) out: PathBuf,

    /// Format of the outputs
    ///
    /// same is that of each WAV, FLAC and .npy input, and WAV for all others, raw samples included.
    #[arg(long, value_enum, default_value_t = OrSame(None))]
    pub(super) format: OrSame<Container>,

    /// Type of the output samples
    ///
    /// same is that of each input, and f32 for lossy formats. Types that the output cannot hold are replaced: floats by
    /// i24 in FLAC, i24 by i32 in .npy.
    #[arg(long, value_name = "TYPE", value_enum, default_value_t = OrSame(None))]
    pub(super) sample_format: OrSame<SampleFormat>,

    /// Do not add dither to 16-bit output
    #[arg(long, hide_short_help = true)]
    pub(super) no_dither: bool,

    /// Replace outputs that exist
    ///
    /// With --resume, outputs that are skipped are kept.
    #[arg(long)]
    pub(super) overwrite: bool,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Channels and level")]
pub(super) struct ChannelArgs {
    /// Mix all channels to one
    ///
    /// Where a file names the speakers of its channels, the weights are those of ITU-R BS.775, divided by their sum; the
    /// LFE channel is left out. For stereo, and where it does not name them, the mix is the mean.
    #[arg(long, conflicts_with_all = ["channels", "pick"])]
    mono: bool,

    /// Mix to 1 or 2 channels
    ///
    /// Mono is copied to both channels. To mix three or more to two, the file must name its speakers.
    #[arg(long, value_name = "N", value_parser = ["1", "2"], conflicts_with = "pick")]
    channels: Option<String>,

    /// Keep these channels, in this order, counted from 1, such as 2,1
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_hint = ValueHint::Other)]
    pick: Vec<NonZeroUsize>,

    /// Lower the level by this many decibels, to keep peaks from clipping
    #[arg(long, value_name = "DB", conflicts_with = "normalize_peak", allow_negative_numbers = true)]
    #[arg(value_parser = headroom, value_hint = ValueHint::Other)]
    headroom: Option<f64>,

    /// Set the highest peak of each file to this level (default -1 dBFS); not for stdin
    ///
    /// The level follows an equals sign: --normalize-peak=-3. Each file is read twice.
    #[arg(value_hint = ValueHint::Other)]
    #[arg(long, value_name = "DBFS", num_args = 0..=1, require_equals = true, default_missing_value = "-1")]
    normalize_peak: Option<f64>,
}

/// Parses decibels of at least 0.
fn headroom(text: &str) -> Result<f64> {
    let decibels: f64 = text.parse()?;
    if decibels < 0.0 {
        bail!("it must be at least 0");
    }
    Ok(decibels)
}

impl ChannelArgs {
    /// Channels of the outputs.
    pub(super) fn channels(&self) -> Channels {
        match self.channels.as_deref() {
            _ if self.mono => Channels::Mono,
            Some("1") => Channels::Mono,
            Some(_) => Channels::Stereo,
            None if self.pick.is_empty() => Channels::All,
            None => Channels::Pick(self.pick.clone()),
        }
    }

    /// Level of the outputs.
    pub(super) fn level(&self) -> Level {
        match (self.headroom, self.normalize_peak) {
            (Some(decibels), _) => Level::Headroom(decibels),
            (None, Some(decibels)) => Level::NormalizePeak(decibels),
            (None, None) => Level::Unchanged,
        }
    }
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Run and resume")]
pub(super) struct RunArgs {
    /// Skip files that an earlier run has resampled with the same settings
    ///
    /// A file is skipped if the size and modification time of its input and of its output have not changed since they
    /// were recorded (cp -a and rsync -t keep the times). Its output keeps its name, even if a new input differs only in
    /// the extension.
    #[arg(long)]
    pub(super) resume: bool,

    /// Print what would be done with each file; write nothing but the --json report
    ///
    /// The files are not opened, so damaged ones are not found. The exit code is 2 if the run would be refused.
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,

    /// Resample share I of N, from 1/N to N/N, of the files
    ///
    /// No file is in two shares, and together the shares hold every file. A file is in share 1 + h mod N, where h is the FNV-1a hash
    /// (64 bits) of the bytes of its path relative to its input folder, or to --relative-to, with `/` between folders.
    /// Several shares may run at the same time with the same output folder: each has a record of its own, and the
    /// report of --json gets the share in its name, as in report.3-of-8.json. Temporary files that killed runs
    /// left are removed by the next run without --shard.
    #[arg(long, value_name = "I/N", value_hint = ValueHint::Other)]
    pub(super) shard: Option<Shard>,

    /// Leave no record of finished files, so that --resume will not find them
    ///
    /// For a named output, such as `--out out.wav`, a record is kept only with --resume.
    #[arg(long, hide_short_help = true, conflicts_with = "resume")]
    pub(super) no_record: bool,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Speed and devices")]
pub(super) struct SpeedArgs {
    /// Backend: auto, cpu or gpu
    ///
    /// auto uses a GPU if it is faster, transfers included, by an estimate from speeds that are measured. The summary
    /// gives the reason. If it is set, the environment variable POLYPHASE_BACKEND replaces auto.
    #[arg(long, value_name = "NAME", default_value_t = Backend::Auto, hide_possible_values = true)]
    #[arg(value_parser = Named::<Backend>::of(&["auto", "cpu", "gpu"]))]
    pub(super) backend: Backend,

    /// GPU, by index or a part of its name; see `polyphase devices`
    ///
    /// It may also be a PCI address or a PCI id. [default: that of the environment variable POLYPHASE_ADAPTER, else the
    /// first of the best kind]
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    pub(super) adapter: Option<String>,

    /// Accept a GPU adapter that computes in software, with --backend gpu: correct, but slower than the CPU backend
    #[arg(long, hide_short_help = true)]
    pub(super) allow_software: bool,

    /// Precision of the computation [default: f64 for f64 inputs, else f32]
    #[arg(long, value_name = "TYPE", value_enum, hide_short_help = true)]
    pub(super) precision: Option<Precision>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Messages")]
pub(super) struct MessageArgs {
    /// Write a report on every file, and totals, as JSON; - is stdout
    ///
    /// With -, the summary is printed to stderr. There is a row for every file that was found, also for those that are skipped or passed over, with the reason.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) json: Option<PathBuf>,

    /// Print neither progress nor the summary; errors are still printed
    #[arg(short, long)]
    pub(super) quiet: bool,
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
        &[
            Self(None),
            Self(Some(Container::Wav)),
            Self(Some(Container::Flac)),
            Self(Some(Container::Npy)),
            Self(Some(Container::Raw)),
        ]
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

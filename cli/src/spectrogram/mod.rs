//! `polyphase spectrogram`: draws the levels of a recording over time and frequency.

mod source;
pub(crate) mod stft;
pub(crate) mod window;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};

use self::source::{SignalKind, Source};
use self::stft::{Analysis, Settings, Spectrogram};
use self::window::FadeWindow;
use crate::plot::heat_map::{self, ColorMap, Column, Levels, Scales};
use crate::plot::{Axis, Picture, PictureArgs, PictureFile, Quantity};
use crate::terminal;

/// Draw the spectrogram of a recording, or of two side by side, such as before and after resampling
///
/// Reads the formats that `polyphase resample` reads. Memory does not grow with the length of a recording, except for
/// .npy arrays. A sine of full scale is 0 dBFS. Each channel has a row of its own. Two recordings share their scales;
/// the area beyond the end or the Nyquist frequency of one of them stays empty. NaN and infinities count as silence.
///
/// Exit code: 0 if the picture was written, 1 if a recording could not be read or the picture could not be written, 2
/// if the options were refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  polyphase spectrogram song.flac --out song.png
  polyphase spectrogram before.wav after.wav --out both.svg --range-db 140 --fft 4096
  polyphase spectrogram clip.npy --orig-freq 16000 --out clip.png --max-freq 4000")]
pub(crate) struct Args {
    /// One or two recordings
    #[arg(required = true, num_args = 1..=2, value_name = "INPUT")]
    inputs: Vec<PathBuf>,

    /// Picture to write, a .png or .svg
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Sampling rate of .npy arrays in Hz, which is not in the files
    #[arg(long, value_name = "HZ")]
    orig_freq: Option<NonZeroU32>,

    /// Samples in a transform, from 16 to 65536: more of them resolve frequency better, and time worse
    #[arg(long, value_name = "N", default_value_t = 2048)]
    fft: u32,

    /// Samples from one transform to the next [default: chosen for the width of the picture, at most a quarter of
    /// --fft]
    #[arg(long, value_name = "N")]
    hop: Option<NonZeroU32>,

    /// Window of each transform
    #[arg(long, value_enum, default_value_t = FadeWindow::Kaiser)]
    window: FadeWindow,

    /// Lowest level to show, in dB below full scale
    #[arg(long, value_name = "DB", default_value_t = 120.0)]
    range_db: f64,

    /// Highest frequency to show, in Hz [default: half the sampling rate, or half the higher of two]
    #[arg(long, value_name = "HZ")]
    max_freq: Option<f64>,

    /// Draw the mean of all channels
    #[arg(long, conflicts_with = "channel")]
    mix: bool,

    /// Draw only this channel, counted from 1
    #[arg(long, value_name = "N")]
    channel: Option<usize>,

    /// Colours of the levels
    #[arg(long, value_enum, default_value_t = ColorMap::Magma)]
    colors: ColorMap,

    #[command(flatten)]
    picture: PictureArgs,
}

/// A recording and its spectrograms.
struct Analyzed {
    name: String,
    kind: SignalKind,
    /// One for each row of the picture.
    channels: Vec<Spectrogram>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    args.check()?;
    let file = PictureFile::new(&args.out, args.picture.overwrite)?;
    let picture = args.picture.picture();
    if let Err(error) = args.draw(picture).and_then(|picture| file.write(&picture)) {
        terminal::eprint_line(&format!("polyphase: {error:#}"));
        return Ok(ExitCode::FAILURE);
    }
    terminal::print_line(&format!("wrote {}", file.path().display()))?;
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn check(&self) -> Result<()> {
        ensure!((16..=65_536).contains(&self.fft), "--fft {}: it must be from 16 to 65536", self.fft);
        let within = |value: f64, low: f64, high: f64| value > low && value <= high;
        ensure!(within(self.range_db, 0.0, 400.0), "--range-db {}: it must be above 0 and at most 400", self.range_db);
        if let Some(hertz) = self.max_freq {
            ensure!(hertz > 0.0 && hertz.is_finite(), "--max-freq {hertz}: it must be a frequency above 0");
        }
        for input in &self.inputs {
            let same = input == &self.out
                || input.canonicalize().ok().zip(self.out.canonicalize().ok()).is_some_and(|(a, b)| a == b);
            ensure!(!same, "--out {} is an input: choose another name", self.out.display());
        }
        Ok(())
    }

    fn draw(&self, mut picture: Picture) -> Result<Picture> {
        let analyze = |path: &PathBuf| self.analyze(path, &picture).with_context(|| path.display().to_string());
        let analyzed: Vec<Analyzed> = self.inputs.iter().map(analyze).collect::<Result<_>>()?;
        let seconds =
            analyzed.iter().flat_map(|signal| &signal.channels).map(|channel| channel.seconds).fold(0.0, f64::max);
        let highest = analyzed.iter().map(|signal| f64::from(signal.kind.rate) / 2.0).fold(0.0, f64::max);
        let highest = self.max_freq.map_or(highest, |hertz| hertz.min(highest));
        let columns: Vec<_> = analyzed.iter().map(|signal| self.column(signal)).collect();
        let scales = Scales {
            x: Axis::new("Time", Quantity::Time, (0.0, seconds)),
            y: Axis::new("Frequency", Quantity::Frequency, (0.0, highest)),
            levels: (-self.range_db, 0.0),
            colors: self.colors,
            grid: false,
        };
        heat_map::draw(&mut picture, &columns, &scales);
        Ok(picture)
    }

    fn analyze(&self, path: &Path, picture: &Picture) -> Result<Analyzed> {
        let source = Source::open(path, self.orig_freq.map(NonZeroU32::get))?;
        let kind = source.kind();
        let rows = match self.channel {
            Some(channel) => {
                let channels = kind.channels;
                ensure!(
                    (1..=channels).contains(&channel),
                    "there is no channel {channel}: the recording has {channels}"
                );
                1
            }
            None if self.mix => 1,
            None => kind.channels,
        };
        let max = heat_map::max_rows(picture);
        if rows > max {
            bail!("the picture has room for {max} of its {rows} channels: add --mix, --channel, or a larger --size");
        }
        let settings = Settings {
            rate: kind.rate,
            fft: self.fft as usize,
            hop: self.hop.map(|hop| hop.get() as usize),
            window: self.window,
            max_freq: self.max_freq.unwrap_or(f64::INFINITY).min(f64::from(kind.rate) / 2.0),
            max_rows: self.picture.size.height as usize,
            max_columns: 2 * self.picture.size.width as usize,
        };
        let mut analyses: Vec<_> = (0..rows).map(|_| Analysis::new(settings)).collect();
        let mut channel_samples = Vec::new();
        source.read(|frames| {
            for (row, analysis) in analyses.iter_mut().enumerate() {
                channel_samples.clear();
                let frames = frames.chunks_exact(kind.channels);
                #[expect(clippy::cast_precision_loss, reason = "a number of channels")]
                if self.mix {
                    channel_samples.extend(frames.map(|frame| frame.iter().sum::<f64>() / kind.channels as f64));
                } else {
                    let channel = self.channel.map_or(row, |channel| channel - 1);
                    channel_samples.extend(frames.map(|frame| frame[channel]));
                }
                analysis.push(&channel_samples);
            }
        })?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Analyzed { name, kind, channels: analyses.into_iter().map(Analysis::finish).collect() })
    }

    fn column<'a>(&self, signal: &'a Analyzed) -> Column<'a> {
        let SignalKind { rate, channels } = signal.kind;
        let channels_text = match (channels, self.channel) {
            (1, _) => String::new(),
            (_, Some(channel)) => format!(" · channel {channel} of {channels}"),
            _ if self.mix => format!(" · mean of {channels} channels"),
            _ => format!(" · {channels} channels"),
        };
        let hop = signal.channels.first().map_or(0, |channel| channel.hop);
        let subtitle = format!("{rate} Hz{channels_text} · FFT {}, hop {hop}, {}", self.fft, self.window.name());
        let name = |row: usize| (signal.channels.len() > 1).then(|| channel_name(row, channels));
        let rows = signal.channels.iter().enumerate().map(|(row, levels)| (name(row), levels as &dyn Levels));
        Column { title: signal.name.clone(), subtitle, rows: rows.collect() }
    }
}

fn channel_name(row: usize, channels: usize) -> String {
    match (channels, row) {
        (2, 0) => "left".to_owned(),
        (2, 1) => "right".to_owned(),
        _ => format!("channel {}", row + 1),
    }
}

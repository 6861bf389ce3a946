//! `polyphase tutorial`: writes torchaudio's audio resampling tutorial, computed by polyphase, as a web page with
//! pictures and sounds.

mod page;
mod resampy;
mod sweep;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use polyphase::{CpuResampler, Plan, Preset, ResampleOptions, Window};
use serde::Serialize;

use self::sweep::{second_of, sweep};
use crate::bench::{self, Bench};
use crate::plot::heat_map::{self, ColorMap, Column, Scales};
use crate::plot::{Axis, Picture, Theme, filter};
use crate::spectrogram::stft::{Analysis, Settings};
use crate::spectrogram::window::FadeWindow;
use crate::threads::ThreadArgs;
use crate::{filter_curves, terminal};
use polyphase_audio::files::{self, Temporary};
use polyphase_audio::{Container, SampleFormat, Spec};
use polyphase_audio::{Output, WriteOptions, Writer};

/// Write torchaudio's audio resampling tutorial, computed by polyphase, as a web page with pictures and sounds
///
/// A sine sweep is resampled from 48 to 32 kHz with each filter of the tutorial. The page shows the spectrograms, the
/// response of each filter and the differences from resampy, plays the sounds, and lists times on this machine. It
/// needs no network: open index.html in the folder.
///
/// Exit code: 0 if it was written, 1 if one of its files could not be written, 2 if the run was refused before any
/// work.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder to write to, which is created if it does not exist
    #[arg(long, value_name = "DIR", default_value = "tutorial")]
    out: PathBuf,

    /// Replace a tutorial that exists
    #[arg(long)]
    overwrite: bool,

    #[command(flatten)]
    threads: ThreadArgs,

    /// Number of runs, of which the median is taken
    #[arg(long, value_name = "N", default_value_t = 15)]
    repeat: usize,
}

const ORIG_FREQ: u32 = 48_000;
const NEW_FREQ: u32 = 32_000;

/// Sizes of the pictures. The text is legible on a phone too, where the panels of a filter are stacked.
const SPECTROGRAM_SIZE: (u32, u32) = (800, 560);
const FILTER_SIZE: (u32, u32) = (720, 1560);
const TEXT: f64 = 2.1;

/// Samples of a transform, which is short since the sweep is fast.
const FFT: usize = 512;

/// One result of resampling the sweep.
struct Example {
    /// Stem of the names of its files.
    name: &'static str,
    title: &'static str,
    rate: u32,
    samples: Vec<f64>,
    /// `None` for the sweep itself and for resampy.
    options: Option<ResampleOptions>,
}

/// Difference between the output of a filter and that of resampy's filter of the same name.
#[derive(Debug, Serialize)]
struct Difference {
    filter: &'static str,
    mean_squared: f64,
    /// Value that the tutorial prints.
    tutorial: f64,
}

/// Figures of the page, as in `tutorial.json`.
#[derive(Debug, Serialize)]
struct Figures {
    differences: Vec<Difference>,
    times: bench::Report,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let out = args.out.display();
    let examples = examples()?;
    let index = args.out.join(INDEX);
    if !args.overwrite {
        let names = examples.iter().flat_map(file_names).chain([FIGURES.to_owned(), INDEX.to_owned()]);
        let existing = names.map(|name| args.out.join(name)).find(|path| path.symlink_metadata().is_ok());
        if let Some(path) = existing {
            bail!("{}: the file already exists: add --overwrite to replace a tutorial", path.display());
        }
    }
    fs::create_dir_all(&args.out).with_context(|| format!("creating the folder {out}"))?;
    if let Err(error) = write(args, &examples) {
        terminal::eprint_line(&format!("polyphase: {error:#}"));
        return Ok(ExitCode::FAILURE);
    }
    terminal::print_line(&format!("open {}", index.display()))?;
    Ok(ExitCode::SUCCESS)
}

const INDEX: &str = "index.html";
const FIGURES: &str = "tutorial.json";

/// Writes all files of the tutorial.
fn write(args: &Args, examples: &[Example]) -> Result<()> {
    examples.iter().try_for_each(|example| write_example(example, &args.out))?;
    let times = Bench { threads: args.threads.count(), repeat: args.repeat, clips: 0, allow_software: false }.run()?;
    let figures = Figures { differences: differences(examples)?, times };
    let json = serde_json::to_string_pretty(&figures)? + "\n";
    write_file(&args.out.join(FIGURES), json.as_bytes())?;
    // The page is written last, so that all its parts exist when it does.
    write_file(&args.out.join(INDEX), page::html(examples, &figures).as_bytes())
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    files::write_whole(path, bytes, true).with_context(|| format!("writing {}", path.display()))
}

/// The sweep and its resampled versions, in the order of the tutorial.
fn examples() -> Result<Vec<Example>> {
    let sweep = sweep(ORIG_FREQ);
    let ours = |name, title, options: ResampleOptions| {
        let plan = Plan::new(ORIG_FREQ, NEW_FREQ, options)?;
        let samples = CpuResampler::new().resample(&plan, &sweep)?;
        anyhow::Ok(Example { name, title, rate: NEW_FREQ, samples, options: Some(options) })
    };
    let by_resampy = |name, title, filter: resampy::Filter| {
        let samples = filter.resample(&sweep, ORIG_FREQ, NEW_FREQ);
        Example { name, title, rate: NEW_FREQ, samples, options: None }
    };
    let default = ResampleOptions::default();
    Ok(vec![
        Example { name: "sweep", title: "The sweep", rate: ORIG_FREQ, samples: sweep.clone(), options: None },
        ours("default", "Width 6, rolloff 0.99, Hann", default)?,
        ours("width-128", "Width 128", default.lowpass_filter_width(128.0))?,
        ours("rolloff-0.8", "Rolloff 0.8", default.rolloff(0.8))?,
        ours("kaiser", "Kaiser window", default.window(Window::KAISER))?,
        ours("kaiser-best", "kaiser_best", Preset::KaiserBest.options())?,
        by_resampy("resampy-kaiser-best", "kaiser_best (resampy)", resampy::KAISER_BEST),
        ours("kaiser-fast", "kaiser_fast", Preset::KaiserFast.options())?,
        by_resampy("resampy-kaiser-fast", "kaiser_fast (resampy)", resampy::KAISER_FAST),
    ])
}

/// Differences between the outputs of the filters and those of resampy.
fn differences(examples: &[Example]) -> Result<Vec<Difference>> {
    let samples = |name: &str| {
        let example = examples.iter().find(|example| example.name == name);
        example.map(|example| &example.samples).with_context(|| format!("there is no example {name}"))
    };
    let difference = |filter, name: &str, tutorial| {
        let (ours, theirs) = (samples(name)?, samples(&format!("resampy-{name}"))?);
        let squares = ours.iter().zip(theirs).map(|(a, b)| (a - b) * (a - b));
        anyhow::Ok(Difference { filter, mean_squared: squares.sum::<f64>() / f64::from(NEW_FREQ), tutorial })
    };
    Ok(vec![
        difference("kaiser_best", "kaiser-best", 2.0806901153659937e-06)?,
        difference("kaiser_fast", "kaiser-fast", 2.5200744248601027e-05)?,
    ])
}

/// The themes, with the suffixes of their file names.
const THEMES: [(Theme, &str); 2] = [(Theme::Light, ""), (Theme::Dark, "-dark")];

/// One file of an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Sound,
    Spectrogram(Theme),
    Filter(Theme),
}

impl Part {
    /// The parts of an example.
    fn all(example: &Example) -> impl Iterator<Item = Self> {
        let filters = THEMES.iter().filter(|_| example.options.is_some()).map(|(theme, _)| Self::Filter(*theme));
        [Self::Sound].into_iter().chain(THEMES.iter().map(|(theme, _)| Self::Spectrogram(*theme))).chain(filters)
    }

    fn file(self, example: &Example) -> String {
        let suffix = |theme| THEMES.iter().find(|(other, _)| *other == theme).map_or("", |(_, suffix)| suffix);
        match self {
            Self::Sound => format!("{}.wav", example.name),
            Self::Spectrogram(theme) => format!("{}{}.png", example.name, suffix(theme)),
            Self::Filter(theme) => format!("{}-filter{}.png", example.name, suffix(theme)),
        }
    }
}

fn file_names(example: &Example) -> impl Iterator<Item = String> {
    Part::all(example).map(|part| part.file(example))
}

fn write_example(example: &Example, folder: &Path) -> Result<()> {
    for part in Part::all(example) {
        let path = folder.join(part.file(example));
        match part {
            Part::Sound => write_wav(example, &path)?,
            Part::Spectrogram(theme) => write_file(&path, &spectrogram(example, theme).png()?)?,
            Part::Filter(theme) => {
                let options = example.options.context("an example with a filter has its options")?;
                let plan = Plan::new(ORIG_FREQ, NEW_FREQ, options)?;
                let mut picture = Picture::new(FILTER_SIZE, theme, TEXT);
                filter::draw(&mut picture, &filter_curves::curves(ORIG_FREQ, NEW_FREQ, &plan)?);
                write_file(&path, &picture.png()?)?;
            }
        }
    }
    Ok(())
}

/// Writes the sound in float32, without clipping or audible rounding.
fn write_wav(example: &Example, path: &Path) -> Result<()> {
    let writing = || format!("writing {}", path.display());
    let file = Temporary::new(path.parent().context("the file has no folder")?).with_context(writing)?;
    let spec = Spec { rate: example.rate, channels: 1, channel_mask: 0, format: SampleFormat::F32 };
    let frames = Some(example.samples.len() as u64);
    let options = WriteOptions::new(Container::Wav, spec).frames(frames);
    let mut writer = Writer::new(Output::temporary(&file)?, &options)?;
    writer.write(&example.samples)?;
    writer.finish()?;
    file.publish(path, true).with_context(writing)
}

/// Draws the spectrogram of an example: frequencies in the output over frequencies of the sweep.
fn spectrogram(example: &Example, theme: Theme) -> Picture {
    let mut picture = Picture::new(SPECTROGRAM_SIZE, theme, TEXT);
    let nyquist = f64::from(example.rate) / 2.0;
    let mut analysis = Analysis::new(Settings {
        rate: example.rate,
        fft: FFT,
        hop: None,
        window: FadeWindow::Kaiser,
        max_freq: nyquist,
        max_rows: FFT,
        max_columns: 2 * SPECTROGRAM_SIZE.0 as usize,
    });
    analysis.push(&example.samples);
    let spectrogram = analysis.finish();
    let hertz = |frequency: f64| (frequency, format!("{frequency:.0}"));
    // The most important ticks come first: later ones that would overlap them are left out.
    let swept = [24_000.0, 100.0, 1000.0, 5000.0, 500.0, 10_000.0, 2000.0].map(hertz);
    let swept = swept.map(|(frequency, text)| (second_of(frequency, ORIG_FREQ), text)).to_vec();
    let heard = [nyquist, 0.0, 10_000.0, 5000.0, 20_000.0, 15_000.0].into_iter().filter(|hertz| *hertz <= nyquist);
    let scales = Scales {
        x: Axis::named("Frequency of the sweep (Hz, log scale)", (0.0, 1.0), swept),
        y: Axis::named("Frequency (Hz)", (0.0, nyquist), heard.map(hertz).collect()),
        levels: (-120.0, 0.0),
        colors: ColorMap::Magma,
        grid: true,
    };
    let title = example.title.to_owned();
    let rows = vec![(None, &spectrogram as &dyn heat_map::Levels)];
    heat_map::draw(
        &mut picture,
        &[Column { title, subtitle: format!("sampled at {} Hz", example.rate), rows }],
        &scales,
    );
    picture
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Reads an array of the golden files.
    pub(super) fn golden(name: &str) -> Vec<f64> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/tutorial").join(name);
        match polyphase_audio::npy::read(&path).expect("a golden file") {
            polyphase_audio::npy::Array::F64(array) => array.into_iter().collect(),
            _ => panic!("{name} is float64"),
        }
    }

    #[test]
    fn differences_from_resampy_are_those_of_the_exact_filters() {
        let examples = super::examples().expect("examples");
        let differences = super::differences(&examples).expect("differences");
        // tests/suite/golden.rs computes the same values from the stored output of resampy.
        for (difference, expected) in differences.iter().zip([2.0806947e-06, 2.5200759e-05]) {
            assert!((difference.mean_squared / expected - 1.0).abs() < 3e-8, "{difference:?}");
        }
    }
}

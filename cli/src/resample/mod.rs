//! `polyphase resample`: files and folders of any audio to one sampling rate.

mod array;
pub(crate) mod convert;
mod gpu;
pub(crate) mod paths;
mod progress;
pub(crate) mod record;
mod report;
mod workers;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use polyphase::{BACKEND_VARIABLE, Backend, CpuResampler, Level, ResampleOptions, Resampler};

use self::convert::Settings;
use self::gpu::{GpuQueue, WORKERS};
use self::paths::Task;
use self::progress::Progress;
use self::record::{Earlier, Record};
use self::report::{JsonFile, Row, Status, Totals};
use crate::filter_args::FilterArgs;
use crate::rate::Rate;
use crate::{interrupt, terminal};
use polyphase_audio::files;
use polyphase_audio::{Container, SampleFormat};

/// Resample audio files, folders of them, and .npy arrays to one sampling rate.
///
/// Reads WAV, FLAC, MP3, Ogg Vorbis, AAC, ALAC, AIFF, CAF, Matroska and .npy (f32, f64, i16 or i32, of any rank, the last
/// axis is time). Writes WAV, FLAC and .npy. A file that fails is reported, and the others go on.
///
/// After an interruption or a failure --resume goes on with what is not done; what is done is recorded until then beside
/// the outputs, in .polyphase-done.jsonl. With --resume from the beginning the record is kept, to take in new files later.
///
/// Exit code: 0 if every file was resampled, 1 if one failed or the report could not be written, 2 if nothing was begun; 130
/// after Ctrl-C, 143 after SIGTERM: files at work are dropped then, and a second one ends the program at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  polyphase resample recordings --rate 16000 --out recordings-16k
  polyphase resample song.flac --rate 48000 --preset kaiser_best --sample-format f32 --format wav
  polyphase resample batch.npy --orig-freq 44100 --rate 16000")]
pub(crate) struct Args {
    /// Files and folders; folders are searched through
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,

    /// The sampling rate to resample to, in Hz; with decimals if need be, where headers hold the nearest whole number
    #[arg(long, value_name = "HZ")]
    rate: Rate,

    /// The sampling rate of the inputs, in Hz, instead of what their headers say; .npy arrays need it
    #[arg(long, value_name = "HZ")]
    orig_freq: Option<Rate>,

    /// Where the outputs go: a file keeps its name, a file found in a folder its path within it
    #[arg(long, value_name = "DIR", default_value = "resampled")]
    out: PathBuf,

    /// The kind of file to write; same writes WAV for what it cannot write
    #[arg(long, value_enum, default_value_t = Format::Same)]
    format: Format,

    /// The samples to write; same keeps the input's, or f32 for lossy formats
    #[arg(long, value_enum, default_value_t = OutputSamples::Same)]
    sample_format: OutputSamples,

    /// Do not add dither to 16-bit output
    #[arg(long)]
    no_dither: bool,

    /// Replace outputs that exist; with --resume only those that are not skipped
    #[arg(long)]
    overwrite: bool,

    /// Skip outputs that exist and were made by an earlier run of the same input with the same settings
    #[arg(long)]
    resume: bool,

    /// What computes: auto, cpu or gpu; auto takes a GPU where the work is worth the way to it, and the last line says why
    #[arg(long, value_name = "NAME", default_value_t = Backend::Auto)]
    backend: Backend,

    /// Take an adapter that computes in software for a GPU too: right, but slower than the CPU path
    #[arg(long)]
    allow_software: bool,

    /// What to compute in [default: f64 for f64 inputs, else f32]
    #[arg(long, value_enum)]
    precision: Option<Precision>,

    /// Threads to use, at most 512 [default: one for each core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,

    /// Write what became of each file, and the totals
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// No progress and no last line; errors are still printed
    #[arg(long)]
    quiet: bool,

    // Last, since its help heading would go on below it.
    #[command(flatten)]
    filter: FilterArgs,
}

/// More than any machine has use for; far more cannot be started.
const MAX_THREADS: usize = 512;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Same,
    Wav,
    Flac,
    Npy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutputSamples {
    Same,
    I16,
    I24,
    I32,
    F32,
    F64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Precision {
    F32,
    F64,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let began = Instant::now();
    if let Some(threads) = args.threads {
        ensure!((1..=MAX_THREADS).contains(&threads), "--threads is {threads}: it must be in 1..={MAX_THREADS}");
    }
    let options = args.filter.options()?;
    let container = match args.format {
        Format::Same => None,
        Format::Wav => Some(Container::Wav),
        Format::Flac => Some(Container::Flac),
        Format::Npy => Some(Container::Npy),
    };
    let format = match args.sample_format {
        OutputSamples::Same => None,
        OutputSamples::I16 => Some(SampleFormat::I16),
        OutputSamples::I24 => Some(SampleFormat::I24),
        OutputSamples::I32 => Some(SampleFormat::I32),
        OutputSamples::F32 => Some(SampleFormat::F32),
        OutputSamples::F64 => Some(SampleFormat::F64),
    };
    if let (Some(container), Some(format)) = (container, format) {
        container.check(format)?;
    }
    let mut found = paths::plan(&args.inputs, &args.out, container)?;
    ensure!(!found.tasks.is_empty() || !found.unreadable.is_empty(), "there are no audio files in these folders");
    // All that the samples depend on, but for the last bits, which may differ from machine to machine.
    let described = format!(
        "polyphase {} to {} Hz {:?}",
        env!("CARGO_PKG_VERSION"),
        args.rate,
        (args.orig_freq, options, container, format, args.precision, args.no_dither)
    );
    let earlier = Earlier::read(&args.out, &found.tasks, &described);
    let mut earlier = if args.resume { earlier? } else { earlier.unwrap_or_default() };
    if !args.resume {
        earlier.done.clear();
    }
    if !args.overwrite {
        paths::refuse_existing(&found.tasks, &earlier.done, args.resume)?;
    }
    if let Some(path) = &args.json {
        paths::refuse_report(path, &found.tasks)?;
    }
    let (resampler, mut reason) = choose_backend(args, &options)?;
    let threads =
        args.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, Into::into).min(MAX_THREADS));
    let threads = workers::within_memory(threads);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;

    // From here on there is something to leave in good order.
    interrupt::watch().context("watching for Ctrl-C")?;
    let report = args.json.as_ref().map(|path| JsonFile::create(path, &args.out)).transpose()?;
    clean(&found.tasks, &args.out, args.json.as_deref());
    let record = Arc::new(Record::new(&args.out, described));
    // One that cannot be tidied grows on.
    let _ = record.tidy(&found.tasks, &earlier);
    let skipped: Vec<Row> =
        earlier.done.iter().map(|&index| Row::without_result(&found.tasks[index], Status::Skipped)).collect();
    let mut index = 0..;
    found.tasks.retain(|_| index.next().is_none_or(|index| !earlier.is_done(index)));

    let (gpu, requests) = match &resampler.adapter() {
        Some(_) => Some(GpuQueue::new(resampler.clone())).unzip(),
        None => (None, None),
    };
    // Those that wait for the GPU need no core meanwhile.
    let workers = if gpu.is_some() { WORKERS.max(threads) } else { threads };
    let workers = workers.min(workers::room()).min(found.tasks.len()).max(1);
    // Threads that no file needs help within the files; those that do not go round are shared, since the pool has no more.
    let cpu = CpuResampler::new().with_threads(threads.div_ceil(workers));
    let settings = Settings {
        new_freq: args.rate,
        orig_freq: args.orig_freq,
        options,
        precision: args.precision,
        format,
        dither: !args.no_dither,
        overwrite: args.overwrite,
        record: Arc::clone(&record),
        cpu,
        gpu,
    };

    let progress = Progress::new(found.tasks.len(), found.tasks.iter().map(|task| task.bytes).sum(), args.quiet);
    if !args.rate.is_whole() && !args.quiet {
        progress.say(&format!("headers hold whole numbers of Hz: {} for {}", args.rate.rounded()?, args.rate));
    }
    for (path, reason) in &found.unreadable {
        progress.say(&format!("polyphase: {}: {reason}", path.display()));
    }
    let (mut rows, tally) = workers::convert_all(found.tasks, settings, &progress, workers, requests)?;
    progress.finish();

    rows.extend(skipped);
    rows.extend(found.unreadable.iter().map(|(path, reason)| Row::unreadable(path, reason)));
    if let Some(cpu_reason) = &tally.cpu_reason {
        reason = format!("{reason}; {} clips on the CPU: {cpu_reason}", tally.cpu_clips);
    } else if resampler.adapter().is_some() && tally.gpu_clips == 0 {
        "nothing here suits the GPU".clone_into(&mut reason);
    }
    let count = |status| rows.iter().filter(|row| row.status() == status).count();
    let (seconds, wall) = (rows.iter().map(Row::seconds).sum::<f64>(), began.elapsed().as_secs_f64());
    let totals = Totals {
        clips: count(Status::Done),
        skipped: count(Status::Skipped),
        failed: count(Status::Failed),
        interrupted: count(Status::Interrupted),
        passed_over: found.passed_over,
        seconds,
        clipped_samples: rows.iter().map(Row::clipped).sum(),
        wall_seconds: wall,
        times_real_time: seconds / wall,
        backend: if tally.gpu_clips > 0 { "GPU" } else { "CPU" },
        backend_reason: reason,
        adapter: resampler.adapter().map(|adapter| adapter.name.clone()),
        simd_level: Level::best().to_string(),
        threads,
        filter: options.into(),
    };
    let reported = report.map_or(Ok(()), |report| report.write(&rows, &totals));
    if let Err(error) = &reported {
        terminal::complain(&format!("polyphase: {error:#}"));
    }
    if !args.quiet {
        // The work is done, whether or not anyone hears of it.
        let _ = terminal::print(&totals.summary());
    }
    let complete = totals.failed + totals.interrupted == 0;
    if complete && !args.resume && !earlier.exists {
        // There is nothing to go on with.
        record.remove();
    }
    let code = interrupt::asked().filter(|_| totals.interrupted > 0);
    Ok(ExitCode::from(code.unwrap_or_else(|| u8::from(!complete || reported.is_err()))))
}

/// Removes what killed runs have left in the folders that this one writes to.
fn clean(tasks: &[Task], out: &Path, report: Option<&Path>) {
    let folders = tasks.iter().map(|task| &*task.output).chain(report).filter_map(Path::parent);
    let folders: BTreeSet<_> = folders.chain([out]).collect();
    folders.into_iter().for_each(files::remove_stale);
}

/// The backend that was asked for, here or in the environment, and why it is that one.
fn choose_backend(args: &Args, options: &ResampleOptions) -> Result<(Resampler, String)> {
    let asked = std::env::var(BACKEND_VARIABLE).ok().filter(|_| args.backend == Backend::Auto);
    let backend = asked.map_or(Ok(args.backend), |name| name.parse()).context(BACKEND_VARIABLE)?;
    if backend == Backend::Auto && !Resampler::is_worth_a_gpu(options) {
        let reason = "so short a filter is done before its samples were on a GPU";
        return Ok((Resampler::new(Backend::Cpu, false)?, reason.to_owned()));
    }
    let hint =
        || format!("--backend {backend}: see polyphase devices, or use --backend cpu; --allow-software takes software");
    let resampler = Resampler::new(backend, args.allow_software).with_context(hint)?;
    let reason = resampler.reason().to_owned();
    Ok((resampler, reason))
}

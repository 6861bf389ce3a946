//! `polyphase resample`: files and folders of any audio to one sampling rate.

mod array;
pub(crate) mod convert;
mod gpu;
mod paths;
mod progress;
mod report;

use std::num::NonZeroU32;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use polyphase::{BACKEND_VARIABLE, Backend, CpuResampler, Level, ResampleOptions, Resampler};

use self::convert::{Settings, convert};
use self::gpu::{GpuQueue, Requests, Tally, WORKERS};
use self::paths::Task;
use self::progress::Progress;
use self::report::{JsonFile, Row, Totals};
use crate::audio::{Container, SampleFormat};
use crate::filter_args::FilterArgs;
use crate::{panics, terminal};

/// Resample audio files, folders of them, and .npy arrays to one sampling rate.
///
/// Reads WAV, FLAC, MP3, Ogg Vorbis, AAC, ALAC, AIFF, CAF, Matroska and .npy (f32, f64, i16 or i32, of any rank, the last
/// axis is time). Writes WAV, FLAC and .npy. A file that fails is reported, and the others go on.
///
/// Exit code: 0 if every file was resampled, 1 if one failed or the report could not be written, 2 if nothing was begun.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  polyphase resample recordings --rate 16000 --out recordings-16k
  polyphase resample song.flac --rate 48000 --preset kaiser_best --sample-format f32 --format wav
  polyphase resample batch.npy --orig-freq 44100 --rate 16000")]
pub(crate) struct Args {
    /// Files and folders; folders are searched through
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,

    /// The sampling rate to resample to, in Hz
    #[arg(long, value_name = "HZ")]
    rate: NonZeroU32,

    /// The sampling rate of the inputs, in Hz, instead of what their headers say; .npy arrays need it
    #[arg(long, value_name = "HZ")]
    orig_freq: Option<NonZeroU32>,

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

    /// Replace outputs that exist
    #[arg(long)]
    overwrite: bool,

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
    let found = paths::plan(&args.inputs, &args.out, container, args.overwrite)?;
    ensure!(!found.tasks.is_empty() || !found.unreadable.is_empty(), "there are no audio files in these folders");
    let report = match &args.json {
        Some(path) => {
            paths::refuse_report(path, &found.tasks)?;
            Some(JsonFile::create(path, &args.out)?)
        }
        None => None,
    };

    let (resampler, mut reason) = choose_backend(args, &options)?;
    let threads =
        args.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, Into::into).min(MAX_THREADS));
    let (gpu, requests) = match &resampler.adapter() {
        Some(_) => Some(GpuQueue::new(resampler.clone())).unzip(),
        None => (None, None),
    };
    // Those that wait for the GPU need no core meanwhile.
    let workers = if gpu.is_some() { WORKERS.max(threads) } else { threads }.min(found.tasks.len()).max(1);
    // Threads that no file needs help within the files; those that do not go round are shared, since the pool has no more.
    let cpu = CpuResampler::new().with_threads(threads.div_ceil(workers));
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let settings = Settings {
        new_freq: args.rate.get(),
        orig_freq: args.orig_freq.map(NonZeroU32::get),
        options,
        precision: args.precision,
        format,
        dither: !args.no_dither,
        overwrite: args.overwrite,
        cpu,
        gpu,
    };

    let progress = Progress::new(found.tasks.len(), found.tasks.iter().map(|task| task.bytes).sum(), args.quiet);
    for (path, reason) in &found.unreadable {
        progress.say(&format!("polyphase: {}: {reason}", path.display()));
    }
    let (mut rows, tally) = convert_all(&found.tasks, &settings, &progress, workers, requests);
    progress.finish();

    rows.extend(found.unreadable.iter().map(|(path, reason)| Row::unreadable(path, reason)));
    if let Some(cpu_reason) = &tally.cpu_reason {
        reason = format!("{reason}; {} clips on the CPU: {cpu_reason}", tally.cpu_clips);
    } else if resampler.adapter().is_some() && tally.gpu_clips == 0 {
        "nothing here suits the GPU".clone_into(&mut reason);
    }
    let failed = rows.iter().filter(|row| row.failed()).count();
    let (seconds, wall) = (rows.iter().map(Row::seconds).sum::<f64>(), began.elapsed().as_secs_f64());
    let totals = Totals {
        clips: rows.len() - failed,
        failed,
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
        filter: settings.options.into(),
    };
    let reported = report.map_or(Ok(()), |report| report.write(&rows, &totals));
    if let Err(error) = &reported {
        terminal::complain(&format!("polyphase: {error:#}"));
    }
    if !args.quiet {
        // The work is done, whether or not anyone hears of it.
        let _ = terminal::print(&totals.summary());
    }
    Ok(ExitCode::from(u8::from(totals.failed > 0 || reported.is_err())))
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

/// Converts the files on so many workers, and returns a row for each, in their order, and what the GPU did.
fn convert_all(
    tasks: &[Task],
    settings: &Settings,
    progress: &Progress,
    workers: usize,
    requests: Option<Requests>,
) -> (Vec<Row>, Tally) {
    // Whatever panics fails one file: its message comes with the others, not from the hook.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let rows = Mutex::new(Vec::with_capacity(tasks.len()));
    let tally = thread::scope(|scope| {
        let server = settings.gpu.as_ref().zip(requests);
        let server = server.map(|(gpu, requests)| scope.spawn(move || gpu.serve(requests)));
        let worker = || {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(task) = tasks.get(index) else { break };
                    let began = Instant::now();
                    let result = panic::catch_unwind(AssertUnwindSafe(|| convert(task, settings, progress)))
                        .unwrap_or_else(|panic| {
                            bail!("a fault of this program, please report it: {}", panics::text(&*panic))
                        })
                        .map_err(|error| format!("{error:#}"));
                    if let Err(error) = &result {
                        progress.say(&format!("polyphase: {}: {error}", task.input.display()));
                    }
                    let row = Row::new(task, settings.new_freq, result, began.elapsed());
                    rows.lock().unwrap_or_else(PoisonError::into_inner).push((index, row));
                    progress.file_done(done.fetch_add(1, Ordering::Relaxed) + 1);
                }
            })
        };
        let workers: Vec<_> = (0..workers).map(|_| worker()).collect();
        for worker in workers {
            // It catches what panics in a file.
            let _ = worker.join();
        }
        if let Some(gpu) = &settings.gpu {
            gpu.close();
        }
        server.and_then(|server| server.join().ok()).unwrap_or_default()
    });
    panic::set_hook(hook);
    let mut rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
    rows.sort_by_key(|(index, _)| *index);
    (rows.into_iter().map(|(_, row)| row).collect(), tally)
}

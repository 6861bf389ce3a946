//! `polyphase resample`: resamples files and folders to one sampling rate.
//!
//! [`Prepared::new`] checks everything that can be checked before a file is written, [`execute`] converts the files,
//! [`report`] reports the results.

mod args;
mod array;
mod conversion;
mod convert;
mod gpu;
pub(crate) mod paths;
mod progress;
pub(crate) mod record;
mod report;
mod settings;
mod workers;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use polyphase::{BACKEND_VARIABLE, Backend, CpuResampler, ResampleOptions, Resampler};
use polyphase_audio::{Channels, Level, files};

pub(crate) use self::args::Args;
use self::conversion::format_error;
use self::gpu::{GpuQueue, Tally, WORKERS};
use self::paths::{Task, Tasks};
use self::progress::Progress;
use self::record::{Earlier, Record};
use self::report::{JsonFile, Row, Status, Totals};
use self::settings::Settings;
use crate::devices::no_gpu;
use crate::{interrupt, terminal};

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let began = Instant::now();
    let prepared = Prepared::new(args)?;
    let outcome = execute(args, prepared)?;
    Ok(report(args, outcome, began))
}

/// A run with valid arguments, before anything is written.
struct Prepared {
    options: ResampleOptions,
    found: Tasks,
    earlier: Earlier,
    /// Text of all settings that the samples depend on.
    described: String,
    resampler: Resampler,
    /// Reason for the choice of the backend.
    reason: String,
    threads: usize,
}

impl Prepared {
    fn new(args: &Args) -> Result<Self> {
        let options = args.filter.options()?;
        let (container, format) = (args.format.0, args.sample_format.0);
        if let (Some(container), Some(format)) = (container, format) {
            container.check(format).map_err(format_error)?;
        }
        let found = paths::plan(&args.inputs, &args.out, container)?;
        ensure!(!found.tasks.is_empty() || !found.unreadable.is_empty(), "there are no audio files in these folders");
        // The machine is not among the settings, though the last bits of a sample may depend on it.
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
        let threads = workers::limited_by_memory(args.threads.count());
        // Before the library asks for the number of threads, which would create a pool of another size.
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
        let bytes = found.tasks.iter().map(|task| task.bytes).sum();
        let (resampler, reason) = choose_backend(args, &options, bytes)?;
        Ok(Self { options, found, earlier, described, resampler, reason, threads })
    }
}

/// The results of a run.
struct Outcome {
    rows: Vec<Row>,
    tally: Tally,
    prepared: Prepared,
    record: Arc<Record>,
    report: Option<JsonFile>,
}

/// Converts the files that earlier runs have not finished.
fn execute(args: &Args, mut prepared: Prepared) -> Result<Outcome> {
    let Prepared { options, found, earlier, described, resampler, threads, .. } = &mut prepared;
    let threads = *threads;
    // From here on, files are written.
    interrupt::watch().context("watching for Ctrl-C")?;
    let report = args.json.as_ref().map(|path| JsonFile::create(path, &args.out)).transpose()?;
    clean(&found.tasks, &args.out, args.json.as_deref());
    let record = Arc::new(Record::new(&args.out, std::mem::take(described)));
    // A record that cannot be tidied is still valid.
    let _ = record.tidy(&found.tasks, earlier);
    let skipped: Vec<Row> =
        earlier.done.iter().map(|&index| Row::without_result(&found.tasks[index], Status::Skipped)).collect();
    let mut index = 0..;
    let mut tasks = std::mem::take(&mut found.tasks);
    tasks.retain(|_| index.next().is_none_or(|index| !earlier.is_done(index)));

    let (gpu, requests) = match &resampler.adapter() {
        Some(_) => Some(GpuQueue::new(resampler.clone())).unzip(),
        None => (None, None),
    };
    // Workers that wait for the GPU use no CPU core, so there may be more of them than cores.
    let workers = if gpu.is_some() { WORKERS.max(threads) } else { threads };
    let workers = workers.min(workers::limit_by_open_files()).min(tasks.len()).max(1);
    let settings = Settings {
        new_freq: args.rate,
        orig_freq: args.orig_freq,
        options: *options,
        channels: Channels::All,
        level: Level::Unchanged,
        raw: None,
        precision: args.precision,
        format: args.sample_format.0,
        dither: !args.no_dither,
        overwrite: args.overwrite,
        record: Arc::clone(&record),
        // With fewer files than threads, each file gets several threads.
        cpu: CpuResampler::new().with_threads(threads.div_ceil(workers)),
        gpu,
    };

    let progress = Progress::new(tasks.len(), tasks.iter().map(|task| task.bytes).sum(), args.quiet);
    if !args.rate.is_whole() && !args.quiet {
        let rounded = args.rate.rounded()?;
        progress.eprint_line(&format!("file headers hold whole numbers of Hz: {rounded} instead of {}", args.rate));
    }
    for (path, reason) in &found.unreadable {
        progress.eprint_line(&format!("polyphase: {}: {reason}", path.display()));
    }
    let (mut rows, tally) = workers::convert_all(tasks, settings, &progress, workers, requests)?;
    progress.finish();
    rows.extend(skipped);
    rows.extend(found.unreadable.iter().map(|(path, reason)| Row::unreadable(path, reason)));
    Ok(Outcome { rows, tally, prepared, record, report })
}

/// Writes the report, prints the last line, and returns the exit code.
fn report(args: &Args, outcome: Outcome, began: Instant) -> ExitCode {
    let Outcome { rows, tally, prepared, record, report } = outcome;
    let adapter = prepared.resampler.adapter();
    let backend_reason = match &tally.cpu_reason {
        Some(reason) => format!("{}; {} clips on the CPU: {reason}", prepared.reason, tally.cpu_clips),
        None if adapter.is_some() && tally.gpu_clips == 0 => "no file here is suited to the GPU".to_owned(),
        None => prepared.reason,
    };
    let count = |status| rows.iter().filter(|row| row.status() == status).count();
    let (seconds, wall) = (rows.iter().map(Row::seconds).sum::<f64>(), began.elapsed().as_secs_f64());
    let totals = Totals {
        clips: count(Status::Done),
        skipped: count(Status::Skipped),
        failed: count(Status::Failed),
        interrupted: count(Status::Interrupted),
        passed_over: prepared.found.passed_over,
        seconds,
        clipped_samples: rows.iter().map(Row::clipped).sum(),
        wall_seconds: wall,
        times_real_time: seconds / wall,
        backend: if tally.gpu_clips > 0 { "GPU" } else { "CPU" },
        backend_reason,
        adapter: adapter.map(|adapter| adapter.name.clone()),
        simd_level: polyphase::Level::best().to_string(),
        threads: prepared.threads,
        filter: prepared.options.into(),
    };
    let reported = report.map_or(Ok(()), |report| report.write(&rows, &totals));
    if let Err(error) = &reported {
        terminal::eprint_line(&format!("polyphase: {error:#}"));
    }
    if !args.quiet {
        // A line that cannot be printed is no failure: the work is done.
        let _ = terminal::print_line(&totals.summary());
    }
    let complete = totals.failed + totals.interrupted == 0;
    if complete && !args.resume && !prepared.earlier.exists {
        record.remove();
    }
    let code = interrupt::exit_requested().filter(|_| totals.interrupted > 0);
    ExitCode::from(code.unwrap_or_else(|| u8::from(!complete || reported.is_err())))
}

/// Removes temporary files that killed runs left in the folders of the outputs and of the report.
fn clean(tasks: &[Task], out: &Path, report: Option<&Path>) {
    let folders = tasks.iter().map(|task| &*task.output).chain(report).filter_map(Path::parent);
    let folders: BTreeSet<_> = folders.chain([out]).collect();
    folders.into_iter().for_each(files::remove_stale);
}

/// Most samples, of inputs and outputs, for a byte of an input file: those of lossy formats at low bit rates.
const SAMPLES_PER_BYTE: u64 = 20;

/// Opens the backend that the option or the environment selects, and returns it with the reason for the choice.
fn choose_backend(args: &Args, options: &ResampleOptions, bytes: u64) -> Result<(Resampler, String)> {
    let variable = std::env::var(BACKEND_VARIABLE).ok().filter(|_| args.backend == Backend::Auto);
    let from_variable = variable.is_some();
    let backend = variable.map_or(Ok(args.backend), |name| name.parse()).context(BACKEND_VARIABLE)?;
    let mut builder = Resampler::builder().backend(backend).allow_software(args.allow_software);
    if let Some(adapter) = &args.adapter {
        builder = builder.adapter(adapter);
    }
    let option = if from_variable { format!("{BACKEND_VARIABLE}={backend}") } else { format!("--backend {backend}") };
    let resampler = builder.build().map_err(|error| no_gpu(&option, error, args.allow_software))?;
    if backend == Backend::Auto && !resampler.could_use_gpu(options, bytes.saturating_mul(SAMPLES_PER_BYTE)) {
        let reason = "the CPU is faster than a GPU, which would first have to be opened".to_owned();
        return Ok((Resampler::builder().backend(Backend::Cpu).build()?, reason));
    }
    let reason = match resampler.reason() {
        Some(reason) => reason.to_string(),
        None if backend == Backend::Gpu => "the GPU was requested".to_owned(),
        None => "a GPU was found".to_owned(),
    };
    Ok((resampler, reason))
}

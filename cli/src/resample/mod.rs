//! `polyphase resample`: resamples files and folders to one sampling rate.
//!
//! [`Prepared::new`] checks everything that can be checked before a file is written, [`execute`] converts the files,
//! or [`dry_run`](dry_run::execute) prints what would be done, and [`report`] reports the results.

mod args;
mod array;
mod backend;
mod base;
mod conversion;
mod convert;
mod converted;
mod described;
mod dry_run;
mod figures;
mod globs;
mod gpu;
mod kept;
mod listing;
pub(crate) mod paths;
mod pipe;
mod progress;
pub(crate) mod record;
mod refusal;
mod report;
mod search;
mod settings;
mod shard;
mod workers;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use polyphase::{CpuResampler, ResampleOptions, Resampler};
use polyphase_audio::{Container, files};

pub(crate) use self::args::Args;
use self::conversion::format_error;
use self::globs::Globs;
use self::gpu::{GpuQueue, Tally, WORKERS};
use self::paths::{Orphan, Selection, Target, Task, Tasks};
use self::progress::Progress;
use self::record::{Earlier, Record};
use self::report::{JsonFile, Row, Status, Totals};
use self::settings::{STDOUT, Settings};
use crate::terminal::shown;
use crate::{interrupt, terminal};

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let began = Instant::now();
    args.refuse_numbers()?;
    if args.output.out.as_os_str() == STDOUT {
        return pipe::run(args);
    }
    let prepared = Prepared::new(args)?;
    let outcome = if args.resuming.dry_run { dry_run::execute(args, prepared)? } else { execute(args, prepared)? };
    Ok(report(args, outcome, began))
}

/// A run with valid arguments, before anything is written.
struct Prepared {
    options: ResampleOptions,
    target: Target,
    found: Tasks,
    earlier: Earlier,
    /// Text of all settings that the samples depend on.
    described: String,
    /// File of the report.
    json: Option<PathBuf>,
    /// True to keep a record of finished files.
    is_recorded: bool,
    resampler: Resampler,
    /// Reason for the choice of the backend.
    reason: String,
    threads: usize,
}

impl Prepared {
    fn new(args: &Args) -> Result<Self> {
        let options = args.filter.options()?;
        let (container, format, shard) = (args.output.format.0, args.output.sample_format.0, args.resuming.shard);
        let selection = selection(args)?;
        let target = Target::new(&args.output.out, &selection, container)?;
        let written = match target {
            Target::File(_, container) => Some(container),
            Target::Folder(_) => container,
        };
        if let (Some(container), Some(format)) = (written, format) {
            container.check(format).map_err(format_error)?;
        }
        // The machine is not among the settings, though the last bits of a sample may depend on it.
        let described = described::described(args, &options);
        let (resume, overwrite) = (args.resuming.resume, args.output.overwrite);
        let recorded = |tasks: &[Task]| kept::read(target.folder(), tasks, &described, resume);
        let found = paths::plan(&selection, &target, container, shard, recorded)?;
        refuse_nothing(&found)?;
        let earlier = Earlier::read(target.folder(), &found.tasks, &described);
        let mut earlier = if resume { earlier? } else { earlier.unwrap_or_default() };
        let could_resume = !earlier.done.is_empty();
        if !resume {
            earlier.done.clear();
        }
        if !overwrite {
            let left = found.tasks.iter().enumerate().filter(|(index, _)| !earlier.is_done(*index));
            paths::refuse_existing(left, resume.then_some(|index| earlier.difference(index)), could_resume)?;
        }
        let json = args.messages.json.as_deref().map(|path| report::path_of_share(path, shard));
        if let Some(path) = json.as_ref().filter(|path| path.as_os_str() != STDOUT) {
            paths::refuse_report(path, &found.tasks)?;
        }
        let threads = workers::limited_by_memory(args.threads.count());
        // Before the library asks for the number of threads, which would create a pool of another size.
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
        let (resampler, reason) = backend::choose(&args.speed, &options, &found.tasks)?;
        // A record beside a single named file would be litter.
        let is_recorded = resume || !args.resuming.no_record && matches!(target, Target::Folder(_));
        Ok(Self { options, target, found, earlier, described, json, is_recorded, resampler, reason, threads })
    }
}

/// The inputs that the arguments select.
fn selection(args: &Args) -> Result<Selection> {
    let input = &args.input;
    Ok(Selection {
        inputs: input.inputs.clone(),
        listed: input.files_from.as_deref().map(listing::read).transpose()?.unwrap_or_default(),
        relative_to: input.relative_to.clone(),
        globs: Globs::new(&input.include, &input.exclude)?,
        follow_links: input.follow_links,
        headerless: input.raw.is_some(),
    })
}

/// Returns an error if no share has anything to do.
fn refuse_nothing(found: &Tasks) -> Result<()> {
    if found.tasks.len() + found.other_shares + found.failures.len() > 0 {
        return Ok(());
    }
    let reasons = reasons(&found.passed_over.iter().map(|passed| passed.reason).collect::<Vec<_>>());
    if reasons.is_empty() {
        bail!("there are no audio files among the inputs")
    }
    let reasons: Vec<_> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    bail!("there are no audio files among the inputs; passed over: {}", reasons.join(", "))
}

/// Number of times that each reason occurs.
fn reasons(reasons: &[&'static str]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for reason in reasons {
        *counts.entry(*reason).or_default() += 1;
    }
    counts
}

/// The results of a run.
struct Outcome {
    rows: Vec<Row>,
    tally: Tally,
    prepared: Prepared,
    report: Option<JsonFile>,
}

/// Converts the files that earlier runs have not finished.
fn execute(args: &Args, mut prepared: Prepared) -> Result<Outcome> {
    let Prepared { options, target, found, earlier, described, json, is_recorded, resampler, threads, .. } =
        &mut prepared;
    let (threads, shard) = (*threads, args.resuming.shard);
    // From here on, files are written.
    interrupt::watch().context("watching for Ctrl-C")?;
    let report = json.as_ref().map(|path| JsonFile::create(path, target.folder())).transpose()?;
    // Other machines may work on other shares, and their locks may be invisible here.
    if shard.is_none() {
        clean(&found.tasks, target.folder(), json.as_deref());
    }
    let (new_freq, described) = (args.output.rate, std::mem::take(described));
    let filter = (*options).into();
    let record = Record::new(target.folder(), shard, *is_recorded, described, new_freq, &filter);
    // A record that cannot be tidied is still valid.
    let _ = record.tidy(&found.tasks);
    let mut index = 0..;
    let mut tasks = std::mem::take(&mut found.tasks);
    let mut skipped = Vec::new();
    tasks.retain(|task| {
        let done = index.next().and_then(|index| earlier.done.remove(&index));
        let is_left = done.is_none();
        skipped.extend(done.map(|figures| Row::skipped(task, figures)));
        is_left
    });
    conversion::check_folders(&tasks)?;

    let (gpu, requests) = match &resampler.adapter() {
        Some(_) => Some(GpuQueue::new(resampler.clone())).unzip(),
        None => (None, None),
    };
    // Workers that wait for the GPU use no CPU core, so there may be more of them than cores.
    let workers = if gpu.is_some() { WORKERS.max(threads) } else { threads };
    let workers = workers.min(workers::limit_by_open_files()).min(tasks.len()).max(1);
    let settings = Settings {
        new_freq,
        orig_freq: args.input.orig_freq,
        options: *options,
        channels: args.channels.channels(),
        level: args.channels.level(),
        raw: args.input.raw,
        axis: args.input.axis.unwrap_or(-1),
        precision: args.speed.precision,
        format: args.output.sample_format.0,
        dither: !args.output.no_dither,
        overwrite: args.output.overwrite,
        record: Arc::new(record),
        // With fewer files than threads, each file gets several threads.
        cpu: CpuResampler::new().with_threads(threads.div_ceil(workers)),
        gpu,
    };

    let bytes = tasks.iter().map(|task| task.bytes).sum();
    let progress = Progress::new(tasks.len(), bytes, args.messages.quiet);
    print_notes(args, &tasks, found, &progress)?;
    let (mut rows, tally) = workers::convert_all(tasks, settings, &progress, workers, requests)?;
    progress.finish();
    rows.extend(skipped);
    rows.extend(other_rows(found));
    Ok(Outcome { rows, tally, prepared, report })
}

/// A rate below that of any audio file, in Hz. It may be meant as kHz. Arrays may have any rate.
const LOW_RATE: f64 = 1000.0;

/// Prints what the user should know before the files are converted.
fn print_notes(args: &Args, tasks: &[Task], found: &Tasks, progress: &Progress) -> Result<()> {
    let rate = args.output.rate;
    if rate.hz() < LOW_RATE && tasks.iter().any(|task| task.container != Container::Npy) {
        progress.note(&format!("the outputs have {rate} samples a second: --rate is in Hz, so 48 kHz is 48000"));
    }
    if !rate.is_whole() {
        let rounded = rate.rounded()?;
        progress.note(&format!("file headers hold whole numbers of Hz: {rounded} instead of {rate}"));
    }
    let mut whole_names = tasks.iter().filter(|task| task.whole_name);
    if let Some(task) = whole_names.next() {
        let count = 1 + whole_names.count();
        let text = if count == 1 {
            "1 input differs from another only in its extension, so its output keeps it:".to_owned()
        } else {
            format!("{count} inputs differ only in their extension, so their outputs keep it, for example")
        };
        progress.note(&format!("{text} {}", shown(&task.output)));
    }
    for line in orphan_lines(found) {
        progress.note(&line);
    }
    for line in failure_lines(found) {
        progress.eprint_line(&line);
    }
    Ok(())
}

/// Lines that name the outputs of earlier runs whose inputs have other outputs now.
fn orphan_lines(found: &Tasks) -> impl Iterator<Item = String> {
    found.orphans.iter().map(|Orphan { orphan, input, output }| {
        format!("{} is left of an earlier run: the output of {} is now {}", shown(orphan), shown(input), shown(output))
    })
}

/// Errors of the files that fail before any is opened.
fn failure_lines(found: &Tasks) -> impl Iterator<Item = String> {
    found.failures.iter().map(|failure| format!("polyphase: {}: {}", shown(&failure.path), failure.reason))
}

/// Rows for everything that was found and is not resampled.
fn other_rows(found: &Tasks) -> impl Iterator<Item = Row> {
    let failures = found.failures.iter().map(|failure| Row::failure(&failure.path, &failure.reason));
    failures.chain(found.passed_over.iter().map(|passed| Row::passed_over(&passed.path, passed.reason)))
}

/// Writes the report, prints the last line, and returns the exit code.
fn report(args: &Args, outcome: Outcome, began: Instant) -> ExitCode {
    let Outcome { mut rows, tally, prepared, report } = outcome;
    rows.sort_by_cached_key(Row::order);
    let totals = totals(args, &rows, &tally, prepared, began);
    let reported = report.map_or(Ok(()), |report| report.write(&rows, &totals));
    if let Err(error) = &reported {
        terminal::eprint_line(&format!("polyphase: {error:#}"));
    }
    if !args.messages.quiet {
        // A line that cannot be printed is no failure: the work is done.
        let _ = print_result(args, &totals.summary());
    }
    let complete = totals.failed + totals.interrupted == 0;
    let code = interrupt::exit_requested().filter(|_| totals.interrupted > 0);
    ExitCode::from(code.unwrap_or_else(|| u8::from(!complete || reported.is_err())))
}

/// Prints a line to stdout, or to stderr if stdout gets the report.
fn print_result(args: &Args, line: &str) -> io::Result<()> {
    if args.messages.json.as_deref().is_none_or(|path| path.as_os_str() != STDOUT) {
        return terminal::print_line(line);
    }
    terminal::eprint_line(line);
    Ok(())
}

fn totals(args: &Args, rows: &[Row], tally: &Tally, prepared: Prepared, began: Instant) -> Totals {
    let adapter = prepared.resampler.adapter();
    let backend_reason = match &tally.cpu_reason {
        Some(reason) => format!("{}; {} clips on the CPU: {reason}", prepared.reason, tally.cpu_clips),
        None if adapter.is_some() && tally.gpu_clips == 0 => "no file here is suited to the GPU".to_owned(),
        None => prepared.reason,
    };
    let count = |status| rows.iter().filter(|row| row.status() == status).count();
    let done = || rows.iter().filter_map(Row::done);
    let (seconds, wall) =
        (done().map(|done| done.seconds).fold(0.0, |sum, seconds| sum + seconds), began.elapsed().as_secs_f64());
    let passed_over: Vec<_> = prepared.found.passed_over.iter().map(|passed| passed.reason).collect();
    Totals {
        clips: count(Status::Done),
        skipped: count(Status::Skipped),
        failed: count(Status::Failed),
        interrupted: count(Status::Interrupted),
        dry_run: args.resuming.dry_run,
        planned: count(Status::Planned),
        passed_over: passed_over.len(),
        passed_over_reasons: reasons(&passed_over),
        other_shares: prepared.found.other_shares,
        orphans: prepared.found.orphans.iter().map(|orphan| report::text(&orphan.orphan)).collect(),
        seconds,
        clipped_samples: done().map(|done| done.clipped_samples).sum(),
        wall_seconds: wall,
        times_real_time: seconds / wall,
        backend: if tally.gpu_clips > 0 { "GPU" } else { "CPU" },
        backend_reason,
        adapter: adapter.map(|adapter| adapter.name.clone()),
        simd_level: polyphase::Level::best().to_string(),
        threads: prepared.threads,
        filter: args.filter.summary(),
        filter_options: prepared.options.into(),
        is_recorded: prepared.is_recorded,
    }
}

/// Removes temporary files that killed runs left in the folders of the outputs and of the report.
fn clean(tasks: &[Task], out: &Path, report: Option<&Path>) {
    let folders = tasks.iter().map(|task| &*task.output).chain(report).filter_map(Path::parent);
    let folders: BTreeSet<_> = folders.chain([out]).collect();
    folders.into_iter().for_each(files::remove_stale);
}

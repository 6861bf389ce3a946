//! [`convert_all`]: runs the threads that convert files. Each thread converts one file at a time.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};

use super::convert::convert;
use super::gpu::{Requests, Tally};
use super::paths::Task;
use super::progress::Progress;
use super::report::{Row, Status};
use super::settings::Settings;
use crate::interrupt::{self, Interrupted};
use crate::panics;
use crate::terminal::{one_line, shown};
use polyphase_audio::files;

/// Time that threads have to stop after a signal, before the process ends without them.
const GRACE: Duration = Duration::from_millis(500);

/// Interval at which signals are polled.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Limits a number of threads to those that fit in the address space. glibc reserves up to 128 MiB of address space for
/// each thread, and aborts the program if none is left for a new thread.
pub(super) fn limited_by_memory(threads: usize) -> usize {
    #[cfg(unix)]
    if let Some(bytes) = rustix::process::getrlimit(rustix::process::Resource::As).current {
        return threads.min(usize::try_from(bytes >> 27).unwrap_or(usize::MAX)).max(1);
    }
    threads
}

/// Raises the limit of open files as far as permitted, and returns the number of workers that it allows.
pub(super) fn limit_by_open_files() -> usize {
    /// Files that a worker opens: the input, the output twice, and the channels of an array.
    const EACH: u64 = 8;
    /// Files for everything else: terminal, record, GPU driver.
    const OTHERS: u64 = 32;
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        // If the limit cannot be raised, there are fewer workers.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        usize::try_from(files.saturating_sub(OTHERS) / EACH).unwrap_or(usize::MAX)
    }
    #[cfg(not(unix))]
    usize::MAX
}

/// Converts the files. Returns a row for each, in the order of the tasks, and the clips that each backend computed.
///
/// # Errors
/// If no thread can be started.
pub(super) fn convert_all(
    tasks: Vec<Task>,
    settings: Settings,
    progress: &Progress,
    workers: usize,
    requests: Option<Requests>,
) -> Result<(Vec<Row>, Tally)> {
    // A panic fails one file, and is reported as the error of that file instead of by the panic hook.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let gpu = settings.gpu.clone();
    let server = gpu.clone().zip(requests);
    let server = server.map(|(gpu, requests)| thread::Builder::new().spawn(move || gpu.serve(requests))).transpose()?;

    let (report, results) = mpsc::channel();
    let shared = Arc::new(Shared {
        tasks,
        settings,
        progress: progress.clone(),
        next: AtomicUsize::new(0),
        done: AtomicUsize::new(0),
    });
    let worker = |_| {
        let (shared, report) = (Arc::clone(&shared), report.clone());
        thread::Builder::new().spawn(move || shared.work(|index, row| report.send((index, row)).is_ok()))
    };
    // If fewer threads can be started, those do all the work.
    let started = (0..workers).map_while(|index| worker(index).ok()).count();
    drop(report);
    ensure!(started > 0, "no thread can be started");

    let mut rows: Vec<Option<Row>> = shared.tasks.iter().map(|_| None).collect();
    let mut requested_at = None;
    let all_ended = loop {
        match results.recv_timeout(POLL_INTERVAL) {
            Ok((index, row)) => rows[index] = Some(row),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break true,
        }
        if interrupt::exit_requested().is_some() && requested_at.get_or_insert_with(Instant::now).elapsed() > GRACE {
            // The threads are in long operations, and end with the process.
            files::remove_live();
            break false;
        }
    };
    let tally = server.filter(|_| all_ended).and_then(|server| {
        gpu.iter().for_each(|gpu| gpu.close());
        server.join().ok()
    });
    panic::set_hook(hook);
    let rows = rows.into_iter().zip(&shared.tasks);
    let rows = rows.map(|(row, task)| row.unwrap_or_else(|| Row::without_result(task, Status::Interrupted)));
    Ok((rows.collect(), tally.unwrap_or_default()))
}

/// State that the workers share.
struct Shared {
    tasks: Vec<Task>,
    settings: Settings,
    progress: Progress,
    next: AtomicUsize,
    done: AtomicUsize,
}

impl Shared {
    /// Converts files until there are no more, or a signal was received. Calls `report` after each file, and stops if
    /// `report` returns false.
    fn work(&self, report: impl Fn(usize, Row) -> bool) {
        while interrupt::exit_requested().is_none() {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(task) = self.tasks.get(index) else { break };
            let began = Instant::now();
            let result = panic::catch_unwind(AssertUnwindSafe(|| convert(task, &self.settings, &self.progress)));
            let result = result.unwrap_or_else(|panic| {
                Err(anyhow!("a bug of this program, please report it: {}", panics::message(&*panic)))
            });
            if result.as_ref().is_err_and(|error| error.is::<Interrupted>()) {
                break;
            }
            let result = result.map(|converted| self.settings.record.figures(&converted));
            let result = result.map_err(|error| format!("{error:#}"));
            if let Err(error) = &result {
                self.progress.eprint_line(&format!("polyphase: {}: {}", shown(&task.input), one_line(error)));
            }
            for warning in result.iter().flat_map(|figures| &figures.warnings) {
                self.progress.note(&format!("polyphase: {}: warning: {}", shown(&task.input), one_line(warning)));
            }
            let row = Row::new(task, result, began.elapsed());
            self.progress.file_done(self.done.fetch_add(1, Ordering::Relaxed) + 1);
            if !report(index, row) {
                break;
            }
        }
    }
}

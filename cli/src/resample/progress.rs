//! [`Progress`]: a progress bar on a terminal, and a line every ten seconds elsewhere.

use std::io::{IsTerminal, stderr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::terminal;

/// Interval between lines if there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Progress of a run, shared by the workers.
#[derive(Clone)]
pub(super) struct Progress(Arc<Inner>);

struct Inner {
    /// Progress in bytes of input. Hidden if there is no terminal.
    bar: ProgressBar,
    lines: Option<Mutex<Lines>>,
    files: usize,
    quiet: bool,
}

struct Lines {
    last: Instant,
    files_done: usize,
}

impl Progress {
    pub(super) fn new(files: usize, bytes: u64, quiet: bool) -> Self {
        let terminal = stderr().is_terminal();
        let target =
            if quiet || !terminal { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(10) };
        let bar = ProgressBar::with_draw_target(Some(bytes), target);
        let template = "{bar:32} {percent:>3}%  {msg} of {files} files, {bytes} of {total_bytes}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            let write_files = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = write!(out, "{files}");
            };
            bar.set_style(style.with_key("files", write_files).progress_chars("█▉▊▋▌▍▎▏ "));
        }
        bar.set_message("0");
        let lines = (!quiet && !terminal).then(|| Mutex::new(Lines { last: Instant::now(), files_done: 0 }));
        Self(Arc::new(Inner { bar, lines, files, quiet }))
    }

    /// Adds bytes of input that were read.
    pub(super) fn advance(&self, bytes: u64) {
        self.0.bar.inc(bytes);
        self.line(0);
    }

    /// Sets the number of files that are done, failed ones included.
    pub(super) fn file_done(&self, files_done: usize) {
        self.0.bar.set_message(files_done.to_string());
        self.line(files_done);
    }

    /// Prints a line without disturbing the bar.
    pub(super) fn eprint_line(&self, line: &str) {
        self.0.bar.suspend(|| terminal::eprint_line(line));
    }

    /// Prints a line that is not an error, unless the run is quiet.
    pub(super) fn note(&self, line: &str) {
        if !self.0.quiet {
            self.eprint_line(line);
        }
    }

    /// Removes the bar.
    pub(super) fn finish(&self) {
        self.0.bar.finish_and_clear();
    }

    /// Prints a line if there is no terminal and the last line is old enough.
    fn line(&self, files_done: usize) {
        let Some(lines) = &self.0.lines else { return };
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.files_done = lines.files_done.max(files_done);
        if lines.last.elapsed() < LINE_EVERY {
            return;
        }
        lines.last = Instant::now();
        let bar = &self.0.bar;
        let (done, total) = (bar.position(), bar.length().unwrap_or(0));
        terminal::eprint_line(&format!(
            "{} of {} files, {} of {}, {} left",
            lines.files_done,
            self.0.files,
            HumanBytes(done),
            HumanBytes(total),
            HumanDuration(bar.eta()),
        ));
    }
}

//! The results of a run: a row for each file and the totals, for `--json` and for the summary line.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::figures::Figures;
use super::paths::Task;
use super::settings::STDOUT;
use super::shard::Shard;
use crate::filter_args::FilterRow;
use crate::terminal::{print_bytes, shown};
use anyhow::{Context, Result, ensure};
use polyphase_audio::files::{self, Temporary};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Row {
    status: Status,
    input: String,
    /// Bytes of a path that is not UTF-8, which `input` shows with replacement characters; else `null`.
    input_bytes: Option<Vec<u8>>,
    /// `null` for a path that is not resampled, or failed.
    output: Option<String>,
    /// Bytes of an output that is not UTF-8, else `null`.
    output_bytes: Option<Vec<u8>>,
    /// `null` for files that did not fail.
    error: Option<String>,
    /// Reason for skipping or passing over the file; `null` for other files.
    reason: Option<&'static str>,
    /// True if the output has the whole name of the input, since another input differs only in the extension.
    whole_name: bool,
    /// Absent for files that have not been resampled.
    #[serde(flatten)]
    figures: Option<Figures>,
    wall_seconds: f64,
}

/// Outcome for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Done,
    /// Resampled by an earlier run.
    Skipped,
    Failed,
    /// Not finished when a signal ended the run.
    Interrupted,
    /// Not resampled, for instance since its name has no audio extension.
    PassedOver,
    /// Would be resampled, in a dry run.
    Planned,
}

#[derive(Debug, Serialize)]
pub(super) struct Totals {
    pub(super) clips: usize,
    pub(super) skipped: usize,
    pub(super) failed: usize,
    /// Files that were not finished when a signal ended the run.
    pub(super) interrupted: usize,
    /// True if nothing was to be written; then `planned` files would be resampled.
    pub(super) dry_run: bool,
    pub(super) planned: usize,
    pub(super) passed_over: usize,
    /// Number of files that were passed over for each reason.
    pub(super) passed_over_reasons: BTreeMap<&'static str, usize>,
    /// Files of other shares.
    pub(super) other_shares: usize,
    /// Outputs of earlier runs whose inputs have other outputs now.
    pub(super) orphans: Vec<String>,
    /// Seconds of audio. The channels of a file are not added up, and files of earlier runs do not count.
    pub(super) seconds: f64,
    pub(super) clipped_samples: u64,
    pub(super) wall_seconds: f64,
    pub(super) times_real_time: f64,
    pub(super) backend: &'static str,
    pub(super) backend_reason: String,
    /// Name of the GPU, if there is one.
    pub(super) adapter: Option<String>,
    pub(super) simd_level: String,
    pub(super) threads: usize,
    /// Name of the preset, and the options that differ from it.
    pub(super) filter: String,
    #[serde(flatten)]
    pub(super) filter_options: FilterRow,
    /// True if `--resume` would continue the run.
    #[serde(skip)]
    pub(super) is_recorded: bool,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    files: &'a [Row],
    totals: &'a Totals,
}

impl Row {
    /// A row for a file that this run resampled or failed to resample.
    pub(super) fn new(task: &Task, result: Result<Figures, String>, wall: Duration) -> Self {
        let (status, error, figures) = match result {
            Ok(figures) => (Status::Done, None, Some(figures)),
            Err(error) => (Status::Failed, Some(error), None),
        };
        Self { error, figures, wall_seconds: wall.as_secs_f64(), ..Self::without_result(task, status) }
    }

    /// A row for a file that this run did not finish.
    pub(super) fn without_result(task: &Task, status: Status) -> Self {
        let output = Some(&*task.output).filter(|_| status != Status::Failed);
        Self {
            output: output.map(text),
            output_bytes: output.and_then(bytes),
            whole_name: task.whole_name,
            ..Self::bare(&task.input, status)
        }
    }

    /// A row for a file that an earlier run resampled.
    pub(super) fn skipped(task: &Task, figures: Figures) -> Self {
        let reason = Some("done by an earlier run");
        Self { reason, figures: Some(figures), ..Self::without_result(task, Status::Skipped) }
    }

    /// A row for a path that is not resampled.
    pub(super) fn passed_over(path: &Path, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..Self::bare(path, Status::PassedOver) }
    }

    /// A row for a path that fails before any file is opened.
    pub(super) fn failure(path: &Path, error: &str) -> Self {
        Self { error: Some(error.to_owned()), ..Self::bare(path, Status::Failed) }
    }

    fn bare(path: &Path, status: Status) -> Self {
        Self {
            status,
            input: text(path),
            input_bytes: bytes(path),
            output: None,
            output_bytes: None,
            error: None,
            reason: None,
            whole_name: false,
            figures: None,
            wall_seconds: 0.0,
        }
    }

    pub(super) fn status(&self) -> Status {
        self.status
    }

    /// Figures of a file that this run resampled.
    pub(super) fn done(&self) -> Option<&Figures> {
        self.figures.as_ref().filter(|_| self.status == Status::Done)
    }

    /// Order of the rows in a report: that of the paths.
    pub(super) fn order(&self) -> impl Ord + use<> {
        (self.input.clone(), self.input_bytes.clone(), self.output.clone(), self.status)
    }
}

impl Totals {
    /// The summary, which is the last line that the program prints.
    pub(super) fn summary(&self) -> String {
        if self.dry_run {
            let mut line = format!("{} would be resampled; filter {}", files_text(self.planned), self.filter);
            if self.skipped > 0 {
                line.push_str(&format!("; {} would be skipped, done by an earlier run", files_text(self.skipped)));
            }
            if self.failed > 0 {
                line.push_str(&format!("; {} would fail", files_text(self.failed)));
            }
            return line + &self.others();
        }
        if self.clips == 0 {
            return self.nothing_done() + &self.others();
        }
        let mut line = format!(
            "{}, {:.1} s of audio in {:.2} s, {:.0} times real time{} on the {} ({}): {}",
            files_text(self.clips),
            self.seconds,
            self.wall_seconds,
            self.times_real_time,
            if self.failed > 0 { format!("; {} failed;", files_text(self.failed)) } else { ",".to_owned() },
            self.backend,
            match &self.adapter {
                Some(adapter) if self.backend == "GPU" => adapter.clone(),
                _ => format!("{}, {} thread{}", self.simd_level, self.threads, plural(self.threads)),
            },
            self.backend_reason,
        );
        line.push_str(&format!("; filter {}", self.filter));
        if self.skipped > 0 {
            line.push_str(&format!("; {} skipped, done by an earlier run", files_text(self.skipped)));
        }
        line.push_str(&self.others());
        if self.clipped_samples > 0 {
            line.push_str(&format!("; {} samples clipped to full scale", self.clipped_samples));
        }
        line
    }

    /// The beginning of the summary of a run that resampled no file.
    fn nothing_done(&self) -> String {
        let beginning = if self.failed + self.interrupted > 0 { "nothing was resampled" } else { "nothing to do" };
        let were = if self.skipped == 1 { "was" } else { "were" };
        let failed = (self.failed > 0).then(|| format!("{} failed", files_text(self.failed)));
        let done = (self.skipped > 0).then(|| format!("{} {were} done by an earlier run", files_text(self.skipped)));
        let details: Vec<_> = failed.into_iter().chain(done).collect();
        if details.is_empty() { beginning.to_owned() } else { format!("{beginning}: {}", details.join("; ")) }
    }

    /// The files that were not resampled, for the summary.
    fn others(&self) -> String {
        let mut text = String::new();
        if self.interrupted > 0 {
            text.push_str(&format!("; interrupted, {} left", files_text(self.interrupted)));
            text.push_str(if self.is_recorded { ": continue with --resume" } else { "" });
        }
        if self.passed_over > 0 {
            let reasons = self.passed_over_reasons.iter().map(|(reason, count)| format!("{count} {reason}"));
            let reasons = reasons.collect::<Vec<_>>().join(", ");
            text.push_str(&format!("; {} passed over: {reasons}", files_text(self.passed_over)));
        }
        if self.other_shares > 0 {
            text.push_str(&format!("; {} in other shares", files_text(self.other_shares)));
        }
        text
    }
}

/// Text of a path, with replacement characters for bytes that are not UTF-8.
pub(super) fn text(path: &Path) -> String {
    path.display().to_string()
}

/// Bytes of a path that is not UTF-8.
fn bytes(path: &Path) -> Option<Vec<u8>> {
    path.to_str().is_none().then(|| path.as_os_str().as_encoded_bytes().to_vec())
}

fn files_text(count: usize) -> String {
    format!("{count} file{}", plural(count))
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Path of the report of a share, such as `report.3-of-8.json`. Stdout, a pipe or a device keeps its name.
pub(super) fn path_of_share(path: &Path, shard: Option<Shard>) -> PathBuf {
    let Some(label) = shard.and_then(Shard::label) else { return path.to_owned() };
    if path.as_os_str() == STDOUT || path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return path.to_owned();
    }
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!(".{label}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// File of a report. It is opened before any work, so that a report that cannot be written is found at once.
pub(super) enum JsonFile {
    New(Temporary, PathBuf),
    /// A pipe or a device.
    Existing(File),
    Stdout,
}

impl JsonFile {
    /// Opens the file of a report. If the report is in `out`, the folder of the outputs, its folder is created.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(super) fn create(path: &Path, out: &Path) -> Result<Self> {
        let context = || format!("--json {}", shown(path));
        if path.as_os_str() == STDOUT {
            return Ok(Self::Stdout);
        }
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Ok(Self::Existing(File::options().write(true).open(path).with_context(context)?));
        }
        // Replace the target of a link, and not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = files::folder_of(&path);
        if folder.starts_with(out) {
            files::create_folder(folder).with_context(context)?;
        }
        ensure!(folder.is_dir(), "--json {}: there is no folder {}", shown(&path), shown(folder));
        Ok(Self::New(Temporary::new(folder).with_context(context)?, path))
    }

    /// Writes the report as JSON.
    pub(super) fn write(self, files: &[Row], totals: &Totals) -> Result<()> {
        let json = serde_json::to_string_pretty(&Report { files, totals })? + "\n";
        match self {
            Self::Stdout => print_bytes(json.as_bytes()).context("writing the report")?,
            Self::Existing(mut file) => file.write_all(json.as_bytes()).context("writing the report")?,
            Self::New(temporary, path) => {
                let context = || format!("writing {}", shown(&path));
                let mut file = temporary.writer().with_context(context)?;
                file.write_all(json.as_bytes()).with_context(context)?;
                file.sync_all().with_context(context)?;
                temporary.publish(&path, true).with_context(context)?;
            }
        }
        Ok(())
    }
}

//! The results of a run: a row for each file and the totals, for `--json` and for the summary line.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::conversion::Converted;
use super::paths::Task;
use crate::filter_args::FilterRow;
use crate::rate::{self, Rate};
use anyhow::{Context, Result};
use polyphase_audio::files::{self, Temporary};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Row {
    status: Status,
    input: String,
    /// `null` for a path that cannot be read or searched.
    output: Option<String>,
    /// `null` for files that did not fail.
    error: Option<String>,
    #[serde(flatten)]
    converted: Option<ConvertedRow>,
    wall_seconds: f64,
}

/// Outcome for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Done,
    /// Resampled by an earlier run.
    Skipped,
    Failed,
    /// Not finished when a signal ended the run.
    Interrupted,
}

#[derive(Debug, Serialize)]
struct ConvertedRow {
    #[serde(serialize_with = "rate::serialize")]
    orig_freq: Rate,
    #[serde(serialize_with = "rate::serialize")]
    new_freq: Rate,
    channels: usize,
    input_frames: u64,
    output_frames: u64,
    seconds: f64,
    sample_format: &'static str,
    clipped_samples: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Totals {
    pub(super) clips: usize,
    pub(super) skipped: usize,
    pub(super) failed: usize,
    /// Files that were not finished when a signal ended the run.
    pub(super) interrupted: usize,
    /// Files in folders that are skipped, since their names are not those of audio files.
    pub(super) passed_over: usize,
    /// Seconds of audio. The channels of a file are not added up.
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
    #[serde(flatten)]
    pub(super) filter: FilterRow,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    files: &'a [Row],
    totals: &'a Totals,
}

impl Row {
    /// A row for a file that this run resampled or failed to resample.
    pub(super) fn new(task: &Task, new_freq: Rate, result: Result<Converted, String>, wall: Duration) -> Self {
        let (status, error, converted) = match result {
            Ok(converted) => (Status::Done, None, Some(converted)),
            Err(error) => (Status::Failed, Some(error), None),
        };
        #[expect(clippy::cast_precision_loss, reason = "a duration to read")]
        let converted = converted.map(|converted| ConvertedRow {
            orig_freq: converted.orig_freq,
            new_freq,
            channels: converted.channels,
            input_frames: converted.frames_in,
            output_frames: converted.frames_out,
            seconds: converted.frames_in as f64 / converted.orig_freq.hz(),
            sample_format: converted.format.name(),
            clipped_samples: converted.clipped,
        });
        Self { status, error, converted, wall_seconds: wall.as_secs_f64(), ..Self::without_result(task, status) }
    }

    /// A row for a file that this run did not finish.
    pub(super) fn without_result(task: &Task, status: Status) -> Self {
        Self {
            status,
            input: task.input.display().to_string(),
            output: Some(task.output.display().to_string()),
            error: None,
            converted: None,
            wall_seconds: 0.0,
        }
    }

    /// A row for a path that cannot be read or searched.
    pub(super) fn unreadable(path: &Path, reason: &str) -> Self {
        Self {
            status: Status::Failed,
            input: path.display().to_string(),
            output: None,
            error: Some(reason.to_owned()),
            converted: None,
            wall_seconds: 0.0,
        }
    }

    pub(super) fn status(&self) -> Status {
        self.status
    }

    pub(super) fn seconds(&self) -> f64 {
        self.converted.as_ref().map_or(0.0, |converted| converted.seconds)
    }

    pub(super) fn clipped(&self) -> u64 {
        self.converted.as_ref().map_or(0, |converted| converted.clipped_samples)
    }
}

impl Totals {
    /// The summary, which is the last line that the program prints.
    pub(super) fn summary(&self) -> String {
        let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        let mut line = format!(
            "{}, {:.1} s of audio in {:.2} s, {:.0} times real time, on the {} ({}): {}",
            plural(self.clips, "file"),
            self.seconds,
            self.wall_seconds,
            self.times_real_time,
            self.backend,
            match &self.adapter {
                Some(adapter) if self.backend == "GPU" => adapter.clone(),
                _ => format!("{}, {}", self.simd_level, plural(self.threads, "thread")),
            },
            self.backend_reason,
        );
        if self.skipped > 0 {
            line.push_str(&format!("; {} skipped, done by an earlier run", plural(self.skipped, "file")));
        }
        if self.interrupted > 0 {
            line.push_str(&format!("; interrupted, {} left: continue with --resume", plural(self.interrupted, "file")));
        }
        if self.failed > 0 {
            line.push_str(&format!("; {} failed", plural(self.failed, "file")));
        }
        if self.passed_over > 0 {
            line.push_str(&format!("; {} ignored, without an audio extension", plural(self.passed_over, "file")));
        }
        if self.clipped_samples > 0 {
            line.push_str(&format!("; {} samples clipped to full scale", self.clipped_samples));
        }
        line
    }
}

/// File of a report. It is opened before any work, so that a report that cannot be written is found at once.
pub(super) enum JsonFile {
    New(Temporary, PathBuf),
    /// A pipe or a device.
    Existing(File),
}

impl JsonFile {
    /// Opens the file of a report. If the report is in `out`, the folder of the outputs, its folder is created.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(super) fn create(path: &Path, out: &Path) -> Result<Self> {
        let context = || format!("--json {}", path.display());
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Ok(Self::Existing(File::options().write(true).open(path).with_context(context)?));
        }
        // Replace the target of a link, and not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = files::folder_of(&path);
        if folder.starts_with(out) {
            files::create_folder(folder).with_context(context)?;
        }
        Ok(Self::New(Temporary::new(folder).with_context(context)?, path))
    }

    /// Writes the report as JSON.
    pub(super) fn write(self, files: &[Row], totals: &Totals) -> Result<()> {
        let json = serde_json::to_string_pretty(&Report { files, totals })? + "\n";
        match self {
            Self::Existing(mut file) => file.write_all(json.as_bytes()).context("writing the report")?,
            Self::New(temporary, path) => {
                let context = || format!("writing {}", path.display());
                let mut file = temporary.writer().with_context(context)?;
                file.write_all(json.as_bytes()).with_context(context)?;
                file.sync_all().with_context(context)?;
                temporary.publish(&path, true).with_context(context)?;
            }
        }
        Ok(())
    }
}

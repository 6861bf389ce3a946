//! [`Record`]: the finished outputs, for `--resume`, in a file in the output folder, with one line of JSON for each. A
//! run that finishes all files removes the record, unless it existed before or `--resume` was given.
//!
//! ```text
//! {"output":"a.wav","output_is":{size, time},"input":"/in/a.flac","input_is":{size, time},"settings":"…"}
//! ```
//!
//! A line holds the size and modification time of its output, and is written just before the output is renamed. A line
//! counts only if the file of that name has this size and time, so a run may be killed at any point.

use std::collections::{HashMap, HashSet};
use std::fs::{self, Metadata};
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::paths::Task;
use polyphase_audio::files::{File, Temporary};

/// Name of the record in the folder of the outputs.
pub(crate) const NAME: &str = ".polyphase-done.jsonl";

/// Length of the longest line in bytes. The rest of a longer line is skipped.
const MAX_LINE: u64 = 1 << 16;

/// Record of one output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    /// Path of the output, relative to the folder of the outputs.
    output: Name,
    output_is: Stamp,
    /// Absolute path of the input.
    input: Name,
    input_is: Stamp,
    /// Text of all settings that the samples depend on.
    settings: String,
}

/// A path, as text if it is valid Unicode, else as bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
enum Name {
    Text(String),
    Bytes(Vec<u8>),
}

impl From<&Path> for Name {
    fn from(path: &Path) -> Self {
        match path.to_str() {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Bytes(path.as_os_str().as_encoded_bytes().to_vec()),
        }
    }
}

/// Size and modification time of a file, by which a change is detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    bytes: u64,
    /// Nanoseconds since the beginning of 1970.
    modified: i64,
}

impl Stamp {
    /// Stamp of a file with this metadata; `None` if it is not a regular file.
    pub(super) fn new(metadata: &Metadata) -> Option<Self> {
        let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        let modified = i64::try_from(since.as_nanos()).ok()?;
        metadata.is_file().then_some(Self { bytes: metadata.len(), modified })
    }

    /// Stamp of the file at a path.
    pub(super) fn of_path(path: &Path) -> Option<Self> {
        Self::new(&path.metadata().ok()?)
    }
}

/// Contents of the record that earlier runs left.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    /// Indices of the tasks whose outputs exist and were made from the same inputs with the same settings.
    pub(super) done: HashSet<usize>,
    /// Number of lines whose output no longer exists or has changed.
    stale: usize,
    /// Number of other lines.
    current: usize,
    /// True if there is a record.
    pub(super) exists: bool,
}

impl Earlier {
    /// Reads the record of a folder. A missing record is empty, and damaged lines are stale.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(crate) fn read(out: &Path, tasks: &[Task], settings: &str) -> Result<Self> {
        let path = out.join(NAME);
        let context = || path.display().to_string();
        check_kind(&path).with_context(context)?;
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            file => file.with_context(context)?,
        };
        let expected = Expected::new(out, tasks);
        Self::parse(BufReader::new(file), &expected, settings).with_context(context)
    }

    /// True if the task of this index is done.
    pub(crate) fn is_done(&self, index: usize) -> bool {
        self.done.contains(&index)
    }

    fn parse(record: impl BufRead, expected: &Expected<'_>, settings: &str) -> io::Result<Self> {
        let mut earlier = Self { exists: true, ..Self::default() };
        for_each_line(record, |line| {
            if let Some(line) = expected.current(line) {
                earlier.current += 1;
                earlier.done.extend(expected.task(&line, settings));
            } else {
                earlier.stale += 1;
            }
            Ok(())
        })?;
        Ok(earlier)
    }
}

/// The tasks of this run, by the names of their outputs.
struct Expected<'a> {
    planned: HashMap<Name, Planned<'a>>,
}

struct Planned<'a> {
    index: usize,
    task: &'a Task,
    output_is: Option<Stamp>,
}

impl<'a> Expected<'a> {
    fn new(out: &Path, tasks: &'a [Task]) -> Self {
        let planned = tasks.iter().enumerate().map(|(index, task)| {
            (output_name(out, &task.output), Planned { index, task, output_is: Stamp::of_path(&task.output) })
        });
        Self { planned: planned.collect() }
    }

    /// Parses a line. `None` if the line is damaged, or if its output belongs to this run and is missing or has
    /// changed.
    fn current(&self, line: &[u8]) -> Option<Line> {
        let line: Line = serde_json::from_slice(line).ok()?;
        let planned = self.planned.get(&line.output);
        planned.is_none_or(|planned| planned.output_is == Some(line.output_is)).then_some(line)
    }

    /// Index of the task that a line records as done.
    fn task(&self, line: &Line, settings: &str) -> Option<usize> {
        let planned = self.planned.get(&line.output)?;
        let same = line.settings == settings
            && line.input == input_name(&planned.task.input)?
            && Some(line.input_is) == Stamp::of_path(&planned.task.input);
        same.then_some(planned.index)
    }
}

fn output_name(out: &Path, output: &Path) -> Name {
    Name::from(output.strip_prefix(out).unwrap_or(output))
}

/// Absolute path of an input; `None` if it does not exist.
fn input_name(input: &Path) -> Option<Name> {
    input.canonicalize().ok().map(|path| Name::from(&*path))
}

/// Calls `each` with every line, one line in memory at a time.
fn for_each_line(mut reader: impl BufRead, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if (&mut reader).take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.last() != Some(&b'\n') {
            reader.skip_until(b'\n')?;
        }
        each(&line)?;
    }
}

/// The record of this run.
#[derive(Debug)]
pub(crate) struct Record {
    path: PathBuf,
    out: PathBuf,
    settings: String,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Unopened,
    Open(File),
    /// A write has failed, and the failure has been reported.
    GivenUp,
}

impl Record {
    /// Record in the folder `out`. The file is created with the first line.
    pub(crate) fn new(out: &Path, settings: String) -> Self {
        Self { path: out.join(NAME), out: out.to_owned(), settings, state: Mutex::new(State::Unopened) }
    }

    /// Rewrites the record without its stale lines, if most are stale.
    pub(crate) fn tidy(&self, tasks: &[Task], earlier: &Earlier) -> Result<()> {
        /// Number of stale lines that are not worth a rewrite.
        const FEW: usize = 100;
        if earlier.stale <= earlier.current + FEW {
            return Ok(());
        }
        let expected = Expected::new(&self.out, tasks);
        let tidied = Temporary::new(&self.out)?;
        let mut writer = BufWriter::new(tidied.writer()?);
        for_each_line(BufReader::new(File::open(&self.path)?), |line| match expected.current(line) {
            Some(_) => writer.write_all(line),
            None => Ok(()),
        })?;
        writer.flush()?;
        writer.get_ref().sync_all()?;
        tidied.publish(&self.path, true)?;
        Ok(())
    }

    /// Appends a finished output.
    ///
    /// # Errors
    /// If the line cannot be written. Only the first failure is an error: after it, nothing is recorded.
    pub(super) fn add(&self, task: &Task, input_is: Stamp, output_is: Stamp) -> Result<()> {
        let Some(input) = input_name(&task.input) else { return Ok(()) };
        let output = output_name(&self.out, &task.output);
        let line = Line { output, output_is, input, input_is, settings: self.settings.clone() };
        let line = serde_json::to_string(&line)? + "\n";
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let written = match &mut *state {
            State::GivenUp => return Ok(()),
            State::Open(file) => file.write_all(line.as_bytes()),
            State::Unopened => self.begin().and_then(|mut file| {
                let written = file.write_all(line.as_bytes());
                *state = State::Open(file);
                written
            }),
        };
        if written.is_err() {
            *state = State::GivenUp;
        }
        let context = || format!("{}: --resume will not find all files of this run", self.path.display());
        written.with_context(context)
    }

    /// Removes the record, unless other runs are writing to it.
    pub(crate) fn remove(&self) {
        if let State::Open(file) = &*self.state.lock().unwrap_or_else(PoisonError::into_inner)
            && file.as_std().try_lock().is_ok()
        {
            // A record that cannot be removed is harmless: its lines are correct.
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Opens the record to append to it.
    fn begin(&self) -> io::Result<File> {
        check_kind(&self.path)?;
        let mut file = File::append(&self.path)?;
        // Without file locks, simultaneous runs in the same folder may lose their record.
        let _ = file.as_std().lock_shared();
        // A killed run may have left an unfinished line.
        if file.seek(SeekFrom::End(0))? > 0 {
            file.seek(SeekFrom::End(-1))?;
            let mut last = [0];
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
            }
        }
        Ok(file)
    }
}

/// Checks that a path is a regular file or does not exist. Opening a pipe would block.
fn check_kind(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(metadata) if !metadata.is_file() => Err(io::Error::other("it is not a regular file")),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

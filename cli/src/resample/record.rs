//! [`Record`]: the finished outputs, for `--resume`, in a file in the output folder, with one line of JSON for each.
//!
//! ```text
//! {"output":"x/a.wav","output_is":{size, time},"input":"x/a.flac","input_is":{size, time},"settings":"…","figures":{…}}
//! ```
//!
//! Paths are relative to the folders of the outputs and of the inputs, so that both may move. A line holds the size and
//! modification time of its output, and is written just before the output is renamed. A line counts only if the file of
//! that name has this size and time, so a run may be killed at any point.
//!
//! Each share of `--shard` appends to a record of its own, since several machines cannot append to one file on every
//! network file system. All records of the folder are read.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::converted::Converted;
use super::figures::Figures;
use super::paths::Task;
use super::shard::Shard;
use crate::filter_args::FilterRow;
use crate::rate::Rate;
use crate::terminal::shown;
use polyphase_audio::files::{File, Temporary};

/// Name of the record in the folder of the outputs.
pub(crate) const NAME: &str = ".polyphase-done.jsonl";

/// Beginning and end of the names of all records.
const NAMES: (&str, &str) = (".polyphase-done", ".jsonl");

/// Name of the record of a share.
fn name_for(shard: Option<Shard>) -> String {
    let (start, end) = NAMES;
    shard.and_then(Shard::label).map_or_else(|| NAME.to_owned(), |label| format!("{start}-{label}{end}"))
}

/// Paths of all records in a folder, in order. The main record is among them even if it does not exist.
pub(super) fn all_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let is_record = |name: &String| name.starts_with(NAMES.0) && name.ends_with(NAMES.1) && name != NAME;
    let mut paths: Vec<_> = names.filter(is_record).map(|name| folder.join(name)).collect();
    paths.push(folder.join(NAME));
    paths.sort();
    paths
}

/// Length of the longest line in bytes. The rest of a longer line is skipped.
const MAX_LINE: u64 = 1 << 16;

/// Record of one output.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Line {
    /// Path of the output, relative to the folder of the outputs.
    pub(super) output: Name,
    pub(super) output_is: Stamp,
    /// Path of the input, relative to the input folder.
    pub(super) input: Name,
    pub(super) input_is: Stamp,
    /// Text of all settings that the samples depend on.
    pub(super) settings: String,
    figures: Figures,
}

/// A path, as text if it is valid Unicode, else as bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Name {
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
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
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

    /// True if the stamps are those of the same file. Some file systems and archives keep whole seconds only.
    fn is_same(self, other: Self) -> bool {
        const SECOND: i64 = 1_000_000_000;
        let times = [self.modified, other.modified];
        let is_whole = times.iter().any(|time| time % SECOND == 0);
        let same_second = times[0].div_euclid(SECOND) == times[1].div_euclid(SECOND);
        self.bytes == other.bytes && (times[0] == times[1] || is_whole && same_second)
    }

    /// True if there are stamps of the same file.
    pub(super) fn agree(one: Option<Self>, other: Self) -> bool {
        one.is_some_and(|one| one.is_same(other))
    }
}

/// Contents of the records that earlier runs left.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    /// Figures of the tasks, by index, whose outputs exist and were made from the same inputs with the same settings.
    pub(super) done: HashMap<usize, Figures>,
    /// What the last line of a task that is not done differs in.
    differences: HashMap<usize, &'static str>,
}

impl Earlier {
    /// Reads the records of a folder. A missing record is empty, and lines that are damaged or of the format of earlier
    /// versions do not count.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(crate) fn read(out: &Path, tasks: &[Task], settings: &str) -> Result<Self> {
        let expected = Expected::new(out, tasks);
        let mut earlier = Self::default();
        for path in all_in(out) {
            let context = || shown(&path);
            check_kind(&path).with_context(context)?;
            let file = match File::open(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                file => file.with_context(context)?,
            };
            let read = for_each_line(BufReader::new(file), |line| {
                earlier.add(&expected, line, settings);
                Ok(())
            });
            read.with_context(context)?;
        }
        Ok(earlier)
    }

    fn add(&mut self, expected: &Expected<'_>, line: &[u8], settings: &str) {
        let Ok(line) = serde_json::from_slice::<Line>(line) else { return };
        let Some(planned) = expected.planned.get(&line.output) else { return };
        match planned.difference(&line, settings) {
            Some(difference) => self.differences.insert(planned.index, difference),
            None => self.done.insert(planned.index, line.figures).and(None),
        };
    }

    /// Reason why the task of this index is not done.
    pub(super) fn difference(&self, index: usize) -> &'static str {
        self.differences.get(&index).copied().unwrap_or("not recorded")
    }

    /// True if the task of this index is done.
    pub(crate) fn is_done(&self, index: usize) -> bool {
        self.done.contains_key(&index)
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

    /// True if a line is not damaged, and its output has not changed or does not belong to this run.
    fn is_current(&self, line: &[u8]) -> bool {
        let Ok(line) = serde_json::from_slice::<Line>(line) else { return false };
        let planned = self.planned.get(&line.output);
        planned.is_none_or(|planned| Stamp::agree(planned.output_is, line.output_is))
    }
}

impl Planned<'_> {
    /// Property in which a recorded output differs from that of the task. `None` if the task is done.
    fn difference(&self, line: &Line, settings: &str) -> Option<&'static str> {
        if !Stamp::agree(self.output_is, line.output_is) {
            return Some("the output has changed since, or was copied without its times");
        }
        if line.input != Name::from(&*self.task.name) {
            return Some("made from another input");
        }
        if line.settings != settings {
            return Some("made with other settings");
        }
        let is_same = Stamp::agree(Stamp::of_path(&self.task.input), line.input_is);
        (!is_same).then_some("the input has changed since, or was copied without its times")
    }
}

pub(super) fn output_name(out: &Path, output: &Path) -> Name {
    Name::from(output.strip_prefix(out).unwrap_or(output))
}

/// Calls `each` with every line, one line in memory at a time.
pub(super) fn for_each_line(mut reader: impl BufRead, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
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
    new_freq: Rate,
    filter: String,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Unopened,
    Open(File),
    /// Nothing is recorded, by request or since a write has failed, which has been reported.
    Off,
}

impl Record {
    /// Record in the folder `out`. The file is created with the first line, if the record is `kept`.
    pub(super) fn new(
        out: &Path,
        shard: Option<Shard>,
        kept: bool,
        settings: String,
        new_freq: Rate,
        filter: &FilterRow,
    ) -> Self {
        let state = Mutex::new(if kept { State::Unopened } else { State::Off });
        let path = out.join(name_for(shard));
        Self { path, out: out.to_owned(), settings, new_freq, filter: filter.to_string(), state }
    }

    /// Rewrites the record without its stale lines, if most are stale and no other run is writing to it.
    pub(super) fn tidy(&self, tasks: &[Task]) -> Result<()> {
        /// Number of stale lines that are not worth a rewrite.
        const FEW: usize = 100;
        check_kind(&self.path)?;
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            file => file?,
        };
        let expected = Expected::new(&self.out, tasks);
        let (mut current, mut stale) = (0, 0);
        let mut reader = BufReader::new(file);
        for_each_line(&mut reader, |line| {
            *(if expected.is_current(line) { &mut current } else { &mut stale }) += 1;
            Ok(())
        })?;
        // The lock is held until the record is replaced. A run that waits for it opens the new one.
        let file = reader.into_inner();
        if stale <= current + FEW || file.as_std().try_lock().is_err() {
            return Ok(());
        }
        let tidied = Temporary::new(&self.out)?;
        let mut writer = BufWriter::new(tidied.writer()?);
        for_each_line(BufReader::new(File::open(&self.path)?), |line| match expected.is_current(line) {
            true => writer.write_all(line),
            false => Ok(()),
        })?;
        writer.flush()?;
        writer.get_ref().sync_all()?;
        tidied.publish(&self.path, true)?;
        Ok(())
    }

    /// Figures of a finished file.
    pub(super) fn figures(&self, converted: &Converted) -> Figures {
        Figures::new(converted, self.new_freq, &self.filter)
    }

    /// Appends a finished output.
    ///
    /// # Errors
    /// If the line cannot be written. Only the first failure is an error: after it, nothing is recorded.
    pub(super) fn add(&self, task: &Task, input_is: Stamp, output_is: Stamp, converted: &Converted) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Off) {
            return Ok(());
        }
        let line = self.line(task, input_is, output_is, converted)?;
        let written = match &mut *state {
            State::Off => return Ok(()),
            State::Open(file) => file.write_all(line.as_bytes()),
            State::Unopened => self.begin().and_then(|mut file| {
                let written = file.write_all(line.as_bytes());
                *state = State::Open(file);
                written
            }),
        };
        if written.is_err() {
            *state = State::Off;
        }
        let context = || format!("{}: --resume will not find all files of this run", shown(&self.path));
        written.with_context(context)
    }

    fn line(&self, task: &Task, input_is: Stamp, output_is: Stamp, converted: &Converted) -> Result<String> {
        let mut line = Line {
            output: output_name(&self.out, &task.output),
            output_is,
            input: Name::from(&*task.name),
            input_is,
            settings: self.settings.clone(),
            figures: self.figures(converted),
        };
        let text = serde_json::to_string(&line)? + "\n";
        if text.len() as u64 <= MAX_LINE {
            return Ok(text);
        }
        line.figures.warnings.clear();
        Ok(serde_json::to_string(&line)? + "\n")
    }

    /// Opens the record to append to it.
    fn begin(&self) -> io::Result<File> {
        let mut file = loop {
            check_kind(&self.path)?;
            let file = File::append(&self.path)?;
            // Without file locks, simultaneous runs in the same folder may lose their record.
            let _ = file.as_std().lock_shared();
            // Another run may have replaced the record before it was locked.
            if is_at(&file, &self.path) {
                break file;
            }
        };
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

/// True if an open file is still the one at a path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
    match (file.as_std().metadata(), path.metadata()) {
        (Ok(open), Ok(named)) => identity(open) == identity(named),
        (Ok(_), Err(error)) => error.kind() != ErrorKind::NotFound,
        _ => true,
    }
}

/// True if an open file is still the one at a path: open files cannot be replaced.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// Checks that a path is a regular file or does not exist. Opening a pipe would block.
pub(super) fn check_kind(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(metadata) if !metadata.is_file() => Err(io::Error::other("it is not a regular file")),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

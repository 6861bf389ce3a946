//! What has been done, kept beside the outputs for `--resume`: a line of JSON for each of them. A run that does all it was
//! asked to leaves it only if it was there before, or with `--resume`.
//!
//! A line is written just before its output gets its name, and tells the output's own size and time. So it does not matter
//! where between the two a run is killed: a line counts only as long as the file under that name is the one that it tells of.

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

/// Its name in the folder of the outputs.
pub(crate) const NAME: &str = ".polyphase-done.jsonl";

/// Longer than any line; the rest of a longer one is passed over.
const MAX_LINE: u64 = 1 << 16;

/// One output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    /// Below the folder of the outputs.
    output: Name,
    output_is: Facts,
    /// From the root.
    input: Name,
    input_is: Facts,
    /// All that the samples depend on.
    settings: String,
}

/// A path, also one that is no text.
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

/// What tells that a file is still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    bytes: u64,
    /// Nanoseconds after the beginning of 1970.
    modified: i64,
}

impl Facts {
    /// `None` for what is no file.
    pub(super) fn of(metadata: &Metadata) -> Option<Self> {
        let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        let modified = i64::try_from(since.as_nanos()).ok()?;
        metadata.is_file().then_some(Self { bytes: metadata.len(), modified })
    }

    pub(super) fn at(path: &Path) -> Option<Self> {
        Self::of(&path.metadata().ok()?)
    }
}

/// What an earlier run has left.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    /// The tasks whose outputs are there and were made from the same inputs with the same settings.
    pub(super) done: HashSet<usize>,
    /// Lines that tell of nothing that is there.
    dead: usize,
    alive: usize,
    /// There is a record.
    pub(super) exists: bool,
}

impl Earlier {
    /// Reads the record of a folder, whatever it holds; one that is not there is one of nothing.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn read(out: &Path, tasks: &[Task], settings: &str) -> Result<Self> {
        let path = out.join(NAME);
        let context = || path.display().to_string();
        check_kind(&path).with_context(context)?;
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            file => file.with_context(context)?,
        };
        let expected = Expected::new(out, tasks);
        Self::of(BufReader::new(file), &expected, settings).with_context(context)
    }

    /// Whether the task with that index is done.
    pub(crate) fn is_done(&self, index: usize) -> bool {
        self.done.contains(&index)
    }

    fn of(record: impl BufRead, expected: &Expected<'_>, settings: &str) -> io::Result<Self> {
        let mut earlier = Self { exists: true, ..Self::default() };
        for_each_line(record, |line| {
            if let Some(line) = expected.alive(line) {
                earlier.alive += 1;
                earlier.done.extend(expected.task(&line, settings));
            } else {
                earlier.dead += 1;
            }
            Ok(())
        })?;
        Ok(earlier)
    }
}

/// The tasks whose outputs exist, by their names.
struct Expected<'a> {
    planned: HashMap<Name, Planned<'a>>,
}

struct Planned<'a> {
    index: usize,
    task: &'a Task,
    output_is: Option<Facts>,
}

impl<'a> Expected<'a> {
    fn new(out: &Path, tasks: &'a [Task]) -> Self {
        let planned = tasks.iter().enumerate().map(|(index, task)| {
            (output_name(out, &task.output), Planned { index, task, output_is: Facts::at(&task.output) })
        });
        Self { planned: planned.collect() }
    }

    /// What a line tells, if it tells of a file that is there as far as this run knows.
    fn alive(&self, line: &[u8]) -> Option<Line> {
        let line: Line = serde_json::from_slice(line).ok()?;
        let planned = self.planned.get(&line.output);
        planned.is_none_or(|planned| planned.output_is == Some(line.output_is)).then_some(line)
    }

    /// The task that a line says is done.
    fn task(&self, line: &Line, settings: &str) -> Option<usize> {
        let planned = self.planned.get(&line.output)?;
        let same = line.settings == settings
            && line.input == input_name(&planned.task.input)?
            && Some(line.input_is) == Facts::at(&planned.task.input);
        same.then_some(planned.index)
    }
}

fn output_name(out: &Path, output: &Path) -> Name {
    Name::from(output.strip_prefix(out).unwrap_or(output))
}

/// `None` for what is not there.
fn input_name(input: &Path) -> Option<Name> {
    input.canonicalize().ok().map(|path| Name::from(&*path))
}

/// Whatever the lines hold, in memory for one of them.
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

/// The record that a run writes.
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
    /// It has been said that it cannot be written to.
    GivenUp,
}

impl Record {
    /// The record of a folder; nothing is written before there is something to tell.
    pub(crate) fn new(out: &Path, settings: String) -> Self {
        Self { path: out.join(NAME), out: out.to_owned(), settings, state: Mutex::new(State::Unopened) }
    }

    /// Leaves out the lines that are dead, if these are most.
    pub(crate) fn tidy(&self, tasks: &[Task], earlier: &Earlier) -> Result<()> {
        /// Fewer are not worth the work.
        const FEW: usize = 100;
        if earlier.dead <= earlier.alive + FEW {
            return Ok(());
        }
        let expected = Expected::new(&self.out, tasks);
        let tidied = Temporary::new(&self.out)?;
        let mut writer = BufWriter::new(tidied.writer()?);
        for_each_line(BufReader::new(File::open(&self.path)?), |line| match expected.alive(line) {
            Some(_) => writer.write_all(line),
            None => Ok(()),
        })?;
        writer.flush()?;
        writer.get_ref().sync_all()?;
        tidied.publish(&self.path, true)?;
        Ok(())
    }

    /// Tells that an output has been made of a task's input, which was `input_is` then.
    ///
    /// # Errors
    /// If that cannot be written, for the first time.
    pub(super) fn add(&self, task: &Task, input_is: Facts, output_is: Facts) -> Result<()> {
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
        let what = || format!("{}: --resume will not know all of this run", self.path.display());
        written.with_context(what)
    }

    /// Removes the record, unless other runs have written to it too.
    pub(crate) fn remove(&self) {
        if let State::Open(file) = &*self.state.lock().unwrap_or_else(PoisonError::into_inner)
            && file.as_std().try_lock().is_ok()
        {
            // If it stays, it says nothing that is not so.
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Opens the record at its end.
    fn begin(&self) -> io::Result<File> {
        check_kind(&self.path)?;
        let mut file = File::append(&self.path)?;
        // Where files cannot be locked, runs in one folder at one time may lose their record.
        let _ = file.as_std().lock_shared();
        // A line that a killed run has not finished must not run into the next.
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

/// # Errors
/// If there is something else than a file, which might be read from for ever.
fn check_kind(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(metadata) if !metadata.is_file() => Err(io::Error::other("it is no file")),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

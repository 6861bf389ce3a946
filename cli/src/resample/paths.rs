//! [`plan`]: the inputs and the names of their outputs, decided before any file is opened.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use polyphase_audio::{Container, files};

use super::refusal::refuse;
pub(crate) use super::search::Selection;
pub(super) use super::search::extension;
use super::search::{Found, PassedOver, resolved, search};
use super::settings::STDIN;
use super::shard::Shard;
use crate::terminal::shown;

/// One file to resample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) input: PathBuf,
    /// Path of the input relative to its input folder.
    pub(super) name: PathBuf,
    pub(crate) output: PathBuf,
    pub(super) container: Container,
    /// Size of the input; 0 if unknown.
    pub(super) bytes: u64,
    /// True if the output has the whole name of the input and an extension, since another input differs only in the
    /// extension.
    pub(super) whole_name: bool,
}

/// The files of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tasks {
    pub(crate) tasks: Vec<Task>,
    /// Files and folders that are not resampled, with the reasons.
    pub(super) passed_over: Vec<PassedOver>,
    /// Paths that cannot be read or searched, with the reasons.
    pub(super) unreadable: Vec<(PathBuf, String)>,
    /// Number of files to resample in other shares.
    pub(super) other_shares: usize,
}

/// Where the outputs go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Folder(PathBuf),
    /// The output of the only input.
    File(PathBuf, Container),
}

/// Containers that are written.
const WRITTEN: [Container; 4] = Container::ALL;

impl Target {
    /// The target that `--out` names: a file if it has the extension of a format that is written and is not a folder.
    ///
    /// # Errors
    /// If it names a file and there is not exactly one input file, or if it is below a file.
    pub(super) fn new(out: &Path, selection: &Selection, format: Option<Container>) -> Result<Self> {
        let extension = extension(out);
        let ends_with_separator = out.as_os_str().as_encoded_bytes().last().is_some_and(|&last| last == b'/');
        let container = WRITTEN.into_iter().find(|container| container.extension() == extension);
        let target = match container {
            Some(container) if !ends_with_separator && !out.is_dir() => Self::File(out.to_owned(), container),
            _ => Self::Folder(out.to_owned()),
        };
        if matches!(target, Self::Folder(_)) && selection.inputs.iter().any(|input| input.as_os_str() == STDIN) {
            bail!("stdin has no name: name the output, as in --out out.wav or --out -");
        }
        if let Self::File(_, container) = target {
            let out = shown(out);
            match &selection.inputs[..] {
                [input] if selection.listed.is_empty() => {
                    let input_is_folder = input.is_dir();
                    ensure!(
                        !input_is_folder,
                        "--out {out} names one file, but {} is a folder: name a folder",
                        shown(input)
                    );
                }
                inputs => {
                    let count = inputs.len() + selection.listed.len();
                    bail!("--out {out} names one file, but there are {count} inputs: name a folder")
                }
            }
            if let Some(format) = format.filter(|&format| format != container) {
                bail!("--out {out} has the extension of another format than --format {format}: leave out --format")
            }
        }
        if let Some(existing) = target.folder().ancestors().find(|path| path.exists()) {
            ensure!(existing.is_dir(), "--out {}: {} is not a folder", shown(out), shown(existing));
        }
        Ok(target)
    }

    /// Folder of the outputs.
    pub(crate) fn folder(&self) -> &Path {
        match self {
            Self::Folder(folder) => folder,
            Self::File(file, _) => files::folder_of(file),
        }
    }
}

/// Finds the inputs and names their outputs: in a folder, an output has the name of its input relative to the input
/// folder.
///
/// `container` is the format of the outputs. `None` keeps that of the input, or takes WAV if it can only be read. Names
/// are given to the files of all shares, so that they do not depend on the share.
///
/// # Errors
/// If two outputs would have the same name (upper and lower case are the same, as on some file systems), if an output
/// is an input, or if an input is outside of the folder that names are relative to.
pub(crate) fn plan(
    selection: &Selection,
    target: &Target,
    container: Option<Container>,
    shard: Option<Shard>,
) -> Result<Tasks> {
    let found = search(selection, target.folder())?;
    let mut tasks = match target {
        Target::Folder(folder) => name_outputs(found.files, folder, container),
        Target::File(output, container) => {
            let task = |found| Task { output: output.clone(), ..task(found, Path::new(""), Some(*container), false) };
            found.files.into_iter().map(task).collect()
        }
    };
    refuse_clashes(&tasks)?;
    let mut passed_over = found.passed_over;
    let all = tasks.len();
    if let Some(shard) = shard {
        tasks.retain(|task| shard.holds(&task.name));
        passed_over.retain(|passed| shard.holds(&passed.name));
    }
    Ok(Tasks { other_shares: all - tasks.len(), tasks, passed_over, unreadable: found.unreadable })
}

/// Names the outputs. Where outputs would have the same name, they get the whole names of their inputs.
///
/// A whole name may be the name of another output, which then gets its whole name too. Each round decides for all names
/// at once, so that the result does not depend on the order.
fn name_outputs(found: Vec<Found>, out: &Path, container: Option<Container>) -> Vec<Task> {
    let mut tasks: Vec<_> = found.into_iter().map(|found| task(found, out, container, false)).collect();
    loop {
        let mut counts = BTreeMap::<_, usize>::new();
        for task in &tasks {
            *counts.entry(key(&task.output)).or_default() += 1;
        }
        let mut changed = false;
        for task in tasks.iter_mut().filter(|task| !task.whole_name && counts.get(&key(&task.output)) > Some(&1)) {
            task.output = output(&task.name, out, task.container, true);
            (task.whole_name, changed) = (true, true);
        }
        if !changed {
            return tasks;
        }
    }
}

fn task(found: Found, out: &Path, container: Option<Container>, whole_name: bool) -> Task {
    let Found { path: input, name, bytes } = found;
    let container = container.unwrap_or_else(|| match extension(&input).as_str() {
        "flac" => Container::Flac,
        "npy" => Container::Npy,
        _ => Container::Wav,
    });
    let output = output(&name, out, container, whole_name);
    Task { input, name, output, container, bytes, whole_name }
}

fn output(name: &Path, out: &Path, container: Container, whole_name: bool) -> PathBuf {
    // `with_extension` mistakes the name `..wav` for the parent folder with an extension.
    let stem = if whole_name { name.file_name() } else { name.file_stem() };
    let mut file_name = stem.unwrap_or_default().to_owned();
    file_name.push(".");
    file_name.push(container.extension());
    out.join(name.with_file_name(file_name))
}

/// Returns an error if two outputs share a name, or if an output is an input.
fn refuse_clashes(tasks: &[Task]) -> Result<()> {
    let mut by_output = BTreeMap::<Vec<u8>, Vec<&Task>>::new();
    for task in tasks {
        by_output.entry(key(&task.output)).or_default().push(task);
    }
    let clashes = by_output.values().filter(|tasks| tasks.len() > 1).map(|tasks| {
        let inputs: Vec<_> = tasks.iter().map(|task| shown(&task.input)).collect();
        inputs.join(" and ")
    });
    refuse("several inputs have the same output: resample them separately, or rename them", clashes.collect())?;

    // Links are resolved, since a file may have several names.
    let inputs: Vec<_> = tasks.iter().filter_map(|task| fs::canonicalize(&task.input).ok()).collect();
    let inputs: HashSet<_> = inputs.into_iter().collect();
    let own = tasks.iter().filter(|task| fs::canonicalize(&task.output).is_ok_and(|output| inputs.contains(&output)));
    let own = own.map(|task| shown(&task.output));
    refuse("these outputs are inputs: choose another --out", own.collect())
}

/// Returns an error if the report would overwrite an input or an output.
pub(super) fn refuse_report(report: &Path, tasks: &[Task]) -> Result<()> {
    let report_key = key(&resolved(report));
    for task in tasks {
        let is_report = |path: &Path| key(&resolved(path)) == report_key;
        ensure!(!is_report(&task.input), "--json {} is an input: choose another name", shown(report));
        ensure!(!is_report(&task.output), "--json {} is an output: choose another name", shown(report));
    }
    Ok(())
}

/// Returns the path in lower case: equal for paths that name the same file on a case-insensitive file system.
fn key(path: &Path) -> Vec<u8> {
    match path.to_str() {
        Some(path) => path.to_lowercase().into_bytes(),
        None => path.as_os_str().as_encoded_bytes().to_ascii_lowercase(),
    }
}

/// Returns an error if the outputs of these tasks exist. `resume` is true if the tasks are those that an earlier run has
/// not done, and `could_resume` if there are others.
pub(super) fn refuse_existing<'a>(
    tasks: impl Iterator<Item = &'a Task>,
    resume: bool,
    could_resume: bool,
) -> Result<()> {
    let existing = tasks.filter(|task| task.output.symlink_metadata().is_ok());
    let existing = existing.map(|task| shown(&task.output)).collect();
    let reason = match (resume, could_resume) {
        (true, _) => {
            "these outputs exist, but are not recorded for these inputs and settings: add --overwrite to replace them"
        }
        (false, true) => {
            "these outputs already exist: add --overwrite to replace them, or --resume to continue an earlier run"
        }
        (false, false) => "these outputs already exist: add --overwrite to replace them",
    };
    refuse(reason, existing)
}

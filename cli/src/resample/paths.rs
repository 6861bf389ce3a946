//! [`plan`]: the inputs and the names of their outputs, decided before any file is opened.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use polyphase_audio::{Container, EXTENSIONS, files};

use super::refusal::refuse;
pub(crate) use super::search::Selection;
pub(super) use super::search::extension;
use super::search::{Failure, Found, PassedOver, resolved, search};
use super::shard::Shard;
use crate::terminal::shown;

/// Input that stands for stdin.
pub(super) const STDIN: &str = "-";

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
    /// Paths that cannot be read or searched, and files whose outputs some file systems do not keep apart.
    pub(super) failures: Vec<Failure>,
    /// Number of files to resample, and of failures, in other shares.
    pub(super) other_shares: usize,
    /// Outputs of earlier runs of files whose outputs have other names now.
    pub(super) orphans: Vec<Orphan>,
}

/// An output of an earlier run that the records name, while the output of its input has another name now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Orphan {
    pub(super) orphan: PathBuf,
    pub(super) input: PathBuf,
    pub(super) output: PathBuf,
}

/// An unchanged output that the records of earlier runs hold for a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recorded {
    /// Index of the file.
    pub(super) index: usize,
    /// True if the output has the whole name of the file.
    pub(super) whole_name: bool,
    /// True if the output is kept: the file and the settings are those that were recorded.
    pub(super) is_kept: bool,
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
            _ if EXTENSIONS.contains(&&*extension) && !ends_with_separator && !out.is_dir() => bail!(
                "--out {}: {extension} cannot be written: choose .wav, .flac, .npy or .raw, or end the name of a folder \
                 with /",
                shown(out)
            ),
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
/// `container` is the format of the outputs. `None` keeps that of WAV, FLAC and .npy inputs, and takes WAV for others.
/// Names are given to the files of all shares, so that they do not depend on the share. `recorded` reads the records of
/// earlier runs: outputs that are kept keep their names.
///
/// # Errors
/// If two outputs would have the same name, if an output is an input, or if an input is outside of the folder that
/// names are relative to. Outputs whose names differ only in upper and lower case are failures of their files.
pub(crate) fn plan(
    selection: &Selection,
    target: &Target,
    container: Option<Container>,
    shard: Option<Shard>,
    recorded: impl FnOnce(&[Task]) -> Vec<Recorded>,
) -> Result<Tasks> {
    let found = search(selection, target.folder())?;
    let mut orphans = Vec::new();
    let tasks = match target {
        Target::Folder(folder) => {
            let mut tasks: Vec<_> =
                found.files.into_iter().map(|found| task(found, folder, container, false)).collect();
            let recorded = recorded(&tasks);
            name_outputs(&mut tasks, folder, &recorded);
            orphans = self::orphans(&tasks, folder, &recorded, shard);
            tasks
        }
        Target::File(output, container) => {
            let task = |found| Task { output: output.clone(), ..task(found, Path::new(""), Some(*container), false) };
            found.files.into_iter().map(task).collect()
        }
    };
    refuse_clashes(&tasks)?;
    let (mut failures, mut passed_over) = (found.failures, found.passed_over);
    let mut tasks = without_case_clashes(tasks, &mut failures);
    let all = tasks.len() + failures.len();
    if let Some(shard) = shard {
        tasks.retain(|task| shard.holds(&task.name));
        failures.retain(|failure| shard.holds(&failure.name));
        passed_over.retain(|passed| shard.holds(&passed.name));
    }
    Ok(Tasks { other_shares: all - tasks.len() - failures.len(), tasks, passed_over, failures, orphans })
}

/// Names the outputs. Where outputs would have the same name, they get the whole names of their inputs, except for one
/// that is kept.
///
/// A whole name may be the name of another output, which then gets its whole name too, even if it is kept. Each round
/// decides for all names at once, so that the result does not depend on the order.
fn name_outputs(tasks: &mut [Task], out: &Path, recorded: &[Recorded]) {
    let use_whole_name = |task: &mut Task| {
        task.output = output(&task.name, out, task.container, true);
        task.whole_name = true;
    };
    let mut is_kept = vec![false; tasks.len()];
    for kept in recorded.iter().filter(|recorded| recorded.is_kept) {
        is_kept[kept.index] = true;
        if kept.whole_name {
            use_whole_name(&mut tasks[kept.index]);
        }
    }
    loop {
        let mut counts = BTreeMap::<_, usize>::new();
        for task in &*tasks {
            *counts.entry(key(&task.output)).or_default() += 1;
        }
        let clash = |task: &Task| !task.whole_name && counts.get(&key(&task.output)) > Some(&1);
        let mut clashes: Vec<_> = (0..tasks.len()).filter(|&index| clash(&tasks[index])).collect();
        if clashes.is_empty() {
            return;
        }
        if clashes.iter().any(|&index| !is_kept[index]) {
            clashes.retain(|&index| !is_kept[index]);
        }
        clashes.into_iter().for_each(|index| use_whole_name(&mut tasks[index]));
    }
}

/// The recorded outputs of a share that are not outputs of this run.
fn orphans(tasks: &[Task], out: &Path, recorded: &[Recorded], shard: Option<Shard>) -> Vec<Orphan> {
    let is_renamed = |recorded: &&Recorded| recorded.whole_name != tasks[recorded.index].whole_name;
    let mut renamed = recorded.iter().filter(is_renamed).peekable();
    if renamed.peek().is_none() {
        return Vec::new();
    }
    let outputs: HashSet<_> = tasks.iter().map(|task| &*task.output).collect();
    let orphan = |recorded: &Recorded| {
        let task = &tasks[recorded.index];
        let orphan = output(&task.name, out, task.container, recorded.whole_name);
        let is_left = !outputs.contains(&*orphan) && shard.is_none_or(|shard| shard.holds(&task.name));
        is_left.then(|| Orphan { orphan, input: task.input.clone(), output: task.output.clone() })
    };
    renamed.filter_map(orphan).collect()
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

pub(super) fn output(name: &Path, out: &Path, container: Container, whole_name: bool) -> PathBuf {
    // `with_extension` mistakes the name `..wav` for the parent folder with an extension.
    let stem = if whole_name { name.file_name() } else { name.file_stem() };
    let mut file_name = stem.unwrap_or_default().to_owned();
    file_name.push(".");
    file_name.push(container.extension());
    out.join(name.with_file_name(file_name))
}

/// Returns an error if two outputs share a name, or if an output is an input.
fn refuse_clashes(tasks: &[Task]) -> Result<()> {
    let mut by_output = BTreeMap::<_, Vec<&Task>>::new();
    for task in tasks {
        by_output.entry(&*task.output).or_default().push(task);
    }
    let clashes = by_output.values().filter(|tasks| tasks.len() > 1).map(|tasks| {
        let inputs: Vec<_> = tasks.iter().map(|task| shown(&task.input)).collect();
        inputs.join(" and ")
    });
    refuse("these inputs would have the same output: rename one, or leave one out with --exclude", clashes.collect())?;

    // Links are resolved, since a file may have several names.
    let inputs: Vec<_> = tasks.iter().filter_map(|task| fs::canonicalize(&task.input).ok()).collect();
    let inputs: HashSet<_> = inputs.into_iter().collect();
    let own = tasks.iter().filter(|task| fs::canonicalize(&task.output).is_ok_and(|output| inputs.contains(&output)));
    let own = own.map(|task| shown(&task.output));
    refuse("these outputs are inputs: choose another --out", own.collect())
}

/// Moves the tasks whose outputs differ only in upper and lower case to the failures.
fn without_case_clashes(tasks: Vec<Task>, failures: &mut Vec<Failure>) -> Vec<Task> {
    let mut by_key = BTreeMap::<_, Vec<(usize, Task)>>::new();
    for (index, task) in tasks.into_iter().enumerate() {
        by_key.entry(key(&task.output)).or_default().push((index, task));
    }
    let mut kept = Vec::new();
    for mut group in by_key.into_values() {
        if group.len() == 1 {
            kept.append(&mut group);
            continue;
        }
        for (at, (_, task)) in group.iter().enumerate() {
            let other = shown(&group[usize::from(at == 0)].1.input);
            let reason = format!(
                "its output differs from that of {other} only in upper and lower case, which some file systems do not \
                 keep apart: rename one"
            );
            failures.push(Failure { path: task.input.clone(), name: task.name.clone(), reason });
        }
    }
    kept.sort_by_key(|(index, _)| *index);
    kept.into_iter().map(|(_, task)| task).collect()
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

/// Returns an error if the outputs of tasks that are not done exist. `difference` says why a task is not done, and
/// `could_resume` is true if others are.
pub(super) fn refuse_existing<'a>(
    tasks: impl Iterator<Item = (usize, &'a Task)>,
    difference: Option<impl Fn(usize) -> &'static str>,
    could_resume: bool,
) -> Result<()> {
    let existing = tasks.filter(|(_, task)| task.output.symlink_metadata().is_ok());
    let existing = existing.map(|(index, task)| match &difference {
        Some(difference) => format!("{}: {}", shown(&task.output), difference(index)),
        None => shown(&task.output),
    });
    let reason = match (&difference, could_resume) {
        (Some(_), _) => {
            "these outputs exist, but are not recorded for these inputs and settings: add --overwrite to replace them \
             (files that are done stay skipped)"
        }
        (None, true) => {
            "these outputs already exist: add --overwrite to replace them, or --resume to continue an earlier run"
        }
        (None, false) => "these outputs already exist: add --overwrite to replace them",
    };
    refuse(reason, existing.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of the outputs of these inputs. Of those in `kept`, by index, the records hold the short or whole name.
    fn names(inputs: &[&str], kept: &[(usize, bool)]) -> Vec<String> {
        let out = Path::new("out");
        let found = |name: &&str| Found { path: name.into(), name: name.into(), bytes: 0 };
        let mut tasks: Vec<_> = inputs.iter().map(|name| task(found(name), out, Some(Container::Wav), false)).collect();
        let kept = kept.iter().map(|&(index, whole_name)| Recorded { index, whole_name, is_kept: true });
        name_outputs(&mut tasks, out, &kept.collect::<Vec<_>>());
        tasks.iter().map(|task| shown(task.output.strip_prefix(out).expect("a path in the folder"))).collect()
    }

    #[test]
    fn recorded_names_are_kept_where_they_can_be() {
        assert_eq!(names(&["a.wav", "a.mp3"], &[]), ["a.wav.wav", "a.mp3.wav"]);
        assert_eq!(names(&["a.wav", "a.mp3"], &[(0, false)]), ["a.wav", "a.mp3.wav"]);
        assert_eq!(names(&["a.wav", "a.mp3"], &[(1, false)]), ["a.wav.wav", "a.wav"]);
        assert_eq!(names(&["a.wav"], &[(0, false), (0, true)]), ["a.wav.wav"]);
        assert_eq!(names(&["a.wav", "a.mp3"], &[(0, false), (1, false)]), ["a.wav.wav", "a.mp3.wav"]);
        // The kept name is the only one that another output can have.
        let whole = ["a.mp3.flac.wav", "a.mp3.wav", "a.aac.wav"];
        assert_eq!(names(&["a.mp3.flac", "a.mp3", "a.aac"], &[(0, false)]), whole);
    }
}

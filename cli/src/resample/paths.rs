//! [`plan`]: the inputs and the names of their outputs, decided before any file is opened.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use walkdir::WalkDir;

use polyphase_audio::files;
use polyphase_audio::{Container, EXTENSIONS};

/// One file to resample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) input: PathBuf,
    pub(crate) output: PathBuf,
    pub(super) container: Container,
    /// Size of the input; 0 if unknown.
    pub(super) bytes: u64,
}

/// The files of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tasks {
    pub(crate) tasks: Vec<Task>,
    /// Number of files in folders that are skipped: names without an audio extension, pipes, devices and the like.
    pub(super) passed_over: usize,
    /// Paths that cannot be read or searched, with the reasons.
    pub(super) unreadable: Vec<(PathBuf, String)>,
}

/// Finds the inputs and names their outputs below `out`: a file keeps its name, and a file in a folder its path within
/// that folder.
///
/// `container` is the format of the outputs. `None` keeps that of the input, or takes WAV if it can only be read.
///
/// # Errors
/// If `out` is not a folder, if two outputs would have the same name (upper and lower case are the same, as on some
/// file systems), or if an output is an input.
pub(crate) fn plan(inputs: &[PathBuf], out: &Path, container: Option<Container>) -> Result<Tasks> {
    let mut found = Tasks::default();
    if let Some(existing) = out.ancestors().find(|path| path.exists()) {
        ensure!(existing.is_dir(), "--out {}: {} is not a folder", out.display(), existing.display());
    }
    let out_folder = fs::canonicalize(out).ok();
    for input in inputs {
        if !input.is_dir() {
            // A missing file fails alone, as does any file that cannot be read.
            match (input.file_name().map(PathBuf::from), fs::metadata(input)) {
                (Some(name), _) => found.add(input.clone(), &name, out, container),
                // The output of a path that ends in `..` would be outside `out`.
                (None, Err(error)) => found.unreadable.push((input.clone(), error.to_string())),
                (None, Ok(_)) => found.unreadable.push((input.clone(), "the path has no file name".to_owned())),
            }
            continue;
        }
        // Outputs of an earlier run are not inputs, unless their folder is an input itself.
        let is_input = |entry: &walkdir::DirEntry| {
            entry.depth() == 0 || out_folder.is_none() || fs::canonicalize(entry.path()).ok() != out_folder
        };
        let walk = WalkDir::new(input).follow_links(true).sort_by_file_name().into_iter();
        for entry in walk.filter_entry(is_input) {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                // Pipes and devices may never end: they are read only if they are given as inputs.
                Ok(entry) if entry.file_type().is_file() && is_audio(entry.path()) => {
                    let below = entry.path().strip_prefix(input)?.to_owned();
                    found.add(entry.into_path(), &below, out, container);
                }
                // The record and temporary files are not counted.
                Ok(entry) => found.passed_over += usize::from(!files::is_internal(entry.file_name())),
                Err(error) => {
                    let path = error.path().unwrap_or(input).to_owned();
                    let reason = match error.io_error() {
                        Some(error) => error.to_string(),
                        None => "a link to a folder that contains it".to_owned(),
                    };
                    found.unreadable.push((path, reason));
                }
            }
        }
    }
    // A file that is given twice is resampled once.
    let mut seen = HashSet::new();
    found.tasks.retain(|task| seen.insert((resolved(&task.input), task.output.clone())));
    refuse_clashes(&found.tasks)?;
    Ok(found)
}

impl Tasks {
    fn add(&mut self, input: PathBuf, name: &Path, out: &Path, container: Option<Container>) {
        let container = container.unwrap_or_else(|| match extension(&input).as_str() {
            "flac" => Container::Flac,
            "npy" => Container::Npy,
            _ => Container::Wav,
        });
        // `with_extension` mistakes the name `..wav` for the parent folder with an extension.
        let mut file_name = name.file_stem().unwrap_or_default().to_owned();
        file_name.push(".");
        file_name.push(container.extension());
        let output = out.join(name.with_file_name(file_name));
        let bytes = fs::metadata(&input).map_or(0, |metadata| metadata.len());
        self.tasks.push(Task { input, output, container, bytes });
    }
}

/// Returns the extension of a path in lower case, empty if there is none.
pub(super) fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

fn is_audio(path: &Path) -> bool {
    let extension = extension(path);
    extension == "npy" || EXTENSIONS.contains(&extension.as_str())
}

/// Returns an error if two outputs share a name, or if an output is an input.
fn refuse_clashes(tasks: &[Task]) -> Result<()> {
    let mut by_output = BTreeMap::<Vec<u8>, Vec<&Task>>::new();
    for task in tasks {
        by_output.entry(key(&task.output)).or_default().push(task);
    }
    let clashes = by_output.values().filter(|tasks| tasks.len() > 1).map(|tasks| {
        let inputs: Vec<_> = tasks.iter().map(|task| task.input.display().to_string()).collect();
        format!("{} would come from {}", tasks[0].output.display(), inputs.join(" and "))
    });
    refuse("several inputs have the same output: resample them separately, or rename them", clashes.collect())?;

    // Links are resolved, since a file may have several names.
    let inputs: Vec<_> = tasks.iter().filter_map(|task| fs::canonicalize(&task.input).ok()).collect();
    let inputs: HashSet<_> = inputs.into_iter().collect();
    let own = tasks.iter().filter(|task| fs::canonicalize(&task.output).is_ok_and(|output| inputs.contains(&output)));
    let own = own.map(|task| task.output.display().to_string());
    refuse("these outputs are inputs: choose another folder with --out", own.collect())
}

/// Returns an error if the report would overwrite an input or an output.
pub(super) fn refuse_report(report: &Path, tasks: &[Task]) -> Result<()> {
    let report_key = key(&resolved(report));
    for task in tasks {
        let is_report = |path: &Path| key(&resolved(path)) == report_key;
        ensure!(!is_report(&task.input), "--json {} is an input: choose another name", report.display());
        ensure!(!is_report(&task.output), "--json {} is an output: choose another name", report.display());
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

/// Resolves the links in the part of a path that exists.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let existing = path.ancestors().find_map(|above| Some((above, fs::canonicalize(above).ok()?)));
    match existing.and_then(|(above, real)| Some(real.join(path.strip_prefix(above).ok()?))) {
        Some(resolved) => resolved,
        None => path,
    }
}

/// Returns an error if outputs exist, except for tasks that are `done`, which are skipped.
pub(super) fn refuse_existing(tasks: &[Task], done: &HashSet<usize>, resume: bool) -> Result<()> {
    let left = tasks.iter().enumerate().filter(|(index, _)| !done.contains(index)).map(|(_, task)| task);
    let existing = left.filter(|task| task.output.symlink_metadata().is_ok());
    let existing = existing.map(|task| task.output.display().to_string()).collect();
    let reason = if resume {
        "these outputs exist, but are not recorded for these inputs and settings: add --overwrite to replace them"
    } else {
        "these outputs already exist: add --overwrite to replace them, or --resume to continue an earlier run"
    };
    refuse(reason, existing)
}

/// Returns an error that lists the paths, if there are any.
fn refuse(reason: &str, paths: Vec<String>) -> Result<()> {
    const SHOWN: usize = 10;
    if paths.is_empty() {
        return Ok(());
    }
    let more = paths.len().saturating_sub(SHOWN);
    let mut list = paths.into_iter().take(SHOWN).map(|path| format!("\n  {path}")).collect::<String>();
    if more > 0 {
        list.push_str(&format!("\n  … and {more} more"));
    }
    bail!("{reason}{list}")
}

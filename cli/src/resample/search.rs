//! [`search`]: finds the inputs. Everything that is found is a file to resample, is passed over with a reason, or cannot
//! be read.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use polyphase_audio::{EXTENSIONS, files};
use walkdir::{DirEntry, WalkDir};

use super::base::Base;
use super::globs::Globs;
use super::refusal::refuse;
use crate::terminal::shown;

/// The inputs that the arguments select.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// Files and folders.
    pub(super) inputs: Vec<PathBuf>,
    /// Files and folders from a list. Their names are relative to the longest folder that holds all.
    pub(super) listed: Vec<PathBuf>,
    /// Folder that all names are relative to.
    pub(super) relative_to: Option<PathBuf>,
    pub(super) globs: Globs,
    /// True to follow links that lead out of an input folder.
    pub(super) follow_links: bool,
    /// True if files without headers are read too.
    pub(super) headerless: bool,
}

impl Selection {
    /// The selection of these files and folders, without other options.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn of(inputs: Vec<PathBuf>) -> Self {
        Self { inputs, ..Self::default() }
    }
}

/// A file to resample.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// Path relative to the input folder.
    pub(super) name: PathBuf,
    /// Size in bytes; 0 if unknown.
    pub(super) bytes: u64,
}

/// A file or folder that is not resampled.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PassedOver {
    pub(super) path: PathBuf,
    pub(super) name: PathBuf,
    pub(super) reason: &'static str,
}

const EXCLUDED: &str = "excluded";
const NOT_INCLUDED: &str = "not included";
const NO_EXTENSION: &str = "no audio extension";
const LEADS_OUT: &str = "link leads out of the folder";
const FOLDER_LINK: &str = "link to a folder in a list";
const LOOP: &str = "link to a folder that contains it";
const PIPE: &str = "pipe or device";

/// A path that cannot be resampled, known before any file is opened.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) path: PathBuf,
    /// Path relative to the input folder.
    pub(super) name: PathBuf,
    pub(super) reason: String,
}

#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) files: Vec<Found>,
    pub(super) passed_over: Vec<PassedOver>,
    /// Paths that cannot be read or searched.
    pub(super) failures: Vec<Failure>,
}

/// Finds the inputs. The folder `out` is not searched, unless it is an input itself: it may hold outputs of earlier
/// runs.
///
/// # Errors
/// If an input is outside of the folder that names are relative to.
pub(super) fn search(selection: &Selection, out: &Path) -> Result<Findings> {
    let mut search = Search { selection, out: fs::canonicalize(out).ok(), findings: Findings::default() };
    let explicit = selection.relative_to.as_deref().map(Base::new);
    let common = explicit.is_none().then(|| Base::common(&selection.listed));
    let inputs = selection.inputs.iter().map(|path| (path, explicit.as_ref(), false));
    let listed = selection.listed.iter().map(|path| (path, explicit.as_ref().or(common.as_ref()), true));
    let mut outside = Vec::new();
    for (path, base, listed) in inputs.chain(listed) {
        match base.map(|base| base.name(path)) {
            // Lists are made by programs, which do not know that a pipe may never end.
            Some(Some(name)) if listed && is_pipe(path) => search.pass_over(path, name, PIPE),
            // `find` lists links to folders beside what they lead to.
            Some(Some(name)) if listed && !selection.follow_links && path.is_symlink() && path.is_dir() => {
                search.pass_over(path, name, FOLDER_LINK);
            }
            Some(Some(name)) => search.input(path, name),
            Some(None) => outside.push(shown(path)),
            // A folder is the base of its own files.
            None if path.is_dir() => search.input(path, PathBuf::new()),
            None => search.input(path, path.file_name().map(PathBuf::from).unwrap_or_default()),
        }
    }
    let base = selection.relative_to.as_deref().map(shown).unwrap_or_default();
    refuse(&format!("these inputs are outside of --relative-to {base}"), outside)?;
    let mut findings = search.findings;
    // A file that is given twice is resampled once.
    let mut seen = HashSet::new();
    findings.files.retain(|found| seen.insert((resolved(&found.path), found.name.clone())));
    let mut seen = HashSet::new();
    findings.passed_over.retain(|passed| seen.insert(std::path::absolute(&passed.path).ok()));
    Ok(findings)
}

struct Search<'a> {
    selection: &'a Selection,
    /// Folder of the outputs, without links.
    out: Option<PathBuf>,
    findings: Findings,
}

impl Search<'_> {
    /// Adds a file, or searches a folder.
    fn input(&mut self, path: &Path, name: PathBuf) {
        let is_folder = path.is_dir();
        if self.selection.globs.excludes(&name, is_folder) {
            self.pass_over(path, name, EXCLUDED);
        } else if is_folder {
            self.folder(path, &name);
        } else if name.as_os_str().is_empty() {
            // The output of a path that ends in `..` would be outside the folder of the outputs.
            let reason =
                fs::metadata(path).err().map_or("the path has no file name".to_owned(), |error| error.to_string());
            self.fail(path, name, reason);
        } else if self.selection.globs.includes(&name) {
            // A missing file fails alone, as does any file that cannot be read.
            self.file(path.to_owned(), name);
        } else {
            self.pass_over(path, name, NOT_INCLUDED);
        }
    }

    fn file(&mut self, path: PathBuf, name: PathBuf) {
        let bytes = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        self.findings.files.push(Found { path, name, bytes });
    }

    fn is_audio(&self, path: &Path) -> bool {
        let extension = extension(path);
        let is_headerless = self.selection.headerless && matches!(extension.as_str(), "raw" | "pcm");
        is_headerless || extension == "npy" || EXTENSIONS.contains(&extension.as_str())
    }

    fn pass_over(&mut self, path: &Path, name: PathBuf, reason: &'static str) {
        self.findings.passed_over.push(PassedOver { path: path.to_owned(), name, reason });
    }

    fn fail(&mut self, path: &Path, name: PathBuf, reason: String) {
        self.findings.failures.push(Failure { path: path.to_owned(), name, reason });
    }

    /// Searches a folder, whose files are named `prefix` and their path within it.
    fn folder(&mut self, folder: &Path, prefix: &Path) {
        let root = fs::canonicalize(folder).ok();
        let mut walk = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
        while let Some(entry) = walk.next() {
            let path = match &entry {
                Ok(entry) => entry.path(),
                Err(error) => error.path().unwrap_or(folder),
            };
            let name = prefix.join(path.strip_prefix(folder).unwrap_or(Path::new("")));
            match entry {
                Ok(entry) if entry.depth() > 0 => {
                    if !self.entry(&entry, name, root.as_deref()) && entry.file_type().is_dir() {
                        walk.skip_current_dir();
                    }
                }
                Ok(_) => {}
                Err(error) => self.error(&error, folder, name),
            }
        }
    }

    /// Adds or passes over a file or folder within a folder. Returns false for a folder that is not to be searched.
    fn entry(&mut self, entry: &DirEntry, name: PathBuf, root: Option<&Path>) -> bool {
        let (path, kind) = (entry.path(), entry.file_type());
        let globs = &self.selection.globs;
        // The record and temporary files are not listed.
        if files::is_internal(entry.file_name()) {
            return kind.is_dir();
        }
        if kind.is_dir() && self.out.is_some() && fs::canonicalize(path).ok() == self.out {
            return false;
        }
        let leads_out = || {
            let target = fs::canonicalize(path).ok();
            !target.zip(root).is_some_and(|(target, root)| target.starts_with(root))
        };
        let reason = if globs.excludes(&name, kind.is_dir()) {
            EXCLUDED
        } else if entry.path_is_symlink() && !self.selection.follow_links && leads_out() {
            LEADS_OUT
        } else if kind.is_dir() {
            return true;
        } else if !kind.is_file() {
            // Pipes and devices may never end: they are read only if they are given as inputs.
            PIPE
        } else if !self.is_audio(path) {
            NO_EXTENSION
        } else if !globs.includes(&name) {
            NOT_INCLUDED
        } else {
            self.file(path.to_owned(), name);
            return true;
        };
        self.pass_over(path, name, reason);
        false
    }

    fn error(&mut self, error: &walkdir::Error, folder: &Path, name: PathBuf) {
        let path = error.path().unwrap_or(folder);
        match error.io_error() {
            _ if self.selection.globs.excludes(&name, false) => self.pass_over(path, name, EXCLUDED),
            Some(error) => self.fail(path, name, error.to_string()),
            // The files of the folder are found without the link.
            None => self.pass_over(path, name, LOOP),
        }
    }
}

/// Returns the extension of a path in lower case, empty if there is none.
pub(super) fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

fn is_pipe(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// Resolves the links in the part of a path that exists.
pub(super) fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let existing = path.ancestors().find_map(|above| Some((above, fs::canonicalize(above).ok()?)));
    match existing.and_then(|(above, real)| Some(real.join(path.strip_prefix(above).ok()?))) {
        Some(resolved) => resolved,
        None => path,
    }
}

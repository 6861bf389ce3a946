//! [`Temporary`]: outputs that are not complete yet.
//!
//! An output is written under a temporary name and renamed when it is complete, so that no reader ever sees part of it.
//! A temporary file is locked while it is written. One without a lock was left behind by a killed run.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::NamedTempFile;

use super::{File, PREFIX, fail_point};

const SUFFIX: &str = ".partial";

/// Temporary files of this process.
static LIVE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A file under a temporary name. Dropping it before it is published removes it.
#[derive(Debug)]
pub struct Temporary {
    file: NamedTempFile,
    _live: Live,
}

/// An entry of [`LIVE`], removed on drop.
#[derive(Debug)]
struct Live(PathBuf);

impl Drop for Live {
    fn drop(&mut self) {
        LIVE.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

impl Temporary {
    /// Creates an empty temporary file in a folder.
    ///
    /// # Errors
    /// If no file can be created there.
    pub fn new(folder: &Path) -> io::Result<Self> {
        fail_point("create")?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).suffix(SUFFIX);
        loop {
            // `Builder::tempfile_in` would make the file private, and add the temporary name to errors.
            let file = builder
                .make_in(folder, |path| fs::File::options().read(true).write(true).create_new(true).open(path))?;
            // On file systems without locks this fails, but `remove_stale` removes nothing there.
            let _ = file.as_file().lock();
            // Another run may have removed the file before it was locked.
            if file.path().try_exists().unwrap_or(true) {
                let path = file.path().to_owned();
                LIVE.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone());
                return Ok(Self { file, _live: Live(path) });
            }
        }
    }

    /// The temporary name.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The folder of the file.
    pub fn folder(&self) -> &Path {
        self.file.path().parent().unwrap_or(Path::new("."))
    }

    /// Returns another handle of the file. All handles share one position, which is 0 at first.
    ///
    /// # Errors
    /// As [`fs::File::try_clone`].
    pub fn writer(&self) -> io::Result<File> {
        fail_point("duplicate")?;
        self.file.as_file().try_clone().map(File)
    }

    /// Current size and times of the file.
    ///
    /// # Errors
    /// As [`fs::File::metadata`].
    pub fn metadata(&self) -> io::Result<Metadata> {
        fail_point("metadata")?;
        self.file.as_file().metadata()
    }

    /// Renames the file to its final name. An existing file is replaced only with `overwrite`.
    ///
    /// # Errors
    /// If the file cannot be renamed, or the name is taken and `overwrite` is false.
    pub fn publish(self, name: &Path, overwrite: bool) -> io::Result<()> {
        fail_point("rename")?;
        let published = if overwrite { self.file.persist(name) } else { self.file.persist_noclobber(name) };
        published.map(drop).map_err(|error| error.error)
    }
}

/// Removes all temporary files of this process. Called by a process that exits without waiting for its threads.
pub fn remove_live() {
    for path in &*LIVE.lock().unwrap_or_else(PoisonError::into_inner) {
        // The next run removes files that cannot be removed now.
        let _ = fs::remove_file(path);
    }
}

/// Removes temporary files that killed runs left in a folder. Those of active runs are locked, and are kept.
pub fn remove_stale(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let random = name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(SUFFIX));
        if random.is_none() || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let path = entry.path();
        if fail_point("open a file left behind").is_ok()
            && let Ok(file) = fs::File::options().write(true).open(&path)
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_do_not_show_the_temporary_name() {
        let error = Temporary::new(Path::new("/no/such/folder")).expect_err("there is no folder");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.raw_os_error().is_some() && !error.to_string().contains(PREFIX), "{error}");
    }

    #[test]
    fn existing_files_are_replaced_only_with_overwrite() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let name = folder.path().join("there");
        fs::write(&name, "old").expect("a file");
        let file = || Temporary::new(folder.path()).expect("a temporary file");
        assert!(file().publish(&name, false).is_err());
        assert_eq!(fs::read(&name).expect("the file"), b"old");
        file().publish(&name, true).expect("a new name");
        assert_eq!(fs::read(&name).expect("the file"), b"");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }

    #[test]
    fn only_stale_files_are_removed() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let active = Temporary::new(folder.path()).expect("a temporary file");
        for name in [".polyphase-abc123.partial", ".polyphase-done.jsonl", "polyphase-abc123.partial", "a.partial"] {
            fs::write(folder.path().join(name), "").expect("a file");
        }
        fs::create_dir(folder.path().join(".polyphase-folder.partial")).expect("a folder");
        remove_stale(folder.path());
        assert!(active.file.path().exists());
        assert!(!folder.path().join(".polyphase-abc123.partial").exists());
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 5);
    }
}

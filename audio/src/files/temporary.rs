//! Outputs that are not complete yet: under names of their own until they are, and gone if they never become so.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::NamedTempFile;

use super::{File, PREFIX, fault};

const SUFFIX: &str = ".partial";

/// Those of this process.
static LIVE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A file that is not complete yet. It is locked while it is written, so that other runs know it from those that a killed
/// run left behind; it is removed when it is dropped.
#[derive(Debug)]
pub struct Temporary {
    file: NamedTempFile,
    _live: Live,
}

/// An entry in [`LIVE`].
#[derive(Debug)]
struct Live(PathBuf);

impl Drop for Live {
    fn drop(&mut self) {
        LIVE.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

impl Temporary {
    /// Creates a locked file with a name of its own in a folder.
    pub fn new(folder: &Path) -> io::Result<Self> {
        fault::gate("create")?;
        let mut builder = tempfile::Builder::new();
        // Temporary files are private by default; this one is to be as readable as any new file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        builder.prefix(PREFIX).suffix(SUFFIX);
        loop {
            let file = builder.tempfile_in(folder)?;
            // Where files cannot be locked nothing is taken for left behind either.
            let _ = file.as_file().lock();
            // Another run may have taken it for that before it was locked.
            if file.path().try_exists().unwrap_or(true) {
                let path = file.path().to_owned();
                LIVE.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone());
                return Ok(Self { file, _live: Live(path) });
            }
        }
    }

    /// The folder that it is in.
    pub fn folder(&self) -> &Path {
        self.file.path().parent().unwrap_or(Path::new("."))
    }

    /// What writes to it, from its beginning if nothing has been written.
    pub fn writer(&self) -> io::Result<File> {
        fault::gate("duplicate")?;
        self.file.as_file().try_clone().map(File)
    }

    /// Size and times of what has been written.
    pub fn metadata(&self) -> io::Result<Metadata> {
        fault::gate("metadata")?;
        self.file.as_file().metadata()
    }

    /// Gives it its final name; an existing file is replaced only with `overwrite`.
    pub fn publish(self, name: &Path, overwrite: bool) -> io::Result<()> {
        fault::gate("rename")?;
        let published = if overwrite { self.file.persist(name) } else { self.file.persist_noclobber(name) };
        published.map(drop).map_err(|error| error.error)
    }
}

/// Removes what this process has not completed, when there is no time to wait for those who write it.
pub fn remove_live() {
    for path in &*LIVE.lock().unwrap_or_else(PoisonError::into_inner) {
        // There is nothing to be done about one that stays, but the next run.
        let _ = fs::remove_file(path);
    }
}

/// Removes the temporary files that killed runs have left in a folder. Those of other runs at work stay, since these hold
/// a lock on them.
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
        if fault::gate("open a file left behind").is_ok()
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
    fn what_exists_is_replaced_only_if_that_was_asked_for() {
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
    fn what_was_left_behind_is_removed_and_what_is_at_work_or_not_ours_stays() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let at_work = Temporary::new(folder.path()).expect("a temporary file");
        for name in [".polyphase-abc123.partial", ".polyphase-done.jsonl", "polyphase-abc123.partial", "a.partial"] {
            fs::write(folder.path().join(name), "").expect("a file");
        }
        fs::create_dir(folder.path().join(".polyphase-folder.partial")).expect("a folder");
        remove_stale(folder.path());
        assert!(at_work.file.path().exists());
        assert!(!folder.path().join(".polyphase-abc123.partial").exists());
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 5);
    }
}

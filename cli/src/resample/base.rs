//! [`Base`]: the folder that the names of inputs are relative to.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// A folder, by its name and by its name without links.
#[derive(Debug)]
pub(super) struct Base {
    absolute: PathBuf,
    real: Option<PathBuf>,
}

impl Base {
    pub(super) fn new(folder: &Path) -> Self {
        Self { absolute: absolute(folder), real: fs::canonicalize(folder).ok() }
    }

    /// The longest folder that holds all paths. A folder among them holds itself.
    pub(super) fn common(paths: &[PathBuf]) -> Self {
        let folders = paths.iter().map(|path| {
            let absolute = absolute(path);
            if path.is_dir() { absolute } else { absolute.parent().map(Path::to_owned).unwrap_or_default() }
        });
        let common = folders.reduce(|common, folder| {
            common.components().zip(folder.components()).take_while(|(a, b)| a == b).map(|(part, _)| part).collect()
        });
        Self { absolute: common.unwrap_or_default(), real: None }
    }

    /// Path relative to the folder; `None` if it is outside.
    pub(super) fn name(&self, path: &Path) -> Option<PathBuf> {
        if let Ok(name) = absolute(path).strip_prefix(&self.absolute) {
            return Some(name.to_owned());
        }
        let real = match path.file_name() {
            Some(name) => fs::canonicalize(polyphase_audio::files::folder_of(path)).ok()?.join(name),
            None => fs::canonicalize(path).ok()?,
        };
        real.strip_prefix(self.real.as_ref()?).ok().map(Path::to_owned)
    }
}

/// Absolute path without `.` and `..`. The links before a `..` are resolved.
fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let is_plain = |path: &Path| !path.components().any(|part| part == Component::ParentDir);
    if is_plain(&path) {
        return path.components().collect();
    }
    let real = match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => fs::canonicalize(parent).map(|parent| parent.join(name)),
        _ => fs::canonicalize(&path),
    };
    real.unwrap_or_else(|_| {
        // A path that does not exist has no links.
        let mut plain = PathBuf::new();
        for part in path.components() {
            if part == Component::ParentDir {
                plain.pop();
            } else {
                plain.push(part);
            }
        }
        plain
    })
}

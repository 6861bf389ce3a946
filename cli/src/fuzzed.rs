//! Fuzz targets of the program: the names of files, and the record of an earlier run. Each function takes arbitrary
//! bytes, and panics only if the program is wrong. The crate in `fuzz` searches for bytes that cause a panic; the tests
//! here try its seeds and mutations of them.

use std::collections::HashSet;
use std::fs;
use std::path::{Component, Path};

use polyphase_audio::Container;
use tempfile::TempDir;

use crate::resample::paths::{self, Selection, Target};
use crate::resample::record::{Earlier, NAME};

/// Creates a temporary folder, in memory on systems with `/dev/shm`.
fn folder() -> TempDir {
    let shared_memory = Path::new("/dev/shm");
    if shared_memory.is_dir() { TempDir::new_in(shared_memory) } else { TempDir::new() }.expect("a temporary folder")
}

/// Plans the outputs of inputs whose names are the lines, after creating those inputs that can be created. No two
/// outputs may share a name on any file system, and none may be outside its folder or be an input.
pub fn paths(bytes: &[u8]) {
    let folder = folder();
    let root = folder.path().join("root");
    fs::create_dir(&root).expect("a folder");
    let mut inputs = vec![root.clone()];
    for line in bytes.split(|&byte| byte == b'\n').take(20) {
        let Some(name) = name(line).filter(|name| stays_below(name)) else { continue };
        let path = root.join(name);
        let is_plain = name.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if is_plain && path.parent().is_some_and(|parent| fs::create_dir_all(parent).is_ok()) {
            // The path may be a folder by now.
            let _ = fs::write(&path, b"");
        }
        inputs.push(path);
    }
    let out = root.join("out");
    for container in [None, Some(Container::Wav)] {
        let selection = Selection::of(inputs.clone());
        let target = Target::Folder(out.clone());
        let Ok(planned) = paths::plan(&selection, &target, container, None, |_| Vec::new()) else { continue };
        let mut names = HashSet::new();
        for task in &planned.tasks {
            let below = task.output.strip_prefix(&out).expect("an output outside its folder");
            assert!(
                below.components().all(|part| matches!(part, Component::Normal(_))),
                "{below:?} of {:?}",
                task.input
            );
            assert!(
                names.insert(below.to_string_lossy().to_lowercase()) || below.to_str().is_none(),
                "{below:?} twice"
            );
            // An input that does not exist cannot be overwritten.
            assert!(task.input != task.output || !task.input.exists(), "{:?}", task.input);
        }
    }
}

/// True if a path stays inside its folder. A path that leaves it could make the program search the whole file system.
fn stays_below(name: &Path) -> bool {
    let mut depths = name.components().scan(0_i32, |depth, part| {
        *depth += match part {
            Component::Normal(_) => 1,
            Component::CurDir => 0,
            Component::ParentDir => -1,
            Component::RootDir | Component::Prefix(_) => i32::MIN / 2,
        };
        Some(*depth)
    });
    depths.all(|depth| depth >= 0)
}

#[cfg(unix)]
fn name(bytes: &[u8]) -> Option<&Path> {
    let bytes = bytes.get(..bytes.len().min(100))?;
    let is_name = !bytes.is_empty() && !bytes.contains(&0);
    is_name.then(|| Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn name(bytes: &[u8]) -> Option<&Path> {
    let bytes = bytes.get(..bytes.len().min(100))?;
    std::str::from_utf8(bytes).ok().filter(|name| !name.is_empty() && !name.contains('\0')).map(Path::new)
}

/// Reads the bytes as the record of an earlier run. The output is newer than every record, so it must never count as
/// done.
pub fn record(bytes: &[u8]) {
    let folder = folder();
    let (input, out) = (folder.path().join("a.wav"), folder.path().join("out"));
    fs::create_dir(&out).expect("a folder");
    fs::write(&input, "input").expect("a file");
    fs::write(out.join("a.wav"), "output").expect("a file");
    fs::write(out.join(NAME), bytes).expect("a file");
    let selection = Selection::of(vec![input]);
    let planned = paths::plan(&selection, &Target::Folder(out.clone()), None, None, |_| Vec::new()).expect("one task");
    let earlier = Earlier::read(&out, &planned.tasks, "settings").expect("a record that can be read");
    assert!(!earlier.is_done(0));
}

#[cfg(test)]
mod tests {
    use polyphase_checks::seeds::try_mutations;

    use super::*;

    #[test]
    fn mutated_names_do_not_panic() {
        try_mutations("paths", paths, 500);
    }

    #[test]
    fn mutated_records_do_not_panic() {
        try_mutations("record", record, 500);
    }
}

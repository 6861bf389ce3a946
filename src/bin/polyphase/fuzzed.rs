//! The program's ways in, for tests: audio files, arrays, the names of files, and the record of an earlier run. Each function
//! takes any bytes, and panics only where the program is wrong. `fuzz` searches for such bytes; the tests here try its seeds
//! and mutations of them.

use std::collections::HashSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use tempfile::TempDir;

use crate::audio::decode::Decoder;
use crate::audio::{Container, npy};
use crate::resample::paths;
use crate::resample::record::{Earlier, NAME};

/// Samples beyond which no more are decoded: some formats pack silence without limit.
const ENOUGH: usize = 1 << 22;

/// A folder in memory, if there is such a place.
fn folder() -> TempDir {
    let shared_memory = Path::new("/dev/shm");
    if shared_memory.is_dir() { TempDir::new_in(shared_memory) } else { TempDir::new() }.expect("a temporary folder")
}

/// An audio file of any kind.
pub fn audio(bytes: &[u8]) {
    thread_local!(static FILE: (TempDir, PathBuf) = {
        let folder = folder();
        let path = folder.path().join("input");
        (folder, path)
    });
    FILE.with(|(_, path)| {
        fs::write(path, bytes).expect("a file");
        let Ok(mut decoder) = Decoder::open(path, |_| {}) else { return };
        let spec = decoder.spec();
        assert!(spec.rate > 0 && (1..=1024).contains(&spec.channels));
        let (mut samples, mut packet, mut taken) = (Vec::<f32>::new(), Vec::new(), 0);
        while let Ok(true) = decoder.read(&mut samples, &mut packet) {
            assert_eq!(samples.len() % spec.channels, 0);
            taken += samples.len();
            samples.clear();
            if taken > ENOUGH {
                break;
            }
        }
    });
}

/// An array.
pub fn npy(bytes: &[u8]) {
    thread_local!(static FILE: (TempDir, PathBuf) = {
        let folder = folder();
        let path = folder.path().join("input.npy");
        (folder, path)
    });
    FILE.with(|(_, path)| {
        fs::write(path, bytes).expect("a file");
        let array = match npy::read(path) {
            Ok(array) => array,
            Err(error) => {
                assert!(!format!("{error:#}").contains('\n'), "{error:#}");
                return;
            }
        };
        let (len, width) = match array {
            npy::Array::I16(array) => (array.len(), 2),
            npy::Array::I32(array) => (array.len(), 4),
            npy::Array::F32(array) => (array.len(), 4),
            npy::Array::F64(array) => (array.len(), 8),
        };
        assert!(len * width <= bytes.len());
    });
}

/// Names of inputs, one in each line; those that can be are files. No two outputs may have one name on any file system, nor
/// lie outside their folder, nor be an input.
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
            // It may be a folder by now.
            let _ = fs::write(&path, b"");
        }
        inputs.push(path);
    }
    let out = root.join("out");
    for container in [None, Some(Container::Wav)] {
        let Ok(planned) = paths::plan(&inputs, &out, container) else { continue };
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
            // What is not there is lost by nothing.
            assert!(task.input != task.output || !task.input.exists(), "{:?}", task.input);
        }
    }
}

/// Whether a name leads nowhere above the folder that it is in, where all that there is would be looked through.
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

/// The record of an earlier run. Nothing that it holds may make an output of another time count as done.
pub fn record(bytes: &[u8]) {
    let folder = folder();
    let (input, out) = (folder.path().join("a.wav"), folder.path().join("out"));
    fs::create_dir(&out).expect("a folder");
    fs::write(&input, "input").expect("a file");
    fs::write(out.join("a.wav"), "output").expect("a file");
    fs::write(out.join(NAME), bytes).expect("a file");
    let planned = paths::plan(&[input], &out, None).expect("one task");
    let earlier = Earlier::read(&out, &planned.tasks, "settings").expect("a record that can be read");
    assert!(!earlier.is_done(0));
}

#[cfg(test)]
mod tests {
    #![expect(clippy::print_stdout, reason = "shown if a test fails")]

    use super::*;

    /// Tries the seeds of a target, and so many mutations.
    fn try_mutations(name: &str, target: fn(&[u8]), count: usize) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
        let seeds = fs::read_dir(&folder).expect("a folder of seeds").map(|entry| entry.expect("a seed").path());
        let mut seeds: Vec<_> = seeds.map(|path| fs::read(path).expect("a seed")).collect();
        seeds.sort();
        assert!(seeds.len() > 3);
        seeds.iter().for_each(|seed| target(seed));
        for number in 0..count as u64 {
            // Shown if the test fails.
            println!("{name}, mutation {number}");
            target(&mutation(&seeds, &mut fastrand::Rng::with_seed(number)));
        }
    }

    /// A seed with a few changes of any kind.
    fn mutation(seeds: &[Vec<u8>], random: &mut fastrand::Rng) -> Vec<u8> {
        let mut bytes = seeds[random.usize(..seeds.len())].clone();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(..=bytes.len());
            let end = random.usize(at..=bytes.len().min(at + 16));
            match random.u8(..6) {
                0 => bytes.truncate(at),
                1 => drop(bytes.drain(at..end)),
                2 => bytes[at..end].fill(*random.choice(&[0, 0xff, 0x7f, 0x80]).expect("one of them")),
                3 => bytes[at..end].iter_mut().for_each(|byte| *byte = random.u8(..)),
                4 => bytes[at..end].iter_mut().for_each(|byte| *byte ^= 1 << random.u8(..8)),
                _ => {
                    let other = &seeds[random.usize(..seeds.len())];
                    let from = random.usize(..=other.len());
                    bytes.splice(at..at, other[from..].iter().copied());
                }
            }
        }
        bytes
    }

    #[test]
    fn audio_may_be_anything() {
        try_mutations("audio", audio, 1500);
    }

    #[test]
    fn arrays_may_be_anything() {
        try_mutations("npy", npy, 1500);
    }

    #[test]
    fn names_may_be_anything() {
        try_mutations("paths", paths, 500);
    }

    #[test]
    fn the_record_may_be_anything() {
        try_mutations("record", record, 500);
    }
}

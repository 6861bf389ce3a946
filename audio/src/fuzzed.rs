//! The readers of files, for tests: audio files and arrays. Each function takes any bytes, and panics only where a reader is
//! wrong. `fuzz` searches for such bytes; the tests here try its seeds and mutations of them.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::decode::Decoder;
use crate::npy;

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

#[cfg(test)]
mod tests {
    use polyphase_checks::seeds::try_mutations;

    use super::*;

    #[test]
    fn audio_may_be_anything() {
        try_mutations("audio", audio, 1500);
    }

    #[test]
    fn arrays_may_be_anything() {
        try_mutations("npy", npy, 1500);
    }
}

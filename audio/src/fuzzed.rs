//! Fuzz targets of the readers. Each function reads any bytes as a file, and panics only if the reader is wrong. The
//! crate in `fuzz` searches for such bytes; the tests here try its seeds and mutations of them.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::Decoder;
use crate::npy;

/// Samples after which decoding stops: some formats compress silence without limit.
const MAX_SAMPLES: usize = 1 << 22;

/// A temporary folder, in memory where the system has such a place.
fn folder() -> TempDir {
    let shared_memory = Path::new("/dev/shm");
    if shared_memory.is_dir() { TempDir::new_in(shared_memory) } else { TempDir::new() }.expect("a temporary folder")
}

/// Decodes the bytes as an audio file.
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
            if taken > MAX_SAMPLES {
                break;
            }
        }
    });
}

/// Reads the bytes as an array. It may not be larger than the file.
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
        let width = usize::from(array.format().bits() / 8);
        assert!(array.len() * width <= bytes.len());
    });
}

#[cfg(test)]
mod tests {
    use polyphase_checks::seeds::try_mutations;

    use super::*;

    #[test]
    fn audio_files_of_any_bytes() {
        try_mutations("audio", audio, 1500);
    }

    #[test]
    fn arrays_of_any_bytes() {
        try_mutations("npy", npy, 1500);
    }
}

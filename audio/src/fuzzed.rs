//! Fuzz targets of the readers. Each function reads arbitrary bytes as a file, and panics only if the reader is wrong.
//! The crate in `fuzz` searches for bytes that cause a panic; the tests here try its seeds and mutations of them.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::Decoder;
use crate::npy;

/// Number of samples after which decoding stops: some formats compress silence without limit.
const MAX_SAMPLES: usize = 1 << 22;

/// Creates a temporary folder, in memory on systems with `/dev/shm`.
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
        let Ok(mut decoder) = Decoder::open(&**path) else { return };
        let spec = decoder.spec();
        assert!(spec.rate > 0 && (1..=1024).contains(&spec.channels));
        let (mut samples, mut taken) = (Vec::<f32>::new(), 0);
        while let Ok(true) = decoder.read(&mut samples) {
            assert_eq!(samples.len() % spec.channels, 0);
            taken += samples.len();
            samples.clear();
            if taken > MAX_SAMPLES {
                break;
            }
        }
    });
}

/// Reads the bytes as an array, which must not be larger than the file.
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
    fn mutated_audio_files_do_not_panic() {
        try_mutations("audio", audio, 1500);
    }

    #[test]
    fn mutated_arrays_do_not_panic() {
        try_mutations("npy", npy, 1500);
    }
}

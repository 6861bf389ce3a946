//! Fuzz targets of the readers. Each function reads arbitrary bytes as a file, and panics only if the reader is wrong.
//! The crate in `fuzz` searches for bytes that cause a panic; the tests here try its seeds and mutations of them.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::flac::{FlacReader, FlacWriter};
use crate::{Decoder, Error, Result, SampleFormat, Source, Spec, Tags};
use crate::{npy, pcm};

/// Number of samples after which decoding stops: some formats compress silence without limit.
const MAX_SAMPLES: usize = 1 << 22;

/// Creates a temporary folder, in memory on systems with `/dev/shm`.
fn folder() -> TempDir {
    let shared_memory = Path::new("/dev/shm");
    if shared_memory.is_dir() { TempDir::new_in(shared_memory) } else { TempDir::new() }.expect("a temporary folder")
}

/// Decodes the bytes as an audio file, and front to back as from a pipe: if both succeed, the samples must be the same.
/// Without the size of the file, a damaged header may give another end.
pub fn audio(bytes: &[u8]) {
    let whole = decoded(Source::bytes(bytes));
    let piped = decoded(Source::stream(Cursor::new(bytes.to_vec())));
    if let (Ok(whole), Ok(piped)) = (whole, piped) {
        let both = whole.len().min(piped.len());
        assert!(whole[..both] == piped[..both], "{} samples, {} through a pipe", whole.len(), piped.len());
    }
}

/// [`audio`] for bytes that begin as a container of PCM.
pub fn pcm(bytes: &[u8]) {
    if pcm::Container::of(bytes).is_some() {
        audio(bytes);
    }
}

/// [`audio`] for bytes that begin as Ogg.
pub fn ogg(bytes: &[u8]) {
    if bytes.starts_with(b"OggS") {
        audio(bytes);
    }
}

/// Bits of the samples.
fn decoded(source: Source) -> Result<Vec<u32>> {
    let decoder = Decoder::open(source).inspect_err(one_line);
    let mut decoder = decoder?;
    let spec = decoder.spec();
    assert!(spec.rate > 0 && (1..=1024).contains(&spec.channels));
    let mut samples = Vec::<f32>::new();
    while samples.len() < MAX_SAMPLES && decoder.read(&mut samples).inspect_err(one_line)? {
        assert_eq!(samples.len() % spec.channels, 0);
    }
    Ok(samples.into_iter().map(f32::to_bits).collect())
}

/// Messages have one line.
fn one_line(error: &Error) {
    assert!(!format!("{error:#}").contains('\n'), "{error:#}");
}

/// Reads the bytes as FLAC, writes the samples as FLAC, and reads that: the samples must be the same. Bytes that are not
/// FLAC are samples.
pub fn flac(bytes: &[u8]) {
    let read = |bytes: &[u8]| {
        let mut source = Cursor::new(bytes);
        let mut reader = FlacReader::open(&mut source)?;
        let mut samples = Vec::<f64>::new();
        while samples.len() < MAX_SAMPLES && reader.read(&mut source, &mut samples)? {}
        assert_eq!(samples.len() % reader.spec().channels, 0);
        Ok::<_, Error>((reader.spec(), samples))
    };
    let (spec, samples) = match bytes {
        [b'f' | b'I', ..] => match read(bytes) {
            Ok((spec, samples)) => {
                #[expect(clippy::cast_possible_truncation, reason = "a sample that was an integer")]
                let integer = |sample: &f64| (sample * 2_147_483_648.0) as i32 >> (32 - spec.format.bits());
                (spec, samples.iter().map(integer).collect())
            }
            Err(error) => {
                one_line(&error);
                return;
            }
        },
        [kind, words @ ..] => {
            let format = [SampleFormat::I16, SampleFormat::I24, SampleFormat::I32][usize::from(kind % 3)];
            let unused = 32 - format.bits();
            let words = words.as_chunks::<4>().0.iter();
            let samples: Vec<_> = words.map(|&word| i32::from_le_bytes(word) >> unused).collect();
            (Spec { rate: 8000, channels: usize::from(kind / 3 % 8) + 1, channel_mask: 0, format }, samples)
        }
        [] => return,
    };
    let whole = samples.len() / spec.channels * spec.channels;
    if whole == 0 {
        return;
    }
    let mut writer = FlacWriter::new(Cursor::new(Vec::new()), spec, &Tags::default()).expect("a spec of FLAC");
    writer.write(&samples[..whole]).expect("memory");
    let written = writer.finish().expect("memory").into_inner();
    let (read_spec, read_samples) = read(&written).expect("a file that was written");
    assert_eq!(Spec { channel_mask: spec.channel_mask, ..read_spec }, spec);
    let scale = f64::from(1_u32 << (spec.format.bits() - 1));
    assert!(read_samples.iter().zip(&samples).all(|(&a, &b)| a * scale == f64::from(b)) || samples.len() > MAX_SAMPLES);
    assert!(read_samples.len() == whole || whole > MAX_SAMPLES);
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
                one_line(&error);
                return;
            }
        };
        let width = match array {
            npy::Array::F16(_) => 2,
            _ => usize::from(array.format().bits() / 8),
        };
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
    fn mutated_flac_files_do_not_panic() {
        try_mutations("flac", flac, 1500);
    }

    #[test]
    fn mutated_arrays_do_not_panic() {
        try_mutations("npy", npy, 1500);
    }
}

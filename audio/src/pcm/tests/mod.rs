//! Files made byte by byte, and the samples that they hold.
#![expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "small numbers")]

mod aiff;
mod caf;
mod damage;
mod samples;
mod wav;
mod wave_sizes;

use std::io::{Cursor, Read, Seek, SeekFrom};

use super::bytes::ReadSeek;
use super::samples::Float;
use super::{Container, open};
use crate::error::{Error, Result};
use crate::format::{SampleFormat, Spec};

/// What a file holds.
#[derive(Debug, PartialEq)]
struct Contents {
    spec: Spec,
    rate: f64,
    promised: Option<u64>,
    samples: Vec<f64>,
}

/// A pipe: it cannot seek, and gives a few bytes at a time.
struct Pipe(Cursor<Vec<u8>>);

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = buffer.len().min(7);
        self.0.read(&mut buffer[..count])
    }
}

impl Seek for Pipe {
    fn seek(&mut self, _: SeekFrom) -> std::io::Result<u64> {
        panic!("a pipe cannot seek")
    }
}

/// Reads a file, which must be PCM.
fn read(bytes: &[u8]) -> Result<Contents> {
    let container = Container::of(bytes).expect("a container of PCM");
    let mut source = Cursor::new(bytes);
    let opened = open(&mut source, Some(bytes.len() as u64), container)?;
    assert!(opened.taken.is_empty());
    let mut audio = opened.audio.expect("PCM");
    rest(&mut source, &mut audio)
}

/// Reads a file through a pipe.
fn read_piped(bytes: &[u8]) -> Result<Contents> {
    let container = Container::of(bytes).expect("a container of PCM");
    let mut source = Pipe(Cursor::new(bytes.to_vec()));
    let opened = open(&mut source, None, container)?;
    let mut audio = opened.audio.expect("PCM");
    // Seeks are for files only.
    let mut bytes = opened.taken;
    source.0.read_to_end(&mut bytes)?;
    rest(&mut Pipe(Cursor::new(bytes)), &mut audio)
}

fn rest(source: &mut dyn ReadSeek, audio: &mut super::Audio) -> Result<Contents> {
    let (spec, rate, promised) = (audio.spec(), audio.rate().hz(), audio.promised_frames());
    let mut samples = Vec::new();
    while audio.read(source, &mut samples)? {}
    Ok(Contents { spec, rate, promised, samples })
}

/// Reads a file from a disk and through a pipe: the samples must be the same.
fn read_both(bytes: &[u8]) -> Contents {
    let contents = read(bytes).expect("a file that is read");
    let piped = read_piped(bytes).expect("a pipe that is read");
    assert_eq!((&contents.samples, contents.spec), (&piped.samples, piped.spec));
    contents
}

/// A name, a size in this order, a body, and padding.
fn chunk(name: &[u8; 4], is_big: bool, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len()).expect("a short body");
    let size = if is_big { size.to_be_bytes() } else { size.to_le_bytes() };
    [name, &size[..], body, &[0][..body.len() % 2]].concat()
}

/// Samples of 16 bits in all tests of containers.
const I16: [i16; 6] = [0, 1, -1, i16::MAX, i16::MIN, 12_345];

fn i16_le() -> Vec<u8> {
    I16.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

fn i16_be() -> Vec<u8> {
    I16.iter().flat_map(|sample| sample.to_be_bytes()).collect()
}

fn i16_samples() -> Vec<f64> {
    I16.iter().map(|&sample| f64::from(sample) / 32_768.0).collect()
}

/// A mono file of [`I16`].
fn is_i16(contents: &Contents) {
    assert_eq!(contents.samples, i16_samples());
    assert_eq!((contents.spec.channels, contents.spec.format), (1, SampleFormat::I16));
}

/// The text of the error of a file.
fn refusal(bytes: &[u8]) -> String {
    read(bytes).expect_err("a refusal").to_string()
}

//! Files that are written and read, and streams made bit by bit.

mod damage;
mod ends;
mod roundtrip;
mod streams;

use std::io::Cursor;

use super::bit_writer::BitWriter;
use super::block::write_number;
use super::crc::{crc_8, crc_16};
use super::header::Format;
use super::metadata::{self, StreamInfo};
use super::reader::FlacReader;
use super::writer::FlacWriter;
use crate::error::Result;
use crate::format::{SampleFormat, Spec};
use crate::tags::Tags;

/// What a file holds.
#[derive(Debug)]
struct Contents {
    spec: Spec,
    promised: Option<u64>,
    /// Integers with their most significant bit at the top of 32.
    samples: Vec<i32>,
    tags: Tags,
    warnings: Vec<String>,
}

fn read(bytes: &[u8]) -> Result<Contents> {
    let mut source = Cursor::new(bytes);
    let mut reader = FlacReader::open(&mut source)?;
    let mut samples = Vec::new();
    while reader.read(&mut source, &mut samples)? {}
    assert!(!reader.read(&mut source, &mut samples)?);
    Ok(Contents {
        spec: reader.spec(),
        promised: reader.promised_frames(),
        samples: samples.into_iter().map(integer).collect(),
        tags: reader.tags().clone(),
        warnings: reader.warnings().to_vec(),
    })
}

/// The text of the error of a file.
fn refusal(bytes: &[u8]) -> String {
    read(bytes).map(|contents| contents.warnings).expect_err("a refusal").to_string()
}

#[expect(clippy::cast_possible_truncation, reason = "a sample that was an integer")]
fn integer(sample: f64) -> i32 {
    (sample * 2_147_483_648.0) as i32
}

fn spec(channels: usize, format: SampleFormat) -> Spec {
    Spec { rate: 16_000, channels, channel_mask: 0, format }
}

/// A file of integers of the width of their format.
fn written(spec: Spec, tags: &Tags, samples: &[i32]) -> Vec<u8> {
    let mut writer = FlacWriter::new(Cursor::new(Vec::new()), spec, tags).expect("a spec that FLAC can hold");
    for part in samples.chunks(spec.channels * 1000) {
        writer.write(part).expect("samples");
    }
    writer.finish().expect("a file").into_inner()
}

/// A stream without a total and a checksum.
fn unknown(format: Format) -> StreamInfo {
    StreamInfo { blocks: [0; 2], sizes: [0; 2], format, total: None, md5: None }
}

/// Everything before the frames of a stream.
fn begin(info: &StreamInfo) -> Vec<u8> {
    [&b"fLaC\x80\0\0\x22"[..], &info.written()].concat()
}

/// A frame whose header leaves rate and bits to STREAMINFO.
struct FrameOf {
    is_variable: bool,
    number: u64,
    /// Code of the channels.
    channels: u64,
    block: usize,
}

impl FrameOf {
    fn new(number: u64, channels: u64, block: usize) -> Self {
        Self { is_variable: false, number, channels, block }
    }

    /// The frame, with subframes that `write` writes.
    fn with(&self, write: impl FnOnce(&mut BitWriter)) -> Vec<u8> {
        let mut writer = BitWriter::default();
        writer.unsigned(0xfff8 | u64::from(self.is_variable), 16);
        writer.unsigned(0x70, 8);
        writer.unsigned(self.channels << 4, 8);
        write_number(&mut writer, self.number);
        writer.unsigned(self.block as u64 - 1, 16);
        let crc = crc_8(writer.bytes());
        writer.unsigned(crc.into(), 8);
        write(&mut writer);
        writer.align();
        let crc = crc_16(writer.bytes());
        writer.unsigned(crc.into(), 16);
        writer.bytes().to_vec()
    }
}

/// Numbers between −`limit` and `limit`, the same in every run.
fn noise(seed: u64, len: usize, limit: i32) -> Vec<i32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..len).map(|_| random.i32(-limit..=limit)).collect()
}

//! [`FlacWriter`]: writes FLAC files.

use std::fmt;
use std::io::{Seek, SeekFrom, Write};

use md5::Context;

use super::block::BlockWriter;
use super::header::Format;
use super::metadata::{self, MAX_TOTAL, StreamInfo};
use super::{MAX_CHANNELS, implied_mask, samples};
use crate::error::{Error, Result};
use crate::format::Spec;
use crate::tags::Tags;

/// Frames (samples of every channel) of a block.
const BLOCK: u16 = 4096;
/// Largest rate that the header can hold.
const MAX_RATE: u32 = (1 << 20) - 1;

/// Encodes interleaved integers as FLAC.
pub(crate) struct FlacWriter<W> {
    file: W,
    /// Position of the first byte of the stream in the file.
    begin: u64,
    info: StreamInfo,
    /// Samples of the block so far, channel after channel.
    channels: Vec<Vec<i32>>,
    block: BlockWriter,
    frames: u64,
    blocks: u64,
    checksum: Context,
    bytes: Vec<u8>,
}

impl<W> fmt::Debug for FlacWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlacWriter").field("info", &self.info).field("frames", &self.frames).finish_non_exhaustive()
    }
}

impl<W: Write + Seek> FlacWriter<W> {
    /// Begins a stream of samples of 16, 24 or 32 bits.
    pub(crate) fn new(mut file: W, spec: Spec, tags: &Tags) -> Result<Self> {
        let Spec { rate, channels, .. } = spec;
        if !(1..=MAX_CHANNELS).contains(&channels) {
            let text = format!("a FLAC file cannot hold {channels} channels: at most {MAX_CHANNELS}");
            return Err(Error::Unrepresentable(text));
        }
        if !(1..=MAX_RATE).contains(&rate) {
            let text = format!("a FLAC file cannot hold a rate of {rate} Hz: at most {MAX_RATE} Hz");
            return Err(Error::Unrepresentable(text));
        }
        let format = Format { rate, channels, bits: spec.format.bits().into() };
        let info = StreamInfo { blocks: [BLOCK; 2], sizes: [u32::MAX, 0], format, total: None, md5: None };
        let begin = file.stream_position()?;
        let mask = (!speakers_are_implied(spec)).then_some(spec.channel_mask);
        file.write_all(&header(&info, &metadata::comments(tags, mask)))?;
        Ok(Self {
            file,
            begin,
            info,
            channels: vec![Vec::with_capacity(BLOCK.into()); channels],
            block: BlockWriter::default(),
            frames: 0,
            blocks: 0,
            checksum: Context::new(),
            bytes: Vec::new(),
        })
    }

    /// Appends interleaved samples of whole frames.
    pub(crate) fn write(&mut self, samples: &[i32]) -> Result<()> {
        let channels = self.channels.len();
        let mut rest = samples;
        while !rest.is_empty() {
            let room = usize::from(BLOCK) - self.channels[0].len();
            let (part, after) = rest.split_at(rest.len().min(room * channels));
            rest = after;
            samples::deinterleave(part, &mut self.channels);
            if self.channels[0].len() == usize::from(BLOCK) {
                self.write_block()?;
            }
        }
        Ok(())
    }

    /// Completes the stream, and returns the file without having synced it.
    pub(crate) fn finish(mut self) -> Result<W> {
        if self.channels[0].is_empty() && self.frames == 0 {
            return Err(Error::Unrepresentable("a FLAC file cannot hold a signal of no samples".to_owned()));
        }
        if !self.channels[0].is_empty() {
            self.write_block()?;
        }
        self.info.total = Some(self.frames).filter(|&frames| frames < MAX_TOTAL);
        self.info.md5 = Some(self.checksum.finalize().0);
        self.file.seek(SeekFrom::Start(self.begin + 8))?;
        self.file.write_all(&self.info.written())?;
        self.file.seek(SeekFrom::End(0))?;
        self.file.flush()?;
        Ok(self.file)
    }

    fn write_block(&mut self) -> Result<()> {
        samples::checksum_bytes(&self.channels, self.info.format.bits, &mut self.bytes);
        self.checksum.consume(&self.bytes);
        let frame = self.block.encode(&self.channels, self.info.format, self.blocks);
        self.file.write_all(frame)?;
        // A size of more than 24 bits is given as unknown.
        let size = u32::try_from(frame.len()).ok().filter(|size| size >> 24 == 0).unwrap_or(0);
        let [smallest, largest] = &mut self.info.sizes;
        (*smallest, *largest) = ((*smallest).min(size), (*largest).max(size));
        self.frames += self.channels[0].len() as u64;
        self.blocks += 1;
        self.channels.iter_mut().for_each(Vec::clear);
        Ok(())
    }
}

/// Everything before the first frame.
fn header(info: &StreamInfo, comments: &[u8]) -> Vec<u8> {
    const COMMENTS: u8 = 4;
    const IS_LAST: u8 = 0x80;
    let [_, a, b, c] = u32::try_from(comments.len()).unwrap_or(0).to_be_bytes();
    let mut header = b"fLaC\0\0\0\x22".to_vec();
    header.extend(info.written());
    header.extend([IS_LAST | COMMENTS, a, b, c]);
    header.extend(comments);
    header
}

/// True if the speakers are unknown, or are those that the number of channels implies.
fn speakers_are_implied(spec: Spec) -> bool {
    // The position of a single speaker makes no difference.
    spec.channel_mask == 0 || spec.channels == 1 || spec.channel_mask == implied_mask(spec.channels)
}

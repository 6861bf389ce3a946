//! [`Metadata`]: the blocks before the audio.
//!
//! ```text
//! ID3v2 tags, where some program put them  fLaC
//! blocks, each: 1 bit, set in the last  type: 7 bits  size: 3 bytes  body
//! ```

use std::io::Read;

use super::header::Format;
use super::input::Input;
use super::trailer::id3v2_len;
use super::{MAX_CHANNELS, implied_mask};
use crate::error::{Error, Result};
use crate::tags::Tags;

/// Name of the tag that holds the speakers.
pub(super) const CHANNEL_MASK: &str = "WAVEFORMATEXTENSIBLE_CHANNEL_MASK";
/// Bytes of the body of STREAMINFO.
pub(super) const STREAM_INFO: usize = 34;
/// Largest total that STREAMINFO can hold. Some programs write it if they do not know the total.
pub(super) const MAX_TOTAL: u64 = (1 << 36) - 1;

/// STREAMINFO: sizes, the format, the number of frames and the checksum of the audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StreamInfo {
    /// Smallest and largest block, in frames.
    pub(super) blocks: [u16; 2],
    /// Smallest and largest size of an encoded block, in bytes. 0 means that it is unknown.
    pub(super) sizes: [u32; 2],
    pub(super) format: Format,
    /// Frames of the stream. `None` means that it is unknown.
    pub(super) total: Option<u64>,
    /// MD5 of the samples. `None` means that it is unknown.
    pub(super) md5: Option<[u8; 16]>,
}

impl StreamInfo {
    pub(super) fn read(body: &[u8; STREAM_INFO]) -> Self {
        let number = |at: usize, count: usize| body[at..at + count].iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
        #[expect(clippy::cast_possible_truncation, reason = "numbers of so many bits")]
        let (u16, u32) = (|at| number(at, 2) as u16, |number| number as u32);
        let packed = number(10, 8);
        let total = packed & MAX_TOTAL;
        let md5: [u8; 16] = std::array::from_fn(|i| body[18 + i]);
        Self {
            blocks: [u16(0), u16(2)],
            sizes: [u32(number(4, 3)), u32(number(7, 3))],
            format: Format {
                rate: u32(packed >> 44),
                channels: 1 + (packed >> 41 & 7) as usize,
                bits: 1 + u32(packed >> 36 & 31),
            },
            total: Some(total).filter(|&total| total != 0 && total != MAX_TOTAL),
            md5: Some(md5).filter(|&md5| md5 != [0; 16]),
        }
    }

    pub(super) fn written(&self) -> [u8; STREAM_INFO] {
        let Format { rate, channels, bits } = self.format;
        let packed = u64::from(rate) << 44
            | (channels as u64 - 1) << 41
            | (u64::from(bits) - 1) << 36
            | self.total.unwrap_or(0).min(MAX_TOTAL);
        let mut body = Vec::with_capacity(STREAM_INFO);
        self.blocks.iter().for_each(|block| body.extend(block.to_be_bytes()));
        self.sizes.iter().for_each(|size| body.extend(&size.to_be_bytes()[1..]));
        body.extend(packed.to_be_bytes());
        body.extend(self.md5.unwrap_or_default());
        std::array::from_fn(|i| body[i])
    }
}

/// What the blocks say.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) info: StreamInfo,
    pub(super) tags: Tags,
    /// Speakers, if a tag gives them.
    mask: Option<u32>,
}

impl Metadata {
    /// Reads the blocks, and stops at the first byte behind them.
    pub(super) fn read(input: &mut Input, source: &mut (impl Read + ?Sized)) -> Result<Self> {
        while let Some(len) = id3v2_len(input.fill(source, 10)?) {
            input.skip(source, len)?;
        }
        if !input.fill(source, 4)?.starts_with(b"fLaC") {
            return Err(damaged("no stream begins where it should"));
        }
        input.consume(4);
        let (mut info, mut tags, mut mask) = (None, Tags::default(), None);
        loop {
            let Some(&[kind, a, b, c]) = input.fill(source, 4)?.first_chunk() else {
                return Err(damaged("the file ends too early"));
            };
            let len = u32::from_be_bytes([0, a, b, c]) as usize;
            input.consume(4);
            match kind & 0x7f {
                0 if info.is_none() => {
                    let body = input.fill(source, STREAM_INFO)?.first_chunk();
                    let body =
                        body.filter(|_| len >= STREAM_INFO).ok_or_else(|| damaged("STREAMINFO is incomplete"))?;
                    info = Some(StreamInfo::read(body));
                    input.skip(source, len as u64)?;
                }
                4 => {
                    let body = input.fill(source, len)?;
                    mask = read_comments(&body[..len.min(body.len())], &mut tags).or(mask);
                    input.skip(source, len as u64)?;
                }
                0x7f => return Err(damaged("a forbidden type of block")),
                _ => input.skip(source, len as u64)?,
            }
            if kind & 0x80 != 0 {
                break;
            }
        }
        let info = info.ok_or_else(|| damaged("there is no STREAMINFO"))?;
        Ok(Self { info, tags, mask })
    }

    /// Speakers of so many channels.
    pub(super) fn channel_mask(&self, channels: usize) -> u32 {
        match self.mask {
            Some(mask) if mask == 0 || mask.count_ones() as usize == channels => mask,
            _ => implied_mask(channels),
        }
    }
}

/// Reads a VORBIS_COMMENT as far as it is whole, and returns the speakers that a comment gives.
fn read_comments(body: &[u8], tags: &mut Tags) -> Option<u32> {
    let mut rest = body;
    let mut mask = None;
    let text = |rest: &mut &[u8]| {
        let (&len, after) = rest.split_first_chunk()?;
        let (text, after) = after.split_at_checked(u32::from_le_bytes(len) as usize)?;
        *rest = after;
        Some(String::from_utf8_lossy(text).into_owned())
    };
    text(&mut rest)?;
    let (&count, after) = rest.split_first_chunk()?;
    rest = after;
    for _ in 0..u32::from_le_bytes(count) {
        let Some(comment) = text(&mut rest) else { break };
        let Some((name, value)) = comment.split_once('=') else { continue };
        if name.eq_ignore_ascii_case(CHANNEL_MASK) {
            let digits = value.trim().trim_start_matches("0x").trim_start_matches("0X");
            mask = u32::from_str_radix(digits, 16).ok();
        } else {
            tags.push(name, value);
        }
    }
    mask
}

/// A block of VORBIS_COMMENT. Comments beyond the size of a block are left out.
pub(super) fn comments(tags: &Tags, mask: Option<u32>) -> Vec<u8> {
    let vendor = concat!("polyphase ", env!("CARGO_PKG_VERSION")).as_bytes();
    let mut body = Vec::new();
    let mut count = 0_u32;
    let mask = mask.map(|mask| (CHANNEL_MASK, format!("0x{mask:04X}")));
    let texts = mask.iter().map(|(name, value)| (*name, value.as_str())).chain(tags.iter());
    for (name, value) in texts {
        let comment = format!("{name}={value}");
        let Ok(len) = u32::try_from(comment.len()) else { continue };
        if vendor.len() + 8 + body.len() + 4 + comment.len() >= 1 << 24 {
            continue;
        }
        body.extend(len.to_le_bytes());
        body.extend(comment.as_bytes());
        count += 1;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a short text")]
    let vendor_len = (vendor.len() as u32).to_le_bytes();
    [&vendor_len[..], vendor, &count.to_le_bytes(), &body].concat()
}

fn damaged(what: &str) -> Error {
    Error::Damaged(format!("truncated or damaged: the file begins as FLAC, but its header is incomplete: {what}"))
}

/// Checks that a format is possible.
pub(super) fn check(format: Format) -> Result<()> {
    let Format { rate, channels, bits } = format;
    if rate == 0 {
        return Err(Error::Damaged("the header gives a sampling rate of 0".to_owned()));
    }
    if !(4..=32).contains(&bits) || !(1..=MAX_CHANNELS).contains(&channels) {
        return Err(Error::Damaged(format!("the header gives samples of {bits} bits: FLAC has 4 to 32")));
    }
    Ok(())
}

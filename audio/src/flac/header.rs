//! [`Header`]: the first bytes of a frame.
//!
//! ```text
//! 14 bits  sync code, 11111111111110
//!  2 bits  0, and 1 if blocks vary in size
//!  4 bits  block size ─────────┐ codes: some mean that the number follows the frame's own number,
//!  4 bits  rate ───────────────┤ and 0 that STREAMINFO has it
//!  4 bits  channels, or the kind of stereo
//!  3 bits  bits per sample ────┘
//!  1 bit   0
//!  1–7 bytes  number of the frame, or of its first sample if blocks vary in size, as in UTF-8
//!  0–2 bytes  block size − 1
//!  0–2 bytes  rate
//!  1 byte  CRC-8
//! ```

use super::bits::Flaw;
use super::crc::{ARE_CHECKED, crc_8};

/// Bytes of the longest header.
pub(super) const LONGEST: usize = 16;

/// Rates of the codes from 1 on.
pub(super) const RATES: [u32; 11] =
    [88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];

/// Rate, channels and bits of a sample, which are the same in the whole stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) rate: u32,
    pub(super) channels: usize,
    pub(super) bits: u32,
}

/// Meaning of the two channels of a stereo frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stereo {
    /// Channels as they are, of any number
    Independent,
    /// Left, and left − right
    LeftSide,
    /// Left − right, and right
    SideRight,
    /// (left + right) / 2 rounded down, and left − right
    MidSide,
}

/// Header of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) format: Format,
    pub(super) stereo: Stereo,
    /// Frames (samples of every channel) in the frame.
    pub(super) block: usize,
    /// True if blocks vary in size.
    pub(super) is_variable: bool,
    /// Number of the first sample if blocks vary in size, else number of the frame.
    pub(super) number: u64,
    /// Bytes of the header.
    pub(super) len: usize,
}

impl Header {
    /// Reads a header. `implied` is what STREAMINFO says.
    pub(super) fn read(bytes: &[u8], implied: Format) -> Result<Self, Flaw> {
        let &[sync, variable, sizes, kinds, ref rest @ ..] = bytes else {
            let may_begin = match bytes {
                [] | [0xff] => true,
                [sync, variable, ..] => *sync == 0xff && variable & 0xfe == 0xf8,
                _ => false,
            };
            return Err(if may_begin { Flaw::Short } else { Flaw::NoFrame });
        };
        let (block, rate) = (u32::from(sizes >> 4), sizes & 15);
        if sync != 0xff || variable & 0xfe != 0xf8 || block == 0 || rate == 15 || kinds & 1 != 0 {
            return Err(Flaw::NoFrame);
        }
        let mut rest = rest;
        let number = number(&mut rest)?;
        let block = match block {
            1 => 192,
            2..=5 => 144 << block,
            6 => 1 + big_endian(&mut rest, 1)?,
            7 => 1 + big_endian(&mut rest, 2)?,
            _ => 1 << block,
        };
        let rate = match rate {
            0 => implied.rate,
            12 => 1000 * big_endian(&mut rest, 1)?,
            13 => big_endian(&mut rest, 2)?,
            14 => 10 * big_endian(&mut rest, 2)?,
            code => RATES[usize::from(code) - 1],
        };
        let (channels, stereo) = match kinds >> 4 {
            8 => (2, Stereo::LeftSide),
            9 => (2, Stereo::SideRight),
            10 => (2, Stereo::MidSide),
            code @ 0..8 => (usize::from(code) + 1, Stereo::Independent),
            _ => return Err(Flaw::NoFrame),
        };
        let bits = match kinds >> 1 & 7 {
            0 => implied.bits,
            3 => return Err(Flaw::NoFrame),
            code => [8, 12, 0, 16, 20, 24, 32][usize::from(code) - 1],
        };
        let len = bytes.len() - rest.len() + 1;
        let checked = bytes.get(..len).ok_or(Flaw::Short)?;
        if crc_8(checked) != 0 && ARE_CHECKED {
            return Err(Flaw::NoFrame);
        }
        let is_variable = variable & 1 == 1;
        let block = block as usize;
        Ok(Self { format: Format { rate, channels, bits }, stereo, block, is_variable, number, len })
    }

    /// Number of the next frame.
    pub(super) fn next_number(&self) -> u64 {
        self.number + if self.is_variable { self.block as u64 } else { 1 }
    }
}

/// A number of up to 36 bits, coded as characters are in UTF-8.
fn number(bytes: &mut &[u8]) -> Result<u64, Flaw> {
    let (&first, rest) = bytes.split_first().ok_or(Flaw::Short)?;
    let ones = first.leading_ones() as usize;
    let more = match ones {
        0 => 0,
        2..=7 => ones - 1,
        _ => return Err(Flaw::NoFrame),
    };
    let high = u64::from(first) & (0x7f >> ones);
    let (others, rest) = rest.split_at_checked(more).ok_or(Flaw::Short)?;
    *bytes = rest;
    others.iter().try_fold(high, |number, byte| match byte >> 6 {
        2 => Ok(number << 6 | u64::from(byte & 0x3f)),
        _ => Err(Flaw::NoFrame),
    })
}

/// A number of one or two bytes.
fn big_endian(bytes: &mut &[u8], count: usize) -> Result<u32, Flaw> {
    let (number, rest) = bytes.split_at_checked(count).ok_or(Flaw::Short)?;
    *bytes = rest;
    Ok(number.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)))
}

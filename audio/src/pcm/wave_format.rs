//! The `fmt ` chunk of WAV: plain, with an extension of any length, and WAVE_FORMAT_EXTENSIBLE.
//!
//! ```text
//! 0   tag                  2
//! 2   channels             2
//! 4   frames per second    4
//! 8   bytes per second     4
//! 12  bytes per frame      2
//! 14  bits per sample      2   missing in chunks of 14 bytes
//! 16  size of what follows 2   22 or more for the extensible format
//! 18  valid bits           2
//! 20  mask of speakers     4
//! 24  GUID                16   the tag again, and a constant
//! ```

use super::bytes::{Fields, Order};
use super::chunks::Extent;
use super::codecs::{self, Codec};
use super::samples::{Coding, SampleType};
use super::speakers::SPEAKERS;
use super::{Container, Header, check_channels, incomplete, integer_format, unread};
use crate::error::{Error, Result};
use crate::format::SampleFormat;

const PCM: u16 = 1;
const FLOAT: u16 = 3;
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;
const EXTENSIBLE: u16 = 0xfffe;

/// Audio that a format describes.
pub(super) enum Format {
    /// PCM of this kind, of which the position is not known yet
    Pcm(Header),
    /// A codec that symphonia decodes
    Compressed,
}

/// Numbers of the chunk.
struct Fmt {
    channels: usize,
    rate: u32,
    byte_rate: u32,
    frame_bytes: usize,
    bits: usize,
    valid_bits: usize,
    mask: u32,
}

/// Reads the body of the chunk, or its first 40 bytes.
pub(super) fn parse(body: &[u8], container: Container) -> Result<Format> {
    if body.len() < 14 {
        return Err(incomplete(container, "its `fmt ` chunk is too short"));
    }
    let order = if container == Container::Rifx { Order::Big } else { Order::Little };
    let mut fields = Fields::new(order, body);
    let mut tag = fields.u16();
    let channels = usize::from(fields.u16());
    let (rate, byte_rate) = (fields.u32(), fields.u32());
    let (frame_bytes, bits) = (fields.u16().into(), fields.u16().into());
    let mut fmt = Fmt { channels, rate, byte_rate, frame_bytes, bits, valid_bits: bits, mask: 0 };
    if tag == EXTENSIBLE {
        if body.len() < 40 {
            return Err(incomplete(container, "its `fmt ` chunk is too short for the extensible format"));
        }
        fields.take(2);
        fmt.valid_bits = fields.u16().into();
        fmt.mask = fields.u32();
        tag = tag_of_guid(order, fields.take(16)).ok_or_else(|| unread("an unknown codec", container))?;
    }
    let coding = match tag {
        PCM => Coding::Integer,
        FLOAT => Coding::Float,
        A_LAW => Coding::ALaw,
        MU_LAW => Coding::MuLaw,
        _ => {
            return match codecs::of_wav(tag) {
                Codec::Decoded if container == Container::Wav && body[..2] == tag.to_le_bytes() => {
                    Ok(Format::Compressed)
                }
                Codec::Decoded => Err(unread("ADPCM", container)),
                Codec::Named(name) => Err(unread(name, container)),
                Codec::Unknown => Err(unread(&format!("the unknown codec {tag:#06x}"), container)),
            };
        }
    };
    check_channels(fmt.channels)?;
    fmt.pcm(coding, order, container).map(Format::Pcm)
}

/// The tag in a GUID of the usual form, or in one of the Ambisonic formats.
fn tag_of_guid(order: Order, guid: &[u8]) -> Option<u16> {
    const USUAL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
    const AMBISONIC: [u8; 14] = [0, 0, 0x21, 0x07, 0xd3, 0x11, 0x86, 0x44, 0xc8, 0xc1, 0xca, 0, 0, 0];
    // The fields of a GUID have the order of the file, as libsndfile and sox write them.
    let (tag, rest) = guid.split_first_chunk::<2>()?;
    match order {
        Order::Little => (rest == USUAL || rest == AMBISONIC).then(|| u16::from_le_bytes(*tag)),
        Order::Big => guid.get(2..4).and_then(|low| low.try_into().ok()).map(u16::from_be_bytes),
    }
}

impl Fmt {
    fn pcm(&self, coding: Coding, order: Order, container: Container) -> Result<Header> {
        let width = self.width(coding)?;
        let format = match coding {
            Coding::Float if [4, 8].contains(&width) && [0, 8 * width].contains(&self.bits) => {
                if width == 4 {
                    SampleFormat::F32
                } else {
                    SampleFormat::F64
                }
            }
            Coding::Float => return Err(unread(&format!("a float of {} bits", self.bits), container)),
            Coding::ALaw | Coding::MuLaw if width != 1 => return Err(self.contradiction()),
            Coding::ALaw | Coding::MuLaw => SampleFormat::I16,
            Coding::Integer | Coding::Unsigned8 => {
                let bits = if self.bits == 0 { 8 * width } else { self.bits };
                integer_format(if (1..bits).contains(&self.valid_bits) { self.valid_bits } else { bits })
            }
        };
        let coding = if coding == Coding::Integer && width == 1 { Coding::Unsigned8 } else { coding };
        Ok(Header {
            rate: self.rate.into(),
            channels: self.channels,
            channel_mask: self.channel_mask(),
            format,
            samples: SampleType { coding, width, order },
            data_at: 0,
            extent: Extent::Rest,
        })
    }

    /// Bytes of a sample. Samples may have more bytes than their bits need.
    fn width(&self, coding: Coding) -> Result<usize> {
        let is_law = matches!(coding, Coding::ALaw | Coding::MuLaw);
        let least = if is_law { 1 } else { self.bits.div_ceil(8) };
        let is_possible = |width: usize| width >= least.max(1) && width <= 8;
        let by_frame = Some(self.frame_bytes / self.channels)
            .filter(|&width| self.frame_bytes.is_multiple_of(self.channels) && is_possible(width));
        let by_bits = Some(least).filter(|&width| {
            let byte_rate = u64::from(self.rate) * (self.channels * width) as u64;
            is_possible(width) && (self.frame_bytes == 0 || byte_rate == self.byte_rate.into())
        });
        by_frame.or(by_bits).ok_or_else(|| self.contradiction())
    }

    fn contradiction(&self) -> Error {
        Error::Damaged(format!(
            "the header contradicts itself: {} bytes for a frame of {} channels of {} bits",
            self.frame_bytes, self.channels, self.bits
        ))
    }

    /// The speakers, of which there are no more than channels: further ones do not count.
    fn channel_mask(&self) -> u32 {
        let mut mask = self.mask & SPEAKERS;
        while mask.count_ones() as usize > self.channels {
            mask &= !(1 << mask.ilog2());
        }
        mask
    }
}

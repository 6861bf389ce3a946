//! AIFF and AIFC.

use super::bytes::{Bytes, Fields, Order};
use super::chunks::{Chunk, Chunks, Extent, Style, is_empty_in_pipe};
use super::codecs::{self, Codec};
use super::samples::{Coding, SampleType};
use super::{Container, Found, Header, check_channels, incomplete, integer_format, speakers, unread};
use crate::error::Result;
use crate::format::SampleFormat;

/// Bytes before the audio in its chunk: an offset, and the size of blocks.
const PREAMBLE: u64 = 8;

/// Reads the header of a file of this kind.
pub(super) fn header(bytes: &mut Bytes<'_>, container: Container) -> Result<Found> {
    let mut chunks = Chunks::new(Style::Riff(Order::Big), 12, [*b"COMM", *b"SSND"]);
    let (mut common, mut data, mut layout) = (None, None::<Chunk>, Vec::new());
    let mut is_empty = false;
    while let Some(chunk) = chunks.next(bytes)? {
        match &chunk.name {
            b"COMM" if common.is_none() => {
                let body = bytes.get(chunk.at, usize::try_from(chunk.size).unwrap_or(usize::MAX).min(22))?;
                common = Some(Common::parse(body, container)?);
            }
            b"CHAN" => layout = bytes.get(chunk.at, speakers::CHUNK)?.to_vec(),
            b"SSND" if data.is_none_or(|data| data.size <= PREAMBLE) => {
                data = Some(chunk);
                chunks.stop_searching();
            }
            _ => {}
        }
        if data == Some(chunk) {
            is_empty = is_empty_in_pipe(chunk, bytes)?;
        }
        let is_final = data.is_some_and(|data| data.size > PREAMBLE || bytes.len().is_none() && !is_empty);
        if common.is_some() && is_final {
            break;
        }
    }
    let Some(common) = common else { return Err(incomplete(container, "it has no complete `COMM` chunk")) };
    // A file without frames needs no chunk for them.
    let none = Chunk { name: *b"SSND", at: bytes.len().unwrap_or(0), size: 0 };
    let data = match data {
        Some(data) => data,
        None if common.frames == 0 && chunks.is_clean() => none,
        None => return Err(incomplete(container, "it has no `SSND` chunk")),
    };
    let offset = match data.size {
        0 if (bytes.len().is_some() || is_empty) && chunks.is_clean() => 0,
        _ => PREAMBLE + u64::from(Fields::new(Order::Big, bytes.get(data.at, 4)?).u32()),
    };
    let data_at = data.at.saturating_add(offset);
    let left = bytes.left_from(data_at);
    let stated = common.stated_bytes();
    let extent = match data.size {
        0..=PREAMBLE if (left.is_some() || is_empty) && chunks.is_clean() => Extent::Stated(0),
        0..=PREAMBLE => Extent::Rest,
        size => Extent::new_u32(size.saturating_sub(offset), left),
    };
    // The other chunk may know more.
    let extent = match extent {
        Extent::Rest if stated > 0 && left.is_some_and(|left| stated <= left) => Extent::Stated(stated),
        extent => extent,
    };
    let mask = speakers::mask(&layout, common.channels);
    Ok(Found::Pcm(common.header(mask, data_at, extent)))
}

/// The `COMM` chunk.
struct Common {
    channels: usize,
    frames: u32,
    rate: f64,
    samples: SampleType,
    format: SampleFormat,
}

impl Common {
    fn parse(body: &[u8], container: Container) -> Result<Self> {
        if body.len() < 18 {
            return Err(incomplete(container, "its `COMM` chunk is too short"));
        }
        let mut fields = Fields::new(Order::Big, body);
        let channels = usize::from(fields.u16());
        let frames = fields.u32();
        let bits = usize::from(fields.u16());
        let rate = extended_float(fields.take(10));
        let kind = if container == Container::Aiff || body.len() < 22 { *b"NONE" } else { fields.name() };
        let (samples, format) = sample_type(kind, bits, container)?;
        check_channels(channels)?;
        Ok(Self { channels, frames, rate, samples, format })
    }

    /// Bytes of the frames in this chunk.
    fn stated_bytes(&self) -> u64 {
        u64::from(self.frames) * (self.channels * self.samples.width) as u64
    }

    fn header(self, channel_mask: u32, data_at: u64, extent: Extent) -> Header {
        let Self { channels, rate, samples, format, .. } = self;
        Header { rate, channels, channel_mask, format, samples, data_at, extent }
    }
}

/// The type of samples of a compression type.
fn sample_type(kind: [u8; 4], bits: usize, container: Container) -> Result<(SampleType, SampleFormat)> {
    use Coding::{ALaw, Float, Integer, MuLaw, Unsigned8};
    use Order::{Big, Little};
    let integer = |bits: usize, order| {
        if !(1..=64).contains(&bits) {
            return Err(unread(&format!("PCM of {bits} bits"), container));
        }
        Ok((SampleType { coding: Integer, width: bits.div_ceil(8), order }, integer_format(bits)))
    };
    let other = |coding, width, format| Ok((SampleType { coding, width, order: Big }, format));
    match &kind.map(|letter| letter.to_ascii_lowercase()) {
        b"none" | b"twos" => integer(bits, Big),
        b"sowt" => integer(bits, Little),
        b"in16" => integer(16, Big),
        b"in24" => integer(24, Big),
        b"in32" => integer(32, Big),
        // libsndfile writes the second name.
        b"42ni" | b"42n1" => integer(24, Little),
        b"23ni" => integer(32, Little),
        b"fl32" => other(Float, 4, SampleFormat::F32),
        b"fl64" => other(Float, 8, SampleFormat::F64),
        b"alaw" => other(ALaw, 1, SampleFormat::I16),
        b"ulaw" => other(MuLaw, 1, SampleFormat::I16),
        b"raw " if bits <= 8 => other(Unsigned8, 1, SampleFormat::I16),
        b"raw " => Err(unread(&format!("unsigned PCM of {bits} bits"), container)),
        _ => Err(match codecs::of_aifc(kind) {
            Codec::Named(name) => unread(name, container),
            _ => unread(&format!("the unknown codec \"{}\"", kind.escape_ascii()), container),
        }),
    }
}

/// A float of 80 bits: a sign, 15 bits of an exponent, and 64 bits of a significand with its leading 1.
fn extended_float(bytes: &[u8]) -> f64 {
    let mut fields = Fields::new(Order::Big, bytes);
    let (head, significand) = (fields.u16(), fields.u64());
    let exponent = i32::from(head & 0x7fff) - 16_383 - 63;
    let magnitude = significand as f64 * 2_f64.powi(exponent);
    if head & 0x8000 == 0 { magnitude } else { -magnitude }
}

//! CAF with linear PCM, A-law or µ-law.

use super::bytes::{Bytes, Fields, Order};
use super::chunks::{Chunk, Chunks, Extent, Style};
use super::codecs::{self, Codec};
use super::samples::{Coding, SampleType};
use super::{Container, Found, Header, Splice, check_channels, incomplete, integer_format, speakers, unread};
use crate::error::{Error, Result};
use crate::format::SampleFormat;

/// Bytes before the audio in its chunk: a count of edits.
const PREAMBLE: u64 = 4;

/// Reads the header of a file.
pub(super) fn header(bytes: &mut Bytes<'_>) -> Result<Found> {
    let container = Container::Caf;
    let mut chunks = Chunks::new(Style::Caf, 8, [*b"desc", *b"data"]);
    let (mut description, mut data, mut layout) = (None, None::<Chunk>, Vec::new());
    while let Some(chunk) = chunks.next(bytes)? {
        match &chunk.name {
            b"desc" if description.is_none() => {
                let body = bytes.get(chunk.at, usize::try_from(chunk.size).unwrap_or(usize::MAX).min(32))?;
                if body.len() < 32 {
                    return Err(incomplete(container, "its `desc` chunk is too short"));
                }
                let body = body.to_vec();
                match parse(&body)? {
                    None => return Ok(Found::Compressed(for_symphonia(chunks, bytes, &body)?)),
                    found => description = found,
                }
            }
            b"chan" => layout = bytes.get(chunk.at, speakers::CHUNK)?.to_vec(),
            b"data" if data.is_none() => {
                data = Some(chunk);
                chunks.stop_searching();
            }
            _ => {}
        }
        let is_final = data.is_some_and(|data| data.size > PREAMBLE || bytes.len().is_none());
        if description.is_some() && is_final {
            break;
        }
    }
    let Some(description) = description else { return Err(incomplete(container, "it has no `desc` chunk")) };
    let Some(data) = data else { return Err(incomplete(container, "it has no `data` chunk")) };
    let data_at = data.at.saturating_add(PREAMBLE);
    let left = bytes.left_from(data_at);
    let extent = match data.size {
        // An empty chunk is one only if what follows are chunks too.
        PREAMBLE if bytes.len().is_none() || chunks.is_clean() => Extent::Stated(0),
        0..=PREAMBLE | u64::MAX => Extent::Rest,
        size => Extent::new(size.saturating_sub(PREAMBLE), left),
    };
    let channel_mask = speakers::mask(&layout, description.channels);
    Ok(Found::Pcm(Header { channel_mask, data_at, extent, ..description }))
}

/// The file as symphonia's reader needs it, if its audio is complete: chunks without padding, then the audio, of a size
/// that is known, and nothing behind. libsndfile pads the table of packets and the audio; recorders leave the size open.
fn for_symphonia(mut chunks: Chunks, bytes: &mut Bytes<'_>, description: &[u8]) -> Result<Option<Splice>> {
    /// More than the table of a day of audio.
    const MAX_CHUNK: u64 = 1 << 24;
    let Some(len) = bytes.len() else { return Ok(None) };
    let mut header = b"caff\0\x01\0\0".to_vec();
    let mut append = |name: [u8; 4], size: u64, body: &[u8]| {
        header.extend(name);
        header.extend(size.to_be_bytes());
        header.extend(body);
    };
    append(*b"desc", description.len() as u64, description);
    chunks.stop_searching();
    let mut data = None;
    while let Some(chunk) = chunks.next(bytes)? {
        if chunk.name == *b"data" && data.is_none() {
            let at = chunk.at.saturating_add(PREAMBLE);
            let size =
                if chunk.size == u64::MAX { len.saturating_sub(at) } else { chunk.size.saturating_sub(PREAMBLE) };
            data = Some((at, size));
            if chunk.size == u64::MAX {
                break;
            }
        }
        if chunk.end() > len {
            return Ok(None);
        }
        if matches!(&chunk.name, b"kuki" | b"chan" | b"pakt") && chunk.size <= MAX_CHUNK {
            let mut body = bytes.get(chunk.at, usize::try_from(chunk.size).unwrap_or(usize::MAX))?;
            if chunk.name == *b"pakt" {
                body = &body[..packet_table_len(body, description)];
            }
            append(chunk.name, body.len() as u64, body);
        }
    }
    let Some((at, size)) = data else { return Ok(None) };
    append(*b"data", PREAMBLE + size, &[0; 4]);
    Ok(Some(Splice { header, at, size }))
}

/// Bytes of a table of packets without the padding behind: a header of 24 bytes, and up to two numbers for each packet, in
/// 7 bits of each byte but the last of a number.
fn packet_table_len(table: &[u8], description: &[u8]) -> usize {
    let packets = Fields::new(Order::Big, table).u64();
    let mut sizes = Fields::new(Order::Big, description.get(16..).unwrap_or_default());
    let numbers = [sizes.u32(), sizes.u32()].iter().filter(|&&size| size == 0).count() as u64;
    let numbers = usize::try_from(packets.saturating_mul(numbers)).unwrap_or(usize::MAX);
    let entries = table.get(24..).unwrap_or_default();
    let mut ends = entries.iter().enumerate().filter(|(_, byte)| *byte & 0x80 == 0).map(|(index, _)| index + 1);
    let len = if numbers == 0 { Some(0) } else { ends.nth(numbers - 1) };
    table.len().min(24 + len.unwrap_or(entries.len()))
}

/// Reads the body of the `desc` chunk. `None` for a codec that symphonia decodes.
fn parse(body: &[u8]) -> Result<Option<Header>> {
    const IS_FLOAT: u32 = 1;
    const IS_LITTLE_ENDIAN: u32 = 2;
    let mut fields = Fields::new(Order::Big, body);
    let rate = f64::from_bits(fields.u64());
    let (kind, flags) = (fields.name(), fields.u32());
    let (packet_bytes, packet_frames) = (fields.u32() as usize, fields.u32());
    let (channels, bits) = (fields.u32() as usize, fields.u32() as usize);
    let coding = match &kind {
        b"lpcm" if flags & IS_FLOAT != 0 => Coding::Float,
        b"lpcm" => Coding::Integer,
        b"alaw" => Coding::ALaw,
        b"ulaw" => Coding::MuLaw,
        _ => {
            return match codecs::of_caf(kind) {
                Codec::Decoded => Ok(None),
                Codec::Named(name) => Err(unread(name, Container::Caf)),
                Codec::Unknown => {
                    Err(unread(&format!("the unknown codec \"{}\"", kind.escape_ascii()), Container::Caf))
                }
            };
        }
    };
    check_channels(channels)?;
    let width = packet_bytes / channels;
    let is_possible = packet_frames == 1
        && packet_bytes.is_multiple_of(channels)
        && match coding {
            Coding::ALaw | Coding::MuLaw => width == 1,
            _ => (1..=8).contains(&width) && bits <= 8 * width,
        };
    if !is_possible {
        return Err(Error::Damaged(format!(
            "the header contradicts itself: {packet_bytes} bytes for {packet_frames} frames of {channels} channels of \
             {bits} bits"
        )));
    }
    let format = match (coding, width) {
        (Coding::Float, 4) if bits == 32 => SampleFormat::F32,
        (Coding::Float, 8) if bits == 64 => SampleFormat::F64,
        (Coding::Float, _) => return Err(unread(&format!("a float of {bits} bits"), Container::Caf)),
        (Coding::Integer, _) => integer_format(if bits == 0 { 8 * width } else { bits }),
        _ => SampleFormat::I16,
    };
    let order = if flags & IS_LITTLE_ENDIAN != 0 { Order::Little } else { Order::Big };
    let samples = SampleType { coding, width, order };
    Ok(Some(Header { rate, channels, channel_mask: 0, format, samples, data_at: 0, extent: Extent::Rest }))
}

//! CAF with linear PCM, A-law or µ-law.

use super::bytes::{Bytes, Fields, Order};
use super::chunks::{Chunks, Extent, Style};
use super::codecs::{self, Codec};
use super::samples::{Coding, SampleType};
use super::{Container, Found, Header, check_channels, incomplete, integer_format, speakers, unread};
use crate::error::{Error, Result};
use crate::format::SampleFormat;

/// Bytes before the audio in its chunk: a count of edits.
const PREAMBLE: u64 = 4;

/// Reads the header of a file.
pub(super) fn header(bytes: &mut Bytes<'_>) -> Result<Found> {
    let container = Container::Caf;
    let mut chunks = Chunks::new(Style::Caf, 8, [*b"desc", *b"data"]);
    let (mut description, mut data, mut layout) = (None, None, Vec::new());
    while let Some(chunk) = chunks.next(bytes)? {
        match &chunk.name {
            b"desc" if description.is_none() => {
                let body = bytes.get(chunk.at, usize::try_from(chunk.size).unwrap_or(usize::MAX).min(32))?;
                if body.len() < 32 {
                    return Err(incomplete(container, "its `desc` chunk is too short"));
                }
                match parse(body)? {
                    None => return Ok(Found::Compressed { end: end_for_symphonia(chunks, bytes)? }),
                    found => description = found,
                }
            }
            b"chan" => layout = bytes.get(chunk.at, speakers::CHUNK)?.to_vec(),
            b"data" if data.is_none() => data = Some(chunk),
            _ => {}
        }
        if description.is_some() && data.is_some() {
            break;
        }
    }
    let Some(description) = description else { return Err(incomplete(container, "it has no `desc` chunk")) };
    let Some(data) = data else { return Err(incomplete(container, "it has no `data` chunk")) };
    let data_at = data.at.saturating_add(PREAMBLE);
    let left = bytes.left_from(data_at);
    let extent = match data.size {
        // An empty chunk still has its count of edits.
        0 if left.is_none_or(|left| left > 0) => Extent::Rest,
        u64::MAX => Extent::Rest,
        size => Extent::new(size.saturating_sub(PREAMBLE), left),
    };
    let channel_mask = speakers::mask(&layout, description.channels);
    Ok(Found::Pcm(Header { channel_mask, data_at, extent, ..description }))
}

/// Size of the file that makes symphonia's reader stop at the right place, if that is not the real one. The reader
/// expects a chunk wherever the file goes on: after the padding at the end that libsndfile writes, and in audio of unknown
/// size.
fn end_for_symphonia(mut chunks: Chunks, bytes: &mut Bytes<'_>) -> Result<Option<u64>> {
    let Some(len) = bytes.len() else { return Ok(None) };
    chunks.stop_searching();
    let mut end = len;
    while let Some(chunk) = chunks.next(bytes)? {
        let is_unknown = chunk.name == *b"data" && chunk.size == u64::MAX;
        end = if is_unknown { chunk.at.saturating_add(PREAMBLE) } else { chunk.end() };
    }
    Ok((end < len).then_some(end))
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

//! WAV in its five kinds: RIFF, RIFX (big-endian), RF64 and BW64 (sizes of 64 bits in a `ds64` chunk), Wave64.

use super::bytes::{Bytes, Fields, Order};
use super::chunks::{Chunk, Chunks, Extent, Style, is_empty_in_pipe, is_placeholder};
use super::wave_format::{self, Format};
use super::{Container, Found, Header, incomplete};
use crate::error::Result;

/// Reads the header of a file of this kind.
pub(super) fn header(bytes: &mut Bytes<'_>, container: Container) -> Result<Found> {
    let (style, start) = match container {
        Container::Rifx => (Style::Riff(Order::Big), 12),
        Container::Wave64 => (Style::Wave64, 40),
        _ => (Style::Riff(Order::Little), 12),
    };
    let mut chunks = Chunks::new(style, start, [*b"fmt ", *b"data"]);
    let (mut format, mut data, mut long_size) = (None, None::<Chunk>, None);
    let mut is_empty = false;
    while let Some(chunk) = chunks.next(bytes)? {
        match &chunk.name {
            b"fmt " if format.is_none() => {
                let body = bytes.get(chunk.at, usize::try_from(chunk.size).unwrap_or(usize::MAX).min(64))?;
                format = Some(wave_format::parse(body, container)?);
            }
            b"ds64" if container == Container::Rf64 => {
                let mut sizes = Fields::new(Order::Little, bytes.get(chunk.at, 16)?);
                let (_file, data) = (sizes.u64(), sizes.u64());
                long_size = Some(data);
            }
            // Some writers leave an empty chunk before the one with the audio.
            b"data" if data.is_none_or(|data| data.size == 0) => {
                data = Some(chunk);
                chunks.stop_searching();
            }
            _ => {}
        }
        if data == Some(chunk) {
            is_empty = is_empty_in_pipe(chunk, bytes)?;
        }
        let is_final = data.is_some_and(|data| data.size > 0 || bytes.len().is_none() && !is_empty);
        if format.is_some() && is_final {
            break;
        }
    }
    let pcm = match format {
        None => return Err(incomplete(container, "it has no complete `fmt ` chunk")),
        Some(Format::Compressed) => return Ok(Found::Compressed(None)),
        Some(Format::Pcm(pcm)) => pcm,
    };
    let Some(data) = data else { return Err(incomplete(container, "it has no `data` chunk")) };
    let left = bytes.left_from(data.at);
    let extent = match (data.size, long_size) {
        // In RF64 this size refers to the other.
        (0 | 0xffff_ffff, Some(size)) if size > 0 => Extent::new(size, left),
        (0xffff_ffff, Some(_)) => Extent::Rest,
        // An empty chunk is one only if what follows are chunks too, and else one whose size was never written.
        (0, _) if (left.is_some() || is_empty) && chunks.is_clean() => Extent::Stated(0),
        (0, _) => Extent::Rest,
        (size, _) if is_unfinished(bytes, container)? && left.is_none_or(|left| left < size) => Extent::Rest,
        (size, _) if container == Container::Wave64 => Extent::new(size, left),
        (size, _) => Extent::new_u32(size, left),
    };
    Ok(Found::Pcm(Header { data_at: data.at, extent, ..pcm }))
}

/// True if the size of the whole file was never written: the size of the data cannot be relied on either.
fn is_unfinished(bytes: &mut Bytes<'_>, container: Container) -> Result<bool> {
    let size = match container {
        Container::Wave64 => Order::Little.number(bytes.get(16, 8)?),
        Container::Rifx => Order::Big.number(bytes.get(4, 4)?),
        _ => Order::Little.number(bytes.get(4, 4)?),
    };
    // RF64 always has −1 there.
    Ok(container != Container::Rf64 && (size == 0 || is_placeholder(size)))
}

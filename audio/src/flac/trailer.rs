//! [`Rest`]: what is behind the last frame.
//!
//! Programs put tags of other formats there. Anything else may be a part of the stream that is damaged: it is searched
//! for another frame.

use std::io::Read;

use super::header::{self, Header};
use super::input::Input;
use crate::error::Result;

/// What is behind the last frame that could be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nothing, or tags
    Tags,
    /// So many bytes of something else
    Junk(u64),
    /// A later frame of the stream
    Frame,
    /// The beginning of another stream
    Stream,
}

/// Looks at everything up to the end of the file. `is_later` is true for the header of a frame of the stream.
pub(super) fn look(
    input: &mut Input,
    source: &mut (impl Read + ?Sized),
    is_later: impl Fn(&[u8]) -> bool,
) -> Result<Rest> {
    let here = input.position();
    while skip_tag(input, source)? {}
    let begin = input.position();
    if begin == here && input.bytes().starts_with(&[0xff]) {
        // The frame that begins here could not be decoded.
        input.consume(1);
    }
    loop {
        let bytes = input.fill(source, WINDOW)?;
        // A header that begins in the last bytes is whole in the next window.
        let whole = if bytes.len() < WINDOW { bytes.len() } else { bytes.len() - header::LONGEST };
        if whole == 0 {
            break;
        }
        for at in 0..whole {
            match bytes[at] {
                0xff if is_later(&bytes[at..]) => return Ok(Rest::Frame),
                b'f' if bytes[at..].starts_with(b"fLaC\0\0\0\x22") => return Ok(Rest::Stream),
                b'f' if bytes[at..].starts_with(b"fLaC\x80\0\0\x22") => return Ok(Rest::Stream),
                _ => {}
            }
        }
        input.consume(whole);
    }
    Ok(match input.position() - begin {
        0 => Rest::Tags,
        bytes => Rest::Junk(bytes),
    })
}

/// Bytes that are searched at a time.
const WINDOW: usize = 1 << 16;

/// Passes over a tag, or over zeros. Returns false if there is none.
fn skip_tag(input: &mut Input, source: &mut (impl Read + ?Sized)) -> Result<bool> {
    let bytes = input.fill(source, WINDOW)?;
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    let len = if zeros > 0 {
        zeros as u64
    } else if bytes.starts_with(b"TAG+") {
        227
    } else if bytes.starts_with(b"TAG") {
        128
    } else if let Some(len) = id3v2_len(bytes).or_else(|| ape_len(bytes)).or_else(|| lyrics_len(bytes)) {
        len
    } else {
        return Ok(false);
    };
    input.skip(source, len)?;
    Ok(true)
}

/// Size of an ID3v2 tag that begins here, with its footer.
pub(super) fn id3v2_len(bytes: &[u8]) -> Option<u64> {
    let &[major, minor, flags, a, b, c, d] = bytes.strip_prefix(b"ID3")?.first_chunk()?;
    let is_tag = major != 0xff && minor != 0xff && (a | b | c | d) < 0x80;
    let size = [a, b, c, d].iter().fold(0, |size, &byte| size << 7 | u64::from(byte));
    is_tag.then_some(10 + size + if flags & 0x10 != 0 { 10 } else { 0 })
}

/// Size of an APEv2 tag that begins here with a header, or of the footer of one without.
fn ape_len(bytes: &[u8]) -> Option<u64> {
    /// The header or footer is a header.
    const IS_HEADER: u32 = 1 << 29;
    let fields: &[u8; 32] = bytes.strip_prefix(b"APETAGEX").and(bytes.first_chunk())?;
    let field = |at: usize| u32::from_le_bytes([fields[at], fields[at + 1], fields[at + 2], fields[at + 3]]);
    // The size is that of the items and the footer.
    Some(32 + if field(20) & IS_HEADER != 0 { field(12).into() } else { 0 })
}

/// Size of a Lyrics3 tag that begins here.
fn lyrics_len(bytes: &[u8]) -> Option<u64> {
    let lyrics = bytes.strip_prefix(b"LYRICSBEGIN")?;
    let end = lyrics.windows(9).position(|end| end == b"LYRICS200" || end == b"LYRICSEND")?;
    Some((11 + end + 9) as u64)
}

/// True if a header of a frame of `format` begins here, whose number is not below that of the next frame.
pub(super) fn is_frame_of(bytes: &[u8], last: &Header) -> bool {
    Header::read(bytes, last.format).is_ok_and(|header| {
        (header.format, header.is_variable) == (last.format, last.is_variable) && header.number >= last.next_number()
    })
}

//! [`Chunks`]: walks the chunks of RIFF, AIFF, CAF and Wave64 files.
//!
//! ```text
//! RIFF, RF64   name 4   size 4, little-endian    body   to an even position
//! RIFX, AIFF   name 4   size 4, big-endian       body   to an even position
//! CAF          name 4   size 8, big-endian       body
//! Wave64       GUID 16  size 8, little-endian    body   to a multiple of 8; the size counts GUID and size too
//! ```
//!
//! Files in use break these rules. The walk does without the size of the whole file, finds the chunk after one that
//! lacks its padding, and after a chunk with a wrong size searches for the names that the caller needs.

use super::bytes::{Bytes, Order};
use crate::error::Result;

/// More chunks than any recording has before its audio.
const MAX_CHUNKS: usize = 1000;
/// Bytes that are searched for a chunk after one of a wrong size.
const SEARCH: u64 = 1 << 20;
/// Searches in one file.
const MAX_SEARCHES: usize = 4;

/// How chunks are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Names of four bytes, sizes of four bytes in this order
    Riff(Order),
    /// Names of four bytes, sizes of eight bytes
    Caf,
    /// GUIDs, whose first four bytes serve as the name
    Wave64,
}

impl Style {
    fn header_len(self) -> usize {
        match self {
            Self::Riff(_) => 8,
            Self::Caf => 12,
            Self::Wave64 => 24,
        }
    }
}

/// A chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) name: [u8; 4],
    /// Position of the body.
    pub(super) at: u64,
    /// Size of the body by the header. It may reach beyond the end of the file.
    pub(super) size: u64,
}

impl Chunk {
    /// Position after the body.
    pub(super) fn end(self) -> u64 {
        self.at.saturating_add(self.size)
    }
}

/// The chunks of a file, from first to last.
#[derive(Debug)]
pub(super) struct Chunks {
    style: Style,
    /// Names to search for after a chunk of a wrong size.
    needed: [[u8; 4]; 2],
    may_search: bool,
    /// Position from which a search starts: after the beginning of the last chunk.
    searched_from: u64,
    /// The last chunk, whose padding has not been looked at.
    last: Option<Chunk>,
    at: u64,
    count: usize,
    searches: usize,
    is_clean: bool,
}

impl Chunks {
    /// The chunks from a position on. The names in `needed` are searched for after a chunk of a wrong size.
    pub(super) fn new(style: Style, at: u64, needed: [[u8; 4]; 2]) -> Self {
        Self {
            style,
            needed,
            may_search: true,
            searched_from: at,
            last: None,
            at,
            count: 0,
            searches: 0,
            is_clean: true,
        }
    }

    /// Ends all searching: what follows may be samples, in which a name would mean nothing.
    pub(super) fn stop_searching(&mut self) {
        self.may_search = false;
    }

    /// True if all chunks so far were complete, and the last ends where the file does.
    pub(super) fn is_clean(&self) -> bool {
        self.is_clean
    }

    /// Returns the next chunk, `None` at the end of the file or where no chunk can be found.
    pub(super) fn next(&mut self, bytes: &mut Bytes<'_>) -> Result<Option<Chunk>> {
        self.count += 1;
        if self.count > MAX_CHUNKS {
            self.is_clean = false;
            return Ok(None);
        }
        if let Some(last) = self.last.take() {
            self.at = self.after(last, bytes)?;
        }
        let mut chunk = self.chunk_at(self.at, bytes)?;
        if chunk.is_none()
            && let Some(at) = self.search(bytes)?
        {
            chunk = self.chunk_at(at, bytes)?;
        }
        self.last = chunk;
        if let Some(chunk) = chunk {
            // The header itself may be none, and lie across the one that is needed.
            self.searched_from = chunk.at - self.style.header_len() as u64 + 1;
        }
        Ok(chunk)
    }

    /// Reads the header of a chunk. `None` if there is none.
    fn chunk_at(&mut self, at: u64, bytes: &mut Bytes<'_>) -> Result<Option<Chunk>> {
        let len = self.style.header_len();
        let header = bytes.get(at, len)?;
        if header.len() < len {
            self.is_clean &= header.is_empty();
            return Ok(None);
        }
        let (name, size) = header.split_at(if self.style == Style::Wave64 { 16 } else { 4 });
        let name: [u8; 4] = name[..4].try_into().unwrap_or_default();
        if !name.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
            self.is_clean = false;
            return Ok(None);
        }
        let size = match self.style {
            Style::Riff(order) => order.number(size),
            Style::Caf => Order::Big.number(size),
            Style::Wave64 => Order::Little.number(size).saturating_sub(len as u64),
        };
        Ok(Some(Chunk { name, at: at + len as u64, size }))
    }

    /// Position after a chunk and its padding.
    fn after(&mut self, chunk: Chunk, bytes: &mut Bytes<'_>) -> Result<u64> {
        let end = chunk.end();
        if bytes.len().is_some_and(|len| end > len) {
            self.is_clean = false;
            return Ok(end);
        }
        Ok(match self.style {
            Style::Caf => end,
            Style::Wave64 => end.checked_next_multiple_of(8).unwrap_or(end),
            Style::Riff(_) if chunk.size.is_multiple_of(2) => end,
            Style::Riff(_) => {
                let next = bytes.get(end, 5)?;
                let is_padded = next.len() < 5 || next[0] == 0 || is_usual(&next[1..]) || !is_usual(&next[..4]);
                end.saturating_add(is_padded.into())
            }
        })
    }

    /// Searches from the last chunk's body on for a chunk that the caller needs.
    fn search(&mut self, bytes: &mut Bytes<'_>) -> Result<Option<u64>> {
        /// Bytes looked at at once.
        const STEP: usize = 1 << 15;
        let Some(len) = bytes.len() else { return Ok(None) };
        if !self.may_search || self.style == Style::Wave64 || self.searches == MAX_SEARCHES {
            return Ok(None);
        }
        self.searches += 1;
        let (mut at, end) = (self.searched_from, len.min(self.searched_from.saturating_add(SEARCH)));
        while at < end {
            // Names that lie across the border belong to both steps.
            let mut names = bytes.get(at, STEP + 3)?.windows(4);
            let found = names.position(|name| self.needed.iter().any(|needed| needed == name));
            if let Some(index) = found {
                return Ok(Some(at + index as u64));
            }
            at += STEP as u64;
        }
        Ok(None)
    }
}

/// True if an empty chunk of audio in a pipe is one, since a chunk follows it, and not one whose size was never written.
pub(super) fn is_empty_in_pipe(chunk: Chunk, bytes: &mut Bytes<'_>) -> Result<bool> {
    Ok(bytes.len().is_none() && chunk.size == 0 && is_usual(bytes.get(chunk.at, 4)?))
}

/// True for names that often follow a chunk of odd size.
fn is_usual(name: &[u8]) -> bool {
    const USUAL: [&[u8; 4]; 24] = [
        b"fmt ", b"data", b"LIST", b"fact", b"JUNK", b"junk", b"bext", b"id3 ", b"ID3 ", b"cue ", b"smpl", b"inst",
        b"PEAK", b"iXML", b"COMM", b"SSND", b"FVER", b"MARK", b"NAME", b"AUTH", b"ANNO", b"(c) ", b"APPL", b"CHAN",
    ];
    USUAL.iter().any(|usual| usual.as_slice() == name)
}

/// Bytes of audio in a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// As many as the header says
    Stated(u64),
    /// All up to the end of the file: the header does not know
    Rest,
}

impl Extent {
    /// The extent of `stated` bytes of which the file has `left`, `None` for a pipe.
    ///
    /// A file that has fewer bytes is truncated, unless `stated` is a size that a writer leaves who cannot seek back to
    /// correct it. Such a writer may have gone on far beyond that size, too.
    pub(super) fn new(stated: u64, left: Option<u64>) -> Self {
        /// Bytes that may follow the audio.
        const TRAILER: u64 = 1 << 20;
        let fits = |left: u64| (stated..=stated.saturating_add(TRAILER)).contains(&left);
        if is_placeholder(stated) && !left.is_some_and(fits) { Self::Rest } else { Self::Stated(stated) }
    }

    /// The extent of a size of 32 bits, which lacks a multiple of 2^32 in longer files.
    pub(super) fn new_u32(stated: u64, left: Option<u64>) -> Self {
        let missing = left.map_or(0, |left| left.saturating_sub(stated) >> 32 << 32);
        Self::new(if is_placeholder(stated) { stated } else { stated + missing }, left)
    }
}

/// True for sizes that stand for an unknown one.
pub(super) fn is_placeholder(size: u64) -> bool {
    // The differences from a round number are headers, and roundings to whole frames.
    matches!(size,
        // AIFF by sox
        0x7eff_0000..=0x7f00_ffff |
        // 2^31 less 4096 (sox, espeak-ng), less one (lame, opusdec), 2^31 (arecord)
        0x7fff_0000..=0x8000_ffff |
        // −1 (ffmpeg), or −1 less the header
        0xffff_0000..=0xffff_ffff |
        // −1, or the largest number, in 64 bits
        0x3fff_ffff_ffff_0000..=u64::MAX)
}

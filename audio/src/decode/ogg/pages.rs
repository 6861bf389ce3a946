//! Pages of an Ogg file.
//!
//! ```text
//! OggS 0 flags granule(8) serial(4) sequence(4) checksum(4) n sizes(n) body
//! ```
//!
//! A packet is a run of sizes of 255 and one that is smaller. Its last page may continue on the next page.

use std::io::Read;

use crate::error::{Error, Result};

/// Bytes of a header without its sizes.
const HEADER: usize = 27;
/// Bytes read at a time, more than the largest page.
const BLOCK: usize = 1 << 17;

/// What reads a file.
pub(in crate::decode) type Source = Box<dyn Read + Send + Sync>;

/// One page.
#[derive(Debug, Default, Clone)]
pub(super) struct Page {
    /// Its first packet began on an earlier page.
    pub(super) is_continued: bool,
    /// It begins a logical stream.
    pub(super) is_first: bool,
    /// It ends a logical stream.
    pub(super) is_last: bool,
    /// Position of its last complete packet, if a packet ends here.
    pub(super) granule: Option<u64>,
    pub(super) serial: u32,
    pub(super) sequence: u32,
    sizes: Vec<u8>,
    body: Vec<u8>,
}

impl Page {
    /// Parts of packets, each with true if the packet ends with it.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let (mut sizes, mut body) = (&*self.sizes, &*self.body);
        std::iter::from_fn(move || {
            if sizes.is_empty() {
                return None;
            }
            let full = sizes.iter().take_while(|&&size| size == 255).count();
            let (here, rest) = sizes.split_at((full + 1).min(sizes.len()));
            let size: usize = here.iter().map(|&size| usize::from(size)).sum();
            let (part, left) = body.split_at(size.min(body.len()));
            (sizes, body) = (rest, left);
            Some((part, full < here.len()))
        })
    }
}

/// Reads pages.
pub(super) struct Pages {
    source: Source,
    buffer: Vec<u8>,
    /// Bytes of the buffer that were used.
    used: usize,
    /// Bytes between pages that belong to none.
    pub(super) skipped: u64,
    /// True if the file ends within a page.
    pub(super) is_cut_short: bool,
}

impl Pages {
    pub(super) fn new(source: Source) -> Self {
        Self { source, buffer: Vec::new(), used: 0, skipped: 0, is_cut_short: false }
    }

    /// Bytes that were read and not used, at least `count` unless the file ends before.
    fn ahead(&mut self, count: usize) -> Result<&[u8]> {
        if self.buffer.len() - self.used < count {
            self.buffer.drain(..self.used);
            self.used = 0;
            let missing = BLOCK.max(count) - self.buffer.len();
            (&mut self.source).take(missing as u64).read_to_end(&mut self.buffer)?;
        }
        Ok(&self.buffer[self.used..])
    }

    /// Returns the next page, or `None` at the end of the file.
    ///
    /// # Errors
    /// If the page does not match its checksum.
    pub(super) fn next(&mut self) -> Result<Option<Page>> {
        loop {
            let ahead = self.ahead(HEADER)?;
            if ahead.starts_with(b"OggS") {
                break;
            }
            // Tags behind the last page, for example.
            let next = ahead.windows(4).skip(1).position(|bytes| bytes == b"OggS").map(|at| at + 1);
            let is_end = ahead.len() < HEADER;
            let junk = next.unwrap_or(if is_end { ahead.len() } else { ahead.len() - 3 });
            self.used += junk;
            self.skipped += junk as u64;
            if is_end && next.is_none() {
                return Ok(None);
            }
        }
        let sizes = self.ahead(HEADER)?.get(HEADER - 1).map_or(0, |&count| usize::from(count));
        let header = HEADER + sizes;
        let body: usize = self.ahead(header)?.iter().skip(HEADER).take(sizes).map(|&size| usize::from(size)).sum();
        let len = header + body;
        let bytes = self.ahead(len)?;
        let Some(bytes) = bytes.get(..len).filter(|_| len >= HEADER && bytes.len() >= HEADER) else {
            self.is_cut_short = true;
            return Ok(None);
        };
        let page = parse(bytes, header);
        self.used += len;
        page.map(Some)
    }
}

/// Parses a whole page.
fn parse(bytes: &[u8], header: usize) -> Result<Page> {
    let word = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
    if bytes[4] != 0 {
        return Err(Error::Unsupported(format!("Ogg of version {}, which is not read", bytes[4])));
    }
    if checksum(bytes) != word(22) {
        return Err(Error::Damaged("truncated or damaged: an Ogg page does not match its checksum".to_owned()));
    }
    let granule = u64::from(word(6)) | u64::from(word(10)) << 32;
    Ok(Page {
        is_continued: bytes[5] & 1 != 0,
        is_first: bytes[5] & 2 != 0,
        is_last: bytes[5] & 4 != 0,
        granule: Some(granule).filter(|&granule| granule != u64::MAX),
        serial: word(14),
        sequence: word(18),
        sizes: bytes[HEADER..header].to_vec(),
        body: bytes[header..].to_vec(),
    })
}

/// Checksum of a page, which is computed with zeros in its place: CRC-32 of polynomial 0x04c11db7, from the highest bit.
fn checksum(bytes: &[u8]) -> u32 {
    let sum = |sum: u32, byte: u8| sum << 8 ^ TABLE[(sum >> 24) as usize ^ usize::from(byte)];
    let zeros = bytes[..22].iter().chain(&[0; 4]).copied().fold(0, sum);
    bytes[26..].iter().copied().fold(zeros, sum)
}

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0_u32;
    while byte < 256 {
        let (mut value, mut bit) = (byte << 24, 0);
        while bit < 8 {
            value = if value >> 31 == 1 { value << 1 ^ 0x04c1_1db7 } else { value << 1 };
            bit += 1;
        }
        table[byte as usize] = value;
        byte += 1;
    }
    table
}

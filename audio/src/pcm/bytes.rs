//! [`Bytes`]: random access to the part of a file that holds the header.

use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

use crate::error::{Error, Result};

/// A file, or a pipe, of which only regular files can seek.
pub(crate) trait ReadSeek: Read + Seek {}

impl<S: Read + Seek> ReadSeek for S {}

/// Bytes read at a time from a file: most headers are shorter.
const WINDOW: usize = 4096;
/// Bytes of a pipe that are kept, so that a header of up to this length can be read.
const MAX_KEPT: usize = 1 << 20;

/// Bytes of a header, by their position in the file.
///
/// Of a file, one window is held at a time. Of a pipe, everything from the first byte on is held.
pub(super) struct Bytes<'a> {
    source: &'a mut dyn ReadSeek,
    /// Size of the file, `None` for a pipe.
    len: Option<u64>,
    window: Vec<u8>,
    /// Position of the window.
    at: u64,
}

impl<'a> Bytes<'a> {
    /// A source that stands at its first byte. `len` is the size of a file that can seek, `None` for a pipe.
    pub(super) fn new(source: &'a mut dyn ReadSeek, len: Option<u64>) -> Self {
        Self { source, len, window: Vec::new(), at: 0 }
    }

    /// Size of the file, `None` for a pipe.
    pub(super) fn len(&self) -> Option<u64> {
        self.len
    }

    /// Bytes from a position to the end of the file, `None` for a pipe.
    pub(super) fn left_from(&self, at: u64) -> Option<u64> {
        self.len.map(|len| len.saturating_sub(at))
    }

    /// Returns `count` bytes from a position on, or fewer where the file ends.
    pub(super) fn get(&mut self, at: u64, count: usize) -> Result<&[u8]> {
        let start = match self.len {
            Some(_) => self.load_window(at, count)?,
            None => self.load_up_to(at, count)?,
        };
        let bytes = self.window.get(start..).unwrap_or_default();
        Ok(&bytes[..count.min(bytes.len())])
    }

    /// Leaves the source at a position, or returns the bytes from there on that were taken from a pipe.
    pub(super) fn leave_at(mut self, at: u64) -> Result<Vec<u8>> {
        if self.len.is_some() {
            self.source.seek(SeekFrom::Start(at))?;
            return Ok(Vec::new());
        }
        let index = self.load_up_to(at, 0)?.min(self.window.len());
        Ok(self.window.split_off(index))
    }

    /// Moves the window of a file, and returns the index in it of a position.
    fn load_window(&mut self, at: u64, count: usize) -> Result<usize> {
        let index = |at: u64, start: u64| at.checked_sub(start).and_then(|index| usize::try_from(index).ok());
        if let Some(index) = index(at, self.at)
            && index.saturating_add(count) <= self.window.len()
        {
            return Ok(index);
        }
        self.window.clear();
        self.at = at;
        if self.left_from(at) != Some(0) {
            self.source.seek(SeekFrom::Start(at))?;
            self.fill(count.max(WINDOW))?;
        }
        Ok(0)
    }

    /// Reads a pipe up to the end of `count` bytes from a position on, and returns the index of that position.
    fn load_up_to(&mut self, at: u64, count: usize) -> Result<usize> {
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        let end = start.saturating_add(count);
        if end > MAX_KEPT {
            return Err(Error::Unsupported(format!(
                "its audio begins after more than {MAX_KEPT} bytes: read it from a file, not from a pipe"
            )));
        }
        self.fill(end.saturating_sub(self.window.len()))?;
        Ok(start)
    }

    /// Appends up to `count` bytes to the window.
    fn fill(&mut self, count: usize) -> io::Result<()> {
        let held = self.window.len();
        self.window.resize(held + count, 0);
        let read = read_up_to(self.source, &mut self.window[held..]);
        self.window.truncate(held + *read.as_ref().unwrap_or(&0));
        read.map(drop)
    }
}

/// Fills a buffer, and returns how many bytes there were: fewer than its length only at the end.
pub(super) fn read_up_to(source: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Order of the bytes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// The least significant byte first
    Little,
    /// The most significant byte first
    Big,
}

impl Order {
    /// The unsigned number in up to eight bytes.
    pub(super) fn number(self, bytes: &[u8]) -> u64 {
        let append = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        match self {
            Self::Little => bytes.iter().rev().fold(0, append),
            Self::Big => bytes.iter().fold(0, append),
        }
    }
}

/// Numbers that follow each other. Those that are missing at the end are 0.
pub(super) struct Fields<'a> {
    order: Order,
    bytes: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(order: Order, bytes: &'a [u8]) -> Self {
        Self { order, bytes }
    }

    pub(super) fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.bytes.split_at(count.min(self.bytes.len()));
        self.bytes = rest;
        taken
    }

    #[expect(clippy::cast_possible_truncation, reason = "a number of two bytes")]
    pub(super) fn u16(&mut self) -> u16 {
        self.order.number(self.take(2)) as u16
    }

    #[expect(clippy::cast_possible_truncation, reason = "a number of four bytes")]
    pub(super) fn u32(&mut self) -> u32 {
        self.order.number(self.take(4)) as u32
    }

    pub(super) fn u64(&mut self) -> u64 {
        self.order.number(self.take(8))
    }

    /// Four bytes that name something.
    pub(super) fn name(&mut self) -> [u8; 4] {
        self.take(4).try_into().unwrap_or_default()
    }
}

//! [`Input`]: a window of the bytes of a file that is read from its beginning to its end.

use std::io::{ErrorKind, Read};

use super::bits::PADDING;
use crate::error::Result;

/// Bytes read at a time.
const BLOCK: usize = 1 << 17;

/// Bytes of a file that have been read, but not used. The source of the file is passed to each call.
#[derive(Debug, Default)]
pub(super) struct Input {
    /// The bytes, and [`PADDING`] zeros.
    window: Vec<u8>,
    /// Bytes of the window that have been used.
    used: usize,
    /// Position of the window in the file.
    at: u64,
    is_at_end: bool,
}

impl Input {
    /// Bytes that have not been used, without the padding.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.window[self.used..self.window.len().saturating_sub(PADDING).max(self.used)]
    }

    /// Bytes that have not been used, and [`PADDING`] zeros.
    pub(super) fn padded(&self) -> &[u8] {
        &self.window[self.used..]
    }

    /// Position in the file of the first byte that has not been used.
    pub(super) fn position(&self) -> u64 {
        self.at + self.used as u64
    }

    /// True if there are no more bytes than those in the window.
    pub(super) fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// Reads until `count` bytes are there, or the file ends. Memory grows with the bytes that are there.
    pub(super) fn fill(&mut self, source: &mut (impl Read + ?Sized), count: usize) -> Result<&[u8]> {
        if self.bytes().len() < count && !self.is_at_end {
            self.at += self.used as u64;
            self.window.drain(..self.used);
            self.used = 0;
            let mut held = self.window.len().saturating_sub(PADDING);
            while held < count && !self.is_at_end {
                self.window.resize(held + BLOCK, 0);
                match source.read(&mut self.window[held..]) {
                    Ok(0) => self.is_at_end = true,
                    Ok(read) => held += read,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => {
                        self.pad(held);
                        return Err(error.into());
                    }
                }
            }
            self.pad(held);
        }
        Ok(self.bytes())
    }

    fn pad(&mut self, held: usize) {
        self.window.truncate(held);
        self.window.resize(held + PADDING, 0);
    }

    /// Marks bytes as used, which must be there.
    pub(super) fn consume(&mut self, count: usize) {
        self.used += count;
    }

    /// Passes over bytes, up to the end of the file.
    pub(super) fn skip(&mut self, source: &mut (impl Read + ?Sized), count: u64) -> Result<()> {
        let mut left = count;
        while left > 0 {
            let there = self.fill(source, 1)?.len();
            let skipped = usize::try_from(left).map_or(there, |left| left.min(there));
            if skipped == 0 {
                break;
            }
            self.consume(skipped);
            left -= skipped as u64;
        }
        Ok(())
    }
}

//! [`Head`]: random access to a file before its reader takes it, and to the first bytes of a pipe.

use std::io::{Read, Seek, SeekFrom};

use symphonia::core::io::{MediaSource, MediaSourceStream, SeekBuffered};

use crate::error::Result;

/// Bytes of a pipe that are looked at.
const PIPE: usize = 1 << 18;

/// A file or a pipe.
pub(super) struct Head<'a> {
    stream: &'a mut MediaSourceStream<'static>,
    /// The first bytes of a pipe.
    kept: Option<Vec<u8>>,
}

impl<'a> Head<'a> {
    /// Looks at a stream that stands at its first byte.
    pub(super) fn new(stream: &'a mut MediaSourceStream<'static>) -> Result<Self> {
        let kept = if stream.is_seekable() {
            None
        } else {
            let mut kept = Vec::new();
            stream.ensure_seekback_buffer(PIPE);
            (&mut *stream).take(PIPE as u64).read_to_end(&mut kept)?;
            stream.seek_buffered(0);
            Some(kept)
        };
        Ok(Self { stream, kept })
    }

    /// Returns `count` bytes from a position on, or fewer where the file ends.
    pub(super) fn get(&mut self, at: u64, count: usize) -> Result<Vec<u8>> {
        if let Some(kept) = &self.kept {
            let from = usize::try_from(at).ok().and_then(|at| kept.get(at..)).unwrap_or_default();
            return Ok(from[..count.min(from.len())].to_vec());
        }
        let mut bytes = Vec::new();
        if self.stream.byte_len().is_none_or(|len| at < len) {
            self.stream.seek(SeekFrom::Start(at))?;
            (&mut *self.stream).take(count as u64).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }

    /// Leaves the stream at its first byte.
    pub(super) fn leave(self) -> Result<()> {
        if self.kept.is_none() {
            self.stream.seek(SeekFrom::Start(0))?;
        }
        Ok(())
    }
}

/// What a container says about an audio track, beyond what symphonia reads.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TrackInfo {
    pub(super) id: u32,
    /// Name of its codec, if it is one that is not read.
    pub(super) unread: Option<String>,
    /// Time at the beginning that is left out, in seconds.
    pub(super) delay: f64,
    /// Length of what follows, if it is known, in seconds.
    pub(super) length: Option<f64>,
    /// Time at the end that is left out, in seconds.
    pub(super) padding: f64,
    /// Oddities.
    pub(super) warnings: Vec<String>,
}

impl TrackInfo {
    pub(super) fn new(id: u32) -> Self {
        Self { id, unread: None, delay: 0.0, length: None, padding: 0.0, warnings: Vec::new() }
    }
}

//! [`Head`]: random access to a file before its reader takes it, and to the first bytes of a pipe.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::io::MediaSource;

use crate::error::Result;

/// Bytes of a pipe that are looked at.
const PIPE: usize = 1 << 18;
/// Bytes read at a time from a file.
const WINDOW: usize = 1 << 12;

/// A file or a pipe.
pub(super) struct Head {
    source: Box<dyn MediaSource>,
    /// Bytes of a file from a position on, or the first bytes of a pipe.
    window: Vec<u8>,
    at: u64,
    is_pipe: bool,
}

impl Head {
    /// Looks at a source that stands at its first byte.
    pub(super) fn new(mut source: Box<dyn MediaSource>) -> Result<Self> {
        let is_pipe = !source.is_seekable();
        let mut window = Vec::new();
        (&mut source).take(if is_pipe { PIPE } else { WINDOW } as u64).read_to_end(&mut window)?;
        Ok(Self { source, window, at: 0, is_pipe })
    }

    /// Returns `count` bytes from a position on, or fewer where the file ends.
    pub(super) fn get(&mut self, at: u64, count: usize) -> Result<&[u8]> {
        let end = self.at.saturating_add(self.window.len() as u64);
        if !self.is_pipe && (at < self.at || at.saturating_add(count as u64) > end) {
            self.window.clear();
            self.at = at;
            if self.source.byte_len().is_none_or(|len| at < len) {
                self.source.seek(SeekFrom::Start(at))?;
                (&mut self.source).take(count.max(WINDOW) as u64).read_to_end(&mut self.window)?;
            }
        }
        let start = at.checked_sub(self.at).and_then(|start| usize::try_from(start).ok());
        let bytes = start.and_then(|start| self.window.get(start..)).unwrap_or_default();
        Ok(&bytes[..count.min(bytes.len())])
    }

    /// The last bytes of a file, up to `count`; none of a pipe.
    pub(super) fn last(&mut self, count: usize) -> Result<&[u8]> {
        match self.source.byte_len().filter(|_| !self.is_pipe) {
            Some(len) => self.get(len.saturating_sub(count as u64), count),
            None => Ok(&[]),
        }
    }

    /// Returns the source, from its first byte on.
    pub(super) fn into_source(mut self) -> Result<Box<dyn MediaSource>> {
        if self.is_pipe {
            return Ok(Box::new(Rejoined { first: Cursor::new(self.window), rest: self.source }));
        }
        self.source.seek(SeekFrom::Start(0))?;
        Ok(self.source)
    }
}

/// A pipe behind the bytes that were taken from it.
struct Rejoined {
    first: Cursor<Vec<u8>>,
    rest: Box<dyn MediaSource>,
}

impl Read for Rejoined {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.first.read(buffer)?;
        if read > 0 || buffer.is_empty() { Ok(read) } else { self.rest.read(buffer) }
    }
}

impl Seek for Rejoined {
    fn seek(&mut self, _target: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::NotSeekable.into())
    }
}

impl MediaSource for Rejoined {
    fn is_seekable(&self) -> bool {
        false
    }

    fn byte_len(&self) -> Option<u64> {
        None
    }
}

/// What a container says about an audio track, beyond what symphonia reads.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TrackInfo {
    pub(super) id: u32,
    /// Name of its codec, if it is one that is not read.
    pub(super) unread: Option<String>,
    /// Title of the file, where symphonia does not read it.
    pub(super) title: Option<String>,
    /// Its codec, for the error if symphonia does not read it.
    pub(super) codec: Option<String>,
    /// Its codec, where symphonia takes it for another.
    pub(super) corrected: Option<AudioCodecId>,
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
        Self {
            id,
            unread: None,
            title: None,
            codec: None,
            corrected: None,
            delay: 0.0,
            length: None,
            padding: 0.0,
            warnings: Vec::new(),
        }
    }
}

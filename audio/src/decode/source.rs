//! [`Source`]: the file behind a decoder, which reports the bytes that were read.

use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use symphonia::core::io::MediaSource;

use crate::files::File;
use crate::pcm::Splice;

/// A file that reports the bytes that were read from it.
pub(crate) struct Source<F: FnMut(u64)> {
    file: File,
    /// Bytes that were taken from a pipe and are to be read again.
    returned: Cursor<Vec<u8>>,
    /// The file to read instead of the real one, and the position in it.
    splice: Option<(Splice, u64)>,
    seekable: Seekable,
    /// Bytes that have not been reported yet. Bytes that are read twice are reported once.
    unreported: u64,
    on_read: F,
}

/// Flag for whether a [`Source`] can seek, accessible after a reader has taken the source.
#[derive(Clone)]
pub(super) struct Seekable(Arc<AtomicBool>);

impl Seekable {
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Turns seeking off, and returns true if it was on.
    pub(super) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl<F: FnMut(u64)> Source<F> {
    /// A source of a file of `len` bytes.
    pub(crate) fn new(file: File, len: u64, on_read: F) -> Self {
        let seekable = Seekable(Arc::new(AtomicBool::new(file.as_std().is_seekable())));
        Self { file, returned: Cursor::default(), splice: None, seekable, unreported: len, on_read }
    }

    /// Returns bytes that were taken from a pipe: they are read next.
    pub(crate) fn return_bytes(&mut self, bytes: Vec<u8>) {
        self.returned = Cursor::new(bytes);
    }

    /// Reads another file from its beginning, instead of the real one.
    pub(crate) fn splice(&mut self, splice: Splice) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(splice.at))?;
        self.splice = Some((splice, 0));
        Ok(())
    }

    pub(super) fn seekable(&self) -> Seekable {
        self.seekable.clone()
    }

    /// Reads from the file, and reports the bytes.
    fn read_file(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.report(read as u64);
        Ok(read)
    }

    fn report(&mut self, bytes: u64) {
        let bytes = bytes.min(self.unreported);
        self.unreported -= bytes;
        (self.on_read)(bytes);
    }
}

impl<F: FnMut(u64)> Read for Source<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let returned = self.returned.read(buffer)?;
        if returned > 0 || buffer.is_empty() {
            return Ok(returned);
        }
        let Some((splice, position)) = &self.splice else { return self.read_file(buffer) };
        let (position, left) = (*position, splice.len().saturating_sub(*position));
        let header = usize::try_from(position).ok().and_then(|start| splice.header.get(start..)).unwrap_or_default();
        let read = if header.is_empty() {
            let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
            self.read_file(&mut buffer[..most])?
        } else {
            Read::read(&mut &*header, buffer)?
        };
        if let Some((_, position)) = &mut self.splice {
            *position += read as u64;
        }
        Ok(read)
    }
}

impl<F: FnMut(u64)> Seek for Source<F> {
    fn seek(&mut self, target: SeekFrom) -> io::Result<u64> {
        let Some((splice, position)) = &mut self.splice else { return self.file.seek(target) };
        let sought = match target {
            SeekFrom::Start(sought) => Some(sought),
            SeekFrom::Current(offset) => position.checked_add_signed(offset),
            SeekFrom::End(offset) => splice.len().checked_add_signed(offset),
        };
        let sought = sought.ok_or(ErrorKind::InvalidInput)?;
        let behind_header = sought.saturating_sub(splice.header.len() as u64);
        self.file.seek(SeekFrom::Start(splice.at.saturating_add(behind_header)))?;
        *position = sought;
        Ok(sought)
    }
}

impl<F: FnMut(u64)> Drop for Source<F> {
    /// Reports the bytes that were never read, because they are not audio or because the file is damaged.
    fn drop(&mut self) {
        self.report(self.unreported);
    }
}

impl<F: FnMut(u64) + Send + Sync> MediaSource for Source<F> {
    fn is_seekable(&self) -> bool {
        self.seekable.get()
    }

    fn byte_len(&self) -> Option<u64> {
        match &self.splice {
            Some((splice, _)) => Some(splice.len()),
            None => self.file.as_std().byte_len(),
        }
    }
}

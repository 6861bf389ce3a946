//! [`Source`]: the file behind a decoder, which reports the bytes that were read.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use symphonia::core::io::MediaSource;

use crate::files::File;

/// A file that reports the bytes that were read from it.
pub(crate) struct Source<F: FnMut(u64)> {
    file: File,
    /// Bytes that were taken from a pipe and are to be read again.
    returned: Cursor<Vec<u8>>,
    /// Size to report instead of the file's own.
    len: Option<u64>,
    seekable: Seekable,
    /// Bytes that have not been reported yet. Bytes that are read twice are reported once.
    unreported: u64,
    on_read: F,
}

/// Tells, and decides, whether a [`Source`] can seek, after a reader has taken it.
#[derive(Clone)]
pub(super) struct Seekable(Arc<AtomicBool>);

impl Seekable {
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Makes the source one that cannot seek, and returns whether it could.
    pub(super) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl<F: FnMut(u64)> Source<F> {
    /// A source of a file of `len` bytes.
    pub(crate) fn new(file: File, len: u64, on_read: F) -> Self {
        let seekable = Seekable(Arc::new(AtomicBool::new(file.as_std().is_seekable())));
        Self { file, returned: Cursor::default(), len: None, seekable, unreported: len, on_read }
    }

    /// Returns bytes that were taken from a pipe: they are read next.
    pub(crate) fn return_bytes(&mut self, bytes: Vec<u8>) {
        self.returned = Cursor::new(bytes);
    }

    /// Makes symphonia take the file to be of another size.
    pub(crate) fn report_len(&mut self, len: u64) {
        self.len = Some(len);
    }

    pub(super) fn seekable(&self) -> Seekable {
        self.seekable.clone()
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
        let read = self.file.read(buffer)?;
        self.report(read as u64);
        Ok(read)
    }
}

impl<F: FnMut(u64)> Seek for Source<F> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
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
        self.len.or_else(|| self.file.as_std().byte_len())
    }
}

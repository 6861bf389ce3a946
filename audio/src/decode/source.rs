//! [`Source`]: the file behind a decoder, which reports the bytes that were read.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use symphonia::core::io::MediaSource;

use crate::files::File;

/// A file that reports the bytes that were read from it.
pub(super) struct Source<F: FnMut(u64)> {
    file: File,
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
    pub(super) fn new(file: File, len: u64, on_read: F) -> (Self, Seekable) {
        let seekable = Seekable(Arc::new(AtomicBool::new(file.as_std().is_seekable())));
        (Self { file, seekable: seekable.clone(), unreported: len, on_read }, seekable)
    }

    fn report(&mut self, bytes: u64) {
        let bytes = bytes.min(self.unreported);
        self.unreported -= bytes;
        (self.on_read)(bytes);
    }
}

impl<F: FnMut(u64)> Read for Source<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
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
        self.file.as_std().byte_len()
    }
}

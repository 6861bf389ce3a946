//! [`Output`]: where an audio file is written to.

use std::fmt;
use std::io::{self, BufWriter, ErrorKind, IntoInnerError, Seek, SeekFrom, Write};
use std::path::PathBuf;

use crate::error::Result;
use crate::files::{File, Temporary};

/// Where an audio file is written to: a file, a writer that can seek, or one that is written once from front to back.
pub struct Output(Kind);

enum Kind {
    /// A file in this folder
    File(BufWriter<File>, PathBuf),
    Seekable(BufWriter<Box<dyn WriteSeek>>),
    Stream(BufWriter<Box<dyn Write + Send>>),
}

/// A writer that can seek.
trait WriteSeek: Write + Seek + Send {}

impl<W: Write + Seek + Send> WriteSeek for W {}

/// Bytes that are gathered before they are written.
const BUFFER: usize = 1 << 16;

impl Output {
    /// A file that gets its name when it is complete.
    ///
    /// # Errors
    /// As [`Temporary::writer`].
    pub fn temporary(file: &Temporary) -> io::Result<Self> {
        Ok(Self(Kind::File(BufWriter::with_capacity(BUFFER, file.writer()?), file.folder().to_owned())))
    }

    /// A writer that can seek, such as [`Cursor`](io::Cursor).
    pub fn seekable(writer: impl Write + Seek + Send + 'static) -> Self {
        Self(Kind::Seekable(BufWriter::with_capacity(BUFFER, Box::new(writer))))
    }

    /// A writer that is written once from front to back, such as stdout.
    pub fn stream(writer: impl Write + Send + 'static) -> Self {
        Self(Kind::Stream(BufWriter::with_capacity(BUFFER, Box::new(writer))))
    }

    /// Folder that has room for the file.
    pub(crate) fn folder(&self) -> PathBuf {
        match &self.0 {
            Kind::File(_, folder) => folder.clone(),
            _ => std::env::temp_dir(),
        }
    }

    pub(crate) fn can_seek(&self) -> bool {
        !matches!(self.0, Kind::Stream(_))
    }

    /// Overwrites bytes, and leaves the position behind them.
    pub(crate) fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        self.seek(SeekFrom::Start(at))?;
        Ok(self.write_all(bytes)?)
    }

    /// Writes what was gathered, and syncs a file to the disk.
    pub(crate) fn finish(self) -> Result<()> {
        match self.0 {
            Kind::File(writer, _) => writer.into_inner().map_err(IntoInnerError::into_error)?.sync_all()?,
            Kind::Seekable(mut writer) => writer.flush()?,
            Kind::Stream(mut writer) => writer.flush()?,
        }
        Ok(())
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::File(..) => "Output(file)",
            Kind::Seekable(_) => "Output(seekable)",
            Kind::Stream(_) => "Output(stream)",
        })
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::File(writer, _) => writer.write(bytes),
            Kind::Seekable(writer) => writer.write(bytes),
            Kind::Stream(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Kind::File(writer, _) => writer.flush(),
            Kind::Seekable(writer) => writer.flush(),
            Kind::Stream(writer) => writer.flush(),
        }
    }
}

impl Seek for Output {
    fn seek(&mut self, target: SeekFrom) -> io::Result<u64> {
        match &mut self.0 {
            Kind::File(writer, _) => writer.seek(target),
            Kind::Seekable(writer) => writer.seek(target),
            Kind::Stream(_) => Err(ErrorKind::Unsupported.into()),
        }
    }
}

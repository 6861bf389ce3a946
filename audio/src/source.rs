//! [`Source`]: where a recording comes from, and [`Input`]: its bytes.

use std::fmt;
use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};
use crate::files::File;
use crate::pcm::Splice;
use crate::pcm::bytes::ReadSeek;
use crate::raw::RawFormat;
use crate::sniff;

/// A recording to read: a file, bytes in memory, or a reader.
///
/// ```
/// use polyphase_audio::{Decoder, Source};
///
/// let bytes = b"RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x04\0\0\0\0\x40\0\x80";
/// let mut decoder = Decoder::open(bytes.to_vec())?;
/// let mut samples = Vec::<f32>::new();
/// while decoder.read(&mut samples)? {}
/// assert_eq!(samples, [0.5, -1.0]);
///
/// // From a pipe, or anything that reads, front to back.
/// let decoder = Decoder::open(Source::stream(&bytes[..]))?;
/// assert_eq!(decoder.spec().rate, 8000);
/// # Ok::<(), polyphase_audio::Error>(())
/// ```
pub struct Source {
    kind: Kind,
    extension: Option<String>,
    raw: Option<RawFormat>,
    on_read: Option<OnRead>,
}

/// Receives numbers of bytes.
type OnRead = Box<dyn FnMut(u64) + Send + Sync>;

/// Origin of the bytes.
enum Kind {
    Path(PathBuf),
    Bytes(Arc<[u8]>),
    Seekable(Box<dyn ReadSeek + Send + Sync>),
    Stream(Box<dyn Read + Send + Sync>),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Path(path) => f.debug_tuple("Source").field(path).finish(),
            Kind::Bytes(bytes) => f.debug_struct("Source").field("bytes", &bytes.len()).finish(),
            Kind::Seekable(_) => f.write_str("Source(seekable)"),
            Kind::Stream(_) => f.write_str("Source(stream)"),
        }
    }
}

impl Source {
    fn new(kind: Kind) -> Self {
        Self { kind, extension: None, raw: None, on_read: None }
    }

    /// The file at a path, which may be a pipe. It is opened when it is read.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self::new(Kind::Path(path.into()))
    }

    /// The bytes of a file.
    pub fn bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self::new(Kind::Bytes(bytes.into()))
    }

    /// A reader that can seek, from its first byte on.
    pub fn seekable(reader: impl Read + Seek + Send + Sync + 'static) -> Self {
        Self::new(Kind::Seekable(Box::new(reader)))
    }

    /// A reader that is read once from front to back, such as stdin. Most containers can be read this way, but not MP4
    /// with its header at the end.
    pub fn stream(reader: impl Read + Send + Sync + 'static) -> Self {
        Self::new(Kind::Stream(Box::new(reader)))
    }

    /// Reads the bytes as samples without a header.
    #[must_use]
    pub fn raw(mut self, format: RawFormat) -> Self {
        self.raw = Some(format);
        self
    }

    /// Extension of the file's name. It only helps to recognize MPEG streams that begin with junk. Default: that of the
    /// path.
    #[must_use]
    pub fn extension(mut self, extension: &str) -> Self {
        self.extension = Some(extension.to_owned());
        self
    }

    /// Calls `on_read` with numbers of bytes as they are read. For a file, their sum is its size by the time the decoder
    /// is dropped.
    #[must_use]
    pub fn on_read(mut self, on_read: impl FnMut(u64) + Send + Sync + 'static) -> Self {
        self.on_read = Some(Box::new(on_read));
        self
    }

    /// The same recording again, without `on_read`. `None` for readers, which can be read once.
    pub fn reopened(&self) -> Option<Self> {
        let kind = match &self.kind {
            Kind::Path(path) => Kind::Path(path.clone()),
            Kind::Bytes(bytes) => Kind::Bytes(Arc::clone(bytes)),
            Kind::Seekable(_) | Kind::Stream(_) => return None,
        };
        Some(Self { kind, extension: self.extension.clone(), raw: self.raw, on_read: None })
    }

    pub(crate) fn raw_format(&self) -> Option<RawFormat> {
        self.raw
    }

    /// Extension of the file's name.
    pub(crate) fn name_extension(&self) -> Option<String> {
        let of_path = || match &self.kind {
            Kind::Path(path) => Some(path.extension()?.to_str()?.to_owned()),
            _ => None,
        };
        self.extension.clone().or_else(of_path)
    }

    /// Opens the source, and returns it with its first bytes, which will be read again.
    pub(crate) fn open(self) -> Result<(Input, Vec<u8>)> {
        let (reader, len): (Box<dyn ReadSeek + Send + Sync>, _) = match self.kind {
            Kind::Path(path) => {
                let file = File::open(&path)?;
                let metadata = file.metadata()?;
                if metadata.is_dir() {
                    return Err(Error::Unsupported("it is a folder".to_owned()));
                }
                // A pipe cannot be rewound, and has no size.
                let len = metadata.is_file().then_some(metadata.len());
                (Box::new(file), len)
            }
            Kind::Bytes(bytes) => {
                let len = bytes.len() as u64;
                (Box::new(Cursor::new(bytes)), Some(len))
            }
            Kind::Seekable(mut reader) => {
                let len = reader.seek(SeekFrom::End(0))?;
                reader.rewind()?;
                (reader, Some(len))
            }
            Kind::Stream(reader) => (Box::new(Stream(reader)), None),
        };
        let mut input = Input {
            reader,
            len,
            returned: Cursor::default(),
            splice: None,
            seekable: Seekable(Arc::new(AtomicBool::new(len.is_some()))),
            unreported: len,
            on_read: self.on_read,
        };
        let mut head = Vec::new();
        (&mut *input.reader).take(sniff::HEAD as u64).read_to_end(&mut head)?;
        if head.is_empty() {
            return Err(Error::Damaged("the file is empty".to_owned()));
        }
        if len.is_some() {
            input.reader.rewind()?;
        } else {
            input.return_bytes(head.clone());
        }
        Ok((input, head))
    }
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl From<&PathBuf> for Source {
    fn from(path: &PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<&str> for Source {
    fn from(path: &str) -> Self {
        Self::path(path)
    }
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Self::bytes(bytes)
    }
}

/// A reader that cannot seek.
struct Stream(Box<dyn Read + Send + Sync>);

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Seek for Stream {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(ErrorKind::Unsupported.into())
    }
}

/// The bytes of an opened source. It reports the bytes that were read from it.
pub(crate) struct Input {
    reader: Box<dyn ReadSeek + Send + Sync>,
    /// Size; `None` for a source that cannot seek.
    len: Option<u64>,
    /// Bytes that were taken from a pipe and are to be read again.
    returned: Cursor<Vec<u8>>,
    /// The file to read instead of the real one, and the position in it.
    splice: Option<(Splice, u64)>,
    seekable: Seekable,
    /// Bytes that have not been reported yet, if the size is known. Bytes that are read twice are reported once.
    unreported: Option<u64>,
    on_read: Option<OnRead>,
}

/// Flag for whether an [`Input`] can seek, accessible after a reader has taken the input.
#[derive(Clone)]
pub(crate) struct Seekable(Arc<AtomicBool>);

impl Seekable {
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Turns seeking off, and returns true if it was on.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl Input {
    /// Size of the real file; `None` for a source that cannot seek.
    pub(crate) fn len(&self) -> Option<u64> {
        self.len
    }

    /// Size of the file to read.
    pub(crate) fn spliced_len(&self) -> Option<u64> {
        self.splice.as_ref().map(|(splice, _)| splice.len()).or(self.len)
    }

    /// Returns bytes that were taken from a pipe: they are read next.
    pub(crate) fn return_bytes(&mut self, mut bytes: Vec<u8>) {
        let read = usize::try_from(self.returned.position()).unwrap_or(usize::MAX);
        bytes.extend(self.returned.get_ref().get(read..).unwrap_or_default());
        self.returned = Cursor::new(bytes);
    }

    /// Reads another file from its beginning, instead of the real one.
    pub(crate) fn splice(&mut self, splice: Splice) -> io::Result<()> {
        self.reader.seek(SeekFrom::Start(splice.at))?;
        self.splice = Some((splice, 0));
        Ok(())
    }

    pub(crate) fn seekable(&self) -> Seekable {
        self.seekable.clone()
    }

    /// Reads from the file, and reports the bytes.
    fn read_file(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.report(read as u64);
        Ok(read)
    }

    fn report(&mut self, mut bytes: u64) {
        if let Some(unreported) = &mut self.unreported {
            bytes = bytes.min(*unreported);
            *unreported -= bytes;
        }
        if let Some(on_read) = &mut self.on_read {
            on_read(bytes);
        }
    }
}

impl Read for Input {
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

impl Seek for Input {
    fn seek(&mut self, target: SeekFrom) -> io::Result<u64> {
        let Some((splice, position)) = &mut self.splice else { return self.reader.seek(target) };
        let sought = match target {
            SeekFrom::Start(sought) => Some(sought),
            SeekFrom::Current(offset) => position.checked_add_signed(offset),
            SeekFrom::End(offset) => splice.len().checked_add_signed(offset),
        };
        let sought = sought.ok_or(ErrorKind::InvalidInput)?;
        let behind_header = sought.saturating_sub(splice.header.len() as u64);
        self.reader.seek(SeekFrom::Start(splice.at.saturating_add(behind_header)))?;
        *position = sought;
        Ok(sought)
    }
}

impl Drop for Input {
    /// Reports the bytes that were never read, because they are not audio or because the file is damaged.
    fn drop(&mut self) {
        self.report(self.unreported.unwrap_or(0));
    }
}

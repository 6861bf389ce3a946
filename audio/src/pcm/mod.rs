//! PCM in WAV, RF64, Wave64, AIFF, AIFC and CAF: reads what recorders and converters write, rather than what the
//! specifications ask for.
//!
//! ```text
//! bytes        random access to the header, in files and pipes
//! chunks       walk from chunk to chunk; how much audio there is if the header is wrong about it
//! wav aiff caf header of each container → Header
//! samples      bytes → samples, a block at a time
//! ```
//!
//! A header may be wrong about sizes: audio whose size was never written ends with the file. Audio that ends before its
//! header says is an error.

mod aiff;
pub(crate) mod bytes;
mod caf;
mod chunks;
mod codecs;
pub(crate) mod samples;
mod speakers;
pub(crate) mod texts;
mod wav;
mod wave_format;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{ErrorKind, SeekFrom};

use self::bytes::{Bytes, ReadSeek, read_up_to};
use self::chunks::Extent;
use self::samples::{Float, SampleType};
use crate::error::{Error, Result};
use crate::format::{self, SampleFormat, Spec};
use crate::rate::Rate;
use crate::raw::RawFormat;
use crate::tags::Tags;

/// Kind of container that holds PCM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    /// RIFF
    Wav,
    /// RIFF in big-endian order
    Rifx,
    /// RF64 and BW64
    Rf64,
    /// Sony Wave64
    Wave64,
    /// AIFF without compression types
    Aiff,
    /// AIFF with compression types
    Aifc,
    /// Core Audio Format
    Caf,
}

impl Container {
    /// The container that a file of these first bytes is.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        const WAVE64: [u8; 16] = *b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0";
        let tag = |at: usize| head.get(at..at + 4).unwrap_or_default();
        match (tag(0), tag(8)) {
            (b"RIFF", b"WAVE") => Some(Self::Wav),
            (b"RIFX", b"WAVE") => Some(Self::Rifx),
            (b"RF64" | b"BW64", b"WAVE") => Some(Self::Rf64),
            (b"FORM", b"AIFF") => Some(Self::Aiff),
            (b"FORM", b"AIFC") => Some(Self::Aifc),
            (b"caff", _) => Some(Self::Caf),
            _ => head.starts_with(&WAVE64).then_some(Self::Wave64),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Wav => "WAV",
            Self::Rifx => "RIFX",
            Self::Rf64 => "RF64",
            Self::Wave64 => "Wave64",
            Self::Aiff => "AIFF",
            Self::Aifc => "AIFC",
            Self::Caf => "CAF",
        }
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Audio that a header describes.
#[derive(Debug, Clone, Copy)]
struct Header {
    /// Frames per second.
    rate: f64,
    channels: usize,
    channel_mask: u32,
    format: SampleFormat,
    samples: SampleType,
    data_at: u64,
    extent: Extent,
}

/// A file that begins with another header, and goes on with a part of the real file.
#[derive(Debug, Clone)]
pub(crate) struct Splice {
    pub(crate) header: Vec<u8>,
    /// Position of the part in the real file.
    pub(crate) at: u64,
    /// Bytes of the part.
    pub(crate) size: u64,
}

impl Splice {
    /// Bytes of both.
    pub(crate) fn len(&self) -> u64 {
        self.size.saturating_add(self.header.len() as u64)
    }
}

/// Codec in a container.
#[derive(Debug)]
enum Found {
    /// PCM
    Pcm(Header),
    /// A codec that symphonia decodes, from a spliced file if it cannot read the real one
    Compressed(Option<Splice>),
}

/// A container that was opened.
pub(crate) struct Opened {
    /// The audio if it is PCM. The source stands where it begins, or else at the first byte of the file.
    pub(crate) audio: Option<Audio>,
    /// The file to give to symphonia, if not the real one.
    pub(crate) splice: Option<Splice>,
    /// Bytes that were taken from a pipe and come before what the source reads next.
    pub(crate) taken: Vec<u8>,
}

/// Reads the header of a container. The source stands at its first byte; `len` is its size, `None` for a pipe.
///
/// # Errors
/// If the header is damaged, if the audio is shorter than the header says, and if it is of a codec that nothing here
/// decodes.
pub(crate) fn open(source: &mut dyn ReadSeek, len: Option<u64>, container: Container) -> Result<Opened> {
    let mut bytes = Bytes::new(source, len);
    let found = match container {
        Container::Aiff | Container::Aifc => aiff::header(&mut bytes, container),
        Container::Caf => caf::header(&mut bytes),
        _ => wav::header(&mut bytes, container),
    };
    match found? {
        Found::Compressed(splice) => Ok(Opened { audio: None, splice, taken: bytes.leave_at(0)? }),
        Found::Pcm(header) => {
            if header.extent == Extent::Rest && Container::of(bytes.get(header.data_at, 16)?).is_some() {
                let text = "damaged: where its audio should begin there is a second header";
                return Err(Error::Damaged(text.to_owned()));
            }
            let mut audio = Audio::new(&header, bytes.left_from(header.data_at))?;
            audio.tags = texts::read(&mut bytes, container)?;
            Ok(Opened { audio: Some(audio), splice: None, taken: bytes.leave_at(header.data_at)? })
        }
    }
}

/// PCM that is being read, block by block, from a source that is passed to each call.
#[derive(Debug)]
pub(crate) struct Audio {
    spec: Spec,
    rate: Rate,
    samples: SampleType,
    /// Frames in the file, if that is known.
    promise: Option<u64>,
    /// Frames read so far.
    frames: u64,
    block: Vec<u8>,
    tags: Tags,
    warnings: Vec<String>,
}

impl Audio {
    /// Bytes read at a time: they and their samples stay in the cache of a core.
    const BLOCK: usize = 1 << 16;

    /// Audio of which the file has `left` bytes, `None` for a pipe.
    fn new(header: &Header, left: Option<u64>) -> Result<Self> {
        let frame = (header.channels * header.samples.width) as u64;
        let in_file = left.map(|left| left / frame);
        let promise = match header.extent {
            Extent::Stated(bytes) => Some(bytes / frame),
            Extent::Rest => in_file,
        };
        if let Some((promised, read)) = promise.zip(in_file)
            && read < promised
        {
            return Err(Error::Truncated { promised, read });
        }
        if header.extent == Extent::Rest && promise == Some(0) {
            return Err(Error::Damaged("truncated or damaged: not one frame could be read".to_owned()));
        }
        let rate = rate_of_header(header.rate)?;
        let &Header { channels, channel_mask, format, samples, .. } = header;
        let spec = Spec { rate: rate.rounded()?, channels, channel_mask, format };
        let mut audio = Self::of(spec, rate, samples, promise);
        if header.extent == Extent::Rest {
            audio.warn_of_part(left);
        }
        Ok(audio)
    }

    /// Samples without a header, in a file of `len` bytes, `None` for a pipe.
    pub(crate) fn raw(format: RawFormat, len: Option<u64>) -> Result<Self> {
        let (channels, rate, samples) = (format.channels(), format.rate(), format.sample_type());
        let spec = Spec { rate: rate.rounded()?, channels, channel_mask: 0, format: format.sample_format() };
        let frame = (channels * samples.width) as u64;
        let mut audio = Self::of(spec, rate, samples, len.map(|len| len / frame));
        audio.warn_of_part(len);
        Ok(audio)
    }

    fn of(spec: Spec, rate: Rate, samples: SampleType, promise: Option<u64>) -> Self {
        let (tags, warnings) = (Tags::default(), Vec::new());
        Self { spec, rate, samples, promise, frames: 0, block: Vec::new(), tags, warnings }
    }

    /// Bytes of a frame.
    fn frame_len(&self) -> usize {
        self.spec.channels * self.samples.width
    }

    /// Adds a warning if the audio ends within a frame.
    fn warn_of_part(&mut self, bytes: Option<u64>) {
        let part = bytes.map_or(0, |bytes| bytes % self.frame_len() as u64);
        if part > 0 {
            let frame = self.frame_len();
            self.warnings.push(format!("the file ends with {part} of the {frame} bytes of a frame, which are ignored"));
        }
    }

    pub(crate) fn tags(&self) -> &Tags {
        &self.tags
    }

    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Skips up to `frames` frames of a file. Returns the number of frames, 0 for a pipe.
    pub(crate) fn seek_forward(&mut self, source: &mut dyn ReadSeek, frames: u64) -> Result<u64> {
        let Some(promise) = self.promise else { return Ok(0) };
        let frames = frames.min(promise - self.frames);
        let bytes = frames.checked_mul(self.frame_len() as u64).and_then(|bytes| i64::try_from(bytes).ok());
        match bytes.map(|bytes| source.seek(SeekFrom::Current(bytes))) {
            Some(Ok(_)) => {
                self.frames += frames;
                Ok(frames)
            }
            Some(Err(error)) if error.kind() != ErrorKind::Unsupported && error.kind() != ErrorKind::NotSeekable => {
                Err(error.into())
            }
            _ => Ok(0),
        }
    }

    pub(crate) fn spec(&self) -> Spec {
        self.spec
    }

    /// Frames per second, which need not be a whole number.
    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// Number of frames in the file, if it is known.
    pub(crate) fn promised_frames(&self) -> Option<u64> {
        self.promise
    }

    /// Appends the interleaved samples of the next block. Returns false at the end.
    pub(crate) fn read<T: Float>(&mut self, source: &mut dyn ReadSeek, samples: &mut Vec<T>) -> Result<bool> {
        let frame = self.frame_len();
        let left = self.promise.map_or(u64::MAX, |promised| promised - self.frames);
        let most = (Self::BLOCK / frame).max(1);
        let frames = usize::try_from(left).map_or(most, |left| left.min(most));
        if self.block.len() < frames * frame {
            self.block.resize(frames * frame, 0);
        }
        let bytes = read_up_to(source, &mut self.block[..frames * frame])?;
        let read = bytes / frame;
        self.frames += read as u64;
        if self.promise.is_none() {
            self.warn_of_part(Some(bytes as u64));
        }
        self.samples.decode(&self.block[..read * frame], samples);
        match self.promise {
            Some(promised) if read < frames => Err(Error::Truncated { promised, read: self.frames }),
            None if self.frames == 0 => {
                Err(Error::Damaged("truncated or damaged: not one frame could be read".to_owned()))
            }
            _ => Ok(read > 0),
        }
    }
}

/// The rate that a header gives.
fn rate_of_header(rate: f64) -> Result<Rate> {
    if rate == 0.0 {
        return Err(Error::Damaged("the header gives a sampling rate of 0".to_owned()));
    }
    let possible = Rate::from_hz(rate).ok().filter(|_| (1e-6..=u32::MAX.into()).contains(&rate));
    possible.ok_or_else(|| Error::Damaged(format!("the header gives the impossible sampling rate {rate}")))
}

/// The format that keeps integers of so many bits. Of more than 32 bits, a float of 64 bits keeps most.
fn integer_format(bits: usize) -> SampleFormat {
    match bits {
        0..=16 => SampleFormat::I16,
        17..=24 => SampleFormat::I24,
        25..=32 => SampleFormat::I32,
        _ => SampleFormat::F64,
    }
}

fn check_channels(channels: usize) -> Result<()> {
    if channels == 0 {
        return Err(Error::Damaged("the header gives no channels".to_owned()));
    }
    format::check_channels(channels)
}

/// The error for a codec that is not read.
fn unread(codec: &str, container: Container) -> Error {
    Error::unread(&format!("{codec} in {container}"))
}

/// The error for a header of which something is missing.
fn incomplete(container: Container, what: &str) -> Error {
    Error::Damaged(format!(
        "truncated or damaged: the file begins as {container}, but its header is incomplete: {what}"
    ))
}

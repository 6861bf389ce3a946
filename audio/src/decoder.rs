//! [`Decoder`]: a recording of any kind, as interleaved samples at its own rate.

use std::fmt;

use crate::decode::{DecodedSample, Packets};
use crate::error::Result;
use crate::flac::{self, FlacReader};
use crate::format::Spec;
use crate::pcm;
use crate::rate::Rate;
use crate::sniff::{self, Container};
use crate::source::{Input, Source};
use crate::tags::Tags;

/// File name extensions of the formats that are read, in lower case.
pub const EXTENSIONS: [&str; 27] = [
    "aac", "adts", "aif", "aifc", "aiff", "alac", "bwf", "caf", "flac", "m4a", "m4b", "mka", "mkv", "mov", "mp1",
    "mp2", "mp3", "mp4", "oga", "ogg", "opus", "rf64", "w64", "wav", "wave", "webm", "weba",
];

/// A recording that is being read.
pub struct Decoder(Reader);

/// What reads a recording.
enum Reader {
    /// This crate, PCM
    Pcm { input: Input, audio: pcm::Audio },
    /// This crate, FLAC
    Flac { input: Input, reader: Box<FlacReader> },
    /// symphonia, everything else
    Packets(Box<Packets>),
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reader::Pcm { audio, .. } => f.debug_tuple("Decoder").field(audio).finish(),
            Reader::Flac { reader, .. } => f.debug_tuple("Decoder").field(reader).finish(),
            Reader::Packets(packets) => f.debug_tuple("Decoder").field(packets).finish(),
        }
    }
}

impl Decoder {
    /// Opens a recording, and reads as much of it as tells the sample format.
    ///
    /// # Errors
    /// If the recording cannot be read, is not audio of a format that is read, or has a damaged header. Also if it is
    /// PCM and shorter than its header says.
    pub fn open(source: impl Into<Source>) -> Result<Self> {
        let source = source.into();
        let (extension, raw) = (source.name_extension(), source.raw_format());
        let (mut input, head) = source.open()?;
        if let Some(format) = raw {
            let audio = pcm::Audio::raw(format, input.len())?;
            return Ok(Self(Reader::Pcm { input, audio }));
        }
        let mut container = sniff::container(&head)?;
        if input.len().is_some() && flac::is_behind_id3(&mut input, &head)? {
            container = Some(Container::Flac);
        }
        let name = match container {
            Some(Container::Flac) => {
                let reader = Box::new(FlacReader::open(&mut input)?);
                return Ok(Self(Reader::Flac { input, reader }));
            }
            Some(Container::Pcm(container)) => {
                let len = input.len();
                let opened = pcm::open(&mut input, len, container)?;
                input.return_bytes(opened.taken);
                if let Some(audio) = opened.audio {
                    return Ok(Self(Reader::Pcm { input, audio }));
                }
                if let Some(splice) = opened.splice {
                    input.splice(splice)?;
                }
                Some(container.name())
            }
            Some(Container::Other(name)) => Some(name),
            None => None,
        };
        Ok(Self(Reader::Packets(Box::new(Packets::open(input, name, extension.as_deref())?))))
    }

    /// Rate, channels and sample format of the audio. The rate is rounded to a whole number.
    pub fn spec(&self) -> Spec {
        match &self.0 {
            Reader::Pcm { audio, .. } => audio.spec(),
            Reader::Flac { reader, .. } => reader.spec(),
            Reader::Packets(packets) => packets.spec(),
        }
    }

    /// Frames per second, which need not be a whole number in AIFF, CAF and raw samples.
    pub fn rate(&self) -> Rate {
        match &self.0 {
            Reader::Pcm { audio, .. } => audio.rate(),
            Reader::Flac { reader, .. } => reader.spec().rate.into(),
            Reader::Packets(packets) => packets.spec().rate.into(),
        }
    }

    /// Number of frames in the file, if it is known exactly.
    pub fn promised_frames(&self) -> Option<u64> {
        match &self.0 {
            Reader::Pcm { audio, .. } => audio.promised_frames(),
            Reader::Flac { reader, .. } => reader.promised_frames(),
            Reader::Packets(packets) => packets.promised_frames(),
        }
    }

    /// Title, artist and the like.
    pub fn tags(&self) -> &Tags {
        match &self.0 {
            Reader::Pcm { audio, .. } => audio.tags(),
            Reader::Flac { reader, .. } => reader.tags(),
            Reader::Packets(packets) => packets.tags(),
        }
    }

    /// What is odd about the file so far, a line each: sizes in the header that do not fit, bytes that are no audio.
    /// The samples are right nevertheless.
    pub fn warnings(&self) -> &[String] {
        match &self.0 {
            Reader::Pcm { audio, .. } => audio.warnings(),
            Reader::Flac { reader, .. } => reader.warnings(),
            Reader::Packets(packets) => packets.warnings(),
        }
    }

    /// Appends the interleaved samples of the next packet or block. Returns false at the end of the file.
    ///
    /// # Errors
    /// If the file is damaged here. The end of the file is an error if it comes before the end that the header
    /// promises, or if a stored checksum differs.
    pub fn read<T: DecodedSample>(&mut self, samples: &mut Vec<T>) -> Result<bool> {
        match &mut self.0 {
            Reader::Pcm { input, audio } => audio.read(input, samples),
            Reader::Flac { input, reader } => reader.read(input, samples),
            Reader::Packets(packets) => packets.read(samples),
        }
    }

    /// Skips up to `frames` frames where that is possible without decoding them: in PCM files that can seek. Returns
    /// the number of frames that were skipped.
    ///
    /// # Errors
    /// If seeking fails.
    pub(crate) fn seek_forward(&mut self, frames: u64) -> Result<u64> {
        match &mut self.0 {
            Reader::Pcm { input, audio } => audio.seek_forward(input, frames),
            Reader::Flac { .. } | Reader::Packets(_) => Ok(0),
        }
    }
}

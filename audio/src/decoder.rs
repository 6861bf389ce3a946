//! [`Decoder`]: an audio file of any kind that is read, as interleaved samples.

use std::fmt;
use std::io::{Read, Seek};
use std::path::Path;

use crate::decode::{DecodedSample, Packets, Source};
use crate::error::{Error, Result};
use crate::files::File;
use crate::flac::{self, FlacReader};
use crate::format::Spec;
use crate::pcm::{self, bytes::ReadSeek};
use crate::sniff::{self, Container};

/// File name extensions of the formats that are read, in lower case.
pub const EXTENSIONS: [&str; 26] = [
    "aac", "adts", "aif", "aifc", "aiff", "alac", "bwf", "caf", "flac", "m4a", "m4b", "mka", "mkv", "mov", "mp1",
    "mp2", "mp3", "mp4", "oga", "ogg", "rf64", "w64", "wav", "wave", "webm", "weba",
];

/// An audio file that is being read.
pub struct Decoder(Reader);

/// What reads a file.
enum Reader {
    /// This crate, PCM
    Pcm { source: Box<dyn ReadSeek + Send + Sync>, audio: pcm::Audio },
    /// This crate, FLAC
    Flac { source: Box<dyn ReadSeek + Send + Sync>, reader: Box<FlacReader> },
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
    /// Opens a file, and reads as much of it as tells the sample format.
    ///
    /// `on_read` is called with numbers of bytes as they are read, whose sum is the size of the file by the time the
    /// decoder is dropped.
    ///
    /// # Errors
    /// If the file cannot be read, is not audio of a format that is read, or has a damaged header. Also if it is PCM
    /// and shorter than its header says.
    pub fn open(path: &Path, on_read: impl FnMut(u64) + Send + Sync + 'static) -> Result<Self> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(Error::Unsupported("it is a folder".to_owned()));
        }
        // A pipe cannot be rewound, and has no size.
        let len = metadata.is_file().then_some(metadata.len());
        if len == Some(0) {
            return Err(Error::Damaged("the file is empty".to_owned()));
        }
        let mut head = Vec::new();
        (&mut file).take(sniff::HEAD as u64).read_to_end(&mut head)?;
        let mut container = sniff::container(&head)?;
        if len.is_some() && flac::is_behind_id3(&mut file, &head)? {
            container = Some(Container::Flac);
        }
        let mut source = match len {
            Some(len) => {
                file.rewind()?;
                Source::new(file, len, on_read)
            }
            None => {
                let mut source = Source::new(file, metadata.len(), on_read);
                source.return_bytes(head);
                source
            }
        };
        let name = match container {
            Some(Container::Pcm(container)) => {
                let opened = pcm::open(&mut source, len, container)?;
                source.return_bytes(opened.taken);
                if let Some(audio) = opened.audio {
                    return Ok(Self(Reader::Pcm { source: Box::new(source), audio }));
                }
                if let Some(splice) = opened.splice {
                    source.splice(splice)?;
                }
                Some(container.name())
            }
            Some(Container::Flac) => {
                let reader = Box::new(FlacReader::open(&mut source)?);
                return Ok(Self(Reader::Flac { source: Box::new(source), reader }));
            }
            Some(Container::Other(name)) => Some(name),
            None => None,
        };
        let extension = path.extension().and_then(|extension| extension.to_str());
        Ok(Self(Reader::Packets(Box::new(Packets::open(source, name, extension)?))))
    }

    /// Rate, channels and sample format of the audio. The rate is rounded to a whole number.
    pub fn spec(&self) -> Spec {
        match &self.0 {
            Reader::Pcm { audio, .. } => audio.spec(),
            Reader::Flac { reader, .. } => reader.spec(),
            Reader::Packets(packets) => packets.spec(),
        }
    }

    /// Frames per second, which need not be a whole number in AIFF and CAF.
    pub fn rate(&self) -> f64 {
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

    /// Appends the interleaved samples of the next packet or block. Returns false at the end of the file.
    ///
    /// `packet` is scratch: pass the same vector to every call.
    ///
    /// # Errors
    /// If the file is damaged here. The end of the file is an error if it comes before the end that the header
    /// promises, or if a stored checksum differs.
    pub fn read<T: DecodedSample>(&mut self, samples: &mut Vec<T>, packet: &mut Vec<T>) -> Result<bool> {
        match &mut self.0 {
            Reader::Pcm { source, audio } => audio.read(source, samples),
            Reader::Flac { source, reader } => reader.read(source, samples),
            Reader::Packets(packets) => packets.read(samples, packet),
        }
    }
}

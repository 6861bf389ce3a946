//! [`Packets`]: compressed audio of any kind, packet by packet. Everything that references symphonia is in
//! this folder.
//!
//! ```text
//! ogg      Ogg: pages, links and positions           opus    header and decoder of Opus
//! demuxed  everything else, by symphonia's readers   tags    texts, in the names of Vorbis comments
//! mp4      edit lists and codecs in MP4              aac     kinds of AAC
//! matroska delay and padding in Matroska and WebM    codec   decoders of what symphonia's readers read
//! mp3      decoder of MP3
//! head     a look at a file before its reader        vorbis  decoder of Vorbis in more than two channels
//! ```
//!
//! A file is decoded to its end, or decoding is an error.

mod aac;
mod codec;
mod demuxed;
mod head;
mod matroska;
mod mp3;
mod mp4;
mod ogg;
mod opus;
mod probe;
mod promise;
mod source;
mod spec;
mod tags;
#[cfg(test)]
mod tests;
mod vorbis;

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::errors::Error as SymphoniaError;

use self::demuxed::Demuxed;
use crate::error::{Error, Result};
use crate::format::Spec;
use crate::source::Input;
use crate::tags::Tags;

/// Samples that files are decoded to: `f32` or `f64`, with integers scaled to [−1, 1).
pub trait DecodedSample: polyphase::Sample + Into<f64> + sealed::Sealed {}

impl DecodedSample for f32 {}
impl DecodedSample for f64 {}

mod sealed {
    use symphonia::core::audio::conv::ConvertibleSample;

    use crate::pcm::samples::Float;

    pub trait Sealed: ConvertibleSample + Float {}

    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A file of compressed audio that is being read.
pub(crate) struct Packets(Kind);

enum Kind {
    Ogg(Box<ogg::Audio>),
    Demuxed(Box<Demuxed>),
}

impl fmt::Debug for Packets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Ogg(audio) => audio.fmt(f),
            Kind::Demuxed(audio) => audio.fmt(f),
        }
    }
}

impl Packets {
    /// Opens a file. `container` is what its first bytes name, and `extension` that of its name.
    ///
    /// # Errors
    /// If the file cannot be read, is not audio of a format that is read, or has a damaged header.
    pub(crate) fn open(source: Input, container: Option<&str>, extension: Option<&str>) -> Result<Self> {
        if container == Some("Ogg") {
            return Ok(Self(Kind::Ogg(Box::new(ogg::Audio::open(Box::new(source))?))));
        }
        let seekable = source.seekable();
        Ok(Self(Kind::Demuxed(Box::new(Demuxed::open(Box::new(source), &seekable, container, extension)?))))
    }

    /// Rate, channels and sample format of the audio.
    pub(crate) fn spec(&self) -> Spec {
        match &self.0 {
            Kind::Ogg(audio) => audio.spec(),
            Kind::Demuxed(audio) => audio.spec(),
        }
    }

    /// Number of frames in the file, if the header gives it exactly.
    pub(crate) fn promised_frames(&self) -> Option<u64> {
        match &self.0 {
            Kind::Ogg(_) => None,
            Kind::Demuxed(audio) => audio.promised_frames(),
        }
    }

    /// Texts about the recording.
    pub(crate) fn tags(&self) -> &Tags {
        match &self.0 {
            Kind::Ogg(audio) => audio.tags(),
            Kind::Demuxed(audio) => audio.tags(),
        }
    }

    /// Oddities of the file that did not stop it from being read. There may be more at the end of the file.
    pub(crate) fn warnings(&self) -> &[String] {
        match &self.0 {
            Kind::Ogg(audio) => audio.warnings(),
            Kind::Demuxed(audio) => audio.warnings(),
        }
    }

    /// Appends the interleaved samples of the next packet. Returns false at the end of the file.
    ///
    /// # Errors
    /// If the next packet is damaged; at the end of the file, if the header promises more frames or a stored checksum
    /// differs.
    pub(crate) fn read<T: DecodedSample>(&mut self, samples: &mut Vec<T>) -> Result<bool> {
        match &mut self.0 {
            Kind::Ogg(audio) => audio.read(samples),
            Kind::Demuxed(audio) => audio.read(samples),
        }
    }
}

/// Appends the interleaved samples of a packet.
fn append<T: DecodedSample>(decoded: &GenericAudioBufferRef<'_>, samples: &mut Vec<T>) {
    let held = samples.len();
    samples.resize(held + decoded.samples_interleaved(), T::from_i8(0));
    decoded.copy_to_slice_interleaved(&mut samples[held..]);
}

/// Calls a decoder or reader, and returns a panic as an error: they have panicked on damaged files, which must not
/// affect other files.
fn caught<T>(name: &str, call: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(Error::DecoderFailed { name: name.to_owned() }))
}

fn damaged(text: impl Into<String>) -> Error {
    Error::Damaged(text.into())
}

fn described(error: &SymphoniaError) -> String {
    match error {
        SymphoniaError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the file ends too early".to_owned()
        }
        error => error.to_string(),
    }
}

//! [`Packets`]: reads audio files of any kind that symphonia knows, packet by packet. Everything that references
//! symphonia is in this folder.
//!
//! A file is decoded to its end, or decoding is an error. The decoder compares the number of frames that it read with
//! the number that the header promises (`promise`), the samples with a stored checksum, and the end of the file with
//! the end that the container marks.

mod promise;
mod source;
mod spec;

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::audio::Channels;
use symphonia::core::audio::conv::ConvertibleSample;
use symphonia::core::codecs::audio::well_known as codecs;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;

use self::promise::Promise;
use crate::error::{Error, Result};
use crate::format::{SampleFormat, Spec, check_channels};
use crate::pcm::samples::Float;
use crate::sniff;
use crate::source::Input;
use crate::tags::Tags;

/// Samples that files are decoded to: `f32` or `f64`, with integers scaled to [−1, 1).
pub trait DecodedSample: ConvertibleSample + Float + polyphase::Sample + Into<f64> {}

impl DecodedSample for f32 {}
impl DecodedSample for f64 {}

/// An audio file that is being read by symphonia.
pub(crate) struct Packets {
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    spec: Spec,
    promise: Option<Promise>,
    /// True once it is known that the end of the audio is missing.
    is_cut_short: bool,
    /// True while the decoder holds the first packet, which was decoded to learn the sample format.
    has_first_packet: bool,
    /// Frames handed out so far.
    frames: u64,
    tags: Tags,
    warnings: Vec<String>,
}

impl fmt::Debug for Packets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packets")
            .field("spec", &self.spec)
            .field("promise", &self.promise)
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}

impl Packets {
    /// Opens a file and decodes its first packet. `container` is what its first bytes name, and `extension` that of its
    /// name.
    ///
    /// # Errors
    /// If the file cannot be read, is not audio of a format that is read, or has a damaged header.
    pub(crate) fn open(source: Input, container: Option<&str>, extension: Option<&str>) -> Result<Self> {
        let seekable = source.seekable();
        let mut hint = Hint::new();
        if let Some(extension) = extension {
            hint.with_extension(extension);
        }
        let mut reader = probe(&hint, MediaSourceStream::new(Box::new(source), Default::default()), container)?;
        // For an MPEG stream that does not tell its length, a reader that can seek estimates the length, and drops the
        // audio beyond. Read it again without seeking.
        if reader.format_info().short_name.starts_with("mp") && seekable.take() {
            let mut stream = reader.into_inner();
            io::Seek::rewind(&mut stream)?;
            reader = probe(&hint, stream, container)?;
        }
        let track = reader.default_track(TrackType::Audio).ok_or_else(|| damaged("there is no audio in the file"))?;
        let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
        let unknown = || Error::Unsupported("the audio is of an unknown codec".to_owned());
        let parameters = parameters.ok_or_else(unknown)?;
        if parameters.codec == codecs::CODEC_ID_OPUS {
            return Err(sniff::unread("Opus"));
        }
        // Before the decoder allocates memory for them.
        check_channels(parameters.channels.as_ref().map_or(0, Channels::count))?;
        let decoder = caught("decoder", || {
            let options = AudioDecoderOptions::default().verify(true);
            symphonia::default::get_codecs().make_audio_decoder(parameters, &options).map_err(|error| {
                Error::Unsupported(format!("the audio is of a codec that is not supported: {}", described(&error)))
            })
        })?;
        let format = reader.format_info().short_name;
        let promise = Promise::of(track, decoder.codec_info().short_name.starts_with("pcm"), format);
        // Ogg gives the length on its last page. A reader that can seek looks for that page, and reports no length if
        // it is missing.
        let is_cut_short = format == "ogg" && reader.tracks().len() == 1 && promise.is_none() && seekable.get();
        let track = track.id;

        let unknown = Spec { rate: 0, channels: 0, channel_mask: 0, format: SampleFormat::F32 };
        let mut this = Self {
            spec: unknown,
            reader,
            decoder,
            track,
            promise,
            is_cut_short,
            has_first_packet: false,
            frames: 0,
            tags: Tags::default(),
            warnings: Vec::new(),
        };
        this.has_first_packet = this.decode_packet()?;
        let parameters = this.decoder.codec_params();
        // Where the decoded audio and the header differ, trust the audio.
        this.spec = if this.has_first_packet {
            spec::of_decoded(&this.decoder.last_decoded(), parameters)
        } else {
            spec::of_header(parameters)
        }?;
        Ok(this)
    }

    pub(crate) fn tags(&self) -> &Tags {
        &self.tags
    }

    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Rate, channels and sample format of the audio.
    pub(crate) fn spec(&self) -> Spec {
        self.spec
    }

    /// Number of frames in the file, if the header gives it exactly.
    pub(crate) fn promised_frames(&self) -> Option<u64> {
        self.promise.and_then(Promise::exact)
    }

    /// Appends the interleaved samples of the next packet. Returns false at the end of the file.
    ///
    /// # Errors
    /// If the next packet is damaged; at the end of the file, if the header promises more frames or a stored checksum
    /// differs.
    pub(crate) fn read<T: DecodedSample>(&mut self, samples: &mut Vec<T>) -> Result<bool> {
        if !std::mem::take(&mut self.has_first_packet) && !self.decode_packet()? {
            self.check_end()?;
            return Ok(false);
        }
        let decoded = self.decoder.last_decoded();
        let spec = spec::of_decoded(&decoded, self.decoder.codec_params())?;
        if (spec.rate, spec.channels) != (self.spec.rate, self.spec.channels) {
            return Err(Error::Unsupported(format!(
                "after {} frames the audio changes from {} channels at {} Hz to {} at {} Hz",
                self.frames, self.spec.channels, self.spec.rate, spec.channels, spec.rate
            )));
        }
        self.frames += decoded.frames() as u64;
        let held = samples.len();
        samples.resize(held + decoded.samples_interleaved(), T::from_i8(0));
        decoded.copy_to_slice_interleaved(&mut samples[held..]);
        Ok(true)
    }

    /// Decodes the next packet that holds any frames. Returns false at the end of the file.
    fn decode_packet(&mut self) -> Result<bool> {
        let frames = self.frames;
        let damaged_here =
            |error: &SymphoniaError| damaged(format!("damaged after {frames} frames: {}", described(error)));
        loop {
            let reader_name = self.reader.format_info().long_name;
            let packet = match caught(&format!("{reader_name} reader"), || Ok(self.reader.next_packet()))? {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(false),
                Err(SymphoniaError::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    // A recording that was streamed into a file gives no length, and ends with the file.
                    let streamed = matches!(self.reader.format_info().short_name, "wave" | "matroska" | "webm");
                    self.is_cut_short |= !streamed || self.promise.is_some();
                    return Ok(false);
                }
                // The MP4 reader's words for a file that ends within its audio.
                Err(SymphoniaError::DecodeError(error)) if error.contains("no atom pending") => {
                    self.is_cut_short = true;
                    return Ok(false);
                }
                Err(SymphoniaError::ResetRequired) => {
                    let text = "the file holds several streams one after the other";
                    return Err(Error::Unsupported(text.to_owned()));
                }
                Err(SymphoniaError::IoError(error)) => return Err(Error::Io(error)),
                Err(error) => return Err(damaged_here(&error)),
            };
            if packet.track_id != self.track {
                continue;
            }
            if let Some(promise) = self.promise
                && promise.is_past_end(packet.pts.get())
            {
                return Err(damaged(format!(
                    "the file goes on after the {} frames that its header promises: several files in one, or damaged",
                    promise.frames
                )));
            }
            let decoder = &mut self.decoder;
            let decoder_name = decoder.codec_info().long_name;
            let decoded = caught(&format!("{decoder_name} decoder"), || {
                decoder.decode(&packet).map(|decoded| decoded.frames()).map_err(|error| damaged_here(&error))
            });
            if decoded? > 0 {
                return Ok(true);
            }
        }
    }

    /// Checks that the file ends where it should.
    fn check_end(&mut self) -> Result<()> {
        let frames = self.frames;
        if frames == 0 && self.promise.is_none_or(|promise| promise.frames > 0) {
            return Err(damaged("truncated or damaged: not one frame could be read"));
        }
        if let Some(promise) = self.promise {
            promise.check(frames)?;
        }
        if self.is_cut_short {
            let text = format!("truncated or damaged: the end of the audio is missing, after {frames} frames");
            return Err(damaged(text));
        }
        if self.decoder.finalize().verify_ok == Some(false) {
            return Err(damaged("damaged: the audio does not match its checksum"));
        }
        Ok(())
    }
}

fn probe(hint: &Hint, stream: MediaSourceStream<'static>, container: Option<&str>) -> Result<Box<dyn FormatReader>> {
    caught("reader of audio files", || {
        let probed = symphonia::default::get_probe().probe(hint, stream, Default::default(), Default::default());
        probed.map_err(|error| match (container, error) {
            (_, SymphoniaError::IoError(error)) if error.kind() != io::ErrorKind::UnexpectedEof => Error::Io(error),
            (Some(container), error) => damaged(format!(
                "truncated or damaged: it begins as {container}, but goes on as none: {}",
                described(&error)
            )),
            (None, SymphoniaError::Unsupported(_)) => {
                Error::Unsupported("not an audio file of a known format".to_owned())
            }
            (None, error) => {
                damaged(format!("not an audio file of a known format, or its header is damaged: {}", described(&error)))
            }
        })
    })
}

/// Calls symphonia, and returns a panic as an error: its readers and decoders have panicked on damaged files, which
/// must not affect other files.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_of_symphonia_are_errors_that_name_what_failed() {
        let error = caught("MPEG Audio Layer 3 decoder", || -> Result<()> { panic!("index out of bounds") });
        let text =
            "the MPEG Audio Layer 3 decoder failed (an internal error of symphonia): the file is damaged or unusual";
        assert_eq!(error.expect_err("an error").to_string(), text);
    }
}

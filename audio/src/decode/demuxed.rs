//! [`Demuxed`]: reads audio files of any kind that symphonia knows, packet by packet.
//!
//! The decoder compares the number of frames that it read with the number that the header promises (`promise`), the
//! samples with a stored checksum, and the end of the file with the end that the container marks.

use std::collections::VecDeque;
use std::fmt;
use std::io;

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known as codecs;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::packet::Packet;

use super::codec::Codec;
use super::head::TrackInfo;
use super::probe::{Before, before, probe};
use super::promise::Promise;
use super::{DecodedSample, aac, append, caught, damaged, described, mp3, opus, spec, tags};
use crate::error::{Error, Result};
use crate::format::{SampleFormat, Spec};
use crate::source::Seekable;
use crate::tags::Tags;
use crate::trim::Trim;

/// An audio file that is being read by symphonia.
pub(super) struct Demuxed {
    reader: Box<dyn FormatReader>,
    codec: Codec,
    track: u32,
    spec: Spec,
    promise: Option<Promise>,
    /// Packets that were read when the file was opened.
    early: VecDeque<Packet>,
    /// True once it is known that the end of the audio is missing.
    is_cut_short: bool,
    /// True while the decoder holds the first packet, which was decoded to learn the sample format.
    has_first_packet: bool,
    trim: Trim,
    /// Frames that fill the last packet, if the container tells.
    padding: u64,
    /// Frames decoded so far.
    frames: u64,
    tags: Tags,
    warnings: Vec<String>,
}

impl fmt::Debug for Demuxed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demuxed")
            .field("spec", &self.spec)
            .field("promise", &self.promise)
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}

impl Demuxed {
    /// Opens a file and decodes its first packet. `container` is what its first bytes name, and `extension` that of its
    /// name.
    ///
    /// # Errors
    /// If the file cannot be read, is not audio of a format that is read, or has a damaged header.
    pub(super) fn open(
        source: Box<dyn MediaSource>,
        seekable: &Seekable,
        container: Option<&str>,
        extension: Option<&str>,
    ) -> Result<Self> {
        let mut hint = Hint::new();
        if let Some(extension) = extension {
            hint.with_extension(extension);
        }
        let Before { infos, id3v1, source } = before(source, container)?;
        let stream = MediaSourceStream::new(source, Default::default());
        let unread = infos.iter().find_map(|info| info.unread.as_deref());
        // symphonia refuses a description that it does not know as an invalid one.
        let codec = infos.iter().find_map(|info| info.codec.as_deref());
        let named = |error: Error| {
            let is_codec = matches!(&error, Error::Damaged(text) if text.contains("invalid") || text == NO_AUDIO);
            unread.or(codec.filter(|_| is_codec)).map_or(error, Error::unread)
        };
        let mut reader = probe(&hint, stream, container).map_err(named)?;
        // For an MPEG stream that does not tell its length, a reader that can seek estimates the length, and drops the
        // audio beyond. Read it again without seeking.
        if reader.format_info().short_name.starts_with("mp") && seekable.take() {
            let mut stream = reader.into_inner();
            io::Seek::rewind(&mut stream)?;
            reader = probe(&hint, stream, container)?;
        }
        let track = reader.default_track(TrackType::Audio);
        let track = track.ok_or_else(|| named(damaged(NO_AUDIO)))?;
        let info = infos.into_iter().find(|info| info.id == track.id).unwrap_or_else(|| TrackInfo::new(track.id));
        if let Some(name) = &info.unread {
            return Err(Error::unread(name));
        }
        let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio()).cloned();
        let unknown = || Error::Unsupported("the audio is of an unknown codec".to_owned());
        let mut parameters = parameters.ok_or_else(unknown)?;
        parameters.codec = info.corrected.unwrap_or(parameters.codec);
        let format = reader.format_info().short_name;
        let codec = Codec::of(&parameters, format)?;
        let (header, track) = (track.clone(), track.id);

        let unknown = Spec { rate: 0, channels: 0, channel_mask: 0, format: SampleFormat::F32 };
        let mut this = Self {
            spec: unknown,
            reader,
            codec,
            track,
            promise: None,
            early: VecDeque::new(),
            is_cut_short: false,
            has_first_packet: false,
            trim: Trim::default(),
            padding: 0,
            frames: 0,
            tags: Tags::default(),
            warnings: info.warnings.clone(),
        };
        this.check_replication(&parameters)?;
        this.promise = Promise::of_header(format, &header, &parameters, parameters.sample_rate);
        this.read_spec()?;
        this.promise = Promise::of_header(format, &header, &parameters, Some(this.spec.rate));
        this.set_trim(&info);
        this.read_tags();
        tags::extend_by_id3v1(&mut this.tags, &id3v1);
        if let Some(title) = info.title.filter(|_| this.tags.get("TITLE").is_none()) {
            this.tags.push("TITLE", &title);
        }
        Ok(this)
    }

    /// Looks for the part of HE-AAC that no header tells of.
    fn check_replication(&mut self, parameters: &AudioCodecParameters) -> Result<()> {
        if parameters.codec != codecs::CODEC_ID_AAC {
            return Ok(());
        }
        let mut early = VecDeque::new();
        while early.len() < aac::CHECKED_PACKETS
            && let Some(packet) = self.next_packet()?
        {
            early.push_back(packet);
        }
        self.early = early;
        let has = |packet: &Packet| caught("AAC decoder", || Ok(aac::has_replication(parameters, &packet.data)));
        if self.early.iter().any(|packet| has(packet).unwrap_or(false)) {
            return Err(Error::unread("HE-AAC"));
        }
        Ok(())
    }

    /// Learns rate, channels and sample format: where the decoded audio and the header differ, the audio is right.
    fn read_spec(&mut self) -> Result<()> {
        if let Codec::Opus(decoder) = &self.codec {
            let &opus::Head { channels, channel_mask, .. } = decoder.head();
            self.spec = Spec { rate: opus::RATE, channels, channel_mask, format: SampleFormat::F32 };
            return Ok(());
        }
        if let Codec::Surround(decoder) = &self.codec {
            self.spec = decoder.spec();
            return Ok(());
        }
        if let Codec::Mp3(_) = &self.codec {
            let first = self.next_packet()?;
            let spec = first.as_ref().and_then(|packet| mp3::spec(&packet.data));
            self.spec = spec.ok_or_else(|| damaged("truncated or damaged: not one frame could be read"))?;
            self.early.extend(first);
            return Ok(());
        }
        self.has_first_packet = self.decode_packet()?;
        let Codec::Symphonia(decoder) = &self.codec else { return Ok(()) };
        let parameters = decoder.codec_params();
        self.spec = if self.has_first_packet {
            spec::of_decoded(&decoder.last_decoded(), parameters)
        } else {
            spec::of_header(parameters)
        }?;
        Ok(())
    }

    /// Converts times to frames.
    fn set_trim(&mut self, info: &TrackInfo) {
        let frames = |seconds: f64| (seconds * f64::from(self.spec.rate)).round().max(0.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative; saturates")]
        let whole = |frames: f64| frames as u64;
        self.trim.skip = whole(frames(info.delay));
        self.trim.keep = info.length.map(|length| whole(frames(length)));
        if let Codec::Opus(decoder) = &self.codec {
            self.trim.skip = decoder.head().pre_skip;
        }
        self.padding = whole(frames(info.padding));
    }

    fn read_tags(&mut self) {
        let is_matroska = matches!(self.reader.format_info().short_name, "matroska" | "webm");
        let mut metadata = self.reader.metadata();
        loop {
            if let Some(revision) = metadata.current() {
                tags::extend(&mut self.tags, revision, self.track.into(), is_matroska);
            }
            if metadata.is_latest() || metadata.pop().is_none() {
                break;
            }
        }
    }

    /// Rate, channels and sample format of the audio.
    pub(super) fn spec(&self) -> Spec {
        self.spec
    }

    pub(super) fn tags(&self) -> &Tags {
        &self.tags
    }

    pub(super) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Number of frames in the file, if the header gives it exactly.
    pub(super) fn promised_frames(&self) -> Option<u64> {
        self.promise.and_then(Promise::exact)
    }

    /// Appends the interleaved samples of the next packet. Returns false at the end of the file.
    pub(super) fn read<T: DecodedSample>(&mut self, samples: &mut Vec<T>) -> Result<bool> {
        let before = samples.len();
        while samples.len() == before {
            let decoded = match self.codec {
                Codec::Symphonia(_) => self.read_decoded(samples)?,
                Codec::Opus(_) | Codec::Mp3(_) | Codec::Surround(_) => self.read_packet(samples)?,
            };
            if !decoded {
                self.check_end()?;
                return Ok(false);
            }
            self.frames += ((samples.len() - before) / self.spec.channels) as u64;
            self.trim_padding(samples, before)?;
            self.trim.apply(samples, before, self.spec.channels);
        }
        Ok(true)
    }

    /// Removes the padding from the last packet, where the container tells it.
    fn trim_padding<T>(&mut self, samples: &mut Vec<T>, before: usize) -> Result<()> {
        if self.padding == 0 {
            return Ok(());
        }
        // Only the packet before the end is shorter. Symphonia's decoder may still hold the first packet.
        if self.early.is_empty() {
            let next = self.next_packet()?;
            self.early.extend(next);
        }
        if self.early.is_empty() {
            let frames = (samples.len() - before) / self.spec.channels;
            let kept = frames - usize::try_from(self.padding).map_or(frames, |padding| padding.min(frames));
            samples.truncate(before + kept * self.spec.channels);
        }
        Ok(())
    }

    fn read_decoded<T: DecodedSample>(&mut self, samples: &mut Vec<T>) -> Result<bool> {
        if !std::mem::take(&mut self.has_first_packet) && !self.decode_packet()? {
            return Ok(false);
        }
        let Codec::Symphonia(decoder) = &self.codec else { return Ok(false) };
        let decoded = decoder.last_decoded();
        let spec = spec::of_decoded(&decoded, decoder.codec_params())?;
        if (spec.rate, spec.channels) != (self.spec.rate, self.spec.channels) {
            return Err(Error::Unsupported(format!(
                "after {} frames the audio changes from {} channels at {} Hz to {} at {} Hz",
                self.frames, self.spec.channels, self.spec.rate, spec.channels, spec.rate
            )));
        }
        append(&decoded, samples);
        Ok(true)
    }

    /// Appends the samples of the next packet, with a decoder that is not symphonia's.
    fn read_packet<T: DecodedSample>(&mut self, samples: &mut Vec<T>) -> Result<bool> {
        let Some(packet) = self.next_packet()? else { return Ok(false) };
        let (frames, spec) = (self.frames, self.spec);
        let located = |error| match error {
            Error::Unsupported(text) => Error::Unsupported(format!("after {frames} frames {text}")),
            Error::Damaged(text) => damaged(format!("damaged after {frames} frames: {text}")),
            error => error,
        };
        self.codec.decode(&packet, spec, samples).map_err(located)?;
        Ok(true)
    }

    /// Decodes the next packet that holds any frames. Returns false at the end of the file.
    fn decode_packet(&mut self) -> Result<bool> {
        loop {
            let Some(packet) = self.next_packet()? else { return Ok(false) };
            let frames = self.frames;
            let Codec::Symphonia(decoder) = &mut self.codec else { return Ok(false) };
            let name = decoder.codec_info().long_name;
            let decoded = caught(&format!("{name} decoder"), || {
                let decoded = decoder.decode(&packet).map(|decoded| decoded.frames());
                decoded.map_err(|error| damaged(format!("damaged after {frames} frames: {}", described(&error))))
            });
            if decoded? > 0 {
                return Ok(true);
            }
        }
    }

    /// Reads the next packet of the track. Returns `None` at the end of the file.
    fn next_packet(&mut self) -> Result<Option<Packet>> {
        if let Some(packet) = self.early.pop_front() {
            return Ok(Some(packet));
        }
        let frames = self.frames;
        loop {
            let reader_name = self.reader.format_info().long_name;
            let packet = match caught(&format!("{reader_name} reader"), || Ok(self.reader.next_packet()))? {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(None),
                Err(SymphoniaError::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    // A recording that was streamed into a file gives no length, and ends with the file.
                    let streamed = matches!(self.reader.format_info().short_name, "wave" | "matroska" | "webm");
                    self.is_cut_short |= !streamed || self.promise.is_some();
                    return Ok(None);
                }
                // The MP4 reader's words for a file that ends within its audio.
                Err(SymphoniaError::DecodeError(error)) if error.contains("no atom pending") => {
                    self.is_cut_short = true;
                    return Ok(None);
                }
                Err(SymphoniaError::ResetRequired) => {
                    let text = "the file holds several streams one after the other";
                    return Err(Error::Unsupported(text.to_owned()));
                }
                Err(SymphoniaError::IoError(error)) => return Err(Error::Io(error)),
                Err(error) => {
                    return Err(damaged(format!("damaged after {frames} frames: {}", described(&error))));
                }
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
            return Ok(Some(packet));
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
        if let Codec::Opus(decoder) = &self.codec {
            self.warnings.extend(decoder.warning());
        }
        if let Codec::Symphonia(decoder) = &mut self.codec
            && decoder.finalize().verify_ok == Some(false)
        {
            return Err(damaged("damaged: the audio does not match its checksum"));
        }
        Ok(())
    }
}

const NO_AUDIO: &str = "there is no audio in the file";

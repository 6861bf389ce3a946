//! Reads audio files of any kind that symphonia knows, packet by packet. Everything that references symphonia is here.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use symphonia::core::audio::conv::ConvertibleSample;
use symphonia::core::audio::sample::SampleFormat as DecodedFormat;
use symphonia::core::audio::{Channels, GenericAudioBufferRef};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};

use super::{SampleFormat, Spec};

/// The samples that it can decode to.
pub(crate) trait Decoded: ConvertibleSample {}

impl Decoded for f32 {}
impl Decoded for f64 {}

/// More channels than any recording has; a header that claims more is taken for damaged.
const MAX_CHANNELS: usize = 1024;

/// File name extensions of what it reads.
pub(crate) const EXTENSIONS: [&str; 24] = [
    "aac", "adts", "aif", "aifc", "aiff", "alac", "caf", "flac", "m4a", "m4b", "mka", "mkv", "mov", "mp1", "mp2",
    "mp3", "mp4", "oga", "ogg", "opus", "wav", "wave", "webm", "weba",
];

/// An audio file that is being read.
pub(crate) struct Decoder {
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    spec: Spec,
    /// Frames that the header promises, if it is of a format in which that is exact.
    promised: Option<u64>,
    /// The first packet, which tells the sample format, has been decoded but not yet been taken.
    primed: bool,
    taken: u64,
}

impl Decoder {
    /// Opens a file and decodes its first packet. `on_read` is told of bytes as they are done with; of all of them by the
    /// time the decoder is gone.
    pub(crate) fn open(path: &Path, on_read: impl FnMut(u64) + Send + Sync + 'static) -> Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        ensure!(!metadata.is_dir(), "it is a folder");
        let source = Counted { file, uncounted: metadata.len(), on_read };
        let mut hint = Hint::new();
        if let Some(extension) = path.extension().and_then(|extension| extension.to_str()) {
            hint.with_extension(extension);
        }
        ensure!(metadata.len() > 0 || !metadata.is_file(), "the file is empty");
        let stream = MediaSourceStream::new(Box::new(source), Default::default());
        let reader = symphonia::default::get_probe()
            .probe(&hint, stream, Default::default(), Default::default())
            .map_err(|error| match error {
                Error::Unsupported(_) => anyhow!("not an audio file of a known format"),
                error => explain(error).context("not an audio file of a known format, or its header is damaged"),
            })?;
        let track = reader.default_track(TrackType::Audio).context("there is no audio in the file")?;
        let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
        let parameters = parameters.context("the audio is of an unknown codec")?;
        let decoder = symphonia::default::get_codecs()
            .make_audio_decoder(parameters, &AudioDecoderOptions::default().verify(true))
            .map_err(explain)
            .context("the audio is of a codec that is not supported")?;
        let exact = matches!(reader.format_info().short_name, "wave" | "aiff" | "flac" | "caf");
        let promised = track.num_frames.filter(|_| exact);
        let track = track.id;

        let mut this = Self {
            spec: spec_from_header(decoder.codec_params())?,
            reader,
            decoder,
            track,
            promised,
            primed: false,
            taken: 0,
        };
        if this.decode_packet()? {
            this.primed = true;
            this.spec = spec_of(&this.decoder.last_decoded(), this.decoder.codec_params())?;
        }
        Ok(this)
    }

    pub(crate) fn spec(&self) -> Spec {
        self.spec
    }

    /// Frames that the header promises, if it can be relied on.
    pub(crate) fn promised_frames(&self) -> Option<u64> {
        self.promised
    }

    /// Appends the next packet's samples, interleaved; `false` at the end of the file.
    ///
    /// The end is an error if it comes before the frames that the header promises, or if a stored checksum differs.
    pub(crate) fn read<T: Decoded>(&mut self, samples: &mut Vec<T>, packet: &mut Vec<T>) -> Result<bool> {
        if !std::mem::take(&mut self.primed) && !self.decode_packet()? {
            self.check_end()?;
            return Ok(false);
        }
        let decoded = self.decoder.last_decoded();
        let spec = spec_of(&decoded, self.decoder.codec_params())?;
        ensure!(
            (spec.rate, spec.channels) == (self.spec.rate, self.spec.channels),
            "after {} frames the audio changes from {} channels at {} Hz to {} at {} Hz",
            self.taken,
            self.spec.channels,
            self.spec.rate,
            spec.channels,
            spec.rate
        );
        decoded.copy_to_vec_interleaved(packet);
        self.taken += decoded.frames() as u64;
        samples.extend_from_slice(packet);
        Ok(true)
    }

    /// Decodes the next packet that holds any frames; `false` at the end of the file.
    fn decode_packet(&mut self) -> Result<bool> {
        loop {
            let packet = match self.reader.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(false),
                // Some readers tell the end of the file so; if it was early, `check_end` says it.
                Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                Err(Error::ResetRequired) => bail!("the file holds several streams one after the other"),
                Err(error) => return Err(explain(error).context(format!("damaged after {} frames", self.taken))),
            };
            if packet.track_id != self.track {
                continue;
            }
            let decoded = self
                .decoder
                .decode(&packet)
                .map_err(|error| explain(error).context(format!("damaged after {} frames", self.taken)))?;
            if decoded.frames() > 0 {
                return Ok(true);
            }
        }
    }

    fn check_end(&mut self) -> Result<()> {
        if let Some(promised) = self.promised.filter(|&promised| self.taken < promised) {
            bail!("truncated or damaged: the header promises {promised} frames, {} could be read", self.taken);
        }
        ensure!(self.decoder.finalize().verify_ok != Some(false), "damaged: the audio does not match its checksum");
        Ok(())
    }
}

fn explain(error: Error) -> anyhow::Error {
    match error {
        Error::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => anyhow!("the file ends too early"),
        error => anyhow!("{error}"),
    }
}

fn spec_of(decoded: &GenericAudioBufferRef<'_>, parameters: &AudioCodecParameters) -> Result<Spec> {
    let (rate, channels) = (decoded.spec().rate(), decoded.spec().channels());
    let format = match decoded {
        GenericAudioBufferRef::F32(_) => SampleFormat::F32,
        GenericAudioBufferRef::F64(_) => SampleFormat::F64,
        GenericAudioBufferRef::U8(_) | GenericAudioBufferRef::S8(_) => SampleFormat::I16,
        GenericAudioBufferRef::U16(_) | GenericAudioBufferRef::S16(_) => SampleFormat::I16,
        GenericAudioBufferRef::U24(_) | GenericAudioBufferRef::S24(_) => integer_format(parameters, 24),
        GenericAudioBufferRef::U32(_) | GenericAudioBufferRef::S32(_) => integer_format(parameters, 32),
    };
    checked_spec(rate, Some(channels), format)
}

/// For files that hold no frame.
fn spec_from_header(parameters: &AudioCodecParameters) -> Result<Spec> {
    let format = match parameters.sample_format {
        Some(DecodedFormat::F64) => SampleFormat::F64,
        Some(DecodedFormat::F32) | None if parameters.bits_per_sample.is_none() => SampleFormat::F32,
        Some(DecodedFormat::F32) => SampleFormat::F32,
        _ => integer_format(parameters, 16),
    };
    checked_spec(parameters.sample_rate.unwrap_or(0), parameters.channels.as_ref(), format)
}

/// Decoders widen their samples: the header may know that fewer bits are used.
fn integer_format(parameters: &AudioCodecParameters, decoded_bits: u32) -> SampleFormat {
    match parameters.bits_per_sample.unwrap_or(decoded_bits) {
        0..=16 => SampleFormat::I16,
        17..=24 => SampleFormat::I24,
        _ => SampleFormat::I32,
    }
}

fn checked_spec(rate: u32, channels: Option<&Channels>, format: SampleFormat) -> Result<Spec> {
    let count = channels.map_or(0, Channels::count);
    ensure!(rate > 0, "the header gives a sampling rate of 0");
    ensure!(count > 0, "the header gives no channels");
    ensure!(count <= MAX_CHANNELS, "the header gives {count} channels: at most {MAX_CHANNELS} are read");
    let channel_mask = match channels {
        Some(Channels::Positioned(positions)) => u32::try_from(positions.bits()).unwrap_or(0),
        _ => 0,
    };
    Ok(Spec { rate, channels: count, channel_mask, format })
}

/// A file that tells how far into it the decoder has come.
struct Counted<F: FnMut(u64)> {
    file: File,
    /// Bytes that have not been counted yet: seeking back and forth counts once.
    uncounted: u64,
    on_read: F,
}

impl<F: FnMut(u64)> Counted<F> {
    fn count(&mut self, bytes: u64) {
        let counted = bytes.min(self.uncounted);
        self.uncounted -= counted;
        (self.on_read)(counted);
    }
}

impl<F: FnMut(u64)> Read for Counted<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.count(read as u64);
        Ok(read)
    }
}

impl<F: FnMut(u64)> Seek for Counted<F> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

impl<F: FnMut(u64)> Drop for Counted<F> {
    /// What was not read is done too, be it that it was not needed or that the file is damaged.
    fn drop(&mut self) {
        self.count(self.uncounted);
    }
}

impl<F: FnMut(u64) + Send + Sync> MediaSource for Counted<F> {
    fn is_seekable(&self) -> bool {
        self.file.is_seekable()
    }

    fn byte_len(&self) -> Option<u64> {
        self.file.byte_len()
    }
}

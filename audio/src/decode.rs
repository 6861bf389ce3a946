//! Reads audio files of any kind that symphonia knows, packet by packet. Everything that references symphonia is here.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, anyhow, bail, ensure};
use symphonia::core::audio::conv::ConvertibleSample;
use symphonia::core::audio::sample::SampleFormat as DecodedFormat;
use symphonia::core::audio::{Channels, GenericAudioBufferRef};
use symphonia::core::codecs::audio::well_known as codecs;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};

use super::{SampleFormat, Spec, sniff};
use crate::files::File;

/// The samples that it can decode to.
pub trait Decoded: ConvertibleSample {}

impl Decoded for f32 {}
impl Decoded for f64 {}

/// More channels than any recording has; a header that claims more is taken for damaged.
const MAX_CHANNELS: usize = 1024;

/// File name extensions of what it reads.
pub const EXTENSIONS: [&str; 23] = [
    "aac", "adts", "aif", "aifc", "aiff", "alac", "caf", "flac", "m4a", "m4b", "mka", "mkv", "mov", "mp1", "mp2",
    "mp3", "mp4", "oga", "ogg", "wav", "wave", "webm", "weba",
];

/// What a header says of the length.
#[derive(Debug, Clone, Copy)]
struct Promise {
    frames: u64,
    /// Frames less than that which a whole file may have.
    slack: u64,
    /// From this timestamp on there should be no packet, if that is known.
    packets_end: Option<i64>,
}

/// An audio file that is being read.
pub struct Decoder {
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    spec: Spec,
    promised: Option<Promise>,
    /// The end of the audio is not in the file.
    cut_short: bool,
    /// The first packet, which tells the sample format, has been decoded but not yet been taken.
    primed: bool,
    taken: u64,
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("spec", &self.spec)
            .field("promised", &self.promised)
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

impl Decoder {
    /// Opens a file and decodes its first packet. `on_read` is told of bytes as they are done with; of all of them by the
    /// time the decoder is gone.
    pub fn open(path: &Path, on_read: impl FnMut(u64) + Send + Sync + 'static) -> Result<Self> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        ensure!(!metadata.is_dir(), "it is a folder");
        ensure!(metadata.len() > 0 || !metadata.is_file(), "the file is empty");
        // What comes through a pipe cannot be looked at twice.
        let container = if metadata.is_file() { sniff::container(&mut file)? } else { None };
        let seekable = Arc::new(AtomicBool::new(file.as_std().is_seekable()));
        let source = Counted { file, seekable: Arc::clone(&seekable), uncounted: metadata.len(), on_read };
        let mut hint = Hint::new();
        if let Some(extension) = path.extension().and_then(|extension| extension.to_str()) {
            hint.with_extension(extension);
        }
        let mut reader = probe(&hint, MediaSourceStream::new(Box::new(source), Default::default()), container)?;
        // Of an MPEG stream that does not tell its length the reader makes an estimate if it can seek, and then leaves out
        // what lies beyond.
        if reader.format_info().short_name.starts_with("mp") && seekable.swap(false, Ordering::Relaxed) {
            let mut stream = reader.into_inner();
            stream.rewind()?;
            reader = probe(&hint, stream, container)?;
        }
        let track = reader.default_track(TrackType::Audio).context("there is no audio in the file")?;
        let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
        let parameters = parameters.context("the audio is of an unknown codec")?;
        ensure!(parameters.codec != codecs::CODEC_ID_OPUS, sniff::unread("Opus"));
        // Before there is memory for so many.
        check_channels(parameters.channels.as_ref().map_or(0, Channels::count))?;
        let decoder = unless_it_panics(|| {
            symphonia::default::get_codecs()
                .make_audio_decoder(parameters, &AudioDecoderOptions::default().verify(true))
                .map_err(explain)
        })
        .context("the audio is of a codec that is not supported")?;
        let is_pcm = decoder.codec_info().short_name.starts_with("pcm");
        let promised = promise(track, is_pcm, reader.format_info().short_name);
        // Ogg tells its length on the last page, which the reader looks for if it can; it does not tell if it finds none.
        let is_ogg = reader.format_info().short_name == "ogg" && reader.tracks().len() == 1;
        let cut_short = is_ogg && promised.is_none() && seekable.load(Ordering::Relaxed);
        let track = track.id;

        let unknown = Spec { rate: 0, channels: 0, channel_mask: 0, format: SampleFormat::F32 };
        let mut this = Self { spec: unknown, reader, decoder, track, promised, cut_short, primed: false, taken: 0 };
        this.primed = this.decode_packet()?;
        let parameters = this.decoder.codec_params();
        // The audio knows better than the header what it is.
        this.spec =
            if this.primed { spec_of(&this.decoder.last_decoded(), parameters) } else { spec_from_header(parameters) }?;
        Ok(this)
    }

    /// Rate, channels and sample format of the audio.
    pub fn spec(&self) -> Spec {
        self.spec
    }

    /// Frames that there will be, if the header tells that exactly.
    pub fn promised_frames(&self) -> Option<u64> {
        self.promised.filter(|promise| promise.slack == 0).map(|promise| promise.frames)
    }

    /// Appends the next packet's samples, interleaved; `false` at the end of the file.
    ///
    /// The end is an error if it comes before the frames that the header promises, or if a stored checksum differs.
    pub fn read<T: Decoded>(&mut self, samples: &mut Vec<T>, packet: &mut Vec<T>) -> Result<bool> {
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
        let taken = self.taken;
        let damaged = || format!("damaged after {taken} frames");
        loop {
            let packet = match unless_it_panics(|| Ok(self.reader.next_packet())).with_context(damaged)? {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(false),
                Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    // Recordings that were streamed into a file tell no length: they end where it ends.
                    let streamed = matches!(self.reader.format_info().short_name, "wave" | "matroska" | "webm");
                    self.cut_short |= !streamed || self.promised.is_some();
                    return Ok(false);
                }
                // What the reader of MP4 says of one that ends within its audio.
                Err(Error::DecodeError(error)) if error.contains("no atom pending") => {
                    self.cut_short = true;
                    return Ok(false);
                }
                Err(Error::ResetRequired) => bail!("the file holds several streams one after the other"),
                Err(error) => return Err(explain(error).context(damaged())),
            };
            if packet.track_id != self.track {
                continue;
            }
            if let Some(promise) = self.promised
                && promise.packets_end.is_some_and(|end| packet.pts.get() >= end)
            {
                bail!(
                    "the file goes on after the {} frames that its header promises: several files in one, or damaged",
                    promise.frames
                );
            }
            let decoder = &mut self.decoder;
            let frames = unless_it_panics(|| Ok(decoder.decode(&packet).map_err(explain)?.frames()));
            if frames.with_context(damaged)? > 0 {
                return Ok(true);
            }
        }
    }

    fn check_end(&mut self) -> Result<()> {
        let taken = self.taken;
        let is_empty = self.promised.is_some_and(|promise| promise.frames == 0);
        ensure!(taken > 0 || is_empty, "truncated or damaged: not one frame could be read");
        if let Some(Promise { frames, slack, .. }) = self.promised {
            ensure!(
                taken.saturating_add(slack) >= frames,
                "truncated or damaged: the header promises {frames} frames, {taken} could be read"
            );
        }
        ensure!(!self.cut_short, "truncated or damaged: the end of the audio is missing, after {taken} frames");
        ensure!(self.decoder.finalize().verify_ok != Some(false), "damaged: the audio does not match its checksum");
        Ok(())
    }
}

fn probe(hint: &Hint, stream: MediaSourceStream<'static>, container: Option<&str>) -> Result<Box<dyn FormatReader>> {
    unless_it_panics(|| {
        let probed = symphonia::default::get_probe().probe(hint, stream, Default::default(), Default::default());
        probed.map_err(|error| match (container, error) {
            (Some(container), error) => {
                explain(error).context(format!("truncated or damaged: it begins as {container}, but goes on as none"))
            }
            (None, Error::Unsupported(_)) => anyhow!("not an audio file of a known format"),
            (None, error) => explain(error).context("not an audio file of a known format, or its header is damaged"),
        })
    })
}

/// What can be relied on of the length that a header gives.
fn promise(track: &Track, is_pcm: bool, format: &str) -> Option<Promise> {
    /// Frames of the longest packet of ALAC, AAC and Vorbis.
    const PACKET: u64 = 4096;
    /// Frames of the longest packet of MPEG audio.
    const MPEG_PACKET: u32 = 1152;
    let exact = |frames| Promise { frames, slack: 0, packets_end: None };
    let frames = track.num_frames?;
    match format {
        "wave" | "aiff" | "flac" => Some(exact(frames)),
        // Some writers round up to whole packets.
        "caf" | "isomp4" => {
            let slack = if is_pcm { 0 } else { PACKET };
            Some(Promise { slack, ..exact(frames) })
        }
        // Counted from the timestamp of the first page, which is not 0 in what was cut out of a longer stream.
        // Of the first packet of such a cut nothing comes out.
        "ogg" => {
            let frames = frames.saturating_sub(track.start_ts.get().max(0).unsigned_abs());
            Some(Promise { slack: PACKET, ..exact(frames) })
        }
        // It comes from a Xing or VBRI tag. Those without LAME's part may count the packet that they stand in.
        "mp1" | "mp2" | "mp3" => {
            let slack = if track.delay.is_some() { 0 } else { MPEG_PACKET.into() };
            // Tags behind the audio can look like a packet or two.
            let behind = u64::from(track.padding.unwrap_or(0)) + u64::from(4 * MPEG_PACKET);
            let packets_end = i64::try_from(frames.saturating_add(behind)).ok();
            Some(Promise { frames, slack, packets_end })
        }
        _ => None,
    }
}

/// Decoders have panicked on damaged files: that is a fault of the file, and of no other. What they say then is for those who
/// write them.
fn unless_it_panics<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(anyhow!("it makes no sense to its reader")))
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
    let bits = match parameters.codec {
        codecs::CODEC_ID_ADPCM_MS | codecs::CODEC_ID_ADPCM_IMA_WAV | codecs::CODEC_ID_ADPCM_IMA_QT => Some(16),
        // The sixth byte of ALAC's own header; CAF files may have two atoms of 12 bytes before it.
        codecs::CODEC_ID_ALAC => parameters.extra_data.as_deref().and_then(|header| {
            let at = if header.get(4..8) == Some(b"frma") { 24 + 5 } else { 5 };
            header.get(at).map(|&bits| bits.into())
        }),
        _ => parameters.bits_per_sample,
    };
    match bits.unwrap_or(decoded_bits) {
        0..=16 => SampleFormat::I16,
        17..=24 => SampleFormat::I24,
        _ => SampleFormat::I32,
    }
}

fn checked_spec(rate: u32, channels: Option<&Channels>, format: SampleFormat) -> Result<Spec> {
    let count = channels.map_or(0, Channels::count);
    ensure!(rate > 0, "the header gives a sampling rate of 0");
    ensure!(count > 0, "the header gives no channels");
    check_channels(count)?;
    let channel_mask = match channels {
        Some(Channels::Positioned(positions)) => u32::try_from(positions.bits()).unwrap_or(0),
        _ => 0,
    };
    Ok(Spec { rate, channels: count, channel_mask, format })
}

fn check_channels(count: usize) -> Result<()> {
    ensure!(count <= MAX_CHANNELS, "the header gives {count} channels: at most {MAX_CHANNELS} are read");
    Ok(())
}

/// A file that tells how far into it the decoder has come.
struct Counted<F: FnMut(u64)> {
    file: File,
    seekable: Arc<AtomicBool>,
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
        self.seekable.load(Ordering::Relaxed)
    }

    fn byte_len(&self) -> Option<u64> {
        self.file.as_std().byte_len()
    }
}

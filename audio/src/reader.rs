//! [`Reader`]: a recording with the rate, the channels and the section that are wanted.
//!
//! ```text
//! Decoder ── section ── Mixer ── Stream (resampling) ── frames
//! ```

use std::fmt;

use polyphase::{Plan, ResampleOptions, Stream};

use crate::channels::{Channels, Mixer};
use crate::decode::DecodedSample;
use crate::decoder::Decoder;
use crate::error::{Error, Result};
use crate::format::Spec;
use crate::rate::Rate;
use crate::source::Source;
use crate::tags::Tags;
use crate::trim::Trim;

/// Largest number of samples, over all channels, that one call of the resampler reads or writes: few enough to stay in
/// the cache of a core, and enough to make the overhead of a call negligible.
const CHUNK_SAMPLES: usize = 1 << 15;

/// A time in a recording, counted at the rate of the recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Time {
    /// Number of frames
    Frames(u64),
    /// Number of seconds, rounded down to a whole frame, as librosa does
    Seconds(f64),
}

impl Time {
    fn frames(self, rate: Rate) -> Result<u64> {
        match self {
            Self::Frames(frames) => Ok(frames),
            Self::Seconds(seconds) if seconds >= 0.0 && seconds.is_finite() => {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded down")]
                let frames = (seconds * rate.hz()) as u64;
                Ok(frames)
            }
            Self::Seconds(seconds) => {
                Err(Error::Argument(format!("a time is at least 0 and finite, not {seconds} seconds")))
            }
        }
    }
}

/// What to read of a recording, and at which rate.
///
/// ```
/// use polyphase_audio::{Channels, ReadOptions, Time, load};
///
/// # let wav = b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\x40\x1f\0\0\0\x7d\0\0\x04\0\x10\0data\x08\0\0\0\0\x40\0\0\0\0\0\xc0".to_vec();
/// // The first frame, as one channel at 16 kHz.
/// let options = ReadOptions::default().rate(16_000).channels(Channels::Mono).length(Time::Frames(1));
/// let audio = load::<f32>(wav, &options)?;
/// assert_eq!((audio.rate, audio.samples.dim()), (16_000.into(), (1, 2)));
/// # Ok::<(), polyphase_audio::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ReadOptions {
    /// Rate to resample to. Default: none, the rate of the recording.
    pub rate: Option<Rate>,
    /// Rate of the recording, instead of that in its header. Default: none.
    pub orig_rate: Option<Rate>,
    /// Filter of the resampling. Default: torchaudio's.
    pub filter: ResampleOptions,
    /// Channels to read. Default: all.
    pub channels: Channels,
    /// Beginning of the section to read. Default: none, the first frame.
    pub start: Option<Time>,
    /// Length of the section to read, which is shorter where the recording ends. Default: none, all of it.
    ///
    /// The section is resampled as if the recording had nothing else, as in torchaudio and librosa.
    pub length: Option<Time>,
}

impl ReadOptions {
    /// Sets [`rate`](Self::rate).
    #[must_use]
    pub fn rate(mut self, rate: impl Into<Rate>) -> Self {
        self.rate = Some(rate.into());
        self
    }

    /// Sets [`orig_rate`](Self::orig_rate).
    #[must_use]
    pub fn orig_rate(mut self, rate: impl Into<Rate>) -> Self {
        self.orig_rate = Some(rate.into());
        self
    }

    /// Sets [`filter`](Self::filter), from options or a preset.
    #[must_use]
    pub fn filter(mut self, filter: impl Into<ResampleOptions>) -> Self {
        self.filter = filter.into();
        self
    }

    /// Sets [`channels`](Self::channels).
    #[must_use]
    pub fn channels(mut self, channels: Channels) -> Self {
        self.channels = channels;
        self
    }

    /// Sets [`start`](Self::start).
    #[must_use]
    pub fn start(mut self, start: Time) -> Self {
        self.start = Some(start);
        self
    }

    /// Sets [`length`](Self::length).
    #[must_use]
    pub fn length(mut self, length: Time) -> Self {
        self.length = Some(length);
        self
    }
}

/// A recording that is being read and resampled, in memory that does not grow with it.
///
/// ```
/// use polyphase_audio::{ReadOptions, Reader};
///
/// # let wav = b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\x40\x1f\0\0\0\x7d\0\0\x04\0\x10\0data\x08\0\0\0\0\x40\0\0\0\0\0\xc0".to_vec();
/// let mut reader = Reader::<f32>::open(wav, &ReadOptions::default().rate(16_000))?;
/// let mut frames = Vec::new();
/// while reader.read(&mut frames)? {}
/// assert_eq!((reader.spec().channels, reader.spec().rate, frames.len()), (2, 16_000, 2 * 4));
/// # Ok::<(), polyphase_audio::Error>(())
/// ```
pub struct Reader<T: DecodedSample> {
    decoder: Decoder,
    section: Trim,
    mixer: Mixer,
    spec: Spec,
    orig_rate: Rate,
    rate: Rate,
    /// `None` once the end has been read, and if the rate stays as it is.
    resampling: Option<Stream<T>>,
    plan: Option<Plan>,
    chunk_frames: usize,
    decoded: Vec<T>,
    mixed: Vec<T>,
    /// Frames in the section, if that is known.
    promised_input: Option<u64>,
    frames_read: u64,
}

impl<T: DecodedSample> fmt::Debug for Reader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Reader");
        debug.field("decoder", &self.decoder).field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl<T: DecodedSample> Reader<T> {
    /// Opens a recording.
    ///
    /// # Errors
    /// As [`Decoder::open`]; [`Error::Argument`] for channels or times that are out of range; [`Error::Resample`] if
    /// the filter cannot be designed.
    pub fn open(source: impl Into<Source>, options: &ReadOptions) -> Result<Self> {
        Self::new(Decoder::open(source)?, options)
    }

    /// Reads on from a decoder.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn new(mut decoder: Decoder, options: &ReadOptions) -> Result<Self> {
        let input = decoder.spec();
        let mixer = Mixer::new(&options.channels, input.channels, input.channel_mask)?;
        let orig_rate = options.orig_rate.unwrap_or(decoder.rate());
        let rate = options.rate.unwrap_or(orig_rate);
        let before = options.start.map_or(Ok(0), |start| start.frames(orig_rate))?;
        let length = options.length.map(|length| length.frames(orig_rate)).transpose()?;
        let plan = match options.rate {
            Some(rate) => Some(Plan::cached(Rate::ratio(orig_rate, rate)?, options.filter)?),
            None => None,
        };
        let resampling = plan.as_ref().map(|plan| Stream::new(plan, mixer.outputs())).transpose()?;
        let promised_input =
            decoder.promised_frames().map(|frames| frames.saturating_sub(before).min(length.unwrap_or(u64::MAX)));
        let before = before - decoder.seek_forward(before)?;
        Ok(Self {
            spec: Spec {
                rate: rate.rounded()?,
                channels: mixer.outputs(),
                channel_mask: mixer.mask(),
                format: input.format,
            },
            chunk_frames: chunk_frames(plan.as_ref(), mixer.outputs().max(input.channels)),
            decoder,
            section: Trim { skip: before, keep: length },
            mixer,
            orig_rate,
            rate,
            resampling,
            plan,
            decoded: Vec::new(),
            mixed: Vec::new(),
            promised_input,
            frames_read: 0,
        })
    }

    /// Rate (rounded to a whole number), channels and speakers of the frames that are read, and the sample format of
    /// the file.
    pub fn spec(&self) -> Spec {
        self.spec
    }

    /// Rate of the frames that are read.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Rate of the recording.
    pub fn orig_rate(&self) -> Rate {
        self.orig_rate
    }

    /// Plan of the resampling, if a rate was given.
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// True if the frames that are read are those of the recording, neither mixed nor resampled.
    pub fn is_copy(&self) -> bool {
        self.mixer.is_copy() && self.plan.as_ref().is_none_or(|plan| plan.ratio().is_identity())
    }

    /// The decoder of the recording.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// Tags of the recording, for a file at the new rate.
    pub fn tags(&self) -> Tags {
        self.decoder.tags().at_rate(self.rate.hz() / self.orig_rate.hz())
    }

    /// Number of frames of the recording that have been read so far, in the section, before resampling.
    pub fn frames_read(&self) -> u64 {
        self.frames_read
    }

    /// Number of frames that reading the section gives, if it is known.
    pub fn promised_frames(&self) -> Option<u64> {
        let input = self.promised_input?;
        match &self.plan {
            Some(plan) => Some(plan.output_len(usize::try_from(input).ok()?) as u64),
            None => Some(input),
        }
    }

    /// Appends interleaved frames: those of the next part of the recording. Returns false at the end.
    ///
    /// # Errors
    /// As [`Decoder::read`].
    pub fn read(&mut self, frames: &mut Vec<T>) -> Result<bool> {
        let more = self.decode()?;
        let decoded = if self.mixer.is_copy() {
            &self.decoded
        } else {
            self.mixed.clear();
            self.mixer.mix(&self.decoded, &mut self.mixed);
            &self.mixed
        };
        let Some(stream) = &mut self.resampling else {
            frames.extend_from_slice(decoded);
            return Ok(more);
        };
        // A packet may be longer than a chunk.
        for chunk in decoded.chunks(self.chunk_frames * self.spec.channels) {
            stream.push(chunk, frames)?;
        }
        if !more {
            stream.finish(frames)?;
            self.resampling = None;
        }
        Ok(more)
    }

    /// Decodes the next chunk of the section. Returns false at its end.
    fn decode(&mut self) -> Result<bool> {
        let channels = self.decoder.spec().channels;
        self.decoded.clear();
        while self.section.keep != Some(0) && self.decoded.len() < self.chunk_frames * channels {
            let held = self.decoded.len();
            if !self.decoder.read(&mut self.decoded)? {
                self.section.keep = Some(0);
                break;
            }
            self.section.apply(&mut self.decoded, held, channels);
        }
        self.frames_read += (self.decoded.len() / channels) as u64;
        Ok(self.section.keep != Some(0))
    }
}

/// Number of frames in a chunk. Neither the chunk nor its output has more than [`CHUNK_SAMPLES`] samples, unless a
/// single frame has.
fn chunk_frames(plan: Option<&Plan>, channels: usize) -> usize {
    let (stride, phases) = plan.map_or((1, 1), |plan| (plan.ratio().stride(), plan.ratio().phases()));
    let samples = CHUNK_SAMPLES as u128 * u128::from(stride) / u128::from(stride.max(phases));
    usize::try_from(samples).unwrap_or(CHUNK_SAMPLES).div_ceil(channels)
}

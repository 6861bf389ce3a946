//! [`convert`]: one recording to another, in memory that does not grow with it.

use crate::decode::DecodedSample;
use crate::error::{Error, Result};
use crate::format::{Container, SampleFormat, Spec};
use crate::output::Output;
use crate::rate::Rate;
use crate::reader::{ReadOptions, Reader};
use crate::source::Source;
use crate::write::{WriteOptions, Writer};

/// Level of the outputs.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub enum Level {
    /// As it is, the default
    #[default]
    Unchanged,
    /// Lowered by so many decibels, so that peaks between the samples of the input are not clipped
    Headroom(f64),
    /// Raised or lowered so that the highest peak is at so many decibels relative to full scale, as −1. The recording
    /// is read twice.
    NormalizePeak(f64),
}

/// How [`convert`] reads, resamples and writes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConvertOptions {
    /// Rate, channels, section and filter. Default: those of the input.
    pub read: ReadOptions,
    /// Kind of the output.
    pub container: Container,
    /// Type of the output samples. Default: none, that of the input, or the closest one that the output can hold.
    pub format: Option<SampleFormat>,
    /// True if 16-bit samples get triangular noise of ±1 step before they are rounded. Default: true. Samples that
    /// are copied get none.
    pub dither: bool,
    /// Level of the output. Default: unchanged.
    pub level: Level,
}

impl ConvertOptions {
    /// Options for an output of this kind, with the defaults of the other options.
    pub fn new(container: Container, read: ReadOptions) -> Self {
        Self { read, container, format: None, dither: true, level: Level::Unchanged }
    }

    /// Sets [`format`](Self::format).
    #[must_use]
    pub fn format(mut self, format: SampleFormat) -> Self {
        self.format = Some(format);
        self
    }

    /// Sets [`dither`](Self::dither).
    #[must_use]
    pub fn dither(mut self, dither: bool) -> Self {
        self.dither = dither;
        self
    }

    /// Sets [`level`](Self::level).
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }
}

/// Figures of a conversion.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Converted {
    /// Rate of the input.
    pub orig_rate: Rate,
    /// Rate of the output.
    pub rate: Rate,
    /// Channels of the input.
    pub input_channels: usize,
    /// Frames that were read.
    pub input_frames: u64,
    /// Rate, channels, speakers and sample format of the output.
    pub spec: Spec,
    /// Frames that were written.
    pub output_frames: u64,
    /// Samples of the output that were clipped to full scale.
    pub clipped: u64,
    /// Highest magnitude of the output's samples before they were clipped; full scale is 1.
    pub peak: f64,
    /// What is odd about the input, a line each.
    pub warnings: Vec<String>,
}

/// Reads a recording, and writes it at the rate, with the channels and in the format of `options`.
///
/// Computes in float64 if the input has float64 samples, and else in float32.
///
/// ```
/// use polyphase_audio::{Channels, Container, ConvertOptions, Output, ReadOptions, convert};
/// use std::io::Cursor;
///
/// # let wav = b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\x40\x1f\0\0\0\x7d\0\0\x04\0\x10\0data\x08\0\0\0\0\x40\0\0\0\0\0\xc0".to_vec();
/// let read = ReadOptions::default().rate(16_000).channels(Channels::Mono);
/// let converted = convert(wav, Output::seekable(Cursor::new(Vec::new())), &ConvertOptions::new(Container::Flac, read))?;
/// assert_eq!((converted.input_frames, converted.output_frames, converted.spec.channels), (2, 4, 1));
/// # Ok::<(), polyphase_audio::Error>(())
/// ```
///
/// # Errors
/// As [`Reader::open`], [`Reader::read`] and [`Writer::new`]. [`Error::Argument`] for a level that is out of range, and
/// for [`Level::NormalizePeak`] of a source that can be read only once.
pub fn convert(source: impl Into<Source>, output: Output, options: &ConvertOptions) -> Result<Converted> {
    let source = source.into();
    let again = source.reopened();
    let decoder = crate::Decoder::open(source)?;
    if decoder.spec().format == SampleFormat::F64 {
        let reader = Reader::<f64>::new(decoder, &options.read)?;
        convert_from(reader, again, output, options, || Ok::<_, Error>(()))
    } else {
        let reader = Reader::<f32>::new(decoder, &options.read)?;
        convert_from(reader, again, output, options, || Ok::<_, Error>(()))
    }
}

/// [`convert`] from a reader in its precision, which calls `proceed` often, and stops if that returns an error.
///
/// `again` is the same recording once more, which [`Level::NormalizePeak`] reads first.
///
/// # Errors
/// As [`convert`], and those of `proceed`.
pub fn convert_from<T: DecodedSample, E: From<Error>>(
    mut reader: Reader<T>,
    again: Option<Source>,
    output: Output,
    options: &ConvertOptions,
    mut proceed: impl FnMut() -> Result<(), E>,
) -> Result<Converted, E> {
    let gain = match options.level {
        Level::Unchanged => None,
        Level::Headroom(decibels) => Some(amplitude(-decibels)?),
        Level::NormalizePeak(decibels) => {
            let once = || Error::Argument("the peak of a stream cannot be normalized: it can be read only once".into());
            let target = amplitude(decibels)?;
            let mut first = Reader::<T>::open(again.ok_or_else(once)?, &options.read)?;
            let (mut frames, mut peak) = (Vec::new(), 0.0);
            let mut more = true;
            while more {
                proceed()?;
                frames.clear();
                more = first.read(&mut frames)?;
                peak = peak_of(&frames, peak);
            }
            // Silence stays silence.
            (peak > 0.0).then_some(target / peak)
        }
    };
    let spec = Spec { format: options.output_format(reader.spec().format), ..reader.spec() };
    let is_copy = gain.is_none() && reader.is_copy() && spec.format == reader.spec().format;
    let write = WriteOptions::new(options.container, spec)
        .frames(reader.promised_frames())
        .dither(options.dither && !is_copy)
        .tags(reader.tags());
    let mut writer = Writer::new(output, &write)?;
    let (mut frames, mut peak, mut output_frames) = (Vec::new(), 0.0, 0);
    let mut more = true;
    while more {
        proceed()?;
        frames.clear();
        more = reader.read(&mut frames)?;
        if let Some(gain) = gain {
            frames.iter_mut().for_each(|sample| *sample = T::from_f64((*sample).into() * gain));
        }
        peak = peak_of(&frames, peak);
        output_frames += (frames.len() / spec.channels) as u64;
        writer.write(&frames)?;
    }
    Ok(Converted {
        orig_rate: reader.orig_rate(),
        rate: reader.rate(),
        input_channels: reader.decoder().spec().channels,
        input_frames: reader.frames_read(),
        spec,
        output_frames,
        clipped: writer.finish()?,
        peak,
        warnings: reader.decoder().warnings().to_vec(),
    })
}

impl ConvertOptions {
    /// Type of the output samples for an input of this type.
    pub fn output_format(&self, input: SampleFormat) -> SampleFormat {
        self.format.unwrap_or_else(|| self.container.nearest(input))
    }
}

/// The factor of a level in decibels.
fn amplitude(decibels: f64) -> Result<f64> {
    /// More than the range of float32.
    const MAX: f64 = 200.0;
    if decibels.abs() <= MAX {
        return Ok(10_f64.powf(decibels / 20.0));
    }
    Err(Error::Argument(format!("a level is between -{MAX} and {MAX} dB, not {decibels}")))
}

/// The highest magnitude of samples, or `peak` if that is higher. NaN does not count.
fn peak_of<T: DecodedSample>(samples: &[T], peak: f64) -> f64 {
    let highest = crate::simd::vectorized(|| {
        let mut highest = [0.0_f64; 16];
        let (blocks, rest) = samples.as_chunks::<16>();
        let raise = |highest: &mut f64, &sample: &T| {
            let magnitude = Into::<f64>::into(sample).abs();
            *highest = if magnitude > *highest { magnitude } else { *highest };
        };
        for block in blocks {
            highest.iter_mut().zip(block).for_each(|(highest, sample)| raise(highest, sample));
        }
        highest.iter_mut().zip(rest).for_each(|(highest, sample)| raise(highest, sample));
        highest.into_iter().fold(0.0, f64::max)
    });
    peak.max(highest)
}

//! [`RawFormat`]: samples without a header.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::format::{MAX_CHANNELS, SampleFormat};
use crate::pcm::bytes::Order;
use crate::pcm::samples::{Coding, SampleType};
use crate::rate::Rate;

/// Format of samples without a header: their type, the number of channels and the rate. Frames are interleaved.
///
/// As text it is `TYPE,CHANNELS,RATE`. The types have ffmpeg's names: `u8`, `s8`, `s16le`, `s16be`, `s24le`, `s24be`,
/// `s32le`, `s32be`, `f32le`, `f32be`, `f64le`, `f64be`, `alaw` and `mulaw`.
///
/// ```
/// use polyphase_audio::{RawFormat, Decoder, Source};
///
/// let format: RawFormat = "s16le,2,44100".parse()?;
/// let mut decoder = Decoder::open(Source::bytes(*b"\0\x40\0\xc0").raw(format))?;
/// let mut samples = Vec::<f32>::new();
/// while decoder.read(&mut samples)? {}
/// assert_eq!(samples, [0.5, -0.5]);
/// # Ok::<(), polyphase_audio::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawFormat {
    samples: RawType,
    channels: usize,
    rate: Rate,
}

/// A type of samples with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RawType {
    name: &'static str,
    samples: SampleType,
    format: SampleFormat,
}

impl RawFormat {
    pub(crate) fn sample_type(self) -> SampleType {
        self.samples.samples
    }

    pub(crate) fn sample_format(self) -> SampleFormat {
        self.samples.format
    }

    /// Samples in a frame.
    pub fn channels(self) -> usize {
        self.channels
    }

    /// Frames per second.
    pub fn rate(self) -> Rate {
        self.rate
    }
}

const fn raw(name: &'static str, coding: Coding, width: usize, order: Order, format: SampleFormat) -> RawType {
    RawType { name, samples: SampleType { coding, width, order }, format }
}

const TYPES: [RawType; 14] = [
    raw("u8", Coding::Unsigned8, 1, Order::Little, SampleFormat::I16),
    raw("s8", Coding::Integer, 1, Order::Little, SampleFormat::I16),
    raw("s16le", Coding::Integer, 2, Order::Little, SampleFormat::I16),
    raw("s16be", Coding::Integer, 2, Order::Big, SampleFormat::I16),
    raw("s24le", Coding::Integer, 3, Order::Little, SampleFormat::I24),
    raw("s24be", Coding::Integer, 3, Order::Big, SampleFormat::I24),
    raw("s32le", Coding::Integer, 4, Order::Little, SampleFormat::I32),
    raw("s32be", Coding::Integer, 4, Order::Big, SampleFormat::I32),
    raw("f32le", Coding::Float, 4, Order::Little, SampleFormat::F32),
    raw("f32be", Coding::Float, 4, Order::Big, SampleFormat::F32),
    raw("f64le", Coding::Float, 8, Order::Little, SampleFormat::F64),
    raw("f64be", Coding::Float, 8, Order::Big, SampleFormat::F64),
    raw("alaw", Coding::ALaw, 1, Order::Little, SampleFormat::I16),
    raw("mulaw", Coding::MuLaw, 1, Order::Little, SampleFormat::I16),
];

impl FromStr for RawFormat {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = |text: String| Err(Error::Argument(text));
        let parts: Vec<_> = text.split(',').map(str::trim).collect();
        let &[name, channels, rate] = &parts[..] else {
            return refused(format!("`{text}` is not TYPE,CHANNELS,RATE, such as s16le,2,44100"));
        };
        let Some(samples) = TYPES.into_iter().find(|known| known.name.eq_ignore_ascii_case(name)) else {
            let names: Vec<_> = TYPES.iter().map(|known| known.name).collect();
            return refused(format!("unknown type of samples `{name}`: it is one of {}", names.join(", ")));
        };
        let Some(channels) = channels.parse().ok().filter(|count| (1..=MAX_CHANNELS).contains(count)) else {
            return refused(format!("`{channels}` is no number of channels from 1 to {MAX_CHANNELS}"));
        };
        let rate: Rate = rate.parse()?;
        rate.rounded()?;
        Ok(Self { samples, channels, rate })
    }
}

impl fmt::Display for RawFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{}", self.samples.name, self.channels, self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::RawFormat;

    #[test]
    fn texts_are_read_and_written() {
        for text in ["s16le,2,44100", "f64be,1,11025.5", "mulaw,1024,8000"] {
            assert_eq!(text.parse::<RawFormat>().expect(text).to_string(), text);
        }
        for (text, says) in [
            ("s16le,2", "TYPE,CHANNELS,RATE"),
            ("s16,2,44100", "s16le, s16be"),
            ("s16le,0,44100", "from 1 to 1024"),
            ("s16le,1025,44100", "from 1 to 1024"),
            ("s16le,2,0", "above 0"),
            ("s16le,2,9999999999", "does not fit"),
        ] {
            let error = text.parse::<RawFormat>().expect_err(text).to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}

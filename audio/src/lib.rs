//! Samples in and out of files. Each format's crate is named in its own file and nowhere else.

#![forbid(unsafe_code)]

pub mod decode;
pub mod encode;
pub mod files;
mod flac;
#[cfg(any(test, fuzzing))]
pub mod fuzzed;
pub mod npy;
mod sniff;
mod wav;
pub mod write;

use std::fmt;

use anyhow::{Result, ensure};
use serde::Serialize;

/// A type of sample in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SampleFormat {
    /// 16-bit integers
    I16,
    /// 24-bit integers
    I24,
    /// 32-bit integers
    I32,
    /// 32-bit floats
    F32,
    /// 64-bit floats
    F64,
}

impl SampleFormat {
    /// Bits of one sample.
    pub const fn bits(self) -> u16 {
        match self {
            Self::I16 => 16,
            Self::I24 => 24,
            Self::I32 | Self::F32 => 32,
            Self::F64 => 64,
        }
    }

    /// Whether samples are floats, which have no full scale.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }
}

impl fmt::Display for SampleFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.is_float() { 'f' } else { 'i' }, self.bits())
    }
}

/// The kind of file to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Container {
    /// RIFF WAVE, or RF64 where a file grows beyond 4 GiB
    Wav,
    /// FLAC
    Flac,
    /// A NumPy array of shape (channels, time)
    Npy,
}

impl Container {
    /// The file name extension, without its dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Flac => "flac",
            Self::Npy => "npy",
        }
    }

    /// Whether it can hold such samples.
    pub const fn holds(self, format: SampleFormat) -> bool {
        match self {
            Self::Wav => true,
            Self::Flac => !format.is_float(),
            Self::Npy => !matches!(format, SampleFormat::I24),
        }
    }

    /// # Errors
    /// If it cannot hold such samples.
    pub fn check(self, format: SampleFormat) -> Result<()> {
        ensure!(self.holds(format), "{self} files cannot hold {format} samples: choose another --sample-format");
        Ok(())
    }

    /// The format that it has for samples of another: the same if it can, else the next that loses least.
    pub const fn nearest(self, format: SampleFormat) -> SampleFormat {
        match format {
            format if self.holds(format) => format,
            SampleFormat::I24 => SampleFormat::I32,
            _ => SampleFormat::I24,
        }
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}

/// What a signal is, apart from its samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Frames per second.
    pub rate: u32,
    /// Samples of one frame.
    pub channels: usize,
    /// Speaker positions by the bits of WAVE_FORMAT_EXTENSIBLE, 0 for none.
    pub channel_mask: u32,
    /// The type of the samples in the file.
    pub format: SampleFormat,
}

//! Samples in and out of files. Each format's crate is named in its own file and nowhere else.

pub(crate) mod decode;
pub(crate) mod encode;
mod flac;
pub(crate) mod npy;
mod sniff;
mod wav;
pub(crate) mod write;

use std::fmt;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use serde::Serialize;

/// A type of sample in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SampleFormat {
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
    pub(crate) const fn bits(self) -> u16 {
        match self {
            Self::I16 => 16,
            Self::I24 => 24,
            Self::I32 | Self::F32 => 32,
            Self::F64 => 64,
        }
    }

    pub(crate) const fn is_float(self) -> bool {
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
pub(crate) enum Container {
    Wav,
    Flac,
    Npy,
}

impl Container {
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Flac => "flac",
            Self::Npy => "npy",
        }
    }

    /// Whether it can hold such samples.
    pub(crate) const fn holds(self, format: SampleFormat) -> bool {
        match self {
            Self::Wav => true,
            Self::Flac => !format.is_float(),
            Self::Npy => !matches!(format, SampleFormat::I24),
        }
    }

    /// # Errors
    /// If it cannot hold such samples.
    pub(crate) fn check(self, format: SampleFormat) -> Result<()> {
        ensure!(self.holds(format), "{self} files cannot hold {format} samples: choose another --sample-format");
        Ok(())
    }

    /// The format that it has for samples of another: the same if it can, else the next that loses least.
    pub(crate) const fn nearest(self, format: SampleFormat) -> SampleFormat {
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
pub(crate) struct Spec {
    /// Frames per second.
    pub(crate) rate: u32,
    pub(crate) channels: usize,
    /// Speaker positions by the bits of WAVE_FORMAT_EXTENSIBLE, 0 for none.
    pub(crate) channel_mask: u32,
    pub(crate) format: SampleFormat,
}

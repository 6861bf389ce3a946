//! Containers, sample formats, and [`Spec`]: the rate, channels and sample format of a signal.

use std::fmt;
use std::path::Path;

use crate::error::{Error, Result};

/// Type of a sample in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Name: `i16`, `i24`, `i32`, `f32` or `f64`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::I16 => "i16",
            Self::I24 => "i24",
            Self::I32 => "i32",
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }

    /// Bits of one sample.
    pub const fn bits(self) -> u16 {
        match self {
            Self::I16 => 16,
            Self::I24 => 24,
            Self::I32 | Self::F32 => 32,
            Self::F64 => 64,
        }
    }

    /// Bytes of one sample.
    pub(crate) fn bytes(self) -> usize {
        usize::from(self.bits() / 8)
    }

    /// True for floats, which have no full scale.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }
}

impl fmt::Display for SampleFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Kind of an output file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Container {
    /// RIFF WAVE, or RF64 where the file grows beyond 4 GiB
    Wav,
    /// FLAC
    Flac,
    /// NumPy array, of shape (channels, time) if it is written frame by frame
    Npy,
    /// Interleaved samples without a header, in little-endian order
    Raw,
}

impl Container {
    /// File name extension, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Flac => "flac",
            Self::Npy => "npy",
            Self::Raw => "raw",
        }
    }

    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Wav, Self::Flac, Self::Npy, Self::Raw];

    /// The kind that the extension of a path names, in upper or lower case.
    pub fn of_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?;
        let is_named = |kind: &Self| extension.eq_ignore_ascii_case(kind.extension());
        Self::ALL.into_iter().find(is_named).or_else(|| extension.eq_ignore_ascii_case("wave").then_some(Self::Wav))
    }

    /// True if samples of this format can be stored.
    pub const fn holds(self, format: SampleFormat) -> bool {
        match self {
            Self::Wav | Self::Raw => true,
            Self::Flac => !format.is_float(),
            Self::Npy => !matches!(format, SampleFormat::I24),
        }
    }

    /// Checks that samples of this format can be stored.
    ///
    /// # Errors
    /// [`Error::Unrepresentable`] if they cannot be.
    pub fn check(self, format: SampleFormat) -> Result<()> {
        if self.holds(format) {
            return Ok(());
        }
        Err(Error::Unrepresentable(format!("{self} files cannot hold {format} samples")))
    }

    /// The storable sample format that is closest to `format`: `format` itself if it can be stored, else 32-bit
    /// integers for 24-bit ones in `.npy`, and 24-bit integers for floats in FLAC.
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

/// Rate, channels and sample format of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Frames per second.
    pub rate: u32,
    /// Samples in a frame.
    pub channels: usize,
    /// Speaker positions as the bits of WAVE_FORMAT_EXTENSIBLE, 0 if unknown.
    pub channel_mask: u32,
    /// Type of the samples in the file.
    pub format: SampleFormat,
}

/// More channels than any recording has: a header with more is damaged.
pub(crate) const MAX_CHANNELS: usize = 1024;

/// Checks the number of channels that a header gives.
pub(crate) fn check_channels(count: usize) -> Result<()> {
    if count <= MAX_CHANNELS {
        return Ok(());
    }
    Err(Error::Damaged(format!("the header gives {count} channels: at most {MAX_CHANNELS} are read")))
}

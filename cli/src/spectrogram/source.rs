//! [`Source`]: a recording or an array, read in chunks.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use polyphase::ndarray::{ArrayD, Ix2};

use polyphase_audio::Decoder;
use polyphase_audio::npy;

/// Rate and channels of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SignalKind {
    pub(super) rate: u32,
    pub(super) channels: usize,
}

/// A file to read.
pub(super) enum Source {
    Audio(Box<Decoder>),
    Array(ArrayD<f64>, u32),
}

impl Source {
    /// Opens a file. `array_rate` is the sampling rate if the file is an array.
    pub(super) fn open(path: &Path, array_rate: Option<u32>) -> Result<Self> {
        if path.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("npy")) {
            return Ok(Self::Audio(Box::new(Decoder::open(path)?)));
        }
        let array = npy::read(path)?.into_f64();
        let rate = array_rate.context("an array has no sampling rate of its own: add --orig-freq")?;
        match array.ndim() {
            1 => {
                let frames = array.len();
                Ok(Self::Array(array.into_shape_with_order((1, frames))?.into_dyn(), rate))
            }
            2 => Ok(Self::Array(array, rate)),
            ndim => bail!("arrays of (time) or (channels, time) can be drawn, not of {ndim} dimensions"),
        }
    }

    pub(super) fn kind(&self) -> SignalKind {
        match self {
            Self::Audio(decoder) => {
                let spec = decoder.spec();
                SignalKind { rate: spec.rate, channels: spec.channels }
            }
            Self::Array(array, rate) => SignalKind { rate: *rate, channels: array.shape()[0] },
        }
    }

    /// Calls `take` with all samples, in chunks of interleaved frames.
    pub(super) fn read(self, mut take: impl FnMut(&[f64])) -> Result<()> {
        let mut frames = 0;
        match self {
            Self::Audio(mut decoder) => {
                let mut samples = Vec::new();
                while decoder.read(&mut samples)? {
                    frames += samples.len();
                    take(&samples);
                    samples.clear();
                }
            }
            Self::Array(array, _) => {
                let array = array.into_dimensionality::<Ix2>()?;
                let mut samples = Vec::new();
                for frame in array.columns() {
                    samples.extend(frame);
                    if samples.len() >= 1 << 16 {
                        take(&samples);
                        samples.clear();
                    }
                }
                frames = array.len();
                take(&samples);
            }
        }
        ensure!(frames > 0, "there are no samples in the file");
        Ok(())
    }
}

//! [`Writer`]: one signal into a file of any kind, frame by frame.

use std::io::BufWriter;

use super::encode::Encoder;
use super::flac::FlacWriter;
use super::npy::NpyWriter;
use super::wav::WavWriter;
use super::{Container, Spec};
use crate::files::Temporary;
use anyhow::Result;

/// A file that is being written. Nothing is complete before [`finish`](Self::finish).
#[derive(Debug)]
pub struct Writer {
    container: ContainerWriter,
    encoder: Encoder,
}

#[derive(Debug)]
enum ContainerWriter {
    Wav(WavWriter),
    Flac(Box<FlacWriter>),
    Npy(NpyWriter),
}

impl Writer {
    /// Begins a file. `frames` is how many will come, if that is known.
    pub fn new(
        output: &Temporary,
        container: Container,
        spec: Spec,
        frames: Option<u64>,
        dither: bool,
    ) -> Result<Self> {
        container.check(spec.format)?;
        let file = output.writer()?;
        let container = match container {
            Container::Wav => ContainerWriter::Wav(WavWriter::new(BufWriter::new(file), spec, frames)?),
            Container::Flac => ContainerWriter::Flac(Box::new(FlacWriter::new(BufWriter::new(file), spec)?)),
            Container::Npy => ContainerWriter::Npy(NpyWriter::new(file, spec, output.folder())?),
        };
        Ok(Self { container, encoder: Encoder::new(spec.format, dither) })
    }

    /// Appends whole interleaved frames.
    pub fn write<T: Copy + Into<f64>>(&mut self, samples: &[T]) -> Result<()> {
        match &mut self.container {
            ContainerWriter::Flac(flac) => flac.write(self.encoder.integers(samples)),
            ContainerWriter::Wav(wav) => wav.write(self.encoder.bytes(samples)),
            ContainerWriter::Npy(npy) => npy.write(self.encoder.bytes(samples)),
        }
    }

    /// Completes the file, and returns how many samples were clamped to full scale.
    pub fn finish(self) -> Result<u64> {
        match self.container {
            ContainerWriter::Wav(wav) => wav.finish()?,
            ContainerWriter::Flac(flac) => flac.finish()?,
            ContainerWriter::Npy(npy) => npy.finish()?,
        }
        Ok(self.encoder.clipped())
    }
}

//! [`Writer`]: one signal into a file of any kind, frame by frame.

use std::io::BufWriter;

use crate::encode::Encoder;
use crate::error::Result;
use crate::files::{File, Temporary};
use crate::flac::FlacWriter;
use crate::format::{Container, Spec};
use crate::npy::NpyWriter;
use crate::tags::Tags;
use crate::wav::WavWriter;

/// Writes interleaved samples into a file, in memory that does not grow with it.
#[derive(Debug)]
pub struct Writer {
    container: ContainerWriter,
    encoder: Encoder,
}

#[derive(Debug)]
enum ContainerWriter {
    Wav(WavWriter),
    Flac(Box<FlacWriter<BufWriter<File>>>),
    Npy(NpyWriter),
}

impl Writer {
    /// Begins a file in `output`.
    ///
    /// `frames` is the number of frames that will follow, if it is known: a WAV file that may grow beyond 4 GiB then
    /// leaves room for the longer header of RF64. With `dither`, 16-bit samples get triangular noise of ±1 step before
    /// they are rounded.
    ///
    /// # Errors
    /// If the container cannot hold such a signal, or the file cannot be written to.
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
            Container::Flac => ContainerWriter::Flac(Box::new(FlacWriter::new(BufWriter::new(file), spec, &Tags::default())?)),
            Container::Npy => ContainerWriter::Npy(NpyWriter::new(file, spec, output.folder())?),
        };
        Ok(Self { container, encoder: Encoder::new(spec.format, dither) })
    }

    /// Appends interleaved samples of whole frames. Full scale is [−1, 1).
    ///
    /// # Errors
    /// If the samples cannot be written.
    pub fn write<T: Copy + Into<f64>>(&mut self, samples: &[T]) -> Result<()> {
        match &mut self.container {
            ContainerWriter::Flac(flac) => flac.write(self.encoder.integers(samples)),
            ContainerWriter::Wav(wav) => wav.write(self.encoder.bytes(samples)),
            ContainerWriter::Npy(npy) => npy.write(self.encoder.bytes(samples)),
        }
    }

    /// Completes the file, syncs it to the disk, and returns the number of samples that were clipped to full scale.
    ///
    /// # Errors
    /// If the rest cannot be written, or the container cannot hold this number of frames.
    pub fn finish(self) -> Result<u64> {
        match self.container {
            ContainerWriter::Wav(wav) => wav.finish()?,
            ContainerWriter::Flac(flac) => flac.finish()?.get_ref().sync_all()?,
            ContainerWriter::Npy(npy) => npy.finish()?,
        }
        Ok(self.encoder.clipped())
    }
}

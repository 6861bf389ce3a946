//! [`Writer`]: one signal into a file of any kind, frame by frame.

use std::io::Write;

use crate::encode::Encoder;
use crate::error::{Error, Result};
use crate::flac::FlacWriter;
use crate::format::{Container, Spec};
use crate::npy::NpyWriter;
use crate::output::Output;
use crate::tags::Tags;
use crate::wav::WavWriter;

/// Kind of file to write, and what is known about its signal.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WriteOptions {
    /// Kind of the file.
    pub container: Container,
    /// Rate, channels, speakers and sample format.
    pub spec: Spec,
    /// Number of frames that will follow, if it is known. A WAV file that may grow beyond 4 GiB leaves room for the
    /// longer header of RF64, and a WAV file in a stream has its length in its header. Default: none.
    pub frames: Option<u64>,
    /// True if 16-bit samples get triangular noise of ±1 step before they are rounded. Default: true.
    pub dither: bool,
    /// Texts, as far as the container holds them. Default: none.
    pub tags: Tags,
}

impl WriteOptions {
    /// Options for a file of this kind, with the defaults of the other options.
    pub fn new(container: Container, spec: Spec) -> Self {
        Self { container, spec, frames: None, dither: true, tags: Tags::default() }
    }

    /// Sets [`frames`](Self::frames).
    #[must_use]
    pub fn frames(mut self, frames: Option<u64>) -> Self {
        self.frames = frames;
        self
    }

    /// Sets [`dither`](Self::dither).
    #[must_use]
    pub fn dither(mut self, dither: bool) -> Self {
        self.dither = dither;
        self
    }

    /// Sets [`tags`](Self::tags).
    #[must_use]
    pub fn tags(mut self, tags: Tags) -> Self {
        self.tags = tags;
        self
    }
}

/// Writes interleaved samples into a file, in memory that does not grow with it.
#[derive(Debug)]
pub struct Writer {
    container: ContainerWriter,
    encoder: Encoder,
}

#[derive(Debug)]
enum ContainerWriter {
    Wav(WavWriter),
    Flac(Box<FlacWriter<Output>>),
    Npy(NpyWriter),
    Raw(Output),
}

impl Writer {
    /// Begins a file.
    ///
    /// # Errors
    /// If the container cannot hold such a signal, or the output cannot be written to.
    pub fn new(output: Output, options: &WriteOptions) -> Result<Self> {
        let spec = options.spec;
        options.container.check(spec.format)?;
        if !output.can_seek() && !matches!(options.container, Container::Wav | Container::Raw) {
            let text = format!("{} files cannot be written to a pipe: choose wav or raw", options.container);
            return Err(Error::Unrepresentable(text));
        }
        let container = ContainerWriter::new(output, options).map_err(of_output)?;
        Ok(Self { container, encoder: Encoder::new(spec.format, options.dither) })
    }

    /// Appends interleaved samples of whole frames. Full scale is [−1, 1).
    ///
    /// # Errors
    /// If the samples cannot be written.
    pub fn write<T: Copy + Into<f64>>(&mut self, samples: &[T]) -> Result<()> {
        let written = match &mut self.container {
            ContainerWriter::Flac(flac) => flac.write(self.encoder.integers(samples)),
            ContainerWriter::Wav(wav) => wav.write(self.encoder.bytes(samples)),
            ContainerWriter::Npy(npy) => npy.write(self.encoder.bytes(samples)),
            ContainerWriter::Raw(output) => output.write_all(self.encoder.bytes(samples)).map_err(Error::Write),
        };
        written.map_err(of_output)
    }

    /// Completes the file, syncs it to the disk, and returns the number of samples that were clipped to full scale.
    ///
    /// # Errors
    /// If the rest cannot be written, or the container cannot hold this number of frames.
    pub fn finish(self) -> Result<u64> {
        let finished = match self.container {
            ContainerWriter::Wav(wav) => wav.finish(),
            ContainerWriter::Flac(flac) => flac.finish().and_then(Output::finish),
            ContainerWriter::Npy(npy) => npy.finish(),
            ContainerWriter::Raw(output) => output.finish(),
        };
        finished.map_err(of_output)?;
        Ok(self.encoder.clipped())
    }
}

impl ContainerWriter {
    fn new(output: Output, options: &WriteOptions) -> Result<Self> {
        let &WriteOptions { container, spec, frames, ref tags, .. } = options;
        Ok(match container {
            Container::Wav => Self::Wav(WavWriter::new(output, spec, frames, tags)?),
            Container::Flac => Self::Flac(Box::new(FlacWriter::new(output, spec, tags)?)),
            Container::Npy => Self::Npy(NpyWriter::new(output, spec)?),
            Container::Raw => Self::Raw(output),
        })
    }
}

/// The error of an operation on the output.
fn of_output(error: Error) -> Error {
    match error {
        Error::Io(error) => Error::Write(error),
        error => error,
    }
}

//! [`Wav`]: an encoded WAV file.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use polyphase_audio::{Container, Error, Output, Rate, Result, SampleFormat, Spec, WriteOptions, Writer};

/// Sample formats that the page writes.
const FORMATS: [SampleFormat; 3] = [SampleFormat::I16, SampleFormat::I24, SampleFormat::F32];

/// A WAV file in memory.
#[derive(Debug)]
pub(crate) struct Wav {
    pub(crate) bytes: Vec<u8>,
    /// Number of samples that were clipped to full scale.
    pub(crate) clipped: u64,
}

/// Bytes that a [`Writer`] has written.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Wav {
    /// Encodes interleaved samples in a format of this name. 16-bit samples are dithered.
    ///
    /// # Errors
    /// [`Error::Argument`] for another format or no channels; as [`Writer::new`].
    pub(crate) fn encode(samples: &[f32], rate: f64, channels: usize, format: &str) -> Result<Self> {
        let known = || FORMATS.map(SampleFormat::name).join(", ");
        let format = FORMATS.into_iter().find(|known| known.name() == format).ok_or_else(|| {
            Error::Argument(format!("unknown sample format `{format}`: it must be one of {}", known()))
        })?;
        let frames = samples.len().checked_div(channels);
        let frames = frames.ok_or_else(|| Error::Argument("a WAV file has at least one channel".to_owned()))?;
        let spec = Spec { rate: Rate::from_hz(rate)?.rounded()?, channels, channel_mask: 0, format };
        let sink = Sink::default();
        let options = WriteOptions::new(Container::Wav, spec).frames(Some(frames as u64));
        let mut writer = Writer::new(Output::stream(sink.clone()), &options)?;
        writer.write(samples)?;
        let clipped = writer.finish()?;
        let bytes = mem::take(&mut *sink.0.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Self { bytes, clipped })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Recording;

    #[test]
    fn files_read_back() {
        let samples = [0.5, -0.25, 2.0, 0.0];
        for (name, bits, clipped) in [("i16", 16, 1), ("i24", 24, 1), ("f32", 32, 0)] {
            let wav = Wav::encode(&samples, 16_000.4, 1, name).expect("a file");
            assert_eq!(wav.clipped, clipped, "{name}");
            let recording = Recording::decode(wav.bytes, "wav", false, 100).expect("a recording");
            assert_eq!(recording.rate, 16_000.0);
            let full_scale = if clipped == 0 { 2.0 } else { 1.0 };
            let tolerance = if clipped == 0 { 0.0 } else { 2.0 * 2_f32.powi(1 - bits) };
            for (read, sample) in recording.channel(0).into_iter().zip([0.5, -0.25, full_scale, 0.0]) {
                assert!((read - sample).abs() <= tolerance, "{name}: {read} for {sample}");
            }
        }
    }

    #[test]
    fn unknown_formats_and_no_channels_are_refused() {
        let error = Wav::encode(&[0.0], 8000.0, 1, "i8").expect_err("refused").to_string();
        assert_eq!(error, "unknown sample format `i8`: it must be one of i16, i24, f32");
        let error = Wav::encode(&[], 8000.0, 0, "f32").expect_err("refused").to_string();
        assert_eq!(error, "a WAV file has at least one channel");
    }
}

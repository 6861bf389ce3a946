//! [`Recording`]: a whole file, decoded.

use polyphase_audio::{Channels, Error, ReadOptions, Reader, Result, Source};

/// A decoded file.
#[derive(Debug)]
pub(crate) struct Recording {
    /// Frames per second.
    pub(crate) rate: f64,
    pub(crate) channels: usize,
    /// Remarks about the file.
    pub(crate) warnings: Vec<String>,
    /// Interleaved samples.
    samples: Vec<f32>,
}

impl Recording {
    /// Decodes the bytes of a file.
    ///
    /// # Errors
    /// As [`Reader::read`]; [`Error::Argument`] for more than `max_samples` samples.
    pub(crate) fn decode(bytes: Vec<u8>, extension: &str, mono: bool, max_samples: usize) -> Result<Self> {
        let options = ReadOptions::default().channels(if mono { Channels::Mono } else { Channels::All });
        let mut reader = Reader::<f32>::open(Source::bytes(bytes).extension(extension), &options)?;
        let channels = reader.spec().channels;
        let max_frames = max_samples / channels;
        let mut samples = Vec::new();
        if let Some(frames) = reader.promised_frames() {
            let frames = usize::try_from(frames).ok().filter(|&frames| frames <= max_frames);
            let len = frames.ok_or_else(|| too_long(channels, max_frames))? * channels;
            samples.try_reserve_exact(len).map_err(|_| Error::OutOfMemory { bytes: 4 * len as u128 })?;
        }
        while reader.read(&mut samples)? {
            if samples.len() > max_samples {
                return Err(too_long(channels, max_frames));
            }
        }
        let warnings = reader.decoder().warnings().to_vec();
        Ok(Self { rate: reader.rate().hz(), channels, warnings, samples })
    }

    /// Samples of one channel, counted from 0.
    pub(crate) fn channel(&self, index: usize) -> Vec<f32> {
        if self.channels == 1 {
            return self.samples.clone();
        }
        self.samples.iter().skip(index).step_by(self.channels).copied().collect()
    }
}

fn too_long(channels: usize, max_frames: usize) -> Error {
    let plural = if channels == 1 { "" } else { "s" };
    Error::Argument(format!(
        "the page reads at most {max_frames} frames of {channels} channel{plural}, this file has more"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wav::Wav;

    /// Three frames of two channels at 11025 Hz.
    fn stereo() -> Vec<u8> {
        Wav::encode(&[0.5, 0.25, -0.5, 0.75, 1.0, 0.0], 11_025.0, 2, "f32").expect("a file").bytes
    }

    #[test]
    fn a_file_has_its_channels_or_their_mix() {
        let recording = Recording::decode(stereo(), "wav", false, 6).expect("a recording");
        assert_eq!((recording.rate, recording.channels), (11_025.0, 2));
        assert_eq!(recording.channel(0), [0.5, -0.5, 1.0]);
        assert_eq!(recording.channel(1), [0.25, 0.75, 0.0]);
        let mono = Recording::decode(stereo(), "wav", true, 6).expect("a recording");
        assert_eq!((mono.channels, mono.channel(0)), (1, vec![0.375, 0.125, 0.5]));
    }

    #[test]
    fn files_that_are_no_audio_or_too_long_are_refused_by_name() {
        let error = |bytes: Vec<u8>, max| Recording::decode(bytes, "wav", false, max).expect_err("refused").to_string();
        assert_eq!(error(Vec::new(), 6), "the file is empty");
        assert_eq!(error(stereo(), 5), "the page reads at most 2 frames of 2 channels, this file has more");
        assert!(!error(b"a text\n".repeat(100), 5).is_empty());
    }
}

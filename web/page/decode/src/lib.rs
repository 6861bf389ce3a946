//! WebAssembly module of the page `web/page`, beside the npm package: decodes and encodes audio files, and computes
//! spectrograms and responses.
//!
//! The functions that JavaScript calls are in this file. Their work is in the modules, which know nothing of JavaScript
//! and are tested as they are.

#![forbid(unsafe_code)]

mod fourier;
mod recording;
mod response;
mod spectrogram;
mod wav;

use colorous::MAGMA;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, throw_str};

/// Throws the message of a panic as an exception, instead of "unreachable executed".
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|info| throw_str(&format!("internal error: {info}"))));
}

/// A decoded recording.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Recording(recording::Recording);

#[wasm_bindgen]
impl Recording {
    /// Frames per second.
    #[wasm_bindgen(getter)]
    pub fn rate(&self) -> f64 {
        self.0.rate
    }

    /// Number of channels.
    #[wasm_bindgen(getter)]
    pub fn channels(&self) -> usize {
        self.0.channels
    }

    /// Remarks about the file, one a line.
    #[wasm_bindgen(getter)]
    pub fn warnings(&self) -> String {
        self.0.warnings.join("\n")
    }

    /// Samples of one channel, counted from 0.
    pub fn channel(&self, index: usize) -> Vec<f32> {
        self.0.channel(index)
    }
}

/// Decodes the bytes of a file. `extension` is that of the file's name. A mix to one channel weighs the speakers as the
/// program does.
///
/// # Errors
/// If the bytes are no audio that is read, are damaged, or hold more than `max_samples` samples.
#[wasm_bindgen]
pub fn decode(bytes: Vec<u8>, extension: &str, mono: bool, max_samples: usize) -> Result<Recording, JsError> {
    Ok(Recording(recording::Recording::decode(bytes, extension, mono, max_samples)?))
}

/// A WAV file.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Wav(wav::Wav);

#[wasm_bindgen]
impl Wav {
    /// Encodes interleaved samples as `i16` (dithered), `i24` or `f32`.
    ///
    /// # Errors
    /// If a WAV file cannot hold the signal.
    #[wasm_bindgen(constructor)]
    pub fn new(samples: &[f32], rate: f64, channels: usize, format: &str) -> Result<Self, JsError> {
        Ok(Self(wav::Wav::encode(samples, rate, channels, format)?))
    }

    /// Number of samples that were clipped to full scale.
    #[wasm_bindgen(getter)]
    pub fn clipped(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "numbers of JavaScript")]
        let clipped = self.0.clipped as f64;
        clipped
    }

    /// Bytes of the file. They are moved out: a second call returns none.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0.bytes)
    }
}

/// Powers of a signal over time and frequency: `columns` spectra of `segment / 2 + 1` bins. A sine of full scale has a
/// power of 1. NaN and infinities count as silence.
#[wasm_bindgen]
pub fn powers(samples: &[f32], segment: usize, columns: usize) -> Vec<f32> {
    spectrogram::powers(samples, segment, columns)
}

/// Gains of a filter in dB at `points` evenly spaced frequencies from 0 to `highest` cycles per `step` values of its
/// impulse response, relative to the gain at 0.
#[wasm_bindgen]
pub fn gains(impulse: &[f64], step: usize, highest: f64, points: usize) -> Vec<f64> {
    response::gains(impulse, step, highest, points)
}

/// Colour map of levels: 256 colours of three bytes, from the lowest level to the highest.
#[wasm_bindgen(js_name = colorMap)]
pub fn color_map() -> Vec<u8> {
    (0..256).flat_map(|level| MAGMA.eval_rational(level, 256).as_array()).collect()
}

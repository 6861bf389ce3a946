//! [`RawStream`]: a stream between two areas of wasm memory, which JavaScript fills and reads.

use js_sys::Float32Array;
use polyphase::{Error, Result, Stream};
use wasm_bindgen::prelude::*;

use crate::error::thrown;
use crate::options::length;
use crate::plan::RawPlan;
use crate::samples::zeroed;

/// Stream of interleaved float32 frames. [`process`](Self::process) allocates nothing, in Rust or in JavaScript.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RawStream {
    stream: Stream<f32>,
    input: Vec<f32>,
    output: Vec<f32>,
    /// Error of the last call of [`process`](Self::process) that failed.
    error: Option<Error>,
}

/// Address of an area in wasm memory.
fn address(area: &[f32]) -> usize {
    area.as_ptr().addr()
}

#[wasm_bindgen]
impl RawStream {
    /// Stream that takes chunks of up to `max_frames` frames.
    #[wasm_bindgen(constructor)]
    pub fn new(plan: &RawPlan, channels: f64, max_frames: f64) -> Result<Self, JsValue> {
        let (channels, max_frames) = (length("channels", channels)?, length("maxFrames", max_frames)?);
        let mut stream = Stream::new(plan.plan(), channels).map_err(thrown)?;
        stream.warm_up();
        let area = |frames: usize| zeroed(frames.saturating_mul(channels)).map_err(thrown);
        let (input, output) = (area(max_frames)?, area(stream.max_output_frames(max_frames))?);
        Ok(Self { stream, input, output, error: None })
    }

    /// Address of the area for chunks.
    pub fn input(&self) -> usize {
        address(&self.input)
    }

    /// Number of samples of the area for chunks.
    #[wasm_bindgen(js_name = inputLength)]
    pub fn input_length(&self) -> usize {
        self.input.len()
    }

    /// Address of the area for outputs.
    pub fn output(&self) -> usize {
        address(&self.output)
    }

    /// Number of samples of the area for outputs.
    #[wasm_bindgen(js_name = outputLength)]
    pub fn output_length(&self) -> usize {
        self.output.len()
    }

    /// Takes so many samples from the area for chunks, and writes the frames that they complete to the other. Returns
    /// their number, or −1: then [`takeError`](Self::take_error) returns the reason. An exception would need an array
    /// for the results of each call.
    pub fn process(&mut self, samples: usize) -> i32 {
        let chunk = &self.input[..samples.min(self.input.len())];
        match self.stream.process_into(chunk, &mut self.output) {
            Ok(frames) => i32::try_from(frames).unwrap_or(i32::MAX),
            Err(error) => {
                self.error = Some(error);
                -1
            }
        }
    }

    /// Message of the error of the last call that failed.
    #[wasm_bindgen(js_name = takeError)]
    pub fn take_error(&mut self) -> String {
        self.error.take().map(|error| error.to_string()).unwrap_or_default()
    }

    /// Ends the signal, and returns its remaining frames.
    pub fn finish(&mut self) -> Result<Float32Array, JsValue> {
        let mut rest = Vec::new();
        self.stream.finish(&mut rest).map_err(thrown)?;
        Ok(Float32Array::from(&rest[..]))
    }

    /// Discards the signal so far.
    pub fn reset(&mut self) {
        self.stream.reset();
    }

    /// Largest number of frames that a chunk completes.
    #[wasm_bindgen(js_name = maxOutputFrames)]
    pub fn max_output_frames(&self, frames: f64) -> Result<usize, JsValue> {
        Ok(self.stream.max_output_frames(length("frames", frames)?))
    }
}

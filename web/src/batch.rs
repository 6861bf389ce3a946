//! Batches on WebGPU or the CPU: [`RawResampler`], and clips and outputs of each type of sample.

use js_sys::{Float32Array, Float64Array, Int16Array, Promise};
use polyphase::{Backend, Batch, BatchBuf, Plan, Resampler, Result, RunReport, Sample};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::error::thrown;
use crate::plan::RawPlan;
use crate::samples::SampleArray;

/// Resampler that chooses between WebGPU and the CPU.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RawResampler(Resampler);

#[wasm_bindgen]
impl RawResampler {
    /// Resampler for a backend: `auto`, `cpu` or `gpu`, which is opened at once.
    pub async fn create(backend: String, allow_software: bool) -> Result<Self, JsValue> {
        let backend: Backend = backend.parse().map_err(thrown)?;
        let builder = Resampler::builder().backend(backend).allow_software(allow_software);
        builder.build_async().await.map(Self).map_err(thrown)
    }

    /// True if WebGPU is open.
    #[wasm_bindgen(js_name = isOpen)]
    pub fn is_open(&self) -> bool {
        self.0.opened_adapter().is_some()
    }
}

/// Outputs of a batch and its report.
#[derive(Debug)]
struct Outputs<T> {
    outputs: BatchBuf<T>,
    report: RunReport,
}

async fn run<T: Sample>(resampler: Resampler, clips: Vec<(Plan, Vec<T>)>) -> Result<Outputs<T>, JsValue> {
    let batch: Batch<'_, T> = clips.iter().map(|(plan, clip)| (plan, &clip[..])).collect();
    let (outputs, report) = resampler.resample_batch_async(&batch).await.map_err(thrown)?;
    Ok(Outputs { outputs, report })
}

macro_rules! batches {
    ($($clips:ident, $outputs:ident, $array:ty, $sample:ty);*) => {$(
        /// Clips with their plans.
        #[wasm_bindgen]
        #[derive(Debug, Default)]
        pub struct $clips(Vec<(Plan, Vec<$sample>)>);

        #[wasm_bindgen]
        impl $clips {
            /// No clips.
            #[wasm_bindgen(constructor)]
            pub fn new() -> Self {
                Self::default()
            }

            /// Adds a copy of a clip.
            pub fn push(&mut self, plan: &RawPlan, samples: &$array) -> Result<(), JsValue> {
                self.0.push((plan.plan().clone(), samples.to_samples().map_err(thrown)?));
                Ok(())
            }

            /// Promise of the outputs.
            pub fn run(self, resampler: &RawResampler) -> Promise {
                let resampler = resampler.0.clone();
                future_to_promise(async { run(resampler, self.0).await.map($outputs).map(JsValue::from) })
            }
        }

        /// Outputs of a batch.
        #[wasm_bindgen]
        #[derive(Debug)]
        pub struct $outputs(Outputs<$sample>);

        #[wasm_bindgen]
        impl $outputs {
            /// Copies the outputs of a clip to an array of their number.
            pub fn read(&self, clip: usize, array: &$array) {
                array.write(self.0.outputs.clip(clip).unwrap_or_default());
            }

            /// Report in one line: how many clips ran where, and why.
            pub fn report(&self) -> String {
                self.0.report.to_string()
            }

            /// Number of clips that WebGPU computed.
            #[wasm_bindgen(js_name = gpuClips)]
            pub fn gpu_clips(&self) -> usize {
                self.0.report.gpu_clips
            }
        }
    )*};
}

batches!(
    RawClipsF32, RawOutputsF32, Float32Array, f32;
    RawClipsF64, RawOutputsF64, Float64Array, f64;
    RawClipsI16, RawOutputsI16, Int16Array, i16
);

//! [`RawPlan`]: a plan, with the calls that resample one clip.

use std::cell::OnceCell;

use js_sys::{Float32Array, Float64Array, Int16Array};
use polyphase::{CpuResampler, FilterForm, Level, Plan, Response, Result};
use wasm_bindgen::prelude::*;

use crate::error::thrown;
use crate::options::{length, options, ratio};
use crate::samples::{SampleArray, zeroed};

/// Plan for two rates, from the cache of plans.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RawPlan {
    plan: Plan,
    response: OnceCell<Response>,
}

impl RawPlan {
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    fn response(&self) -> &Response {
        self.response.get_or_init(|| self.plan.response())
    }
}

#[wasm_bindgen]
impl RawPlan {
    /// Plan for two rates and an object of options.
    #[wasm_bindgen(constructor)]
    pub fn new(orig_freq: f64, new_freq: f64, object: &JsValue) -> Result<Self, JsValue> {
        let plan = Plan::cached(ratio(orig_freq, new_freq)?, options(object)?).map_err(thrown)?;
        Ok(Self { plan, response: OnceCell::new() })
    }

    /// Name of the SIMD instructions of the kernels.
    #[wasm_bindgen(js_name = simdLevel)]
    pub fn simd_level() -> String {
        Level::best().name().to_owned()
    }

    /// Number of taps.
    pub fn taps(&self) -> usize {
        self.plan.taps()
    }

    /// Input samples that an output needs after it.
    #[wasm_bindgen(js_name = lookAhead)]
    pub fn look_ahead(&self) -> usize {
        self.plan.look_ahead()
    }

    /// Size of the float32 filter.
    #[wasm_bindgen(js_name = filterBytes)]
    pub fn filter_bytes(&self) -> usize {
        self.plan.filter_bytes()
    }

    /// True if the float32 filter is interpolated.
    #[wasm_bindgen(js_name = isInterpolated)]
    pub fn is_interpolated(&self) -> bool {
        self.plan.filter_form() != FilterForm::Exact
    }

    /// Number of outputs.
    #[wasm_bindgen(js_name = outputLength)]
    pub fn output_length(&self, samples: f64) -> Result<usize, JsValue> {
        Ok(self.plan.output_len(length("samples", samples)?))
    }

    /// Impulse response in float64.
    #[wasm_bindgen(js_name = impulseResponse)]
    pub fn impulse_response(&self) -> Vec<f64> {
        self.plan.impulse_response()
    }

    /// Number of values of the impulse response per input sample.
    #[wasm_bindgen(js_name = impulseResponseDensity)]
    pub fn impulse_response_density(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "at most 1024")]
        let density = self.plan.impulse_response_density() as f64;
        density
    }

    /// Replaces frequencies, fractions of the lower Nyquist frequency, by gains.
    pub fn gain(&self, frequencies: &Float64Array) -> Result<(), JsValue> {
        let mut gains = frequencies.to_samples().map_err(thrown)?;
        gains.iter_mut().for_each(|value| *value = self.response().magnitude(*value));
        frequencies.write(&gains);
        Ok(())
    }

    /// Ripple of the pass band in dB.
    #[wasm_bindgen(js_name = passBandRipple)]
    pub fn pass_band_ripple(&self, pass_band: f64) -> f64 {
        self.response().pass_band_ripple(pass_band)
    }

    /// Frequency of a fall in dB.
    pub fn edge(&self, fall: f64) -> Option<f64> {
        self.response().edge(fall)
    }

    /// Attenuation of aliases in dB.
    #[wasm_bindgen(js_name = aliasRejection)]
    pub fn alias_rejection(&self, pass_band: f64) -> Option<f64> {
        self.response().alias_rejection(pass_band)
    }

    /// Attenuation of images in dB.
    #[wasm_bindgen(js_name = imageRejection)]
    pub fn image_rejection(&self, pass_band: f64) -> Option<f64> {
        self.response().image_rejection(pass_band)
    }
}

/// Resamples from one array into another.
fn resample_into<A: SampleArray>(plan: &Plan, samples: &A, output: &A) -> Result<usize> {
    let clip = samples.to_samples()?;
    let mut outputs = zeroed(output.len())?;
    let clamped = CpuResampler::new().resample_into(plan, &clip, &mut outputs)?;
    output.write(&outputs);
    Ok(clamped.count)
}

macro_rules! resample {
    ($($name:ident, $js_name:ident, $array:ty);*) => {$(
        #[wasm_bindgen]
        impl RawPlan {
            /// Resamples from one array into another. Returns the number of clamped integers.
            #[wasm_bindgen(js_name = $js_name)]
            pub fn $name(&self, samples: &$array, output: &$array) -> Result<usize, JsValue> {
                resample_into(&self.plan, samples, output).map_err(thrown)
            }
        }
    )*};
}

resample!(
    resample_f32, resampleF32, Float32Array;
    resample_f64, resampleF64, Float64Array;
    resample_i16, resampleI16, Int16Array
);

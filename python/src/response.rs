//! `Response`: the frequency response of a plan.

use pyo3::prelude::*;

/// Frequency response of a filter, from its float64 coefficients.
///
/// Frequencies are fractions of the lower Nyquist frequency, min(orig_freq, new_freq)/2. Gains and levels are factors;
/// ripple and rejection are in dB, and larger rejections are better.
#[pyclass(frozen, module = "polyphase")]
pub(crate) struct Response {
    response: polyphase::Response,
}

impl Response {
    pub(crate) fn of(plan: &polyphase::Plan) -> Self {
        Self { response: plan.response() }
    }
}

#[pymethods]
impl Response {
    /// Gain of a tone, a factor.
    fn magnitude(&self, frequency: f64) -> f64 {
        self.response.magnitude(frequency)
    }

    /// Level of all images of a tone together, a factor.
    fn image_level(&self, frequency: f64) -> f64 {
        self.response.image_level(frequency)
    }

    /// Largest deviation from gain 1 up to `pass_band`, in dB.
    fn pass_band_ripple(&self, pass_band: f64) -> f64 {
        self.response.pass_band_ripple(pass_band)
    }

    /// Lowest frequency at which the gain is `fall` dB below 1, or None.
    fn edge(&self, fall: f64) -> Option<f64> {
        self.response.edge(fall)
    }

    /// Attenuation in dB of the strongest alias in the pass band; None where there is none.
    fn alias_rejection(&self, pass_band: f64) -> Option<f64> {
        self.response.alias_rejection(pass_band)
    }

    /// Attenuation in dB of all images together in the pass band; None where there are none.
    fn image_rejection(&self, pass_band: f64) -> Option<f64> {
        self.response.image_rejection(pass_band)
    }

    /// Ripple of a constant input of 1, a factor.
    #[getter]
    fn dc_image(&self) -> f64 {
        self.response.dc_image()
    }

    /// Delay of low frequencies in input samples: 0 within rounding.
    #[getter]
    fn delay(&self) -> f64 {
        self.response.delay()
    }
}

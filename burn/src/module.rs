//! [`Resample`]: torchaudio's `transforms.Resample` as a module.

use burn::config::Config;
use burn::module::{Content, DisplaySettings, Module, ModuleDisplay};
use burn::tensor::Tensor;
use polyphase::{DEFAULT_BETA, Plan, ResampleOptions, Window};

use crate::resample;

/// Configuration of a [`Resample`] module, with the parameters of `torchaudio.transforms.Resample` and their defaults.
///
/// ```
/// use polyphase_burn::{ResampleConfig, ResamplingMethod};
///
/// let config = ResampleConfig::new(44_100, 16_000)
///     .with_lowpass_filter_width(64)
///     .with_resampling_method(ResamplingMethod::SincInterpKaiser);
/// assert_eq!(config.init().plan().output_len(44_100), 16_000);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct ResampleConfig {
    /// Sampling rate of the input.
    pub orig_freq: u32,
    /// Sampling rate of the output.
    pub new_freq: u32,
    /// Function that tapers the sinc.
    #[config(default = "ResamplingMethod::SincInterpHann")]
    pub resampling_method: ResamplingMethod,
    /// Half-width of the windowed sinc in zero crossings. Larger is sharper and slower.
    #[config(default = 6)]
    pub lowpass_filter_width: u32,
    /// Cut-off frequency as a fraction of the lower Nyquist frequency.
    #[config(default = 0.99)]
    pub rolloff: f64,
    /// Shape of the Kaiser window; torchaudio's default if `None`.
    #[config(default = "None")]
    pub beta: Option<f64>,
}

/// Window of a [`Resample`] module, by torchaudio's names.
#[derive(Config, Debug, PartialEq)]
pub enum ResamplingMethod {
    /// `sinc_interp_hann`.
    SincInterpHann,
    /// `sinc_interp_kaiser`.
    SincInterpKaiser,
}

/// Resamples tensors along their last axis, as `torchaudio.transforms.Resample` does. [`ResampleConfig`] makes it.
///
/// The module has no parameters: its record is empty, and its filter follows the device of each tensor.
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct Resample {
    #[module(skip)]
    config: ResampleConfig,
    #[module(skip)]
    plan: Plan,
}

impl ResampleConfig {
    /// Designs the filter.
    ///
    /// # Panics
    /// Where [`try_init`](Self::try_init) returns an error.
    pub fn init(&self) -> Resample {
        match self.try_init() {
            Ok(module) => module,
            Err(error) => panic!("{error}"),
        }
    }

    /// Designs the filter.
    ///
    /// # Errors
    /// Those of [`Plan::new`].
    pub fn try_init(&self) -> polyphase::Result<Resample> {
        let window = match self.resampling_method {
            ResamplingMethod::SincInterpHann => Window::Hann,
            ResamplingMethod::SincInterpKaiser => Window::Kaiser { beta: self.beta.unwrap_or(DEFAULT_BETA) },
        };
        let options = ResampleOptions::default()
            .lowpass_filter_width(self.lowpass_filter_width.into())
            .rolloff(self.rolloff)
            .window(window);
        Ok(Resample { config: self.clone(), plan: Plan::new(self.orig_freq, self.new_freq, options)? })
    }
}

impl Resample {
    /// Resamples a tensor along its last axis, torchaudio's `(..., time)`.
    ///
    /// # Panics
    /// As [`resample`].
    pub fn forward<const D: usize>(&self, tensor: Tensor<D>) -> Tensor<D> {
        resample(tensor, &self.plan)
    }

    /// Plan of the module.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Configuration that the module was made from.
    pub fn config(&self) -> &ResampleConfig {
        &self.config
    }
}

impl ModuleDisplay for Resample {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new().with_new_line_after_attribute(false).optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        content
            .add("orig_freq", &self.config.orig_freq)
            .add("new_freq", &self.config.new_freq)
            .add("resampling_method", &format!("{:?}", self.config.resampling_method))
            .add("lowpass_filter_width", &self.config.lowpass_filter_width)
            .add("rolloff", &self.config.rolloff)
            .optional()
    }
}

//! [`ResampleOptions`]: the parameters of a filter, with torchaudio's names and defaults.

mod padding;
mod preset;
mod window;

pub use self::padding::Padding;
pub use self::preset::Preset;
pub use self::window::{DEFAULT_BETA, Window};
use crate::error::{Error, Result};

/// Parameters of the filter. [`Default`] gives torchaudio's.
///
/// ```
/// use polyphase::{ResampleOptions, Window};
///
/// let options = ResampleOptions::default().lowpass_filter_width(16.0).window(Window::KAISER);
/// assert_eq!(options.lowpass_filter_width, 16.0);
/// assert_eq!(options.rolloff, 0.99);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ResampleOptions {
    /// Half-width of the windowed sinc in zero crossings, whole or fractional: above 0 and at most
    /// [`Limits::max_lowpass_filter_width`]. Larger is sharper and slower. Default 6, as in torchaudio.
    pub lowpass_filter_width: f64,
    /// Cut-off frequency as a fraction of the lower Nyquist frequency, in (0, 1]. Lower values mean less aliasing and
    /// less treble. Default 0.99, as in torchaudio.
    pub rolloff: f64,
    /// Function that tapers the sinc. Default [`Window::Hann`], as in torchaudio.
    pub window: Window,
    /// Divides the taps of each phase by their sum, so that a constant stays constant within the rounding of the sum,
    /// 2e-7 in float32. Default false, as in torchaudio, whose default filter makes a constant ripple by 8.8e-4.
    pub normalize_phases: bool,
    /// Samples beyond the ends of a clip. Default [`Padding::Zero`], as in torchaudio.
    pub padding: Padding,
    /// Number of output samples. Default [`OutputLength::Ceil`], as in torchaudio.
    pub output_length: OutputLength,
    /// Bounds of the cost of a plan. Default [`Limits::default`].
    pub limits: Limits,
}

/// Number of output samples for `n` input samples. L/M is the new rate over the original one, in lowest terms.
///
/// ```
/// use polyphase::{OutputLength, Plan, ResampleOptions};
///
/// let options = ResampleOptions::default();
/// let len = |output_length| Ok(Plan::new(3, 2, &options.output_length(output_length))?.output_len(100));
/// assert_eq!(len(OutputLength::Ceil)?, 67);
/// assert_eq!(len(OutputLength::Floor)?, 66);
/// assert_eq!(len(OutputLength::Exact(80))?, 80);
/// # Ok::<(), polyphase::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OutputLength {
    /// ⌈n · L/M⌉, as in torchaudio: every output before the end of the clip. The default.
    #[default]
    Ceil,
    /// ⌊n · L/M⌋.
    Floor,
    /// This number for every clip. Outputs beyond the end of the clip are computed from its padding, and are 0 beyond
    /// that.
    Exact(usize),
}

/// Bounds of the cost of a plan, against hostile or mistaken rates. They do not change the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Limits {
    /// Largest size of the filter in bytes. If the taps of every phase would take more, the filter is interpolated, see
    /// [`FilterForm`](crate::FilterForm). Default 64 MiB.
    pub max_filter_bytes: u64,
    /// Largest ratio of the rates in either direction. Default 1024.
    pub max_ratio: u64,
    /// Largest [`lowpass_filter_width`](ResampleOptions::lowpass_filter_width). Default 4096.
    pub max_lowpass_filter_width: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_filter_bytes: 64 << 20, max_ratio: 1024, max_lowpass_filter_width: 4096 }
    }
}

impl Default for ResampleOptions {
    fn default() -> Self {
        Self {
            lowpass_filter_width: 6.0,
            rolloff: 0.99,
            window: Window::Hann,
            normalize_phases: false,
            padding: Padding::Zero,
            output_length: OutputLength::Ceil,
            limits: Limits::default(),
        }
    }
}

/// For calls that take options by value or by reference.
impl From<&Self> for ResampleOptions {
    fn from(options: &Self) -> Self {
        *options
    }
}

impl ResampleOptions {
    /// Sets [`lowpass_filter_width`](Self::lowpass_filter_width).
    #[must_use]
    pub fn lowpass_filter_width(mut self, zero_crossings: f64) -> Self {
        self.lowpass_filter_width = zero_crossings;
        self
    }

    /// Sets [`rolloff`](Self::rolloff).
    #[must_use]
    pub fn rolloff(mut self, fraction: f64) -> Self {
        self.rolloff = fraction;
        self
    }

    /// Sets [`window`](Self::window).
    #[must_use]
    pub fn window(mut self, window: Window) -> Self {
        self.window = window;
        self
    }

    /// Sets [`normalize_phases`](Self::normalize_phases).
    #[must_use]
    pub fn normalize_phases(mut self, normalize: bool) -> Self {
        self.normalize_phases = normalize;
        self
    }

    /// Sets [`padding`](Self::padding).
    #[must_use]
    pub fn padding(mut self, padding: Padding) -> Self {
        self.padding = padding;
        self
    }

    /// Sets [`output_length`](Self::output_length).
    #[must_use]
    pub fn output_length(mut self, output_length: OutputLength) -> Self {
        self.output_length = output_length;
        self
    }

    /// Sets [`Limits::max_filter_bytes`].
    #[must_use]
    pub fn max_filter_bytes(mut self, bytes: u64) -> Self {
        self.limits.max_filter_bytes = bytes;
        self
    }

    /// Sets [`Limits::max_ratio`].
    #[must_use]
    pub fn max_ratio(mut self, ratio: u64) -> Self {
        self.limits.max_ratio = ratio;
        self
    }

    /// Sets [`Limits::max_lowpass_filter_width`].
    #[must_use]
    pub fn max_lowpass_filter_width(mut self, zero_crossings: u64) -> Self {
        self.limits.max_lowpass_filter_width = zero_crossings;
        self
    }

    /// Checks every field against its range, as [`Plan::new`](crate::Plan::new) does first.
    ///
    /// # Errors
    /// [`Error::Option`] for the first field outside its range.
    ///
    /// ```
    /// use polyphase::{Error, ResampleOptions};
    ///
    /// assert_eq!(ResampleOptions::default().validate(), Ok(()));
    /// let refused = ResampleOptions::default().rolloff(1.5).validate();
    /// assert!(matches!(refused, Err(Error::Option { field: "rolloff", value: 1.5, .. })));
    /// ```
    pub fn validate(&self) -> Result<()> {
        let refuse = |field, value, range: String| Err(Error::Option { field, value, range });
        let widest = self.limits.max_lowpass_filter_width;
        #[expect(clippy::cast_precision_loss, reason = "a limit beyond 2^53 zero crossings limits nothing")]
        if !(self.lowpass_filter_width > 0.0 && self.lowpass_filter_width <= widest as f64) {
            return refuse("lowpass_filter_width", self.lowpass_filter_width, format!("above 0 and at most {widest}"));
        }
        if !(self.rolloff > 0.0 && self.rolloff <= 1.0) {
            return refuse("rolloff", self.rolloff, "above 0 and at most 1".to_owned());
        }
        match self.window {
            Window::Kaiser { beta } if !(beta >= 0.0 && beta.is_finite()) => {
                refuse("beta", beta, "finite and at least 0".to_owned())
            }
            Window::Kaiser { .. } | Window::Hann => Ok(()),
        }
    }
}

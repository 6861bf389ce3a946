//! [`ResampleOptions`], [`Window`], [`Padding`], [`OutputLength`], [`Preset`] and [`Limits`]: what a user may ask for, by
//! torchaudio's names and with its defaults.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// torchaudio's default `beta` of the Kaiser window, which is also resampy's (≤ 0.2) for `kaiser_best`.
pub const DEFAULT_BETA: f64 = 14.769656459379492;

/// The window that tapers the sinc function.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Window {
    /// cos²(πu/2): torchaudio's `sinc_interp_hann`, its default.
    #[default]
    Hann,
    /// I₀(β√(1−u²)) / I₀(β): torchaudio's `sinc_interp_kaiser`.
    Kaiser {
        /// Trades the width of the transition band (small) for stop-band attenuation (large); at least 0.
        /// Default [`DEFAULT_BETA`], as in torchaudio.
        beta: f64,
    },
}

impl Window {
    /// The Kaiser window with torchaudio's default β, [`DEFAULT_BETA`].
    pub const KAISER: Self = Self::Kaiser { beta: DEFAULT_BETA };

    /// Its short name: `hann` or `kaiser`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hann => "hann",
            Self::Kaiser { .. } => "kaiser",
        }
    }
}

/// Accepts `hann` and `kaiser`, torchaudio's `resampling_method` names `sinc_interp_hann` and `sinc_interp_kaiser`, and
/// those that it had before 2.0, `sinc_interpolation` and `kaiser_window`.
impl FromStr for Window {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "hann" | "sinc_interp_hann" | "sinc_interpolation" => Ok(Self::Hann),
            "kaiser" | "sinc_interp_kaiser" | "kaiser_window" => Ok(Self::KAISER),
            _ => Err(Error::UnknownName {
                what: "window",
                name: name.to_owned(),
                known: "hann, kaiser, sinc_interp_hann, sinc_interp_kaiser, sinc_interpolation, kaiser_window"
                    .to_owned(),
            }),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hann => f.write_str("hann"),
            Self::Kaiser { beta } => write!(f, "kaiser, beta {beta}"),
        }
    }
}

/// The filter to resample with. [`Default`] is torchaudio's default.
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
    /// Half-width of the windowed sinc in its zero crossings: larger is sharper and slower. Any number above 0 and at
    /// most [`Limits::max_lowpass_filter_width`], whole or not. Default 6, as in torchaudio.
    pub lowpass_filter_width: f64,
    /// Cut-off frequency as a fraction of the lower Nyquist frequency, in (0, 1]: lower means less aliasing and less
    /// treble. Default 0.99, as in torchaudio.
    pub rolloff: f64,
    /// The window. Default [`Window::Hann`], as in torchaudio.
    pub window: Window,
    /// Divides the taps of each phase by their sum: a constant then stays constant, to what a sum of products rounds in
    /// float32 (2e-7) or float64. Default false, as in torchaudio, whose default filter lets a constant ripple by 8.8e-4.
    pub normalize_phases: bool,
    /// What lies beyond the ends of a clip. Default [`Padding::Zero`], as in torchaudio.
    pub padding: Padding,
    /// How many samples come out. Default [`OutputLength::Ceil`], as in torchaudio.
    pub output_length: OutputLength,
    /// What a plan may cost.
    pub limits: Limits,
}

/// What lies beyond the ends of a clip, as far as the filter reaches ([`Plan::look_ahead`](crate::Plan::look_ahead) samples
/// on each side); further out everything is silence.
///
/// ```
/// use polyphase::{CpuResampler, Padding, Plan, ResampleOptions};
///
/// let options = ResampleOptions::kaiser_best();
/// let first = |padding| {
///     let plan = Plan::new(16_000, 48_000, &options.padding(padding))?;
///     Ok::<f32, polyphase::Error>(CpuResampler::new().resample(&plan, &[0.5; 100])?[0])
/// };
/// assert!((first(Padding::Zero)? - 0.487).abs() < 1e-3); // rings at the step up from silence
/// assert!((first(Padding::Edge)? - 0.5).abs() < 1e-6);
/// # Ok::<(), polyphase::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Padding {
    /// Silence, as in torchaudio: a clip that does not begin and end near 0 rings there.
    #[default]
    Zero,
    /// The first and the last sample go on.
    Edge,
    /// The clip in a mirror that stands at its first and its last sample, which are not repeated (`reflect` in NumPy and
    /// PyTorch); back and forth if it is shorter than the filter.
    Reflect,
}

impl Padding {
    /// Every kind, the default first.
    pub const ALL: [Self; 3] = [Self::Zero, Self::Edge, Self::Reflect];

    /// The name by which it is parsed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zero => "zero",
            Self::Edge => "edge",
            Self::Reflect => "reflect",
        }
    }
}

impl FromStr for Padding {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|padding| padding.name() == name).ok_or_else(|| Error::UnknownName {
            what: "padding",
            name: name.to_owned(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}

impl fmt::Display for Padding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many samples come out of `n`, with the new rate over the original one as L/M in lowest terms.
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
    /// ⌈n · L/M⌉, as in torchaudio: every output that lies before the end of the clip.
    #[default]
    Ceil,
    /// ⌊n · L/M⌋.
    Floor,
    /// This many from every clip: cut, or with what the filter makes of the silence after the clip.
    Exact(usize),
}

/// What a plan may cost: guards against hostile or mistaken rates, not part of the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Limits {
    /// Largest size of the filter bank in bytes. An exact bank that would be larger is replaced by an interpolated one
    /// ([`FilterForm`](crate::FilterForm)). Default 64 MiB.
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

impl ResampleOptions {
    /// The options of [`Preset::KaiserBest`].
    pub fn kaiser_best() -> Self {
        Preset::KaiserBest.options()
    }

    /// The options of [`Preset::KaiserFast`].
    pub fn kaiser_fast() -> Self {
        Preset::KaiserFast.options()
    }

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

    /// Checks every field against its range.
    ///
    /// # Errors
    /// [`Error::Option`] for the first field outside its range.
    pub(crate) fn check(&self) -> Result<()> {
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

/// Filters with a name: to match what others resample with, and three designed for a quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Preset {
    /// torchaudio's default: width 6, rolloff 0.99, Hann.
    #[default]
    Default,
    /// The audio resampling tutorial's `kaiser_best`, which is close to resampy's (≤ 0.2): width 64,
    /// rolloff 0.9475937167399596, β 14.769656459379492.
    KaiserBest,
    /// The audio resampling tutorial's `kaiser_fast`, which is close to resampy's (≤ 0.2): width 16, rolloff 0.85,
    /// β 8.555504641634386.
    KaiserFast,
    /// resampy 0.4's `kaiser_best`: 50 zeros on each side, rolloff 0.9173473712608761, β 12.984585251213232.
    ResampyKaiserBest,
    /// resampy 0.4's `kaiser_fast`: 24 zeros on each side, rolloff 0.8682120388377784, β 9.90322.
    ResampyKaiserFast,
    /// 80 dB with a pass band of 0.8: short. See [`ResampleOptions::quality`].
    Fast,
    /// 120 dB with a pass band of 0.913: for float32. See [`ResampleOptions::quality`].
    High,
    /// 150 dB with a pass band of 0.95: for float64, float32 ends near 140 dB. See [`ResampleOptions::quality`].
    Best,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 8] = [
        Self::Default,
        Self::KaiserBest,
        Self::KaiserFast,
        Self::ResampyKaiserBest,
        Self::ResampyKaiserFast,
        Self::Fast,
        Self::High,
        Self::Best,
    ];

    /// The name by which it is parsed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::KaiserBest => "kaiser_best",
            Self::KaiserFast => "kaiser_fast",
            Self::ResampyKaiserBest => "resampy_kaiser_best",
            Self::ResampyKaiserFast => "resampy_kaiser_fast",
            Self::Fast => "fast",
            Self::High => "high",
            Self::Best => "best",
        }
    }

    /// The stop band in dB and the pass band as a fraction of the lower Nyquist frequency that it was designed for, as in
    /// [`ResampleOptions::quality`]; `None` for those that match others.
    pub const fn designed_for(self) -> Option<(f64, f64)> {
        match self {
            Self::Fast => Some((80.0, 0.8)),
            Self::High => Some((120.0, 0.913)),
            Self::Best => Some((150.0, 0.95)),
            _ => None,
        }
    }

    /// Its options.
    ///
    /// resampy's half-width counts input samples, torchaudio's counts zero crossings of the rolled-off sinc: hence the
    /// products in the presets after resampy 0.4.
    pub fn options(self) -> ResampleOptions {
        if let Some((stop_band_db, pass_band)) = self.designed_for() {
            return crate::kaiser::design(stop_band_db, pass_band);
        }
        let (width, rolloff, window) = match self {
            Self::KaiserBest => (64.0, 0.9475937167399596, Window::Kaiser { beta: 14.769656459379492 }),
            Self::KaiserFast => (16.0, 0.85, Window::Kaiser { beta: 8.555504641634386 }),
            Self::ResampyKaiserBest => {
                (50.0 * 0.9173473712608761, 0.9173473712608761, Window::Kaiser { beta: 12.984585251213232 })
            }
            Self::ResampyKaiserFast => {
                (24.0 * 0.8682120388377784, 0.8682120388377784, Window::Kaiser { beta: 9.90322 })
            }
            _ => return ResampleOptions::default(),
        };
        ResampleOptions { lowpass_filter_width: width, rolloff, window, ..ResampleOptions::default() }
    }
}

impl FromStr for Preset {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name).ok_or_else(|| Error::UnknownName {
            what: "preset",
            name: name.to_owned(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

//! [`Window`]: the function that tapers the sinc.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// torchaudio's default `beta` of the Kaiser window, also that of `kaiser_best` in resampy up to 0.2.
pub const DEFAULT_BETA: f64 = 14.769656459379492;

/// Function that tapers the sinc.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Window {
    /// cos²(πu/2): torchaudio's `sinc_interp_hann`, its default.
    #[default]
    Hann,
    /// I₀(β√(1−u²)) / I₀(β): torchaudio's `sinc_interp_kaiser`.
    Kaiser {
        /// Shape of the window, at least 0. Larger values attenuate the stop band more and widen the transition band.
        /// torchaudio's default is [`DEFAULT_BETA`].
        beta: f64,
    },
}

impl Window {
    /// Kaiser window with torchaudio's default β, [`DEFAULT_BETA`].
    pub const KAISER: Self = Self::Kaiser { beta: DEFAULT_BETA };

    /// Short name: `hann` or `kaiser`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hann => "hann",
            Self::Kaiser { .. } => "kaiser",
        }
    }
}

/// Parses `hann` and `kaiser`, torchaudio's names `sinc_interp_hann` and `sinc_interp_kaiser`, and its names before
/// 2.0, `sinc_interpolation` and `kaiser_window`.
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

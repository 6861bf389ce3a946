//! [`Rate`]: sampling rates as decimal numbers, without rounding.

use std::fmt;
use std::str::FromStr;

use polyphase::Ratio;

use crate::error::{Error, Result};

/// A sampling rate in Hz: a decimal number above 0, with up to nine decimals.
///
/// ```
/// use polyphase_audio::Rate;
///
/// let rate: Rate = "11025.5".parse()?;
/// assert_eq!((rate.hz(), rate.rounded()?), (11_025.5, 11_026));
/// let ratio = Rate::ratio(Rate::from(44_100), rate)?; // 88200 : 22051
/// assert_eq!((ratio.stride(), ratio.phases()), (88_200, 22_051));
/// # Ok::<(), polyphase_audio::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// The rate is `digits` / 10^`decimals`, without trailing zeros.
    digits: u64,
    decimals: u32,
}

impl Rate {
    /// The ratio of two rates.
    ///
    /// # Errors
    /// [`Error::Rate`] if its terms do not fit in 64 bits.
    pub fn ratio(orig_freq: Self, new_freq: Self) -> Result<Ratio> {
        let decimals = orig_freq.decimals.max(new_freq.decimals);
        let [orig, new] = [orig_freq, new_freq].map(|rate| {
            10_u64.checked_pow(decimals - rate.decimals).and_then(|factor| rate.digits.checked_mul(factor))
        });
        let Some((orig, new)) = orig.zip(new) else {
            return Err(Error::Rate(format!("{orig_freq} Hz and {new_freq} Hz together have too many digits")));
        };
        Ok(Ratio::new(orig, new)?)
    }

    /// The rate in Hz, rounded to float64.
    #[expect(clippy::cast_precision_loss, reason = "for people to read")]
    pub fn hz(self) -> f64 {
        self.digits as f64 / 10_f64.powi(self.decimals.cast_signed())
    }

    /// The rate that is closest to a float, with nine decimals.
    ///
    /// # Errors
    /// [`Error::Rate`] unless it is between 0.000000001 and 2^32 Hz.
    pub fn from_hz(hz: f64) -> Result<Self> {
        if !(hz > 0.0 && hz <= 2_f64.powi(32)) {
            return Err(Error::Rate(format!("a sampling rate is above 0 and at most 2^32 Hz, not {hz}")));
        }
        format!("{hz:.9}").parse()
    }

    /// The nearest whole number of Hz, for file headers.
    ///
    /// # Errors
    /// [`Error::Rate`] if it does not fit in 32 bits.
    pub fn rounded(self) -> Result<u32> {
        let unit = 10_u64.pow(self.decimals);
        let rounded = self.digits / unit + u64::from(self.digits % unit >= unit.div_ceil(2) && unit > 1);
        let too_large = || Error::Rate(format!("{self} Hz does not fit in the header of a file"));
        u32::try_from(rounded.max(1)).map_err(|_| too_large())
    }

    /// True for a whole number of Hz.
    pub const fn is_whole(self) -> bool {
        self.decimals == 0
    }
}

/// A rate of 0 becomes 1 Hz.
impl From<u32> for Rate {
    fn from(hz: u32) -> Self {
        Self { digits: hz.max(1).into(), decimals: 0 }
    }
}

/// Parses digits with an optional decimal point.
impl FromStr for Rate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = |text: &str| Error::Rate(text.to_owned());
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(decimals) || text.ends_with('.') {
            return Err(refused("a sampling rate is a number of Hz, such as 44100 or 11025.5"));
        }
        let decimals = decimals.trim_end_matches('0');
        let too_long = || refused("a sampling rate has at most 19 digits, 9 of them after the point");
        let mut digits: u64 = format!("{whole}{decimals}").parse().map_err(|_| too_long())?;
        let mut decimals = u32::try_from(decimals.len()).ok().filter(|&decimals| decimals <= 9).ok_or_else(too_long)?;
        if digits == 0 {
            return Err(refused("a sampling rate must be above 0"));
        }
        while decimals > 0 && digits.is_multiple_of(10) {
            (digits, decimals) = (digits / 10, decimals - 1);
        }
        Ok(Self { digits, decimals })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_u64.pow(self.decimals);
        write!(f, "{}", self.digits / unit)?;
        if self.decimals > 0 {
            write!(f, ".{:0width$}", self.digits % unit, width = self.decimals as usize)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().expect("a rate")
    }

    #[test]
    fn rates_are_read_and_written_exactly() {
        for (text, digits, decimals, rounded) in [
            ("44100", 44_100, 0, 44_100),
            ("11025.5", 110_255, 1, 11_026),
            ("47952.047952048", 47_952_047_952_048, 9, 47_952),
            ("0.25", 25, 2, 1),
        ] {
            assert_eq!(rate(text), Rate { digits, decimals });
            assert_eq!((rate(text).to_string(), rate(text).rounded().expect("small")), (text.to_owned(), rounded));
        }
        assert_eq!(rate("48000.000"), Rate::from(48_000));
        for (hz, text) in [(44_100.0, "44100"), (11_025.5, "11025.5"), (48_000.0 / 1.001, "47952.047952048")] {
            assert_eq!(Rate::from_hz(hz).expect("a rate"), rate(text));
        }
        assert!(rate("8000").is_whole() && !rate("8000.5").is_whole());
        assert!((rate("11025.5").hz() - 11_025.5).abs() < 1e-9);
    }

    #[test]
    fn ratios_are_exact() {
        let terms = |orig_freq: &str, new_freq: &str| {
            let ratio = Rate::ratio(rate(orig_freq), rate(new_freq)).expect("a ratio");
            (ratio.stride(), ratio.phases())
        };
        assert_eq!(terms("48000", "44100"), (160, 147));
        assert_eq!(terms("44100", "11025.5"), (88_200, 22_051));
        assert_eq!(terms("0.1", "0.01"), (10, 1));
        let error = Rate::ratio(rate("9999999999999999999"), rate("0.5")).expect_err("more than 64 bits");
        assert!(error.to_string().contains("too many digits"));
    }

    #[test]
    fn invalid_rates_are_refused() {
        for text in
            ["", ".", "5.", ".5", "-1", "+1", "1e3", "44.1k", "0", "0.0", "1.0000000001", "99999999999999999999"]
        {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
        for hz in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-12, 5e9] {
            assert!(Rate::from_hz(hz).is_err(), "{hz}");
        }
        assert!(rate("9999999999").rounded().is_err());
    }
}

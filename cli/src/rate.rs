//! [`Rate`]: sampling rates as decimal numbers, without rounding.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow, bail};
use polyphase::Ratio;
use serde::{Serialize, Serializer};

/// A sampling rate in Hz, `digits` / 10^`decimals`, without trailing zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    digits: u64,
    decimals: u32,
}

impl Rate {
    /// The ratio of two rates.
    ///
    /// # Errors
    /// If its terms do not fit in 64 bits.
    pub(crate) fn ratio(orig_freq: Self, new_freq: Self) -> Result<Ratio> {
        let decimals = orig_freq.decimals.max(new_freq.decimals);
        let [orig, new] = [orig_freq, new_freq].map(|rate| {
            10_u64.checked_pow(decimals - rate.decimals).and_then(|factor| rate.digits.checked_mul(factor))
        });
        let (orig, new) =
            orig.zip(new).with_context(|| format!("{orig_freq} Hz and {new_freq} Hz together have too many digits"))?;
        Ok(Ratio::new(orig, new)?)
    }

    /// The rate in Hz, rounded to float64.
    #[expect(clippy::cast_precision_loss, reason = "for people to read")]
    pub(crate) fn hz(self) -> f64 {
        self.digits as f64 / 10_f64.powi(self.decimals.cast_signed())
    }

    /// A rate between 0.000001 and 2^32 Hz, from a float: nine decimals are kept.
    pub(crate) fn from_hz(hz: f64) -> Self {
        let rate = format!("{hz:.9}").parse();
        rate.unwrap_or(Self { digits: 1, decimals: 6 })
    }

    /// The nearest whole number of Hz, for file headers.
    pub(crate) fn rounded(self) -> Result<u32> {
        let unit = 10_u64.pow(self.decimals);
        let rounded = self.digits / unit + u64::from(self.digits % unit >= unit.div_ceil(2) && unit > 1);
        u32::try_from(rounded.max(1)).with_context(|| format!("{self} Hz does not fit in the header of a file"))
    }

    /// True for a whole number of Hz.
    pub(crate) fn is_whole(self) -> bool {
        self.decimals == 0
    }
}

impl From<u32> for Rate {
    fn from(hz: u32) -> Self {
        Self { digits: hz.into(), decimals: 0 }
    }
}

/// Serializes an integer if the rate is whole, else a float.
impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.decimals == 0 { serializer.serialize_u64(self.digits) } else { serializer.serialize_f64(self.hz()) }
    }
}

/// Parses digits with an optional decimal point.
impl FromStr for Rate {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(decimals) || text.ends_with('.') {
            bail!("a sampling rate is a number of Hz, such as 44100 or 11025.5");
        }
        let decimals = decimals.trim_end_matches('0');
        let too_long = || anyhow!("a sampling rate has at most 19 digits, 9 of them after the point");
        let digits: u64 = format!("{whole}{decimals}").parse().map_err(|_| too_long())?;
        let decimals = u32::try_from(decimals.len()).ok().filter(|&decimals| decimals <= 9).ok_or_else(too_long)?;
        if digits == 0 {
            bail!("a sampling rate must be above 0");
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
            assert_eq!(Rate::from_hz(hz), rate(text));
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
        assert!(rate("9999999999").rounded().is_err());
    }
}

//! [`Ratio`]: the two rates reduced to coprime integers, and the lengths and positions that follow. No float in it.

use crate::error::{Error, Result};

/// Two sampling rates in lowest terms: output n lies at n · stride / phases input samples, exactly.
///
/// With L = [`phases`](Self::phases) and M = [`stride`](Self::stride), output n = q·L + j has phase j and its frame
/// begins at input sample q·M.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ratio {
    stride: u64,
    phases: u64,
}

impl Ratio {
    /// Reduces the rates by their greatest common divisor. The unit is any that both share, as hertz.
    ///
    /// # Errors
    /// [`Error::ZeroRate`] if a rate is 0.
    ///
    /// ```
    /// let ratio = polyphase::Ratio::new(48_000, 44_100)?;
    /// assert_eq!((ratio.stride(), ratio.phases()), (160, 147));
    /// assert_eq!(ratio.output_len(48_001), 44_101);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    pub const fn new(orig_freq: u64, new_freq: u64) -> Result<Self> {
        if orig_freq == 0 {
            return Err(Error::ZeroRate { field: "orig_freq" });
        }
        if new_freq == 0 {
            return Err(Error::ZeroRate { field: "new_freq" });
        }
        let divisor = gcd(orig_freq, new_freq);
        Ok(Self { stride: orig_freq / divisor, phases: new_freq / divisor })
    }

    /// M = orig_freq / gcd: input samples from one output to the next of the same phase.
    pub const fn stride(self) -> u64 {
        self.stride
    }

    /// L = new_freq / gcd: the number of distinct rows in the filter bank.
    pub const fn phases(self) -> u64 {
        self.phases
    }

    /// True if the rates are equal: the samples then come back unchanged, unfiltered, as in torchaudio.
    pub const fn is_identity(self) -> bool {
        self.stride == self.phases
    }

    /// ⌈input_len · L / M⌉, the number of output samples, in integers: exact at every length. (torchaudio rounds the
    /// product to float32 first, and is one sample off from 122,632 samples at 44.1→48 kHz.)
    ///
    /// Saturates at `usize::MAX`, which no buffer can have.
    pub const fn output_len(self, input_len: usize) -> usize {
        let len = (input_len as u128 * self.phases as u128).div_ceil(self.stride as u128);
        if len > usize::MAX as u128 { usize::MAX } else { len as usize }
    }
}

const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

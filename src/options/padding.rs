//! [`Padding`]: the samples beyond the ends of a clip.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// Samples beyond the ends of a clip: [`Plan::look_ahead`](crate::Plan::look_ahead) of them on each side. Samples
/// farther out are 0.
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
    /// Zeros, as in torchaudio. A clip that does not begin and end near 0 rings there. The default.
    #[default]
    Zero,
    /// The first and the last sample, repeated.
    Edge,
    /// The clip reflected about its first and its last sample, which are not repeated, as with `reflect` in NumPy and
    /// PyTorch. A clip that is shorter than the padding is reflected several times.
    Reflect,
}

impl Padding {
    /// Every padding, the default first.
    pub const ALL: [Self; 3] = [Self::Zero, Self::Edge, Self::Reflect];

    /// Name that [`FromStr`] parses.
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

impl Padding {
    /// Index of the sample that is read at `position`, in a clip of `len` samples; `None` for a zero.
    pub(crate) fn source(self, position: i64, len: usize) -> Option<usize> {
        let last = i64::try_from(len).ok()?.checked_sub(1).filter(|&last| last >= 0)?;
        let source = match self {
            _ if (0..=last).contains(&position) => position,
            Self::Zero => return None,
            Self::Edge => position.clamp(0, last),
            Self::Reflect if last == 0 => 0,
            Self::Reflect => {
                // A mirrored clip repeats after 2 · (len − 1) samples. For a clip that is read in excerpts, this may
                // exceed 64 bits.
                let cycle = 2 * i128::from(last);
                let within = i128::from(position).rem_euclid(cycle);
                i64::try_from(within.min(cycle - within)).ok()?
            }
        };
        usize::try_from(source).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of `numpy.pad` of `[0, 1, 2, 3]` and `[0]` with the modes `edge` and `reflect`.
    #[test]
    fn paddings_are_numpys() {
        let around = |padding: Padding, len, from: i64, to: i64| -> Vec<_> {
            (from..to).map(|position| padding.source(position, len)).collect()
        };
        assert_eq!(around(Padding::Zero, 4, -2, 6), [None, None, Some(0), Some(1), Some(2), Some(3), None, None]);
        assert_eq!(around(Padding::Edge, 4, -2, 6), [0, 0, 0, 1, 2, 3, 3, 3].map(Some));
        let mirrored = [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1];
        assert_eq!(around(Padding::Reflect, 4, -4, 8), mirrored.map(Some));
        assert_eq!(around(Padding::Reflect, 1, -2, 3), [Some(0); 5]);
        for padding in Padding::ALL {
            assert_eq!(around(padding, 0, -2, 3), [None; 5]);
        }
    }
}

//! [`Plan`]: a ratio and its filter, designed once and shared.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

mod cache;
mod identity;
pub(crate) mod reach;
mod response;
mod taps;

use self::identity::PlanKey;
pub use self::response::Response;
use crate::error::{Error, Result};
use crate::filter::blocks::PhaseBlocks;
use crate::filter::interpolated::{Grid, InterpolatedBank, MAX_ERROR, NODES};
use crate::filter::ratio::Ratio;
use crate::filter::shape::FilterShape;
use crate::options::{Limits, OutputLength, ResampleOptions};

/// A ratio, its options and its filter: everything that a call needs to know. Plans are immutable and `Send + Sync`;
/// clones share one filter.
///
/// Making a plan designs the float32 filter. The float64 filter, and the taps of filters beyond 1 MiB, are designed on
/// first use.
///
/// ```
/// use polyphase::{Plan, ResampleOptions};
///
/// let plan = Plan::new(48_000, 44_100, &ResampleOptions::kaiser_best())?;
/// assert_eq!(plan.ratio().phases(), 147);
/// assert_eq!(plan.taps(), 148);
/// assert_eq!(plan.output_len(48_000), 44_100);
/// # Ok::<(), polyphase::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Plan(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    key: PlanKey,
    ratio: Ratio,
    options: ResampleOptions,
    shape: FilterShape,
    f32_bank: Bank,
    f64_blocks: OnceLock<Option<PhaseBlocks<f64>>>,
    /// Sum of the taps of each phase before normalisation, for the adjoint.
    sums: OnceLock<Vec<f64>>,
    transposed: OnceLock<Plan>,
}

/// Layout of the float32 taps.
#[derive(Debug)]
pub(crate) enum Bank {
    /// No taps: equal rates return the samples unchanged.
    Copy,
    /// Taps of every phase.
    Exact(PhaseBlocks<f32>),
    /// Taps of evenly spaced phases, with a cubic between them.
    Interpolated(InterpolatedBank),
}

/// Form of a plan's float32 filter, see [`Plan::filter_form`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum FilterForm {
    /// Taps of every phase.
    Exact,
    /// Taps of evenly spaced phases, with a cubic between them: used where the taps of every phase would exceed
    /// [`Limits::max_filter_bytes`].
    Interpolated {
        /// Number of evenly spaced phases per input sample.
        nodes: usize,
        /// Bound of the error of outputs for |x| ≤ 1, always 1e-7.
        max_error: f64,
        /// Bytes that the taps of every phase would have taken.
        exact_bytes: u128,
    },
}

/// Choice of a bank, made before any tap is computed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Choice {
    Copy,
    Exact,
    Interpolated(Grid),
}

impl Choice {
    /// Chooses a copy for equal rates, else the exact bank if it is within the limit, else the interpolated one.
    fn new(shape: &FilterShape, limits: Limits) -> Result<Self> {
        if shape.ratio().is_identity() {
            return Ok(Self::Copy);
        }
        let limit = limits.max_filter_bytes;
        if exact_bytes(shape) <= u128::from(limit) {
            return Ok(Self::Exact);
        }
        let grid = Grid::new(shape);
        if grid.bytes() <= u128::from(limit) {
            return Ok(Self::Interpolated(grid));
        }
        let bytes = grid.bytes().min(exact_bytes(shape));
        Err(Error::FilterTooLarge { bytes, phases: shape.ratio().phases(), taps: shape.window_len() as u128, limit })
    }
}

/// Bytes of the exact bank in float32 or float64, whichever is larger.
fn exact_bytes(shape: &FilterShape) -> u128 {
    PhaseBlocks::<f32>::bytes_needed(shape).max(shape.f64_bytes())
}

impl Plan {
    /// Designs the filter for resampling from `orig_freq` to `new_freq`, in hertz or any other unit that both share.
    ///
    /// Options are given by value, by reference, or as a [`Preset`](crate::Preset).
    ///
    /// # Errors
    /// [`Error::ZeroRate`], [`Error::Option`] for an option outside its range, [`Error::RatioTooLarge`] and
    /// [`Error::FilterTooLarge`] beyond [`Limits`].
    ///
    /// ```
    /// use polyphase::{Plan, Preset};
    ///
    /// let plan = Plan::new(48_000, 16_000, Preset::High)?;
    /// assert_eq!(plan.output_len(48_000), 16_000);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    pub fn new(orig_freq: u32, new_freq: u32, options: impl Into<ResampleOptions>) -> Result<Self> {
        Self::with_ratio(Ratio::new(orig_freq.into(), new_freq.into())?, options)
    }

    /// Designs the filter for a ratio, as [`new`](Self::new) does for two rates.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_ratio(ratio: Ratio, options: impl Into<ResampleOptions>) -> Result<Self> {
        let options = options.into();
        options.validate()?;
        Self::with_shape(&FilterShape::new(ratio, &options)?, &options, PlanKey::new(ratio, &options))
    }

    fn with_shape(shape: &FilterShape, options: &ResampleOptions, key: PlanKey) -> Result<Self> {
        let f32_bank = match Choice::new(shape, options.limits)? {
            Choice::Copy => Bank::Copy,
            Choice::Exact => Bank::Exact(PhaseBlocks::design(shape)),
            Choice::Interpolated(grid) => Bank::Interpolated(InterpolatedBank::design(shape, grid)),
        };
        Ok(Self(Arc::new(Inner {
            key,
            ratio: shape.ratio(),
            options: *options,
            shape: *shape,
            f32_bank,
            f64_blocks: OnceLock::new(),
            sums: OnceLock::new(),
            transposed: OnceLock::new(),
        })))
    }

    /// The two rates in lowest terms.
    pub fn ratio(&self) -> Ratio {
        self.0.ratio
    }

    /// Options that the plan was made with.
    pub fn options(&self) -> &ResampleOptions {
        &self.0.options
    }

    /// Number of output samples for `input_len` input samples: ⌈input_len · new_freq / orig_freq⌉, computed exactly, or
    /// as [`OutputLength`] asks. Saturates at `usize::MAX`.
    pub fn output_len(&self, input_len: usize) -> usize {
        match self.options().output_length {
            OutputLength::Ceil => self.ratio().output_len(input_len),
            OutputLength::Floor => self.ratio().output_len_floor(input_len),
            OutputLength::Exact(len) => len,
        }
    }

    /// Indices of the input samples that a range of the output is computed from, in a clip of `input_len` samples: the
    /// excerpt that [`CpuResampler::resample_excerpt`](crate::CpuResampler::resample_excerpt) needs.
    ///
    /// # Errors
    /// [`Error::OutputRange`] for a range that is not within the output.
    ///
    /// ```
    /// use polyphase::{Plan, ResampleOptions};
    ///
    /// let plan = Plan::new(48_000, 16_000, &ResampleOptions::default())?;
    /// assert_eq!(plan.input_range_for(480_000, 1000..2000)?, 2982..6016);
    /// assert_eq!(plan.input_range_for(480_000, 0..1)?, 0..19);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    pub fn input_range_for(&self, input_len: usize, output: std::ops::Range<usize>) -> Result<std::ops::Range<usize>> {
        let len = self.output_len(input_len);
        if output.start > output.end || output.end > len {
            return Err(Error::OutputRange { start: output.start, end: output.end, len });
        }
        Ok(reach::input_range(self.shape(), input_len, output))
    }

    /// Number of taps of an output: the mean of all phases, rounded up; 1 for equal rates. One output costs that many
    /// multiply-adds, or four times as many with an interpolated filter.
    ///
    /// Taps are not counted where a rolloff of 1 puts zeros of the sinc on samples: half of all taps at ratios of 2:1
    /// and 1:2, a third at 3:1, 3:2, 2:3 and 1:3.
    ///
    /// ```
    /// use polyphase::{Plan, ResampleOptions};
    ///
    /// let options = ResampleOptions::default().lowpass_filter_width(16.0);
    /// assert_eq!(Plan::new(2, 1, options.rolloff(0.999))?.taps(), 65);
    /// assert_eq!(Plan::new(2, 1, options.rolloff(1.0))?.taps(), 33);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    pub fn taps(&self) -> usize {
        self.0.shape.taps()
    }

    /// Size of the float32 filter in bytes: taps, the zeros that pad them, and indices; 0 for equal rates.
    pub fn filter_bytes(&self) -> usize {
        match self.bank() {
            Bank::Copy => 0,
            Bank::Exact(blocks) => blocks.bytes(),
            Bank::Interpolated(bank) => bank.bytes(),
        }
    }

    /// Form of the float32 filter: the taps of every phase, or interpolated ones.
    ///
    /// float64 outputs are exact in both cases. If the float32 filter is interpolated, or the taps of every phase exceed
    /// the limit in float64, the float64 taps are computed for each output, which is slow.
    ///
    /// ```
    /// use polyphase::{FilterForm, Plan, ResampleOptions};
    ///
    /// let options = ResampleOptions::default();
    /// assert_eq!(Plan::new(48_000, 44_100, &options)?.filter_form(), FilterForm::Exact);
    /// let hostile = Plan::new(4_294_967_291, 4_294_967_279, &options)?;
    /// let FilterForm::Interpolated { nodes, max_error, exact_bytes } = hostile.filter_form() else { panic!() };
    /// assert!(exact_bytes > 1 << 38 && hostile.filter_bytes() < 1 << 16 && nodes < 512);
    /// assert_eq!(max_error, 1e-7);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    pub fn filter_form(&self) -> FilterForm {
        match self.bank() {
            Bank::Copy | Bank::Exact(_) => FilterForm::Exact,
            Bank::Interpolated(bank) => FilterForm::Interpolated {
                nodes: bank.nodes_per_sample(),
                max_error: MAX_ERROR,
                exact_bytes: exact_bytes(self.shape()),
            },
        }
    }

    /// Bound of the number of input samples inside the window on one side of an output; 0 for equal rates. It is
    /// exact, or one too large, as for ratios with one phase.
    ///
    /// A stream returns an output at the latest when it has received this many samples after it. The output itself has
    /// no delay, since the filter is symmetric.
    pub fn look_ahead(&self) -> usize {
        self.shape().look_ahead()
    }

    /// Multiply-adds of one float32 output: its [`taps`](Self::taps), or four times as many with an interpolated bank.
    pub fn multiply_adds(&self) -> u64 {
        let nodes = match self.bank() {
            Bank::Copy | Bank::Exact(_) => 1,
            Bank::Interpolated(_) => NODES,
        };
        (self.taps() as u64).saturating_mul(nodes as u64)
    }

    /// Everything that the plan depends on.
    fn key(&self) -> &PlanKey {
        &self.0.key
    }

    /// The filter in integers.
    pub(crate) fn shape(&self) -> &FilterShape {
        &self.0.shape
    }

    /// The float32 taps.
    pub(crate) fn bank(&self) -> &Bank {
        &self.0.f32_bank
    }

    /// The float64 taps of every phase; `None` if they are to be computed for each output, because the float32 filter is
    /// interpolated or they would exceed [`Limits::max_filter_bytes`].
    pub(crate) fn f64_blocks(&self) -> Option<&PhaseBlocks<f64>> {
        let Bank::Exact(_) = self.bank() else { return None };
        let fits =
            || PhaseBlocks::<f64>::bytes_needed(self.shape()) <= u128::from(self.options().limits.max_filter_bytes);
        self.0.f64_blocks.get_or_init(|| fits().then(|| PhaseBlocks::design(self.shape()))).as_ref()
    }

    /// Plan of the adjoint, see [`FilterShape::transposed`].
    ///
    /// # Errors
    /// [`Error::FilterTooLarge`].
    pub(crate) fn transposed(&self) -> Result<&Self> {
        if let Some(plan) = self.0.transposed.get() {
            return Ok(plan);
        }
        let options = ResampleOptions { limits: self.options().limits, ..ResampleOptions::default() };
        let plan = Self::with_shape(&self.shape().transposed(), &options, self.0.key.transposed())?;
        Ok(self.0.transposed.get_or_init(|| plan))
    }
}

/// Plans are equal if their ratios, in lowest terms, and their options are equal. Equal plans give equal bits.
///
/// ```
/// use polyphase::{Plan, Preset, ResampleOptions};
///
/// let plan = Plan::new(48_000, 44_100, Preset::KaiserBest)?;
/// assert_eq!(plan, Plan::new(480, 441, ResampleOptions::kaiser_best())?);
/// assert_ne!(plan, Plan::new(48_000, 44_100, Preset::Default)?);
/// # Ok::<(), polyphase::Error>(())
/// ```
impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Plan {}

impl Hash for Plan {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(orig_freq: u64, new_freq: u64, options: &ResampleOptions) -> Result<Choice> {
        let shape = FilterShape::new(Ratio::new(orig_freq, new_freq)?, options)?;
        Choice::new(&shape, options.limits)
    }

    #[test]
    fn banks_are_exact_as_long_as_they_fit() {
        let options = ResampleOptions::default();
        let bytes = |orig_freq, new_freq| {
            exact_bytes(
                &FilterShape::new(Ratio::new(orig_freq, new_freq).expect("a ratio"), &options).expect("a shape"),
            )
        };
        assert_eq!(choice(16_001, 16_000, &options), Ok(Choice::Exact));
        let Ok(Choice::Interpolated(grid)) = choice(4_294_967_291, 4_294_967_279, &options) else { panic!() };
        assert_eq!(grid, Grid { nodes: 275, half: 6 });
        // One byte decides.
        let exact = u64::try_from(bytes(16_001, 16_000)).expect("some megabytes");
        assert_eq!(choice(16_001, 16_000, &options.max_filter_bytes(exact)), Ok(Choice::Exact));
        assert!(matches!(choice(16_001, 16_000, &options.max_filter_bytes(exact - 1)), Ok(Choice::Interpolated(_))));
        // Few nodes are enough where the taps are close to each other.
        let Ok(Choice::Interpolated(grid)) = choice(1_000_003 * 1000, 1_000_033, &options) else { panic!() };
        assert_eq!((grid.nodes, grid.half), (1, 6060));
    }

    #[test]
    fn filters_that_fit_in_no_form_are_refused_with_the_smaller_size() {
        let options = ResampleOptions::default().max_filter_bytes(10_000);
        let refused = choice(16_001, 16_000, &options);
        let Err(Error::FilterTooLarge { bytes, phases: 16_000, taps: 13, limit: 10_000 }) = refused else {
            panic!("{refused:?}")
        };
        assert!((22_000..23_000).contains(&bytes), "{bytes}");
    }

    #[test]
    fn the_adjoint_has_the_limits_of_its_plan() {
        let plan = Plan::new(16_001, 16_000, ResampleOptions::default().max_filter_bytes(30_000)).expect("a plan");
        let transposed = plan.transposed().expect("a plan");
        assert!(transposed.filter_bytes() <= 30_000, "{}", transposed.filter_bytes());
    }
}

//! [`Plan`]: a ratio and its filter bank, made once and shared.

use std::sync::{Arc, OnceLock};

use crate::blocks::PhaseBlocks;
use crate::error::{Error, Result};
use crate::filter::{FilterBank, FilterShape};
use crate::options::ResampleOptions;
use crate::ratio::Ratio;

/// Everything that resampling from one rate to another needs to know: immutable, `Send + Sync`, and cheap to clone,
/// since clones share one filter bank.
///
/// Making a plan designs the float32 bank; the float64 bank is designed when it is first used.
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
    ratio: Ratio,
    options: ResampleOptions,
    shape: FilterShape,
    single: PhaseBlocks,
    double: OnceLock<FilterBank<f64>>,
}

impl Plan {
    /// Designs the filter for resampling from `orig_freq` to `new_freq`, in any common unit, as hertz.
    ///
    /// # Errors
    /// [`Error::ZeroRate`], [`Error::Option`] for an option outside its range, [`Error::RatioTooLarge`] and
    /// [`Error::FilterTooLarge`] beyond [`Limits`](crate::Limits).
    pub fn new(orig_freq: u32, new_freq: u32, options: &ResampleOptions) -> Result<Self> {
        Self::with_ratio(Ratio::new(orig_freq.into(), new_freq.into())?, options)
    }

    /// Designs the filter for a ratio, as [`new`](Self::new) does.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_ratio(ratio: Ratio, options: &ResampleOptions) -> Result<Self> {
        options.check()?;
        let shape = FilterShape::new(ratio, options)?;
        let (bytes, limit) = (PhaseBlocks::bytes_needed(&shape), options.limits.max_filter_bytes);
        if bytes > u128::from(limit) {
            let (phases, taps) = (ratio.phases(), shape.taps() as u128);
            return Err(Error::FilterTooLarge { bytes, phases, taps, limit });
        }
        let single = PhaseBlocks::design(&shape, options.window);
        Ok(Self(Arc::new(Inner { ratio, options: *options, shape, single, double: OnceLock::new() })))
    }

    /// The rates in lowest terms.
    pub fn ratio(&self) -> Ratio {
        self.0.ratio
    }

    /// The options that it was made with.
    pub fn options(&self) -> &ResampleOptions {
        &self.0.options
    }

    /// Samples that `input_len` samples become: ⌈input_len · new_freq / orig_freq⌉, exactly. 0 for 0.
    ///
    /// Saturates at `usize::MAX`, which no buffer can have.
    pub fn output_len(&self, input_len: usize) -> usize {
        self.0.ratio.output_len(input_len)
    }

    /// Taps of the longest phase: multiply-adds that one output sample costs. 1 for equal rates, where none is used.
    pub fn taps(&self) -> usize {
        self.0.shape.taps()
    }

    /// Bytes of the float32 filter bank: taps, the zeros between them, and the start of each block.
    pub fn filter_bytes(&self) -> usize {
        self.blocks().bytes()
    }

    /// Input samples that the window reaches at most on each side of an output sample. A stream gives an output once it
    /// has this many after it; the output itself has no delay, since the filter is symmetric about it.
    pub fn look_ahead(&self) -> usize {
        if self.ratio().is_identity() { 0 } else { self.shape().look_ahead() }
    }

    pub(crate) fn shape(&self) -> &FilterShape {
        &self.0.shape
    }

    pub(crate) fn blocks(&self) -> &PhaseBlocks {
        &self.0.single
    }

    /// Calls `visit` with each phase, the first input sample under its row relative to the frame's, and its taps in float64.
    /// Equal rates have the one tap 1.
    pub(crate) fn for_each_row(&self, visit: &mut dyn FnMut(u64, i64, &[f64])) {
        if self.ratio().is_identity() {
            return visit(0, 0, &[1.0]);
        }
        let bank = self.double();
        (0..bank.phases()).for_each(|phase| visit(phase as u64, bank.start(phase), bank.row(phase)));
    }

    pub(crate) fn double(&self) -> &FilterBank<f64> {
        self.0.double.get_or_init(|| FilterBank::design(&self.0.shape, self.0.options.window))
    }
}

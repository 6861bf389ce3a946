//! [`Engine`]: the SIMD level and the working memory with which one thread computes.

use std::cell::Cell;

use crate::filter::bands::LANES;
use crate::filter::coefficient::Coefficient;
use crate::filter::on_demand::OnDemandTaps;
use crate::filter::shape::FilterShape;
use crate::simd::Level;

/// Number of vectors of a row: 8 outputs of 3 vectors are 24 sums, which take 28 of 32 registers with the samples and a
/// tap.
pub(super) const VECTORS: usize = 3;

/// One sample for each lane of up to three vectors.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Row<T>(pub(super) [[T; LANES]; VECTORS]);

impl<T: Coefficient> Row<T> {
    pub(super) fn zero() -> Self {
        Self([[T::default(); LANES]; VECTORS])
    }
}

/// Largest number of rows of a chunk, 192 KiB: the rows, the taps and the outputs stay in the second-level cache.
pub(super) const MAX_ROWS: usize = 1024;

/// Number of samples that `few_periods` copies at a time at an edge of the source, unless one block needs more.
pub(super) const MAX_AT_EDGE: usize = 1 << 13;

/// Memory of `few_periods` and `many_periods` for copies of samples.
#[derive(Debug, Clone)]
pub(crate) struct Copies<T> {
    /// Transposed samples of `many_periods`.
    pub(super) rows: Vec<Row<T>>,
    /// Samples at an edge of the source and the zeros beyond it, of `few_periods`.
    pub(super) edge: Vec<T>,
}

impl<T: Coefficient> Copies<T> {
    const EMPTY: Self = Self { rows: Vec::new(), edge: Vec::new() };

    /// Reserves the memory that blocks of a span need.
    pub(super) fn reserve(&mut self, span: usize) {
        self.rows.reserve_exact(MAX_ROWS.saturating_sub(self.rows.len()));
        self.edge.reserve_exact(span.max(MAX_AT_EDGE).saturating_sub(self.edge.len()));
    }
}

/// Memory for copies of samples and for taps. It is kept from call to call: resampling one second takes less time than
/// the system needs to map new pages.
#[derive(Debug, Clone)]
pub(crate) struct Scratch {
    pub(super) single: Copies<f32>,
    pub(super) double: Copies<f64>,
    /// Taps of single outputs, of `reference`.
    on_demand: Option<OnDemandTaps>,
}

impl Scratch {
    const EMPTY: Self = Self { single: Copies::EMPTY, double: Copies::EMPTY, on_demand: None };

    /// Reserves the memory that `reference` needs for single outputs of a filter.
    pub(super) fn reserve_on_demand(&mut self, shape: &FilterShape) {
        // Created anew, since a clone does not keep its capacity.
        self.on_demand = Some(OnDemandTaps::new(shape));
    }

    /// Taps of single outputs of a filter.
    pub(super) fn on_demand(&mut self, shape: &FilterShape) -> &mut OnDemandTaps {
        self.on_demand.take_if(|taps| taps.shape() != shape);
        self.on_demand.get_or_insert_with(|| OnDemandTaps::new(shape))
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// SIMD level and working memory with which one thread computes.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    pub(super) level: Level,
    /// True if outputs are stored to memory beyond the caches.
    pub(super) stores_far: bool,
    pub(super) scratch: Scratch,
}

thread_local! {
    static SCRATCH: Cell<Scratch> = const { Cell::new(Scratch::EMPTY) };
}

impl Engine {
    /// Engine with memory of its own.
    pub(crate) fn new(level: Level) -> Self {
        Self { level, stores_far: false, scratch: Scratch::EMPTY }
    }

    /// Computes with the memory of this thread.
    pub(crate) fn on_this_thread<R>(level: Level, compute: impl FnOnce(&mut Self) -> R) -> R {
        let mut engine = Self { level, stores_far: false, scratch: SCRATCH.take() };
        let result = compute(&mut engine);
        // The taps of a long filter take more memory than a thread should keep.
        engine.scratch.on_demand = None;
        SCRATCH.set(engine.scratch);
        result
    }

    pub(crate) fn level(&self) -> Level {
        self.level
    }

    /// Tells whether the following outputs are stored to memory beyond the caches. Default: false.
    pub(crate) fn set_stores_far(&mut self, stores_far: bool) {
        self.stores_far = stores_far;
    }

    pub(crate) fn set_level(&mut self, level: Level) {
        self.level = level;
    }
}

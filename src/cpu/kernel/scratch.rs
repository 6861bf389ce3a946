//! [`Scratch`]: a thread's memory for what the kernels set up before they multiply.

use std::cell::Cell;

use crate::filter::blocks::LANES;

/// The most vectors of periods that are computed side by side.
pub(super) const VECTORS: usize = 3;

/// A float for each lane of each vector.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct SampleRow(pub(super) [[f32; LANES]; VECTORS]);

impl SampleRow {
    pub(super) const ZERO: Self = Self([[0.0; LANES]; VECTORS]);
}

/// Rows of transposed samples held at once, 192 KiB: they, the taps and the outputs stay in the second-level cache.
pub(super) const MAX_ROWS: usize = 1024;

/// Samples of several periods at an edge of the clip that are copied together.
pub(super) const MAX_AT_EDGE: usize = 1 << 13;

/// Memory that is filled anew by each call: a call for one second takes less time than the pages of new memory.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Samples transposed for `periods.rs`.
    pub(super) rows: Vec<SampleRow>,
    /// Samples at an edge of the clip, and zeros beyond it.
    pub(super) edge: Vec<f32>,
}

thread_local! {
    static SCRATCH: Cell<Scratch> = const { Cell::new(Scratch { rows: Vec::new(), edge: Vec::new() }) };
}

impl Scratch {
    /// This thread's.
    pub(super) fn take() -> Self {
        SCRATCH.take()
    }

    /// Keeps it for the next call.
    pub(super) fn keep(self) {
        SCRATCH.set(self);
    }
}

/// Reserves this thread's memory for blocks of a span, so that no call does.
pub(crate) fn reserve_scratch(span: usize) {
    let mut scratch = Scratch::take();
    scratch.rows.reserve_exact(MAX_ROWS.saturating_sub(scratch.rows.len()));
    scratch.edge.reserve_exact(span.max(MAX_AT_EDGE).saturating_sub(scratch.edge.len()));
    scratch.keep();
}

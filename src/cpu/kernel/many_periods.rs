//! The kernel for many periods: one output of sixteen periods in the lanes of a vector.
//!
//! ```text
//!  a tile of 48 · Q periods: Q for each lane of three vectors; lane_stride = Q · stride samples
//!  |-- lane 0: Q periods --|-- lane 1: Q periods --| … |-- lane 47: Q periods --|
//!
//!  row i = [ x[i]  x[lane_stride + i]  x[2 · lane_stride + i]  …  x[47 · lane_stride + i] ]    transposed 16 × 16
//!  row i + lane_stride = row i moved by one lane, with one new sample in the last lane         copied
//!
//!  for q in 0..Q, for each block, for each quarter of its 16 phases (a band):
//!      sums[phase] += row[q · stride + start + k] · splat(taps[k][phase])                      4 phases × 3 vectors
//! ```
//!
//! All lanes are at the same phase and share its taps. Each row serves 4 phases and each tap 3 vectors: 3 + 4 loads
//! for 12 vectors of multiply-adds, where `few_periods` loads a sample for each. A band skips the samples that none of
//! its 4 windows reaches, three quarters of the zeros of a block, and where it pays the samples at which all of its taps
//! are structural zeros.
//!
//! Neighbouring periods share most of their samples. With Q of them in one lane, no sample is transposed twice: lane l
//! needs samples of lane l + 1 only at its end, and there a row is an earlier row moved by one lane. Finished outputs
//! are transposed back, 16 phases × 16 lanes at a time.
//!
//! Rows are filled in chunks of up to [`MAX_ROWS`], which stay in the cache. A chunk begins at the next block to
//! compute and serves all blocks, of all q, whose samples lie within the chunk.
//!
//! Each output is summed in the order of `few_periods`, in the same segments, and so has the same bits.

use std::ops::Range;

use fearless_simd::Simd;

use super::input::Input;
use super::outputs::Outputs;
use super::scratch::{MAX_ROWS, Row, VECTORS};
use super::vector::{Element, Vector};
use crate::filter::bands::{Band, LANES, Products};
use crate::filter::blocks::Taps;
use crate::num::{distance, to_index, to_position};

/// Periods that one call computes, in the lanes of one to three vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tile {
    /// Vectors of lanes, at most [`VECTORS`].
    pub(super) vectors: usize,
    /// Q, the number of consecutive periods that each lane computes.
    periods_per_lane: u64,
}

impl Tile {
    /// First tile when this many periods are left; `None` if they do not fill a vector, or if a block's span is too
    /// long for its rows to stay in the cache.
    pub(super) fn choose(periods: u64, stride: u64, span: usize) -> Option<Self> {
        let vectors = to_index(periods / LANES as u64).min(VECTORS);
        if vectors == 0 || span > MAX_ROWS / 2 {
            return None;
        }
        let available = periods / (vectors * LANES) as u64;
        // One chunk of rows serves a whole tile, unless a single period needs more.
        let max = ((MAX_ROWS - span) as u64 / stride).max(1);
        let periods_per_lane = available / available.div_ceil(max);
        // From 16 on, Q is made odd: lanes that are a multiple of 4 KiB apart would share few sets of the first-level
        // cache. Below 16 the lanes are not that far apart, and a period less would cost too much.
        let odd = if periods_per_lane < 16 { periods_per_lane } else { (periods_per_lane - 1) | 1 };
        Some(Self { vectors, periods_per_lane: odd })
    }

    pub(super) fn periods(self) -> u64 {
        self.periods_per_lane * (self.vectors * LANES) as u64
    }
}

impl<T: Element> Input<'_, T> {
    /// Computes all outputs of a tile of V vectors.
    #[inline(always)]
    pub(super) fn convolve_many<S: Simd, const V: usize>(
        self,
        simd: S,
        tile: Tile,
        period: u64,
        outputs: &mut Outputs<'_, S, T>,
        rows: &mut Vec<Row<T>>,
    ) {
        let (span, stride, period_len) = (self.blocks.span(), self.blocks.stride(), self.blocks.period_len());
        let lane_stride = to_index(tile.periods_per_lane * stride);
        // Index in the source of the first sample of the tile.
        let first = to_position(period * stride) - self.source.origin;
        let end = to_position((tile.periods_per_lane - 1) * stride) + self.blocks.end(0..period_len);
        let mut totals = [Row::zero(); LANES];
        // Rows that are filled, by their number i.
        let mut chunk: Option<Range<i64>> = None;
        for q in 0..tile.periods_per_lane {
            for block in self.blocks.blocks(0..period_len) {
                let (start, taps) = (to_position(q * stride) + self.blocks.start(block), self.blocks.taps(block));
                let from = match &chunk {
                    Some(chunk) if start + to_position(span) <= chunk.end => chunk.start,
                    _ => {
                        let len = distance(start, end).min(MAX_ROWS);
                        if rows.len() < len {
                            rows.resize(len, Row::zero());
                        }
                        self.fill_rows::<S, V>(simd, &mut rows[..len], first + start, lane_stride);
                        chunk = Some(start..start + to_position(len));
                        start
                    }
                };
                let rows = &rows[distance(from, start)..][..span];
                let bands = self.blocks.bands(block);
                for band in &bands.wide {
                    outputs.probe(self.band_many::<S, V, _>(simd, rows, taps, band, &mut totals));
                }
                for band in &bands.narrow {
                    outputs.probe(self.band_many::<S, V, _>(simd, rows, taps, band, &mut totals));
                }
                for v in 0..V {
                    let period = period + (v * LANES) as u64 * tile.periods_per_lane + q;
                    let by_lane = transpose_totals(simd, &totals, v);
                    outputs.store_periods(period, tile.periods_per_lane, block, period_len, by_lane);
                }
            }
        }
    }

    /// Computes the outputs of a band in all lanes, and stores them to the rows of `results` of their own lanes in the
    /// block. Returns 0 times the sum of the outputs, which is NaN if one of them is not finite.
    #[inline(always)]
    fn band_many<S: Simd, const V: usize, const B: usize>(
        self,
        simd: S,
        rows: &[Row<T>],
        taps: &[Taps<T>],
        band: &Band<T, B>,
        results: &mut [Row<T>; LANES],
    ) -> T::Vector<S> {
        let zero = T::Vector::splat(simd, T::default());
        let mut totals = [[zero; V]; B];
        match &band.products {
            Products::Range(reached) => {
                let place = usize::from(band.lanes[0]) / B % (LANES / B);
                let reached = reached.start as usize..reached.end as usize;
                for segment in self.blocks.segments() {
                    let samples = segment.start.max(reached.start)..segment.end.min(reached.end);
                    if samples.is_empty() {
                        continue;
                    }
                    let mut sums = [[zero; V]; B];
                    // Two samples per step, since the loop's counter takes issue slots from the multiply-adds
                    // (docs/performance.md).
                    let (rows, last_row) = rows[samples.clone()].as_chunks::<2>();
                    let (taps, last_taps) = taps[samples].as_chunks::<2>();
                    for (rows, taps) in rows.iter().zip(taps) {
                        multiply_add::<S, T, V, B>(simd, &rows[0], &taps[0].0.as_chunks().0[place], &mut sums);
                        multiply_add::<S, T, V, B>(simd, &rows[1], &taps[1].0.as_chunks().0[place], &mut sums);
                    }
                    for (row, taps) in last_row.iter().zip(last_taps) {
                        multiply_add::<S, T, V, B>(simd, row, &taps.0.as_chunks().0[place], &mut sums);
                    }
                    add::<S, T, V, B>(&sums, &mut totals);
                }
            }
            Products::Listed(listed) => {
                for (samples, taps) in listed.0.segments_with(&listed.1) {
                    let mut sums = [[zero; V]; B];
                    let (pairs, last) = samples.as_chunks::<2>();
                    let (taps, last_taps) = taps.as_chunks::<2>();
                    for (pair, taps) in pairs.iter().zip(taps) {
                        multiply_add::<S, T, V, B>(simd, &rows[pair[0] as usize], &taps[0], &mut sums);
                        multiply_add::<S, T, V, B>(simd, &rows[pair[1] as usize], &taps[1], &mut sums);
                    }
                    for (&sample, taps) in last.iter().zip(last_taps) {
                        multiply_add::<S, T, V, B>(simd, &rows[sample as usize], taps, &mut sums);
                    }
                    add::<S, T, V, B>(&sums, &mut totals);
                }
            }
        }
        // One chain of sums for each vector: in a single chain each addition would wait for the one before it.
        let mut probes = [zero; V];
        for (totals, &lane) in totals.iter().zip(&band.lanes) {
            let results = &mut results[usize::from(lane) % LANES].0;
            for v in 0..V {
                probes[v] = totals[v].mul_add(zero, probes[v]);
                totals[v].store(&mut results[v]);
            }
        }
        probes[1..].iter().fold(probes[0], |sum, probe| sum.plus(*probe))
    }

    /// Fills the lanes of row i with the samples at the indices `start + i`, `start + i + lane_stride`, ….
    #[inline(always)]
    fn fill_rows<S: Simd, const V: usize>(self, simd: S, rows: &mut [Row<T>], start: i64, lane_stride: usize) {
        let transposed = rows.len().min(lane_stride);
        for v in 0..V {
            for (square, rows) in rows[..transposed].chunks_mut(LANES).enumerate() {
                let at = start + to_position(v * LANES * lane_stride + square * LANES);
                let needed = (LANES - 1) * lane_stride + LANES;
                let inside = usize::try_from(at).ok().and_then(|at| self.source.samples.get(at..)?.get(..needed));
                let at_edge;
                let (samples, lane_stride) = match inside {
                    Some(samples) => (samples, lane_stride),
                    None => {
                        at_edge = self.gather_at_edge(at, lane_stride);
                        (&at_edge[..], LANES)
                    }
                };
                let mut lanes = [T::Vector::splat(simd, T::default()); LANES];
                for lane in 0..LANES {
                    lanes[lane] = T::Vector::load_slice(simd, &samples[lane * lane_stride..][..LANES]);
                }
                let columns = transpose::<S, T>(lanes);
                if let Some(rows) = rows.first_chunk_mut::<LANES>() {
                    for i in 0..LANES {
                        columns[i].store(&mut rows[i].0[v]);
                    }
                } else {
                    for (row, column) in rows.iter_mut().zip(&columns) {
                        column.store(&mut row.0[v]);
                    }
                }
            }
        }
        // Beyond its own periods, a lane reads the samples with which the next lane begins.
        let lanes = V * LANES;
        for i in transposed..rows.len() {
            let (done, rest) = rows.split_at_mut(i);
            let (from, to) = (done[i - lane_stride].0.as_flattened(), rest[0].0.as_flattened_mut());
            to[..lanes - 1].copy_from_slice(&from[1..lanes]);
            to[lanes - 1] = self.sample(start + to_position((lanes - 1) * lane_stride + i));
        }
    }

    /// Copies sixteen consecutive samples for each of sixteen lanes, with zeros beyond the source's ends.
    #[cold]
    fn gather_at_edge(self, start: i64, lane_stride: usize) -> [T; LANES * LANES] {
        let mut copy = [T::default(); LANES * LANES];
        for (lane, copy) in copy.chunks_mut(LANES).enumerate() {
            let (zeros, samples) = self.inside(start + to_position(lane * lane_stride), LANES);
            copy[zeros..][..samples.len()].copy_from_slice(samples);
        }
        copy
    }
}

/// Adds the products of a row of samples with the taps of a band.
#[inline(always)]
fn multiply_add<S: Simd, T: Element, const V: usize, const B: usize>(
    simd: S,
    row: &Row<T>,
    taps: &[T; B],
    sums: &mut [[T::Vector<S>; V]; B],
) {
    let mut samples = [T::Vector::splat(simd, T::default()); V];
    for (samples, row) in samples.iter_mut().zip(&row.0) {
        *samples = T::Vector::load(simd, row);
    }
    for phase in 0..B {
        let tap = T::Vector::splat(simd, taps[phase]);
        for v in 0..V {
            sums[phase][v] = tap.mul_add(samples[v], sums[phase][v]);
        }
    }
}

/// Adds the sums of a segment to the totals.
#[inline(always)]
fn add<S: Simd, T: Element, const V: usize, const B: usize>(
    sums: &[[T::Vector<S>; V]; B],
    totals: &mut [[T::Vector<S>; V]; B],
) {
    for phase in 0..B {
        for v in 0..V {
            totals[phase][v] = totals[phase][v].plus(sums[phase][v]);
        }
    }
}

/// Transposes vector `v` of the totals of sixteen phases into a vector of sixteen phases for each lane.
#[inline(always)]
fn transpose_totals<S: Simd, T: Element>(simd: S, totals: &[Row<T>; LANES], v: usize) -> [T::Vector<S>; LANES] {
    let mut vectors = [T::Vector::splat(simd, T::default()); LANES];
    for i in 0..LANES {
        vectors[i] = T::Vector::load(simd, &totals[i].0[v]);
    }
    transpose::<S, T>(vectors)
}

/// Transposes rows into columns by four perfect shuffles of all 256 values.
#[inline(always)]
fn transpose<S: Simd, T: Element>(mut vectors: [T::Vector<S>; LANES]) -> [T::Vector<S>; LANES] {
    for _ in 0..LANES.ilog2() {
        let rows = vectors;
        for i in 0..LANES / 2 {
            [vectors[2 * i], vectors[2 * i + 1]] = rows[i].interleave(rows[i + LANES / 2]);
        }
    }
    vectors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_hold_all_periods_but_a_few() {
        let tile =
            |periods, stride, span| Tile::choose(periods, stride, span).map(|it| (it.vectors, it.periods_per_lane));
        // One second at 16→8 kHz with kaiser_best, ten, and one at 48→44.1 kHz.
        assert_eq!(tile(500, 32, 304), Some((3, 10)));
        assert_eq!(tile(5000, 32, 304), Some((3, 19)));
        assert_eq!(tile(150, 320, 168), Some((3, 1)));
        // Fewer periods than three vectors hold, and too few.
        assert_eq!(tile(47, 32, 304), Some((2, 1)));
        assert_eq!(tile(31, 32, 304), Some((1, 1)));
        assert_eq!(tile(15, 32, 304), None);
        // Too long a window, and periods longer than a chunk of rows.
        assert_eq!((tile(5000, 32, 512), tile(5000, 32, 513)), (Some((3, 14)), None));
        assert_eq!(tile(100, 16_001, 40), Some((3, 1)));
        for periods in 16..3000 {
            let (mut rest, mut tiles) = (periods, 0);
            while let Some(tile) = Tile::choose(rest, 32, 304) {
                assert!(tile.periods_per_lane * 32 + 304 <= MAX_ROWS as u64 + 32);
                rest -= tile.periods();
                tiles += 1;
            }
            assert!(rest < LANES as u64 && tiles < 10, "{periods} periods: {rest} left after {tiles} tiles");
        }
    }
}

//! The float32 kernel for long filters and many periods: periods in the lanes of a vector.
//!
//! The kernel for few periods has sixteen neighbouring outputs in the lanes, whose windows do not quite coincide: a tenth of
//! its multiply-adds are zeros, and each of them loads a sample. Here the lanes are periods, which share their taps: eight
//! outputs of 48 periods are summed at once, from 3 loads of samples and 8 of taps for 24 multiply-adds.
//!
//! The samples have to be transposed for that, and the outputs transposed back, 16 × 16 at a time. So that no sample is transposed twice
//! the lanes are far apart: lane f computes periods f·Q, f·Q + 1, … f·Q + Q − 1 of a tile of 48·Q, one after the other, and row i of
//! the transposed samples holds those that lie i after the first that each lane needs. Where a lane's samples reach into the
//! next one's, a row is an earlier one moved by a lane.
//!
//! Each output is summed in the order of the other kernel, in the same segments: the bits are the same.

use std::ops::Range;

use fearless_simd::{Simd, f32x16, prelude::*};

use super::input::Input;
use super::outputs::Outputs;
use super::scratch::{MAX_ROWS, SampleRow, VECTORS};
use crate::filter::blocks::{BAND, LANES, Taps};
use crate::num::{index_at, overlap, to_index, to_position};

/// The periods of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LaneRuns {
    /// Vectors of periods side by side, 1 to 3: three take as many registers as there are.
    pub(super) vectors: usize,
    /// Q, the periods that each lane computes, one after the other.
    run: u64,
}

impl LaneRuns {
    /// The first tile of so many periods; none if they are too few, or a window too long for its samples to be transposed.
    pub(super) fn choose(periods: u64, stride: u64, span: usize) -> Option<Self> {
        let vectors = to_index(periods / LANES as u64).min(VECTORS);
        if vectors == 0 || span > MAX_ROWS / 2 {
            return None;
        }
        let per_lane = periods / (vectors * LANES) as u64;
        let max_run = ((MAX_ROWS - span) as u64 / stride).max(1);
        let run = per_lane / per_lane.div_ceil(max_run);
        // Lanes that are a multiple of the first-level cache's 4 KiB apart would share few of its sets. Short runs are not, and
        // cannot spare a period.
        Some(Self { vectors, run: if run < 16 { run } else { (run - 1) | 1 } })
    }

    pub(super) fn periods(self) -> u64 {
        self.run * (self.vectors * LANES) as u64
    }
}

impl Input<'_> {
    /// Computes all outputs of the periods of a tile of V vectors.
    #[inline(always)]
    pub(super) fn convolve_many<S: Simd, const V: usize>(
        self,
        simd: S,
        runs: LaneRuns,
        period: u64,
        outputs: &mut Outputs<'_, S>,
        rows: &mut Vec<SampleRow>,
    ) {
        let (span, stride, period_len) = (self.blocks.span(), self.blocks.stride(), self.blocks.period_len());
        let first = to_position(period * stride) - self.origin;
        let end = to_position((runs.run - 1) * stride) + self.blocks.end(0..period_len);
        let mut sums = [SampleRow::ZERO; LANES];
        // Where the rows begin and end, from the first sample of each lane's first period.
        let mut staged: Option<Range<i64>> = None;
        for step in 0..runs.run {
            for block in self.blocks.blocks(0..period_len) {
                let (start, taps) = (to_position(step * stride) + self.blocks.start(block), self.blocks.taps(block));
                let from = match &staged {
                    Some(staged) if start + to_position(span) <= staged.end => staged.start,
                    _ => {
                        let len = to_index((end - start).unsigned_abs()).min(MAX_ROWS);
                        if rows.len() < len {
                            rows.resize(len, SampleRow::ZERO);
                        }
                        self.transpose_samples::<S, V>(
                            simd,
                            &mut rows[..len],
                            first + start,
                            to_index(runs.run * stride),
                        );
                        staged = Some(start..start + to_position(len));
                        start
                    }
                };
                let rows = &rows[to_index((start - from).unsigned_abs())..][..span];
                for (band, sums) in sums.as_chunks_mut::<BAND>().0.iter_mut().enumerate() {
                    let range = self.blocks.bands()[block][band].clone();
                    outputs.nan_probe += self.band::<S, V>(simd, rows, taps, band, range, sums);
                }
                for v in 0..V {
                    let period = period + (v * LANES) as u64 * runs.run + step;
                    let transposed = transpose_sums(simd, &sums, v);
                    outputs.store_periods(period, runs.run, block, period_len, simd, transposed);
                }
            }
        }
    }

    /// The outputs of a band for every lane, from the samples `range` under its block. Returns 0 times all of them.
    #[inline(always)]
    fn band<S: Simd, const V: usize>(
        self,
        simd: S,
        rows: &[SampleRow],
        taps: &[Taps],
        band: usize,
        range: Range<usize>,
        results: &mut [SampleRow; BAND],
    ) -> f32x16<S> {
        let mut totals = [[f32x16::splat(simd, 0.0); V]; BAND];
        for segment in self.blocks.segments() {
            let samples = segment.start.max(range.start)..segment.end.min(range.end);
            if samples.is_empty() {
                continue;
            }
            let mut sums = [[f32x16::splat(simd, 0.0); V]; BAND];
            let (rows, last_row) = rows[samples.clone()].as_chunks::<2>();
            let (taps, last_taps) = taps[samples].as_chunks::<2>();
            for (rows, taps) in rows.iter().zip(taps) {
                multiply_add::<S, V>(simd, &rows[0], &taps[0], band, &mut sums);
                multiply_add::<S, V>(simd, &rows[1], &taps[1], band, &mut sums);
            }
            for (row, taps) in last_row.iter().zip(last_taps) {
                multiply_add::<S, V>(simd, row, taps, band, &mut sums);
            }
            for phase in 0..BAND {
                for (total, sum) in totals[phase].iter_mut().zip(&sums[phase]) {
                    *total += *sum;
                }
            }
        }
        // A chain for each vector, for every sum waits for the last one.
        let mut probes = [f32x16::splat(simd, 0.0); V];
        for (totals, results) in totals.iter().zip(results) {
            for ((total, probe), result) in totals.iter().zip(&mut probes).zip(&mut results.0) {
                *probe = total.mul_add(f32x16::splat(simd, 0.0), *probe);
                total.store_array(result);
            }
        }
        probes[1..].iter().fold(probes[0], |sum, probe| sum + *probe)
    }

    /// Fills row i with the samples at `start + i` + a multiple of `lane_stride` for each lane.
    #[inline(always)]
    fn transpose_samples<S: Simd, const V: usize>(
        self,
        simd: S,
        rows: &mut [SampleRow],
        start: i64,
        lane_stride: usize,
    ) {
        let transposed = rows.len().min(lane_stride);
        for v in 0..V {
            for (chunk, rows) in rows[..transposed].chunks_mut(LANES).enumerate() {
                let at = start + to_position((v * LANES * lane_stride + chunk * LANES) as u64);
                let needed = (LANES - 1) * lane_stride + LANES;
                let inside = usize::try_from(at).ok().and_then(|at| self.samples.get(at..)?.get(..needed));
                let at_edge;
                let (samples, lane_stride) = match inside {
                    Some(samples) => (samples, lane_stride),
                    None => {
                        at_edge = self.gather_at_edge(at, lane_stride);
                        (&at_edge[..], LANES)
                    }
                };
                let mut lanes = [f32x16::splat(simd, 0.0); LANES];
                for lane in 0..LANES {
                    lanes[lane] = f32x16::from_slice(simd, &samples[lane * lane_stride..][..LANES]);
                }
                let lanes = transpose(lanes);
                if let Some(rows) = rows.first_chunk_mut::<LANES>() {
                    for i in 0..LANES {
                        lanes[i].store_array(&mut rows[i].0[v]);
                    }
                } else {
                    for (row, lane) in rows.iter_mut().zip(&lanes) {
                        lane.store_array(&mut row.0[v]);
                    }
                }
            }
        }
        // The samples of a lane's next run are those that the next lane begins with.
        let lanes = V * LANES;
        for i in transposed..rows.len() {
            let (done, rest) = rows.split_at_mut(i);
            let (from, to) = (done[i - lane_stride].0.as_flattened(), rest[0].0.as_flattened_mut());
            to[..lanes - 1].copy_from_slice(&from[1..lanes]);
            to[lanes - 1] = self.sample(start + to_position(((lanes - 1) * lane_stride + i) as u64));
        }
    }

    /// Copies sixteen samples of sixteen lanes, of which some lie outside the clip.
    #[cold]
    fn gather_at_edge(self, at: i64, lane_stride: usize) -> [f32; LANES * LANES] {
        let mut copy = [0.0; LANES * LANES];
        for (lane, copy) in copy.chunks_mut(LANES).enumerate() {
            let at = at + to_position((lane * lane_stride) as u64);
            let inside = overlap(at, LANES, 0, self.samples.len());
            let from = index_at(at);
            let samples = self.samples.get(from..).unwrap_or_default();
            copy[inside.clone()].copy_from_slice(&samples[..inside.len()]);
        }
        copy
    }
}

/// Adds the products of a row of samples with a band of taps.
#[inline(always)]
fn multiply_add<S: Simd, const V: usize>(
    simd: S,
    row: &SampleRow,
    taps: &Taps,
    band: usize,
    sums: &mut [[f32x16<S>; V]; BAND],
) {
    let taps = &taps.0.as_chunks::<BAND>().0[band];
    let mut samples = [f32x16::splat(simd, 0.0); V];
    for (samples, row) in samples.iter_mut().zip(&row.0) {
        *samples = f32x16::load_array_ref(simd, row);
    }
    for phase in 0..BAND {
        let tap = f32x16::splat(simd, taps[phase]);
        for v in 0..V {
            sums[phase][v] = tap.mul_add(samples[v], sums[phase][v]);
        }
    }
}

/// Transposes the outputs of 16 lanes, one row for each output, into a vector for each lane.
#[inline(always)]
fn transpose_sums<S: Simd>(simd: S, sums: &[SampleRow; LANES], v: usize) -> [f32x16<S>; LANES] {
    let mut vectors = [f32x16::splat(simd, 0.0); LANES];
    for i in 0..LANES {
        vectors[i] = f32x16::load_array_ref(simd, &sums[i].0[v]);
    }
    transpose(vectors)
}

/// Transposes rows into columns: four perfect shuffles of all 256 values.
#[inline(always)]
fn transpose<S: Simd>(mut vectors: [f32x16<S>; LANES]) -> [f32x16<S>; LANES] {
    for _ in 0..LANES.ilog2() {
        let rows = vectors;
        for i in 0..LANES / 2 {
            vectors[2 * i] = rows[i].zip_low(rows[i + LANES / 2]);
            vectors[2 * i + 1] = rows[i].zip_high(rows[i + LANES / 2]);
        }
    }
    vectors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_hold_all_periods_but_a_few() {
        let runs = |periods, stride, span| LaneRuns::choose(periods, stride, span).map(|it| (it.vectors, it.run));
        // One second at 16→8 kHz with kaiser_best, ten, and one at 48→44.1 kHz.
        assert_eq!(runs(500, 32, 304), Some((3, 10)));
        assert_eq!(runs(5000, 32, 304), Some((3, 19)));
        assert_eq!(runs(150, 320, 168), Some((3, 1)));
        // Fewer periods than three vectors hold, and too few.
        assert_eq!(runs(47, 32, 304), Some((2, 1)));
        assert_eq!(runs(31, 32, 304), Some((1, 1)));
        assert_eq!(runs(15, 32, 304), None);
        // Too long a window, and periods longer than the rows.
        assert_eq!((runs(5000, 32, 512), runs(5000, 32, 513)), (Some((3, 14)), None));
        assert_eq!(runs(100, 16_001, 40), Some((3, 1)));
        for periods in 16..3000 {
            let (mut rest, mut tiles) = (periods, 0);
            while let Some(runs) = LaneRuns::choose(rest, 32, 304) {
                assert!(runs.run * 32 + 304 <= MAX_ROWS as u64 + 32);
                rest -= runs.periods();
                tiles += 1;
            }
            assert!(rest < LANES as u64 && tiles < 10, "{periods} periods: {rest} left after {tiles} tiles");
        }
    }
}

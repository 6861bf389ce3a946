//! The float32 kernel for long filters and many frames: frames in the lanes of a vector.
//!
//! The kernel for few frames has sixteen neighbouring outputs in the lanes, whose windows do not quite coincide: a tenth of
//! its multiply-adds are zeros, and each of them loads a sample. Here the lanes are frames, which share their taps: eight
//! outputs of 48 frames are summed at once, from 3 loads of samples and 8 of taps for 24 multiply-adds.
//!
//! The samples have to be turned for that, and the outputs turned back, 16 × 16 at a time. So that no sample is turned twice
//! the lanes are apart: lane f computes frames f·Q, f·Q + 1, … f·Q + Q − 1 of a tile of 48·Q, one after the other, and row i of
//! the turned samples holds those that lie i after the first that each lane needs. Where a lane's samples reach into the
//! next one's, a row is an earlier one moved by a lane.
//!
//! Each output is summed in the order of the other kernel, in the same segments: the bits are the same.

use std::cell::Cell;
use std::ops::Range;

use fearless_simd::{Simd, f32x16, prelude::*};

use super::kernel::{Input, Outputs, index, position};
use crate::blocks::{BAND, LANES, Taps};

/// Vectors of frames.
const VECTORS: usize = 3;

/// Frames side by side.
const FRAMES: usize = VECTORS * LANES;

/// A float for each lane.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Row([[f32; LANES]; VECTORS]);

impl Row {
    const ZERO: Self = Self([[0.0; LANES]; VECTORS]);
}

/// Rows of turned samples held at once, 192 KiB: they, the taps and the outputs stay in the second-level cache.
const MOST_ROWS: usize = 1024;

/// The frames of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tiling {
    /// Q, the frames that each lane computes, one after the other.
    run: u64,
}

impl Tiling {
    /// The first tile of so many frames; none if they are too few, or a window too long for its samples to be turned.
    pub(super) fn choose(frames: u64, stride: u64, span: usize) -> Option<Self> {
        let per_lane = frames / FRAMES as u64;
        if per_lane == 0 || span > MOST_ROWS / 2 {
            return None;
        }
        let most = ((MOST_ROWS - span) as u64 / stride).max(1);
        let run = per_lane / per_lane.div_ceil(most);
        // Lanes that are a multiple of the first-level cache's 4 KiB apart would share few of its sets. Short runs are not, and
        // cannot spare a frame.
        Some(Self { run: if run < 16 { run } else { (run - 1) | 1 } })
    }

    pub(super) fn frames(self) -> u64 {
        self.run * FRAMES as u64
    }
}

thread_local! {
    /// The samples of the last tile, to be filled anew: a call for one second takes less time than the pages of new memory.
    static ROWS: Cell<Vec<Row>> = const { Cell::new(Vec::new()) };
}

/// Reserves this thread's memory for tiles, so that no call does.
pub(crate) fn reserve_tiles() {
    let mut rows = ROWS.take();
    rows.reserve_exact(MOST_ROWS.saturating_sub(rows.len()));
    ROWS.set(rows);
}

impl Input<'_> {
    /// Computes all outputs of the frames of a tile.
    #[inline(always)]
    pub(super) fn frames<S: Simd>(self, simd: S, tiling: Tiling, frame: u64, outputs: &mut Outputs<'_, S>) {
        let mut rows = ROWS.take();
        let (span, stride, frame_len) = (self.blocks.span(), self.blocks.stride(), self.blocks.frame_len());
        let first = position(frame * stride) - self.origin;
        let end = position((tiling.run - 1) * stride) + self.blocks.last_start() + position(span as u64);
        let mut sums = [Row::ZERO; LANES];
        // Where the rows begin and end, from the first sample of each lane's first frame.
        let mut held: Option<Range<i64>> = None;
        for turn in 0..tiling.run {
            for (block, start, taps) in self.blocks.blocks(0..frame_len) {
                let start = position(turn * stride) + start;
                let from = match &held {
                    Some(held) if start + position(span as u64) <= held.end => held.start,
                    _ => {
                        let len = index((end - start).unsigned_abs()).min(MOST_ROWS);
                        rows.resize(len, Row::ZERO);
                        self.fill(simd, &mut rows, first + start, index(tiling.run * stride));
                        held = Some(start..start + position(len as u64));
                        start
                    }
                };
                let rows = &rows[index((start - from).unsigned_abs())..][..span];
                for (band, sums) in sums.as_chunks_mut::<BAND>().0.iter_mut().enumerate() {
                    self.band(simd, rows, taps, band, self.blocks.bands()[block][band].clone(), sums);
                }
                for v in 0..VECTORS {
                    let frame = frame + (v * LANES) as u64 * tiling.run + turn;
                    outputs.store_frames(frame, tiling.run, block, frame_len, simd, turn_sums(simd, &sums, v));
                }
            }
        }
        ROWS.set(rows);
    }

    /// The outputs of a band for every lane, from the samples `range` under its block.
    #[inline(always)]
    fn band<S: Simd>(
        self,
        simd: S,
        rows: &[Row],
        taps: &[Taps],
        band: usize,
        range: Range<usize>,
        results: &mut [Row; BAND],
    ) {
        let mut totals = [[f32x16::splat(simd, 0.0); VECTORS]; BAND];
        for segment in self.blocks.segments() {
            let samples = segment.start.max(range.start)..segment.end.min(range.end);
            if samples.is_empty() {
                continue;
            }
            let mut sums = [[f32x16::splat(simd, 0.0); VECTORS]; BAND];
            for (row, taps) in rows[samples.clone()].iter().zip(&taps[samples]) {
                let taps = &taps.0.as_chunks::<BAND>().0[band];
                let mut samples = [f32x16::splat(simd, 0.0); VECTORS];
                for (samples, row) in samples.iter_mut().zip(&row.0) {
                    *samples = f32x16::load_array_ref(simd, row);
                }
                for phase in 0..BAND {
                    let tap = f32x16::splat(simd, taps[phase]);
                    for v in 0..VECTORS {
                        sums[phase][v] = tap.mul_add(samples[v], sums[phase][v]);
                    }
                }
            }
            for phase in 0..BAND {
                for v in 0..VECTORS {
                    totals[phase][v] += sums[phase][v];
                }
            }
        }
        for (totals, results) in totals.iter().zip(results) {
            for (total, result) in totals.iter().zip(&mut results.0) {
                total.store_array(result);
            }
        }
    }

    /// Fills row i with the samples at `start + i` + a multiple of `apart` for each lane.
    #[inline(always)]
    fn fill<S: Simd>(self, simd: S, rows: &mut [Row], start: i64, apart: usize) {
        let turned = rows.len().min(apart);
        for v in 0..VECTORS {
            for (chunk, rows) in rows[..turned].chunks_mut(LANES).enumerate() {
                let at = start + position((v * LANES * apart + chunk * LANES) as u64);
                let reach = (LANES - 1) * apart + LANES;
                let inside = usize::try_from(at).ok().and_then(|at| self.samples.get(at..)?.get(..reach));
                if let Some(samples) = inside
                    && let Some(rows) = rows.first_chunk_mut::<LANES>()
                {
                    let mut lanes = [f32x16::splat(simd, 0.0); LANES];
                    for lane in 0..LANES {
                        lanes[lane] = f32x16::from_slice(simd, &samples[lane * apart..][..LANES]);
                    }
                    let lanes = transpose(lanes);
                    for i in 0..LANES {
                        lanes[i].store_array(&mut rows[i].0[v]);
                    }
                } else {
                    for (i, row) in rows.iter_mut().enumerate() {
                        for (lane, sample) in row.0[v].iter_mut().enumerate() {
                            *sample = self.sample(at + position((lane * apart + i) as u64));
                        }
                    }
                }
            }
        }
        for i in turned..rows.len() {
            let (done, rest) = rows.split_at_mut(i);
            let (from, to) = (done[i - apart].0.as_flattened(), rest[0].0.as_flattened_mut());
            to[..FRAMES - 1].copy_from_slice(&from[1..]);
            to[FRAMES - 1] = self.sample(start + position(((FRAMES - 1) * apart + i) as u64));
        }
    }

    /// The sample at a position, which may lie outside the clip.
    fn sample(self, at: i64) -> f32 {
        usize::try_from(at).ok().and_then(|at| self.samples.get(at)).copied().unwrap_or(0.0)
    }
}

/// Turns the outputs of 16 lanes, a row for each output, into a vector for each lane.
#[inline(always)]
fn turn_sums<S: Simd>(simd: S, sums: &[Row; LANES], v: usize) -> [f32x16<S>; LANES] {
    let mut vectors = [f32x16::splat(simd, 0.0); LANES];
    for i in 0..LANES {
        vectors[i] = f32x16::load_array_ref(simd, &sums[i].0[v]);
    }
    transpose(vectors)
}

/// Turns rows into columns: four perfect shuffles of all 256 values.
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
    fn tiles_hold_all_frames_but_a_few() {
        let run = |frames, stride, span| Tiling::choose(frames, stride, span).map(|tiling| tiling.run);
        // One second at 16→8 kHz with kaiser_best, ten, and one at 48→44.1 kHz.
        assert_eq!(run(500, 32, 304), Some(10));
        assert_eq!(run(5000, 32, 304), Some(19));
        assert_eq!(run(150, 320, 168), Some(1));
        // Too few, too long a window, and frames longer than the rows.
        assert_eq!(run(47, 32, 304), None);
        assert_eq!(run(5000, 32, 513), None);
        assert_eq!(run(100, 16_001, 40), Some(1));
        for frames in 48..3000 {
            let (mut rest, mut tiles) = (frames, 0);
            while let Some(tiling) = Tiling::choose(rest, 32, 304) {
                assert!(tiling.run * 32 + 304 <= MOST_ROWS as u64 + 32);
                rest -= tiling.frames();
                tiles += 1;
            }
            assert!(rest < FRAMES as u64 && tiles < 8, "{frames} frames: {rest} left after {tiles} tiles");
        }
    }
}

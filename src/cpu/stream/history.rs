//! [`History`]: the samples of a signal that later outputs may need.

use crate::alloc::reserved;
use crate::batch::Source;
use crate::error::Result;
use crate::num::{distance, to_index, to_position};
use crate::options::{OutputLength, Padding};
use crate::plan::Plan;

/// Samples of a signal from some position on, in planes: one for each part of each channel.
///
/// ```text
///          −margin    0                                       received   received + margin
///  signal     | padding | samples of the signal ………………………………………………………… | padding |
///  planes     | dropped ……………………… | kept …………………………………………………………………………………………… |
///                                  ↑ origin
/// ```
///
/// The padding before the signal is filled in when the first output is computed, the padding after it when the signal
/// ends.
#[derive(Debug, Clone)]
pub(super) struct History<F> {
    planes: Vec<Vec<F>>,
    /// Number of samples that each plane has room for.
    capacity: usize,
    /// Position of the first sample in the planes.
    origin: i64,
    /// Number of frames of the signal that have arrived.
    received: u64,
    padding: Padding,
    /// Number of samples of padding on each side.
    margin: usize,
}

impl<F: Copy + Default> History<F> {
    /// Empty history, which has room for `frames` more frames at any time.
    pub(super) fn new(planes: usize, plan: &Plan, frames: usize) -> Result<Self> {
        // Room for the windows of two neighbouring outputs and the padding on both sides, and for `frames` new frames
        // twice, so that the kept samples move only once for every `frames` new ones.
        let windows = plan.look_ahead().saturating_mul(6);
        let capacity = windows.saturating_add(held_back(plan)).saturating_add(2 * frames);
        let (padding, margin) = (plan.shape().padding(), plan.shape().margin());
        let planes = (0..planes).map(|_| reserved(capacity)).collect::<Result<_>>()?;
        let mut history = Self { planes, capacity, origin: 0, received: 0, padding, margin };
        history.clear();
        Ok(history)
    }

    /// Reserves the memory of the planes, which a clone does not have.
    pub(super) fn reserve(&mut self) {
        for plane in &mut self.planes {
            plane.reserve_exact(self.capacity.saturating_sub(plane.len()));
        }
    }

    /// Forgets the signal.
    pub(super) fn clear(&mut self) {
        for plane in &mut self.planes {
            plane.clear();
            plane.resize(self.margin, F::default());
        }
        self.origin = -to_position(self.margin);
        self.received = 0;
    }

    /// Number of frames of the signal that have arrived.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Samples of each plane.
    pub(super) fn sources(&self) -> impl Iterator<Item = Source<'_, F>> {
        self.planes.iter().map(|samples| Source { samples, origin: self.origin, clip_len: None })
    }

    /// Appends frames of the signal: the samples of plane i are those of `samples(i)`.
    pub(super) fn append<I: Iterator<Item = F>>(&mut self, frames: usize, samples: impl Fn(usize) -> I) {
        for (i, plane) in self.planes.iter_mut().enumerate() {
            plane.extend(samples(i));
        }
        self.received += frames as u64;
    }

    /// Makes room for `frames` more frames. Drops samples before position `needed`, but only if there is no room
    /// without that, so that samples seldom move.
    pub(super) fn make_room(&mut self, frames: usize, needed: i64) {
        let len = self.planes[0].len();
        if len + frames <= self.capacity {
            return;
        }
        // Padding after the signal may mirror the `margin` samples before the last one.
        let mirrored = to_position(self.received) - to_position(self.margin) - 1;
        let dropped = to_index(needed.min(mirrored).saturating_sub(self.origin).max(0)).min(len);
        for plane in &mut self.planes {
            plane.copy_within(dropped.., 0);
            plane.truncate(len - dropped);
        }
        self.origin += to_position(dropped);
    }

    /// Fills in the padding before the signal, for which [`clear`](Self::clear) left room.
    pub(super) fn pad_head(&mut self) {
        for i in 0..self.margin {
            let source = self.source(self.origin + to_position(i));
            for plane in &mut self.planes {
                plane[i] = source.and_then(|source| plane.get(source)).copied().unwrap_or_default();
            }
        }
    }

    /// Appends the padding after the signal.
    pub(super) fn pad_tail(&mut self, needed: i64) {
        self.make_room(self.margin, needed);
        let end = to_position(self.received);
        for position in end..end.saturating_add(to_position(self.margin)) {
            let source = self.source(position);
            for plane in &mut self.planes {
                let sample = source.and_then(|source| plane.get(source)).copied().unwrap_or_default();
                plane.push(sample);
            }
        }
    }

    /// Index in the planes of the sample that the padding repeats at a position; `None` for a zero.
    fn source(&self, position: i64) -> Option<usize> {
        let source = to_position(self.padding.source(position, to_index(self.received))?);
        (source >= self.origin).then(|| distance(self.origin, source))
    }
}

/// Number of samples that wait for an output whose window has arrived: rounded down, the length counts an output only
/// when the samples up to the next one have arrived too.
fn held_back(plan: &Plan) -> usize {
    match plan.options().output_length {
        OutputLength::Floor => to_index(plan.ratio().stride().div_ceil(plan.ratio().phases())),
        OutputLength::Ceil | OutputLength::Exact(_) => 0,
    }
}

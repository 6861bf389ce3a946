//! [`Work`]: a range of one clip's output to compute, and its division among threads.

use std::ops::Range;

use super::convert::resample_converted;
use super::kernel::Engine;
use super::partition::{Load, partition, task_count};
use super::range::resample_range;
use super::sample::Sample;
use crate::batch::{Run, Source};
use crate::clamped::Clamped;
use crate::num::to_index;
use crate::plan::Plan;
use crate::simd::Level;

/// A range of a clip's output to compute. Positions and output numbers count frames of interleaved channels.
#[derive(Debug)]
pub(super) struct Work<'a, T> {
    pub(super) plan: &'a Plan,
    /// Samples that the outputs are computed from: whole frames.
    pub(super) source: Source<'a, T>,
    pub(super) channels: usize,
    /// Number of samples of the buffer between the outputs of the work before and those of this one, which are left as
    /// they are.
    pub(super) gap: usize,
    pub(super) outputs: Range<u64>,
}

impl<'a, T: Sample> Work<'a, T> {
    /// The whole output of a clip of one channel.
    pub(super) fn whole(plan: &'a Plan, clip: &'a [T]) -> Self {
        Self { plan, source: Source::whole(clip), channels: 1, gap: 0, outputs: 0..plan.output_len(clip.len()) as u64 }
    }

    /// Number of samples of the output.
    pub(super) fn len(&self) -> usize {
        self.samples(&self.outputs)
    }

    fn load(&self) -> Load {
        let cost = self.plan.multiply_adds().saturating_mul(self.channels as u64);
        Load { outputs: self.outputs.clone(), cost }
    }

    /// Number of samples of a range of outputs.
    fn samples(&self, outputs: &Range<u64>) -> usize {
        to_index(outputs.end - outputs.start).saturating_mul(self.channels)
    }

    /// Gap before a run of these outputs: a gap lies before a work, not within it.
    fn gap_before(&self, outputs: &Range<u64>) -> usize {
        if outputs.start == self.outputs.start { self.gap } else { 0 }
    }

    fn compute(&self, engine: &mut Engine, far: bool, first: u64, output: &mut [T]) -> Clamped {
        if self.channels == 1
            && let (Some(samples), Some(output)) = (T::floats(self.source.samples), T::floats_mut(output))
        {
            let source = Source { samples, origin: self.source.origin, clip_len: self.source.clip_len };
            engine.set_stores_far(far);
            resample_range(engine, self.plan, source, first, output);
            engine.set_stores_far(false);
            return Clamped::default();
        }
        resample_converted(engine, self.plan, self.source, self.channels, first, output)
    }
}

/// Size in bytes of the smallest output of a call that is taken to lie beyond the caches. Fetching its lines before they
/// are stored took 0.85 to 1.05 of the time of batches with 5 MB of outputs, 0.71 to 1.02 with 10 MB, and 0.25 to 0.99
/// with 20 to 120 MB (docs/performance.md).
const FAR_BYTES: usize = 8 << 20;

/// Computes the outputs of all works, which follow each other in `output` with the gaps between them, in at most
/// `max_tasks` tasks.
pub(super) fn run<T: Sample>(works: &[Work<'_, T>], level: Level, max_tasks: usize, output: &mut [T]) -> Clamped {
    let far = size_of_val(output) >= FAR_BYTES;
    if max_tasks <= 1 || task_count(works.iter().map(Work::load), max_tasks) == 1 {
        let whole = |(clip, work): (usize, &Work<'_, T>)| Run { clip, outputs: work.outputs.clone() };
        return compute(works, works.iter().enumerate().map(whole), level, far, output);
    }
    let loads: Vec<_> = works.iter().map(Work::load).collect();
    let mut rest = output;
    let parts = partition(&loads, task_count(loads.iter().cloned(), max_tasks)).into_iter().map(|runs| {
        let len_of = |run: &Run| works[run.clip].gap_before(&run.outputs) + works[run.clip].samples(&run.outputs);
        let len = runs.iter().map(len_of).sum::<usize>();
        (runs, rest.split_off_mut(..len).unwrap_or_default())
    });
    let compute_part = |(runs, output): (Vec<Run>, &mut [T])| compute(works, runs, level, far, output);
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        parts.collect::<Vec<_>>().into_par_iter().with_max_len(1).map(compute_part).sum()
    }
    #[cfg(not(feature = "parallel"))]
    parts.map(compute_part).sum()
}

/// Computes the outputs of runs, which follow each other in `output` with the gaps between them, on this thread.
fn compute<T: Sample>(
    works: &[Work<'_, T>],
    runs: impl IntoIterator<Item = Run>,
    level: Level,
    far: bool,
    mut output: &mut [T],
) -> Clamped {
    Engine::on_this_thread(level, |engine| {
        let compute = |run: Run| {
            let work = &works[run.clip];
            output = output.split_off_mut(work.gap_before(&run.outputs)..).unwrap_or_default();
            let output = output.split_off_mut(..work.samples(&run.outputs)).unwrap_or_default();
            work.compute(engine, far, run.outputs.start, output)
        };
        runs.into_iter().map(compute).sum()
    })
}

//! [`Job`]: one clip's share of a call, and how jobs are run on threads.

use super::partition::{Piece, Work, partition, task_count};
use super::range::{Clip, resample_converted, resample_range};
use super::{CpuResampler, Sample};
use crate::plan::Plan;
use crate::simd::Level;

/// A range of one clip's output, and the clip or the part of it that it is computed from.
#[derive(Debug)]
pub(crate) struct Job<'a, T> {
    pub(crate) plan: &'a Plan,
    pub(crate) clip: Clip<'a, T>,
    /// The first output wanted.
    pub(crate) first: u64,
    pub(crate) len: usize,
}

impl<'a, T: Sample> Job<'a, T> {
    pub(crate) fn whole(plan: &'a Plan, clip: &'a [T]) -> Self {
        Self { plan, clip: Clip::whole(clip), first: 0, len: plan.output_len(clip.len()) }
    }

    fn work(&self) -> Work {
        Work { outputs: self.len, cost: usize::try_from(self.plan.multiply_adds()).unwrap_or(usize::MAX) }
    }

    /// Returns how many samples had to be clamped.
    fn run(&self, piece: Piece, level: Level, output: &mut [T]) -> usize {
        let first = self.first + piece.start as u64;
        match (T::floats(self.clip.samples), T::floats_mut(output)) {
            (Some(samples), Some(output)) => {
                let clip = Clip { samples, origin: self.clip.origin, len: self.clip.len };
                resample_range(self.plan, level, clip, first, output);
                0
            }
            _ => resample_converted(self.plan, level, self.clip, first, output),
        }
    }
}

impl CpuResampler {
    /// Runs the jobs, whose outputs lie side by side in `output`. Returns how many samples had to be clamped.
    pub(crate) fn run<T: Sample>(&self, jobs: &[Job<'_, T>], output: &mut [T]) -> usize {
        let tasks = match self.threads() {
            1 => 1,
            // More parts than threads, for those that finish early.
            threads if self.threads.is_none() => task_count(jobs.iter().map(Job::work), 4 * threads),
            threads => task_count(jobs.iter().map(Job::work), threads),
        };
        if tasks == 1 {
            let mut rest = output;
            let mut clipped = 0;
            for (clip, job) in jobs.iter().enumerate() {
                let piece = Piece { clip, start: 0, len: job.len };
                clipped += job.run(piece, self.level, rest.split_off_mut(..job.len).unwrap_or_default());
            }
            return clipped;
        }
        let works: Vec<_> = jobs.iter().map(Job::work).collect();
        let mut rest = output;
        let parts = partition(&works, tasks).into_iter().map(|pieces| {
            let len = pieces.iter().map(|piece| piece.len).sum::<usize>();
            (pieces, rest.split_off_mut(..len).unwrap_or_default())
        });
        let run_part = |(pieces, mut output): (Vec<Piece>, &mut [T])| -> usize {
            let run = |piece: Piece| {
                jobs[piece.clip].run(piece, self.level, output.split_off_mut(..piece.len).unwrap_or_default())
            };
            pieces.into_iter().map(run).sum()
        };
        #[cfg(feature = "parallel")]
        {
            use rayon::prelude::*;
            parts.collect::<Vec<_>>().into_par_iter().with_max_len(1).map(run_part).sum()
        }
        #[cfg(not(feature = "parallel"))]
        parts.map(run_part).sum()
    }
}

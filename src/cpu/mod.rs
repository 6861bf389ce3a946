//! [`CpuResampler`]: the path that is always there. float64 is the reference; float32 uses SIMD; both use threads.

mod frames;
mod kernel;
mod partition;
mod range;

use std::num::NonZeroUsize;
use std::ops::Range;

use self::kernel::Kernel;
use self::partition::{Piece, Work, partition, task_count};
use self::range::resample_range;
use crate::batch::{Batch, BatchBuf, zeroed};
use crate::error::{Error, Result};
use crate::level::Level;
use crate::plan::Plan;

/// A type of sample to resample in: `f32`, or `f64` for the reference. Sealed.
pub trait Sample: Kernel {}

impl Sample for f32 {}
impl Sample for f64 {}

/// Resamples on the CPU.
///
/// It holds only how to run, so one serves any number of plans and threads. The samples that it returns depend on the plan,
/// the input and the [`Level`], and on nothing else: the number of threads, the company in a batch and the range asked for
/// leave every bit as it is.
///
/// ```
/// use polyphase::{CpuResampler, Plan, ResampleOptions};
///
/// let plan = Plan::new(8_000, 16_000, &ResampleOptions::default())?;
/// let impulse = [0.0, 0.0, 1.0_f32, 0.0, 0.0];
/// let resampled = CpuResampler::new().resample(&plan, &impulse)?;
/// assert_eq!(resampled.len(), 10);
/// assert_eq!(resampled[4], 0.99);
/// # Ok::<(), polyphase::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuResampler {
    threads: Option<NonZeroUsize>,
    level: Level,
}

impl Default for CpuResampler {
    fn default() -> Self {
        Self::new()
    }
}

impl CpuResampler {
    /// With the best [`Level`] of this processor and the threads of the rayon pool that it is called in.
    pub fn new() -> Self {
        Self { threads: None, level: Level::best() }
    }

    /// At most this many threads at once, of the rayon pool that it is called in: with 1 everything happens on the calling
    /// thread, 0 stands for all. Without the feature `parallel` it is always 1.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = NonZeroUsize::new(threads);
        self
    }

    /// With a particular set of SIMD instructions. float64 does not use any.
    #[must_use]
    pub fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// The SIMD instructions that it uses.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The threads that it may use, if it were called here.
    pub fn threads(&self) -> usize {
        #[cfg(feature = "parallel")]
        return self.threads.map_or_else(rayon::current_num_threads, NonZeroUsize::get);
        #[cfg(not(feature = "parallel"))]
        1
    }

    /// Resamples one clip.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn resample<T: Sample>(&self, plan: &Plan, clip: &[T]) -> Result<Vec<T>> {
        let mut output = zeroed(plan.output_len(clip.len()))?;
        self.run(&[Job::whole(plan, clip)], &mut output);
        Ok(output)
    }

    /// Resamples one clip into a buffer of [`Plan::output_len`] samples.
    ///
    /// # Errors
    /// [`Error::OutputLen`] for a buffer of another length.
    pub fn resample_into<T: Sample>(&self, plan: &Plan, clip: &[T], output: &mut [T]) -> Result<()> {
        check_len(plan.output_len(clip.len()), output.len())?;
        self.run(&[Job::whole(plan, clip)], output);
        Ok(())
    }

    /// Computes a range of the clip's output and nothing else: the same bits as that range of the whole.
    ///
    /// ```
    /// use polyphase::{CpuResampler, Plan, ResampleOptions};
    ///
    /// let plan = Plan::new(48_000, 44_100, &ResampleOptions::default())?;
    /// let clip: Vec<f32> = (0..48_000).map(|i| (i as f32 * 0.1).sin()).collect();
    /// let cpu = CpuResampler::new();
    /// assert_eq!(cpu.resample_range(&plan, &clip, 1000..2000)?, cpu.resample(&plan, &clip)?[1000..2000]);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::OutputRange`] for a range that does not lie within the output, [`Error::OutOfMemory`].
    pub fn resample_range<T: Sample>(&self, plan: &Plan, clip: &[T], range: Range<usize>) -> Result<Vec<T>> {
        // Checked before memory is asked for.
        check_range(plan, clip, &range)?;
        let mut output = zeroed(range.len())?;
        self.run(&[Job { first: range.start as u64, len: range.len(), ..Job::whole(plan, clip) }], &mut output);
        Ok(output)
    }

    /// Computes the outputs from `start` on that fill the buffer, as [`resample_range`](Self::resample_range).
    ///
    /// # Errors
    /// [`Error::OutputRange`] for a range that does not lie within the output.
    pub fn resample_range_into<T: Sample>(
        &self,
        plan: &Plan,
        clip: &[T],
        start: usize,
        output: &mut [T],
    ) -> Result<()> {
        check_range(plan, clip, &(start..start.saturating_add(output.len())))?;
        self.run(&[Job { first: start as u64, len: output.len(), ..Job::whole(plan, clip) }], output);
        Ok(())
    }

    /// Resamples every clip of a batch.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn resample_batch<T: Sample>(&self, batch: &Batch<'_, T>) -> Result<BatchBuf<T>> {
        let offsets = batch.output_offsets();
        let mut samples = zeroed(offsets.last().copied().unwrap_or(0))?;
        self.run_batch(batch, &mut samples);
        Ok(BatchBuf::from_parts(samples, offsets))
    }

    /// Resamples every clip of a batch into one packed buffer, in which they lie at [`Batch::output_offsets`].
    ///
    /// # Errors
    /// [`Error::OutputLen`] for a buffer of another length than the last of those offsets.
    pub fn resample_batch_into<T: Sample>(&self, batch: &Batch<'_, T>, output: &mut [T]) -> Result<()> {
        check_len(batch.output_offsets().last().copied().unwrap_or(0), output.len())?;
        self.run_batch(batch, output);
        Ok(())
    }

    fn run_batch<T: Sample>(&self, batch: &Batch<'_, T>, output: &mut [T]) {
        let jobs: Vec<_> = batch.iter().map(|(plan, clip)| Job::whole(plan, clip)).collect();
        self.run(&jobs, output);
    }

    /// Runs the jobs, whose outputs lie side by side in `output`.
    pub(crate) fn run<T: Sample>(&self, jobs: &[Job<'_, T>], output: &mut [T]) {
        let tasks = match self.threads() {
            1 => 1,
            // More parts than threads, for those that finish early.
            threads if self.threads.is_none() => task_count(jobs.iter().map(Job::work), 4 * threads),
            threads => task_count(jobs.iter().map(Job::work), threads),
        };
        if tasks == 1 {
            let mut rest = output;
            for (clip, job) in jobs.iter().enumerate() {
                let piece = Piece { clip, start: 0, len: job.len };
                job.run(piece, self.level, rest.split_off_mut(..job.len).unwrap_or_default());
            }
            return;
        }
        let works: Vec<_> = jobs.iter().map(Job::work).collect();
        let mut rest = output;
        let parts = partition(&works, tasks).into_iter().map(|pieces| {
            let len = pieces.iter().map(|piece| piece.len).sum::<usize>();
            (pieces, rest.split_off_mut(..len).unwrap_or_default())
        });
        let run_part = |(pieces, mut output): (Vec<Piece>, &mut [T])| {
            for piece in pieces {
                jobs[piece.clip].run(piece, self.level, output.split_off_mut(..piece.len).unwrap_or_default());
            }
        };
        #[cfg(feature = "parallel")]
        {
            use rayon::prelude::*;
            parts.collect::<Vec<_>>().into_par_iter().with_max_len(1).for_each(run_part);
        }
        #[cfg(not(feature = "parallel"))]
        parts.for_each(run_part);
    }
}

/// A range of one clip's output, and the part of the clip that it is computed from.
#[derive(Debug)]
pub(crate) struct Job<'a, T> {
    pub(crate) plan: &'a Plan,
    /// The samples of the clip from `origin` on; it is zero elsewhere.
    pub(crate) clip: &'a [T],
    pub(crate) origin: i64,
    /// The first output wanted.
    pub(crate) first: u64,
    pub(crate) len: usize,
}

impl<'a, T: Sample> Job<'a, T> {
    fn whole(plan: &'a Plan, clip: &'a [T]) -> Self {
        Self { plan, clip, origin: 0, first: 0, len: plan.output_len(clip.len()) }
    }

    fn work(&self) -> Work {
        Work { outputs: self.len, cost: self.plan.taps() }
    }

    fn run(&self, piece: Piece, level: Level, output: &mut [T]) {
        resample_range(self.plan, level, self.clip, self.origin, self.first + piece.start as u64, output);
    }
}

fn check_len(expected: usize, actual: usize) -> Result<()> {
    if expected == actual { Ok(()) } else { Err(Error::OutputLen { expected, actual }) }
}

fn check_range<T>(plan: &Plan, clip: &[T], range: &Range<usize>) -> Result<()> {
    let len = plan.output_len(clip.len());
    if range.start <= range.end && range.end <= len {
        Ok(())
    } else {
        Err(Error::OutputRange { start: range.start, end: range.end, len })
    }
}

//! [`CpuResampler`]: the backend that is always available, with SIMD kernels for float32 and float64, on threads.

mod adjoint;
mod convert;
mod interleaved;
mod kernel;
mod partition;
mod range;
mod sample;
mod stream;
mod tensor;
mod work;

use std::num::NonZeroUsize;
use std::ops::Range;

pub use self::sample::Sample;
#[cfg(feature = "gpu")]
pub(crate) use self::sample::{Typed, TypedMut};
pub use self::stream::Stream;
use self::work::{Work, run};
use crate::alloc::zeroed;
use crate::batch::{Batch, BatchBuf, Source, check_len};
use crate::clamped::Clamped;
use crate::error::{Error, Result};
use crate::num::to_position;
use crate::plan::Plan;
use crate::simd::Level;

/// Number of samples in the longest clip of which excerpts are resampled: every position near it fits in 64 bits.
const LONGEST_CLIP: u64 = 1 << 62;

/// Resamples on the CPU.
///
/// A `CpuResampler` holds a SIMD [`Level`] and a limit of threads and nothing else: it is `Copy`, and one serves any
/// number of plans and threads. The output depends on the plan, the input and the level alone: the number of threads,
/// the other clips of a batch and the range that is asked for do not change a bit.
///
/// Lengths are checked before anything is computed; no error depends on the values of the samples.
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
    /// `None` for no limit.
    threads: Option<NonZeroUsize>,
    level: Level,
}

impl Default for CpuResampler {
    fn default() -> Self {
        Self::new()
    }
}

impl CpuResampler {
    /// Resampler with the best [`Level`] of this processor and no limit of threads.
    pub fn new() -> Self {
        Self { threads: None, level: Level::best() }
    }

    /// Limits the number of threads that a call uses. Default: 0, for no limit.
    ///
    /// The threads are those of the rayon pool in which the method is called. Without a limit a call may use all of
    /// them; with 1 it stays on the calling thread, as every call does without the feature `parallel`.
    ///
    /// ```
    /// use polyphase::CpuResampler;
    ///
    /// assert_eq!(CpuResampler::new().with_threads(1).threads(), 1);
    /// assert_eq!(CpuResampler::new().with_threads(1).with_threads(0), CpuResampler::new());
    /// ```
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = NonZeroUsize::new(threads);
        self
    }

    /// Sets the SIMD instructions of the kernels. Default: [`Level::best`].
    #[must_use]
    pub fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// SIMD instructions of the kernels.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Number of threads that a call from this thread may use: the size of the rayon pool, or the limit if that is less.
    pub fn threads(&self) -> usize {
        #[cfg(feature = "parallel")]
        return match self.threads.map(NonZeroUsize::get) {
            // Asking rayon would start its pool.
            Some(1) => 1,
            Some(limit) => limit.min(rayon::current_num_threads()),
            None => rayon::current_num_threads(),
        };
        #[cfg(not(feature = "parallel"))]
        1
    }

    /// Resamples one clip into [`Plan::output_len`] samples.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn resample<T: Sample>(&self, plan: &Plan, clip: &[T]) -> Result<Vec<T>> {
        let mut output = zeroed(plan.output_len(clip.len()))?;
        self.run(&[Work::whole(plan, clip)], &mut output);
        Ok(output)
    }

    /// Resamples one clip into a buffer of [`Plan::output_len`] samples. Memory is allocated for intermediate results
    /// only, and kept for later calls where that pays.
    ///
    /// ```
    /// use polyphase::{Clamped, CpuResampler, Plan, ResampleOptions};
    ///
    /// let plan = Plan::new(16_000, 8_000, &ResampleOptions::default())?;
    /// let mut resampled = [0.0_f32; 50];
    /// let clamped = CpuResampler::new().resample_into(&plan, &[0.5; 100], &mut resampled)?;
    /// assert_eq!(clamped, Clamped { count: 0 });
    /// assert!((resampled[25] - 0.5).abs() < 1e-3);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::OutputLen`] for a buffer of another length.
    pub fn resample_into<T: Sample>(&self, plan: &Plan, clip: &[T], output: &mut [T]) -> Result<Clamped> {
        check_len(plan.output_len(clip.len()), output.len())?;
        Ok(self.run(&[Work::whole(plan, clip)], output))
    }

    /// Computes only a range of the clip's output. The samples have the same bits as in the whole output.
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
        let work = range_work(plan, clip, range)?;
        self.run_allocated(work)
    }

    /// Fills the buffer with the outputs from `start` on, as [`resample_range`](Self::resample_range).
    ///
    /// # Errors
    /// [`Error::OutputRange`] for a range that does not lie within the output.
    pub fn resample_range_into<T: Sample>(
        &self,
        plan: &Plan,
        clip: &[T],
        start: usize,
        output: &mut [T],
    ) -> Result<Clamped> {
        let work = range_work(plan, clip, start..start.saturating_add(output.len()))?;
        Ok(self.run(&[work], output))
    }

    /// Computes a range of the output of a clip that is not in memory, from an excerpt of the clip.
    ///
    /// The excerpt holds the samples of the clip at [`Plan::input_range_for`]`(input_len, range)`, where `input_len` is
    /// the length of the whole clip. The samples have the same bits as in the whole output.
    ///
    /// ```
    /// use polyphase::{CpuResampler, Plan, ResampleOptions};
    ///
    /// let plan = Plan::new(48_000, 16_000, &ResampleOptions::default())?;
    /// let clip: Vec<f32> = (0..48_000).map(|i| (i as f32 * 0.1).sin()).collect();
    /// let excerpt = &clip[plan.input_range_for(48_000, 5000..5100)?];
    /// assert_eq!(excerpt.len(), 334);
    /// let cpu = CpuResampler::new();
    /// assert_eq!(cpu.resample_excerpt(&plan, excerpt, 48_000, 5000..5100)?, cpu.resample(&plan, &clip)?[5000..5100]);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::OutputRange`] for a range that does not lie within the output, [`Error::ClipTooLong`] for a clip or a
    /// range that reaches beyond sample 2⁶², [`Error::InputLen`] for an excerpt of another length,
    /// [`Error::OutOfMemory`].
    pub fn resample_excerpt<T: Sample>(
        &self,
        plan: &Plan,
        excerpt: &[T],
        input_len: usize,
        range: Range<usize>,
    ) -> Result<Vec<T>> {
        let work = excerpt_work(plan, excerpt, input_len, range)?;
        self.run_allocated(work)
    }

    /// Fills the buffer with the outputs from `start` on, as [`resample_excerpt`](Self::resample_excerpt).
    ///
    /// # Errors
    /// As [`resample_excerpt`](Self::resample_excerpt), except [`Error::OutOfMemory`].
    pub fn resample_excerpt_into<T: Sample>(
        &self,
        plan: &Plan,
        excerpt: &[T],
        input_len: usize,
        start: usize,
        output: &mut [T],
    ) -> Result<Clamped> {
        let work = excerpt_work(plan, excerpt, input_len, start..start.saturating_add(output.len()))?;
        Ok(self.run(&[work], output))
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

    /// Resamples every clip of a batch into one packed buffer: the output of clip i begins at offset i of
    /// [`Batch::output_offsets`].
    ///
    /// # Errors
    /// [`Error::OutputLen`] for a buffer of another length than the last of these offsets.
    pub fn resample_batch_into<T: Sample>(&self, batch: &Batch<'_, T>, output: &mut [T]) -> Result<Clamped> {
        check_len(batch.output_offsets().last().copied().unwrap_or(0), output.len())?;
        Ok(self.run_batch(batch, output))
    }

    /// Resamples those clips of a batch whose indices are chosen, each to its place in the packed buffer of all. The
    /// places of the others are left as they are.
    #[cfg(feature = "gpu")]
    pub(crate) fn resample_some_into<T: Sample>(
        &self,
        batch: &Batch<'_, T>,
        output: &mut [T],
        is_chosen: impl Fn(usize) -> bool,
    ) -> Clamped {
        let mut works: Vec<Work<'_, T>> = Vec::new();
        let mut gap = 0;
        for (index, (plan, clip)) in batch.iter().enumerate() {
            let work = Work::whole(plan, clip);
            if is_chosen(index) && work.len() > 0 {
                works.push(Work { gap: std::mem::take(&mut gap), ..work });
            } else {
                gap += work.len();
            }
        }
        self.run(&works, output)
    }

    fn run_batch<T: Sample>(&self, batch: &Batch<'_, T>, output: &mut [T]) -> Clamped {
        let works: Vec<_> = batch.iter().map(|(plan, clip)| Work::whole(plan, clip)).collect();
        self.run(&works, output)
    }

    fn run_allocated<T: Sample>(&self, work: Work<'_, T>) -> Result<Vec<T>> {
        let mut output = zeroed(work.len())?;
        self.run(&[work], &mut output);
        Ok(output)
    }

    /// Computes the outputs of all works, which follow each other in `output`.
    fn run<T: Sample>(&self, works: &[Work<'_, T>], output: &mut [T]) -> Clamped {
        let max_tasks = match (self.threads(), self.threads) {
            (1, _) => 1,
            // Without a limit there are more tasks than threads, so that threads that finish early find work.
            (threads, None) => 4 * threads,
            (_, Some(limit)) => limit.get(),
        };
        run(works, self.level, max_tasks, output)
    }
}

fn range_work<'a, T: Sample>(plan: &'a Plan, clip: &'a [T], range: Range<usize>) -> Result<Work<'a, T>> {
    let len = plan.output_len(clip.len());
    if range.start > range.end || range.end > len {
        return Err(Error::OutputRange { start: range.start, end: range.end, len });
    }
    Ok(Work { outputs: range.start as u64..range.end as u64, ..Work::whole(plan, clip) })
}

fn excerpt_work<'a, T: Sample>(
    plan: &'a Plan,
    samples: &'a [T],
    input_len: usize,
    range: Range<usize>,
) -> Result<Work<'a, T>> {
    let needed = plan.input_range_for(input_len, range.clone())?;
    let longest = input_len.max(range.end) as u64;
    if longest > LONGEST_CLIP {
        return Err(Error::ClipTooLong { samples: longest, limit: LONGEST_CLIP });
    }
    if samples.len() != needed.len() {
        return Err(Error::InputLen { expected: needed.len(), actual: samples.len() });
    }
    let source = Source { samples, origin: to_position(needed.start), clip_len: Some(input_len) };
    Ok(Work { plan, source, channels: 1, gap: 0, outputs: range.start as u64..range.end as u64 })
}

#[cfg(all(test, feature = "gpu"))]
mod tests {
    use super::*;

    #[test]
    fn chosen_clips_are_resampled_at_their_places() {
        let plan = Plan::new(2, 1, crate::options::ResampleOptions::kaiser_best()).expect("a plan");
        // The last are long enough to be divided among threads.
        let clips = [0, 10, 500, 0, 7, 300, 200_000, 1, 100_000, 400_000].map(|len| vec![0.5_f32; len]);
        let batch: Batch<'_, f32> = clips.iter().map(|clip| (&plan, &clip[..])).collect();
        let offsets = batch.output_offsets();
        let expected = CpuResampler::new().resample_batch(&batch).expect("fits");
        for threads in [1, 2, 0] {
            for mask in 0..1 << clips.len() {
                // All small masks, and a fifth of the others, which cost more.
                if mask >= 64 && mask % 61 != 0 {
                    continue;
                }
                let mut output = vec![9.0; expected.samples().len()];
                let is_chosen = |clip: usize| mask >> clip & 1 == 1;
                CpuResampler::new().with_threads(threads).resample_some_into(&batch, &mut output, is_chosen);
                for (clip, ends) in offsets.windows(2).enumerate() {
                    let actual = &output[ends[0]..ends[1]];
                    let is_right =
                        if is_chosen(clip) { *actual == expected[clip] } else { actual.iter().all(|&y| y == 9.0) };
                    assert!(is_right, "clip {clip} of {mask:b}, {threads} threads");
                }
            }
        }
    }
}

//! [`CpuResampler`]: the path that is always there. float64 is the reference; float32 uses SIMD; both use threads.

mod adjoint;
mod job;
mod kernel;
mod partition;
mod range;
mod sample;
mod stream;
mod tensor;

use std::num::NonZeroUsize;
use std::ops::Range;

use self::job::Job;
use self::range::Clip;
pub use self::sample::Sample;
pub use self::stream::Stream;
use crate::alloc::zeroed;
use crate::batch::{Batch, BatchBuf};
use crate::error::{Error, Result};
use crate::num::to_position;
use crate::plan::Plan;
use crate::simd::Level;

/// Samples up to which pieces of a clip that is not in memory are computed: the numbers of all that lie about them fit in 64 bits.
const LONGEST_CLIP: u64 = 1 << 62;

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

    /// Resamples one clip into a buffer of [`Plan::output_len`] samples. Returns how many had to be clamped: 0 for all but
    /// integers.
    ///
    /// ```
    /// use polyphase::{CpuResampler, Plan, ResampleOptions};
    ///
    /// // A square wave at full scale overshoots.
    /// let clip: Vec<i16> = (0..1000).map(|i| if i / 20 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
    /// let plan = Plan::new(16_000, 8_000, &ResampleOptions::default())?;
    /// let mut resampled = vec![0; 500];
    /// let clipped = CpuResampler::new().resample_into(&plan, &clip, &mut resampled)?;
    /// assert_eq!(clipped, resampled.iter().filter(|&&y| y == i16::MAX || y == i16::MIN).count());
    /// assert!(clipped > 100);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::OutputLen`] for a buffer of another length.
    pub fn resample_into<T: Sample>(&self, plan: &Plan, clip: &[T], output: &mut [T]) -> Result<usize> {
        check_len(plan.output_len(clip.len()), output.len())?;
        Ok(self.run(&[Job::whole(plan, clip)], output))
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

    /// Computes the outputs from `start` on that fill the buffer, as [`resample_range`](Self::resample_range). Returns how
    /// many had to be clamped: 0 for all but integers.
    ///
    /// # Errors
    /// [`Error::OutputRange`] for a range that does not lie within the output.
    pub fn resample_range_into<T: Sample>(
        &self,
        plan: &Plan,
        clip: &[T],
        start: usize,
        output: &mut [T],
    ) -> Result<usize> {
        check_range(plan, clip, &(start..start.saturating_add(output.len())))?;
        Ok(self.run(&[Job { first: start as u64, len: output.len(), ..Job::whole(plan, clip) }], output))
    }

    /// Computes a range of the output of a clip that is not in memory, from the piece of it that the range needs: the
    /// samples of a clip of `input_len` that [`Plan::input_range_for`] names. The same bits as that range of the whole.
    ///
    /// ```
    /// use polyphase::{CpuResampler, Plan, ResampleOptions};
    ///
    /// let plan = Plan::new(48_000, 16_000, &ResampleOptions::default())?;
    /// let clip: Vec<f32> = (0..48_000).map(|i| (i as f32 * 0.1).sin()).collect();
    /// let piece = &clip[plan.input_range_for(48_000, 5000..5100)?];
    /// assert_eq!(piece.len(), 334);
    /// let cpu = CpuResampler::new();
    /// assert_eq!(cpu.resample_piece(&plan, piece, 48_000, 5000..5100)?, cpu.resample(&plan, &clip)?[5000..5100]);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::OutputRange`] for a range that does not lie within the output, [`Error::ClipTooLong`] beyond sample 2⁶² of either,
    /// [`Error::InputLen`] for a piece of another length, [`Error::OutOfMemory`].
    pub fn resample_piece<T: Sample>(
        &self,
        plan: &Plan,
        piece: &[T],
        input_len: usize,
        range: Range<usize>,
    ) -> Result<Vec<T>> {
        let needed = plan.input_range_for(input_len, range.clone())?;
        let samples = input_len.max(range.end) as u64;
        if samples > LONGEST_CLIP {
            return Err(Error::ClipTooLong { samples, limit: LONGEST_CLIP });
        }
        if piece.len() != needed.len() {
            return Err(Error::InputLen { expected: needed.len(), actual: piece.len() });
        }
        let mut output = zeroed(range.len())?;
        let clip = Clip { samples: piece, origin: to_position(needed.start), len: Some(input_len) };
        self.run(&[Job { plan, clip, first: range.start as u64, len: range.len() }], &mut output);
        Ok(output)
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

    /// Resamples every clip of a batch into one packed buffer, in which they lie at [`Batch::output_offsets`]. Returns how
    /// many samples had to be clamped: 0 for all but integers.
    ///
    /// # Errors
    /// [`Error::OutputLen`] for a buffer of another length than the last of those offsets.
    pub fn resample_batch_into<T: Sample>(&self, batch: &Batch<'_, T>, output: &mut [T]) -> Result<usize> {
        check_len(batch.output_offsets().last().copied().unwrap_or(0), output.len())?;
        Ok(self.run_batch(batch, output))
    }

    fn run_batch<T: Sample>(&self, batch: &Batch<'_, T>, output: &mut [T]) -> usize {
        let jobs: Vec<_> = batch.iter().map(|(plan, clip)| Job::whole(plan, clip)).collect();
        self.run(&jobs, output)
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

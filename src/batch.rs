//! [`Batch`] and [`BatchBuf`]: clips of any lengths, as input and as output. [`Source`] and [`Run`]: samples and
//! outputs of one clip, as both backends describe them.

use std::ops::{Index, Range};

use crate::error::{Error, Result};
use crate::num::to_position;
use crate::plan::Plan;

/// A ragged batch: clips to resample in one call, borrowed, each with its own length and plan.
///
/// ```
/// use polyphase::{Batch, CpuResampler, Plan, ResampleOptions};
///
/// let options = ResampleOptions::default();
/// let (telephone, studio) = (Plan::new(8_000, 16_000, &options)?, Plan::new(48_000, 16_000, &options)?);
/// let mut batch = Batch::new();
/// batch.push(&telephone, &[0.5_f32; 100]);
/// batch.push(&studio, &[0.5; 301]);
/// batch.push(&studio, &[]);
///
/// let resampled = CpuResampler::new().resample_batch(&batch)?;
/// let lengths: Vec<_> = resampled.iter().map(<[f32]>::len).collect();
/// assert_eq!(lengths, [200, 101, 0]);
/// let (samples, offsets) = resampled.into_parts();
/// assert_eq!((samples.len(), offsets), (301, vec![0, 200, 301, 301]));
/// # Ok::<(), polyphase::Error>(())
/// ```
///
/// An iterator of clips with their plans can be collected:
///
/// ```
/// use polyphase::{Batch, CpuResampler, Plan, Preset};
///
/// let plan = Plan::new(44_100, 16_000, Preset::High)?;
/// let clips = vec![vec![0.0_f32; 44_100], vec![0.0; 441]];
/// let batch: Batch<_> = clips.iter().map(|clip| (&plan, &clip[..])).collect();
/// let resampled = CpuResampler::new().resample_batch(&batch)?;
/// assert_eq!(resampled[1].len(), 160);
/// for clip in &resampled {
///     assert_eq!(clip.len() % 160, 0);
/// }
/// # Ok::<(), polyphase::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Batch<'a, T> {
    clips: Vec<(Plan, &'a [T])>,
}

impl<T> Default for Batch<'_, T> {
    fn default() -> Self {
        Self { clips: Vec::new() }
    }
}

impl<'a, T> Batch<'a, T> {
    /// Batch without clips.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a clip.
    pub fn push(&mut self, plan: &Plan, clip: &'a [T]) {
        self.clips.push((plan.clone(), clip));
    }

    /// Batch of the clips in one packed buffer, all with the same plan. Clip i is `samples[offsets[i]..offsets[i +
    /// 1]]`.
    ///
    /// # Errors
    /// [`Error::BatchOffset`] if an offset is below the one before it or beyond the buffer, and
    /// [`Error::BatchOffsetsEmpty`] if there are none.
    pub fn from_offsets(plan: &Plan, samples: &'a [T], offsets: &[usize]) -> Result<Self> {
        if offsets.is_empty() {
            return Err(Error::BatchOffsetsEmpty);
        }
        let mut min = 0;
        for (index, &value) in offsets.iter().enumerate() {
            if value < min || value > samples.len() {
                return Err(Error::BatchOffset { index, value, min, max: samples.len() });
            }
            min = value;
        }
        let clips = offsets.windows(2).map(|ends| (plan.clone(), &samples[ends[0]..ends[1]])).collect();
        Ok(Self { clips })
    }

    /// Number of clips.
    pub fn len(&self) -> usize {
        self.clips.len()
    }

    /// True if there are no clips.
    pub fn is_empty(&self) -> bool {
        self.clips.is_empty()
    }

    /// Iterator over the clips with their plans, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Plan, &'a [T])> {
        self.clips.iter().map(|(plan, clip)| (plan, *clip))
    }

    /// Offsets of the outputs when they are packed one after the other: those of clip i are at `offsets[i]..offsets[i +
    /// 1]`. There is one offset more than there are clips. Offsets saturate at `usize::MAX`.
    pub fn output_offsets(&self) -> Vec<usize> {
        let lengths = self.iter().map(|(plan, clip)| plan.output_len(clip.len()));
        let mut end = 0_usize;
        std::iter::once(0)
            .chain(lengths.map(|length| {
                end = end.saturating_add(length);
                end
            }))
            .collect()
    }
}

impl<'p, 'a, T> FromIterator<(&'p Plan, &'a [T])> for Batch<'a, T> {
    fn from_iter<I: IntoIterator<Item = (&'p Plan, &'a [T])>>(clips: I) -> Self {
        let mut batch = Self::new();
        batch.extend(clips);
        batch
    }
}

impl<'p, 'a, T> Extend<(&'p Plan, &'a [T])> for Batch<'a, T> {
    fn extend<I: IntoIterator<Item = (&'p Plan, &'a [T])>>(&mut self, clips: I) {
        self.clips.extend(clips.into_iter().map(|(plan, clip)| (plan.clone(), clip)));
    }
}

/// Clips packed one after the other: the result of resampling a [`Batch`].
#[derive(Debug, Clone, PartialEq)]
pub struct BatchBuf<T> {
    samples: Vec<T>,
    /// Starts of the clips, and the end of the last.
    offsets: Vec<usize>,
}

/// Buffer without clips.
impl<T> Default for BatchBuf<T> {
    fn default() -> Self {
        Self { samples: Vec::new(), offsets: vec![0] }
    }
}

impl<T> BatchBuf<T> {
    /// Buffer of samples at the offsets of [`Batch::output_offsets`].
    pub(crate) fn from_parts(samples: Vec<T>, offsets: Vec<usize>) -> Self {
        debug_assert_eq!(offsets.last(), Some(&samples.len()));
        Self { samples, offsets }
    }

    /// Number of clips.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// True if there are no clips.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Samples of clip `index`, or `None` beyond the last clip.
    pub fn clip(&self, index: usize) -> Option<&[T]> {
        self.samples.get(self.range(index)?)
    }

    /// Iterator over the clips, in order.
    pub fn iter(&self) -> BatchIter<'_, T> {
        self.into_iter()
    }

    /// All samples, clip after clip.
    pub fn samples(&self) -> &[T] {
        &self.samples
    }

    /// Start of each clip in [`samples`](Self::samples), and the end of the last.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// Samples and offsets, as of [`samples`](Self::samples) and [`offsets`](Self::offsets), without a copy.
    pub fn into_parts(self) -> (Vec<T>, Vec<usize>) {
        (self.samples, self.offsets)
    }

    fn range(&self, index: usize) -> Option<Range<usize>> {
        Some(*self.offsets.get(index)?..*self.offsets.get(index.checked_add(1)?)?)
    }
}

/// Samples of clip `index`; panics beyond the last clip.
impl<T> Index<usize> for BatchBuf<T> {
    type Output = [T];

    fn index(&self, index: usize) -> &[T] {
        &self.samples[self.offsets[index]..self.offsets[index + 1]]
    }
}

impl<'a, T> IntoIterator for &'a BatchBuf<T> {
    type Item = &'a [T];
    type IntoIter = BatchIter<'a, T>;

    fn into_iter(self) -> BatchIter<'a, T> {
        BatchIter { samples: &self.samples, offsets: self.offsets.windows(2) }
    }
}

/// Iterator over the clips of a [`BatchBuf`].
#[derive(Debug, Clone)]
pub struct BatchIter<'a, T> {
    samples: &'a [T],
    offsets: std::slice::Windows<'a, usize>,
}

impl<'a, T> Iterator for BatchIter<'a, T> {
    type Item = &'a [T];

    fn next(&mut self) -> Option<&'a [T]> {
        self.offsets.next().map(|ends| &self.samples[ends[0]..ends[1]])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.offsets.size_hint()
    }
}

impl<T> ExactSizeIterator for BatchIter<'_, T> {}

/// Samples of a clip, or of a part of it, and their place in the clip.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a, T> {
    /// Samples from position `origin` on.
    pub(crate) samples: &'a [T],
    /// Position of the first of `samples`.
    pub(crate) origin: i64,
    /// Length of the whole clip, beyond whose ends the plan's padding applies; `None` for zeros beyond `samples`.
    pub(crate) clip_len: Option<usize>,
}

impl<'a, T> Source<'a, T> {
    /// The whole of a clip.
    pub(crate) fn whole(samples: &'a [T]) -> Self {
        Self { samples, origin: 0, clip_len: Some(samples.len()) }
    }

    /// Position after the last sample.
    pub(crate) fn end(&self) -> i64 {
        self.origin.saturating_add(to_position(self.samples.len()))
    }
}

impl<T: Copy + Default> Source<'_, T> {
    /// Sample at a position, 0 where there is none.
    #[inline(always)]
    pub(crate) fn at(&self, position: i64) -> T {
        let index = usize::try_from(position.saturating_sub(self.origin)).ok();
        index.and_then(|index| self.samples.get(index)).copied().unwrap_or_default()
    }
}

/// Consecutive outputs of one clip of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    /// Index of the clip.
    pub(crate) clip: usize,
    /// Numbers of the outputs.
    pub(crate) outputs: Range<u64>,
}

/// Checks the length of a buffer.
///
/// # Errors
/// [`Error::OutputLen`] if it is not the expected one.
pub(crate) fn check_len(expected: usize, actual: usize) -> Result<()> {
    if expected == actual { Ok(()) } else { Err(Error::OutputLen { expected, actual }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::ResampleOptions;

    /// Clips of zero-sized samples: no memory holds as many outputs, but the offsets must.
    #[test]
    fn offsets_saturate() {
        let plan = Plan::new(1, 3, ResampleOptions::default()).expect("a small plan");
        let clip = vec![(); usize::MAX / 4];
        let mut batch = Batch::new();
        for _ in 0..3 {
            batch.push(&plan, &clip);
        }
        assert_eq!(batch.output_offsets(), [0, usize::MAX / 4 * 3, usize::MAX, usize::MAX]);
    }

    #[test]
    fn parts_are_what_the_batch_was_made_of() {
        let batch = BatchBuf::from_parts(vec![1, 2, 3], vec![0, 2, 2, 3]);
        assert!(!batch.is_empty());
        assert_eq!((batch.samples(), batch.offsets()), (&[1, 2, 3][..], &[0, 2, 2, 3][..]));
        assert_eq!(batch.into_parts(), (vec![1, 2, 3], vec![0, 2, 2, 3]));
        assert!(BatchBuf::<f32>::from_parts(vec![], vec![0]).is_empty());
    }
}

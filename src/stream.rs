//! [`Stream`]: chunk in, chunk out; the chunks together are the whole, bit for bit.

use crate::cpu::{CpuResampler, Job, Sample};
use crate::error::{Error, Result};
use crate::plan::Plan;

/// Resamples a signal that arrives in chunks, with memory for a filter's length and a chunk.
///
/// The outputs, one after the other, are those of the whole signal in one call, in every bit, however it is cut.
///
/// ```
/// use polyphase::{CpuResampler, Plan, ResampleOptions, Stream};
///
/// let plan = Plan::new(44_100, 16_000, &ResampleOptions::default())?;
/// let signal: Vec<f32> = (0..44_100).map(|i| (i as f32 * 0.05).sin()).collect();
///
/// let mut stream = Stream::new(&plan, 1)?;
/// let mut output = Vec::new();
/// for chunk in signal.chunks(1000) {
///     stream.push(chunk, &mut output)?;
/// }
/// stream.finish(&mut output)?;
/// assert_eq!(output, CpuResampler::new().resample(&plan, &signal)?);
/// # Ok::<(), polyphase::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Stream<T> {
    plan: Plan,
    cpu: CpuResampler,
    /// For each channel, the samples that outputs still to come can reach.
    pending: Vec<Vec<T>>,
    /// Where the first pending sample stands in the signal.
    origin: u64,
    /// Frames received since the beginning.
    received: u64,
    /// Frames given since the beginning.
    produced: u64,
    /// The outputs of a call, channel after channel.
    planar: Vec<T>,
}

impl<T: Sample> Stream<T> {
    /// A stream of interleaved frames of `channels` samples.
    ///
    /// # Errors
    /// [`Error::NoChannels`] for 0.
    pub fn new(plan: &Plan, channels: usize) -> Result<Self> {
        if channels == 0 {
            return Err(Error::NoChannels);
        }
        Ok(Self {
            plan: plan.clone(),
            cpu: CpuResampler::new(),
            pending: vec![Vec::new(); channels],
            origin: 0,
            received: 0,
            produced: 0,
            planar: Vec::new(),
        })
    }

    /// Resamples with these threads and this SIMD level.
    #[must_use]
    pub fn with_resampler(mut self, cpu: CpuResampler) -> Self {
        self.cpu = cpu;
        self
    }

    /// Input frames that an output waits for: [`Plan::look_ahead`].
    pub fn delay(&self) -> usize {
        self.plan.look_ahead()
    }

    /// Takes a chunk of whole frames, of any number, and appends the frames that it completes to `output`.
    ///
    /// # Errors
    /// [`Error::Interleaving`] for a chunk that is not a whole number of frames, [`Error::OutOfMemory`].
    pub fn push(&mut self, chunk: &[T], output: &mut Vec<T>) -> Result<()> {
        let channels = self.pending.len();
        if !chunk.len().is_multiple_of(channels) {
            return Err(Error::Interleaving { len: chunk.len(), channels });
        }
        for (channel, pending) in self.pending.iter_mut().enumerate() {
            pending.extend(chunk.iter().skip(channel).step_by(channels));
        }
        self.received += (chunk.len() / channels) as u64;
        let complete = if self.plan.ratio().is_identity() {
            self.received
        } else {
            self.plan.shape().first_reaching(self.received)
        };
        // Shorter signals than the filter complete more frames than they have outputs.
        self.produce(complete.min(self.total()), output)
    }

    /// Ends the signal: appends the remaining frames to `output`, so that there are [`Plan::output_len`] in all, and begins
    /// anew.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn finish(&mut self, output: &mut Vec<T>) -> Result<()> {
        self.produce(self.total(), output)?;
        self.reset();
        Ok(())
    }

    /// Forgets the signal so far.
    pub fn reset(&mut self) {
        self.pending.iter_mut().for_each(Vec::clear);
        (self.origin, self.received, self.produced) = (0, 0, 0);
    }

    fn total(&self) -> u64 {
        self.plan.output_len(usize::try_from(self.received).unwrap_or(usize::MAX)) as u64
    }

    /// Appends the frames before `end` and forgets what only they needed.
    fn produce(&mut self, end: u64, output: &mut Vec<T>) -> Result<()> {
        let channels = self.pending.len();
        let frames = usize::try_from(end.saturating_sub(self.produced)).unwrap_or(usize::MAX);
        if frames == 0 {
            return Ok(());
        }
        let samples = frames.saturating_mul(channels);
        let out_of_memory = |_| Error::OutOfMemory { samples, bytes_per_sample: size_of::<T>() };
        output.try_reserve(samples).map_err(out_of_memory)?;
        self.planar.clear();
        self.planar.try_reserve(samples).map_err(out_of_memory)?;
        self.planar.resize(samples, T::default());
        let origin = i64::try_from(self.origin).unwrap_or(i64::MAX);
        let jobs: Vec<_> = self
            .pending
            .iter()
            .map(|clip| Job { plan: &self.plan, clip, origin, first: self.produced, len: frames })
            .collect();
        self.cpu.run(&jobs, &mut self.planar);
        for frame in 0..frames {
            output.extend(self.planar.iter().skip(frame).step_by(frames));
        }
        self.produced = end;

        let needed = if self.plan.ratio().is_identity() {
            self.produced
        } else {
            u64::try_from(self.plan.shape().window(self.produced).start).unwrap_or(0)
        };
        let forget = usize::try_from(needed.min(self.received).saturating_sub(self.origin)).unwrap_or(usize::MAX);
        for pending in &mut self.pending {
            pending.drain(..forget.min(pending.len()));
        }
        self.origin += forget as u64;
        Ok(())
    }
}

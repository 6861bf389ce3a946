//! [`Stream`]: chunk in, chunk out; the chunks together are the whole, bit for bit.

use super::kernel::reserve_scratch;
use super::range::{Clip, resample_range};
use super::{CpuResampler, Sample};
use crate::error::{Error, Result};
use crate::num::to_position;
use crate::options::OutputLength;
use crate::plan::{Bank, Plan};
use crate::simd::Level;

/// Resamples a signal that arrives in chunks, with memory for a filter's length and a block of samples.
///
/// The outputs, one after the other, are those of the whole signal in one call, in every bit, however it is cut. Everything
/// happens on the calling thread, and nothing is allocated after construction but what the caller's vectors lack; on another
/// thread than that which made it, the kernel's 224 KiB of scratch once. (A bank of more than a megabyte is designed as it is
/// used: push a frame's worth of silence and [`reset`](Self::reset) where that may not happen later.)
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
pub struct Stream<T: Sample> {
    plan: Plan,
    level: Level,
    channels: usize,
    /// For each channel, and each part of its samples, what outputs still to come can reach.
    planes: Vec<Vec<T::Float>>,
    /// What each plane may hold.
    capacity: usize,
    /// Where the first sample in the planes stands in the signal.
    origin: i64,
    /// Frames received since the beginning.
    received: u64,
    /// Frames given since the beginning.
    produced: u64,
    /// A block of outputs, plane after plane.
    block: Vec<T::Float>,
    clipped: usize,
}

/// Frames that are taken in, or given, at once, whichever are more: enough for the kernel's largest tiles, a few hundred
/// kilobytes for each channel.
const BLOCK_FRAMES: usize = 1 << 14;

/// The frames of a call: interleaved, or a slice for each channel.
#[derive(Clone, Copy)]
enum Frames<'a, T> {
    Interleaved(&'a [T]),
    Planar(&'a [&'a [T]]),
}

/// Where the frames that are done go.
enum Sink<'a, T> {
    Interleaved(&'a mut Vec<T>),
    Planar(&'a mut [Vec<T>]),
}

impl<T: Sample> Stream<T> {
    /// A stream of `channels` channels.
    ///
    /// # Errors
    /// [`Error::NoChannels`] for 0, [`Error::OutOfMemory`].
    pub fn new(plan: &Plan, channels: usize) -> Result<Self> {
        if channels == 0 {
            return Err(Error::NoChannels);
        }
        let count = channels.saturating_mul(T::PARTS);
        // The windows of two neighbouring outputs, the block, and silence or what stands for it on both sides.
        let capacity = plan.look_ahead().saturating_mul(6).saturating_add(2 * BLOCK_FRAMES);
        let reserve = |len: usize| {
            let mut plane = Vec::new();
            let out_of_memory = |_| Error::OutOfMemory { samples: len, bytes_per_sample: size_of::<T::Float>() };
            plane.try_reserve_exact(len).map_err(out_of_memory).map(|()| plane)
        };
        let mut block = reserve(count.saturating_mul(BLOCK_FRAMES))?;
        block.resize(count * BLOCK_FRAMES, Default::default());
        let planes = (0..count).map(|_| reserve(capacity)).collect::<Result<_>>()?;
        let level = CpuResampler::new().level();
        let mut stream = Self {
            plan: plan.clone(),
            level,
            channels,
            planes,
            capacity,
            origin: 0,
            received: 0,
            produced: 0,
            block,
            clipped: 0,
        };
        stream.reset();
        if let Bank::Exact(blocks) = plan.bank() {
            reserve_scratch(blocks.span());
        }
        Ok(stream)
    }

    /// Resamples with this SIMD level.
    #[must_use]
    pub fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Input frames that an output waits for: [`Plan::look_ahead`].
    pub fn delay(&self) -> usize {
        self.plan.look_ahead()
    }

    /// The most frames that a chunk of so many completes, wherever in the signal it comes: what to reserve in a vector that
    /// must not grow. [`finish`](Self::finish) gives at most as many as a chunk of [`delay`](Self::delay) frames more, unless
    /// an [`OutputLength::Exact`](crate::OutputLength::Exact) asks for more.
    pub fn max_output_frames(&self, frames: usize) -> usize {
        self.plan.ratio().output_len(frames.saturating_add(self.delay())).saturating_add(1)
    }

    /// Samples that had to be clamped since the beginning: 0 for all but integers.
    pub fn clipped(&self) -> usize {
        self.clipped
    }

    /// Takes a chunk of interleaved frames, of any number, and appends the frames that it completes to `output`.
    ///
    /// # Errors
    /// [`Error::Interleaving`] for a chunk that is not a whole number of frames, [`Error::OutOfMemory`] if `output` cannot
    /// grow: then nothing was taken of the chunk but what is complete.
    pub fn push(&mut self, chunk: &[T], output: &mut Vec<T>) -> Result<()> {
        if !chunk.len().is_multiple_of(self.channels) {
            return Err(Error::Interleaving { len: chunk.len(), channels: self.channels });
        }
        self.take(Frames::Interleaved(chunk), chunk.len() / self.channels, &mut Sink::Interleaved(output))
    }

    /// As [`push`](Self::push), with a slice of the same length for each channel, and a vector for each that is appended to.
    ///
    /// # Errors
    /// [`Error::Channels`] if these are not as many as the channels, [`Error::ChannelLen`] if they differ in length,
    /// [`Error::OutOfMemory`].
    ///
    /// ```
    /// use polyphase::{Plan, ResampleOptions, Stream};
    ///
    /// let plan = Plan::new(16_000, 48_000, &ResampleOptions::default())?;
    /// let mut stream = Stream::new(&plan, 2)?;
    /// let mut outputs = [Vec::new(), Vec::new()];
    /// stream.push_planar(&[&[0.5_f32; 160], &[-0.5; 160]], &mut outputs)?;
    /// stream.finish_planar(&mut outputs)?;
    /// assert_eq!(outputs.each_ref().map(Vec::len), [480, 480]);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    pub fn push_planar(&mut self, chunks: &[&[T]], outputs: &mut [Vec<T>]) -> Result<()> {
        for given in [chunks.len(), outputs.len()] {
            self.check_channels(given)?;
        }
        let frames = chunks[0].len();
        if let Some((channel, chunk)) = chunks.iter().enumerate().find(|(_, chunk)| chunk.len() != frames) {
            return Err(Error::ChannelLen { channel, expected: frames, actual: chunk.len() });
        }
        self.take(Frames::Planar(chunks), frames, &mut Sink::Planar(outputs))
    }

    /// Ends the signal: appends the remaining frames to `output`, so that there are [`Plan::output_len`] in all, and begins
    /// anew.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn finish(&mut self, output: &mut Vec<T>) -> Result<()> {
        self.end(&mut Sink::Interleaved(output))
    }

    /// As [`finish`](Self::finish), with a vector for each channel.
    ///
    /// # Errors
    /// [`Error::Channels`] if these are not as many as the channels, [`Error::OutOfMemory`].
    pub fn finish_planar(&mut self, outputs: &mut [Vec<T>]) -> Result<()> {
        self.check_channels(outputs.len())?;
        self.end(&mut Sink::Planar(outputs))
    }

    /// Forgets the signal so far.
    pub fn reset(&mut self) {
        let margin = self.margin();
        for plane in &mut self.planes {
            plane.clear();
            // What stands before the signal is known when its first samples are.
            plane.resize(margin, Default::default());
        }
        self.origin = -to_position(margin as u64);
        (self.received, self.produced, self.clipped) = (0, 0, 0);
    }

    fn check_channels(&self, actual: usize) -> Result<()> {
        if actual == self.channels { Ok(()) } else { Err(Error::Channels { expected: self.channels, actual }) }
    }

    /// Samples that the padding puts on each side.
    fn margin(&self) -> usize {
        self.plan.shape().margin()
    }

    fn total(&self) -> u64 {
        self.plan.output_len(usize::try_from(self.received).unwrap_or(usize::MAX)) as u64
    }

    fn take(&mut self, chunk: Frames<'_, T>, frames: usize, sink: &mut Sink<'_, T>) -> Result<()> {
        let (stride, phases) = (self.plan.ratio().stride(), self.plan.ratio().phases());
        let block = (u128::from(stride) * BLOCK_FRAMES as u128 / u128::from(stride.max(phases))).max(1);
        let block = usize::try_from(block).unwrap_or(BLOCK_FRAMES);
        let mut from = 0;
        while from < frames {
            let to = frames.min(from + block);
            self.forget(to - from);
            let (channels, parts) = (self.channels, T::PARTS);
            for (plane, samples) in self.planes.iter_mut().enumerate() {
                let (channel, part) = (plane / parts, plane % parts);
                match chunk {
                    Frames::Interleaved(chunk) => {
                        let frames = &chunk[from * channels..to * channels];
                        samples.extend(frames.iter().skip(channel).step_by(channels).map(|sample| sample.part(part)));
                    }
                    Frames::Planar(chunks) => {
                        samples.extend(chunks[channel][from..to].iter().map(|sample| sample.part(part)));
                    }
                }
            }
            self.received += (to - from) as u64;
            from = to;
            let complete = self.plan.shape().first_reaching(self.received);
            // Shorter signals than the filter complete more frames than they have outputs.
            let complete = complete.min(self.total());
            if complete > self.produced {
                self.fill_head();
                self.produce(complete, sink)?;
            }
        }
        Ok(())
    }

    fn end(&mut self, sink: &mut Sink<'_, T>) -> Result<()> {
        self.fill_head();
        let margin = self.margin();
        self.forget(margin);
        let received = to_position(self.received);
        for k in 0..to_position(margin as u64) {
            let source = self.source(received + k);
            for plane in &mut self.planes {
                let sample = source.and_then(|source| plane.get(source)).copied().unwrap_or_default();
                plane.push(sample);
            }
        }
        self.produce(self.total(), sink)?;
        self.reset();
        Ok(())
    }

    /// Where in the planes the sample is that the padding puts at a position outside the signal.
    fn source(&self, position: i64) -> Option<usize> {
        let len = usize::try_from(self.received).unwrap_or(usize::MAX);
        let source = self.plan.shape().padding().source(position, len)?;
        usize::try_from(to_position(source as u64) - self.origin).ok()
    }

    /// Puts what stands before the signal into the places that are reserved for it, before the first outputs are computed.
    fn fill_head(&mut self) {
        if self.produced > 0 {
            return;
        }
        for place in 0..self.margin() {
            let source = self.source(self.origin + to_position(place as u64));
            for plane in &mut self.planes {
                plane[place] = source.and_then(|source| plane.get(source)).copied().unwrap_or_default();
            }
        }
    }

    /// Makes room for so many samples in each plane: drops what no output to come can reach. Only when there is none, so
    /// that what stays is seldom moved.
    fn forget(&mut self, frames: usize) {
        let len = self.planes[0].len();
        if len + frames <= self.capacity {
            return;
        }
        let next = match self.plan.options().output_length {
            // Nothing more is wanted.
            OutputLength::Exact(frames) if self.produced >= frames as u64 => i64::MAX,
            _ => self.plan.shape().window(self.produced).start,
        };
        // The end of the signal may need its mirror image: that of so many samples before the last one.
        let mirrored = to_position(self.received) - to_position(self.margin() as u64) - 1;
        let needed = next.min(mirrored);
        let dropped = usize::try_from(needed.saturating_sub(self.origin)).unwrap_or(0).min(len);
        for plane in &mut self.planes {
            plane.copy_within(dropped.., 0);
            plane.truncate(len - dropped);
        }
        self.origin += to_position(dropped as u64);
    }

    /// Appends the frames before `end`.
    fn produce(&mut self, end: u64, sink: &mut Sink<'_, T>) -> Result<()> {
        while self.produced < end {
            let frames = usize::try_from(end - self.produced).unwrap_or(BLOCK_FRAMES).min(BLOCK_FRAMES);
            sink.reserve(frames.saturating_mul(self.channels), frames)?;
            for (samples, block) in self.planes.iter().zip(self.block.chunks_exact_mut(BLOCK_FRAMES)) {
                let clip = Clip { samples, origin: self.origin, len: None };
                resample_range(&self.plan, self.level, clip, self.produced, &mut block[..frames]);
            }
            let (block, clipped) = (&self.block, &mut self.clipped);
            let mut sample = |frame: usize, channel: usize| {
                let part = |part: usize| {
                    if part < T::PARTS {
                        block[(channel * T::PARTS + part) * BLOCK_FRAMES + frame]
                    } else {
                        T::Float::default()
                    }
                };
                T::from_parts([part(0), part(1)], clipped)
            };
            match sink {
                Sink::Interleaved(output) => {
                    for frame in 0..frames {
                        output.extend((0..self.channels).map(|channel| sample(frame, channel)));
                    }
                }
                Sink::Planar(outputs) => {
                    for (channel, output) in outputs.iter_mut().enumerate() {
                        output.extend((0..frames).map(|frame| sample(frame, channel)));
                    }
                }
            }
            self.produced += frames as u64;
        }
        Ok(())
    }
}

impl<T> Sink<'_, T> {
    fn reserve(&mut self, interleaved: usize, planar: usize) -> Result<()> {
        let reserve = |output: &mut Vec<T>, samples: usize| {
            let out_of_memory = |_| Error::OutOfMemory { samples, bytes_per_sample: size_of::<T>() };
            output.try_reserve(samples).map_err(out_of_memory)
        };
        match self {
            Self::Interleaved(output) => reserve(output, interleaved),
            Self::Planar(outputs) => outputs.iter_mut().try_for_each(|output| reserve(output, planar)),
        }
    }
}

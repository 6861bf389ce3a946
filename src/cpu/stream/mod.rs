//! [`Stream`]: a signal in chunks. The outputs of all chunks together are the output of the whole signal, bit for bit.

mod frames;
mod history;

use fearless_simd::dispatch;

use self::frames::{Chunk, Sink, check_room, grow, reserve_each};
use self::history::History;
use super::kernel::{Engine, Kernel};
use super::range::resample_range;
use super::sample::{Sample, join};
use crate::alloc::zeroed;
use crate::clamped::Clamped;
use crate::error::{Error, Result};
use crate::num::to_index;
use crate::options::OutputLength;
use crate::plan::Plan;
use crate::simd::Level;

/// Resamples a signal that arrives in chunks.
///
/// However the signal is divided into chunks, the outputs are those of one call with the whole signal, in every bit.
/// For each channel a stream holds about six times [`look_ahead`](Self::look_ahead) samples and three blocks of 16,384
/// samples. [`OutputLength::Floor`] adds orig_freq / new_freq samples.
///
/// [`push`](Self::push) appends frames to a vector; [`process_into`](Self::process_into) fills a slice. A frame is one
/// sample of every channel. Everything is computed on the calling thread.
///
/// # Real time
///
/// After [`warm_up`](Self::warm_up) no call that takes output slices allocates, on any thread. The cost of a call is proportional to
/// its frames and the frames that it completes. Once in 16,384 frames or more it also moves the samples that are kept.
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
    engine: Engine,
    channels: usize,
    /// For each part of each channel, the samples that later outputs may need.
    history: History<T::Float>,
    /// Number of output frames that have been computed of this signal.
    produced: u64,
    /// Outputs in floats: [`BLOCK_FRAMES`] for each part of each channel.
    block: Vec<T::Float>,
    clamped: Clamped,
}

/// Number of frames of a block, in the input or in the output, whichever has the higher rate: enough for the largest
/// tiles of the kernels, 128 KiB in and out for each channel.
const BLOCK_FRAMES: usize = 1 << 14;

impl<T: Sample> Stream<T> {
    /// Stream of `channels` channels, with the best [`Level`] of this processor.
    ///
    /// # Errors
    /// [`Error::NoChannels`] for 0, [`Error::OutOfMemory`].
    pub fn new(plan: &Plan, channels: usize) -> Result<Self> {
        if channels == 0 {
            return Err(Error::NoChannels);
        }
        let planes = channels.saturating_mul(T::PARTS);
        let block = zeroed(planes.saturating_mul(BLOCK_FRAMES))?;
        let history = History::new(planes, plan, BLOCK_FRAMES)?;
        let mut engine = Engine::new(Level::best());
        T::Float::reserve(&mut engine, plan);
        Ok(Self { plan: plan.clone(), engine, channels, history, produced: 0, block, clamped: Clamped::default() })
    }

    /// Sets the SIMD instructions of the kernels. Default: [`Level::best`].
    #[must_use]
    pub fn with_level(mut self, level: Level) -> Self {
        self.engine.set_level(level);
        self
    }

    /// Designs the taps that are otherwise designed on first use, those of filter banks in float64 or beyond 1 MiB, and
    /// reserves memory. Afterwards no call allocates, on any thread, except for output vectors that have to grow.
    ///
    /// A clone of the stream has to be warmed up itself.
    ///
    /// ```
    /// use polyphase::{Plan, Preset, Stream};
    ///
    /// let mut stream = Stream::<f32>::new(&Plan::new(44_100, 48_000, Preset::KaiserBest)?, 2)?;
    /// stream.warm_up();
    /// let mut frames = vec![0.0; 2 * stream.max_output_frames(441)];
    /// std::thread::spawn(move || {
    ///     let written = stream.process_into(&[0.5; 2 * 441], &mut frames)?; // allocates nothing
    ///     assert!(written > 400 && frames[2 * written - 1] > 0.49);
    ///     Ok::<(), polyphase::Error>(())
    /// })
    /// .join()
    /// .unwrap()?;
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    pub fn warm_up(&mut self) {
        T::Float::reserve(&mut self.engine, &self.plan);
        T::Float::design(&self.plan);
        self.history.reserve();
    }

    /// Largest number of input frames that must follow an output before it is computed: [`Plan::look_ahead`].
    pub fn look_ahead(&self) -> usize {
        self.plan.look_ahead()
    }

    /// Largest number of frames that a chunk of `frames` frames completes, wherever in the signal: the size of a slice
    /// for [`process_into`](Self::process_into), in frames.
    ///
    /// The end of the signal completes at most as many frames as a chunk of [`look_ahead`](Self::look_ahead) frames,
    /// unless [`OutputLength::Exact`] asks for more.
    ///
    /// ```
    /// use polyphase::{Plan, ResampleOptions, Stream};
    ///
    /// let stream = Stream::<f32>::new(&Plan::new(48_000, 16_000, &ResampleOptions::default())?, 1)?;
    /// assert_eq!((stream.look_ahead(), stream.max_output_frames(480)), (19, 168));
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    pub fn max_output_frames(&self, frames: usize) -> usize {
        self.plan.ratio().output_len(frames.saturating_add(self.look_ahead())).saturating_add(1)
    }

    /// Number of samples of the signal that have been clamped so far. After the end of the signal it is that of the
    /// whole signal, until the next one begins.
    pub fn clamped(&self) -> Clamped {
        self.clamped
    }

    /// Takes a chunk of any number of interleaved frames, and appends the frames that it completes to `output`.
    ///
    /// # Errors
    /// [`Error::Interleaving`] for a chunk that is not whole frames, [`Error::OutOfMemory`] if `output` cannot grow.
    /// In either case nothing has been taken or appended.
    pub fn push(&mut self, chunk: &[T], output: &mut Vec<T>) -> Result<()> {
        let frames = self.frames_of(chunk)?;
        let appended = grow(output, self.completed_by(frames), self.channels)?;
        let channels = self.channels;
        let mut sink = Sink::Interleaved { output: appended, channels };
        self.take(Chunk::Interleaved { samples: chunk, channels }, frames, &mut sink);
        Ok(())
    }

    /// Takes a chunk of any number of interleaved frames, and writes the frames that it completes to the beginning of
    /// `output`. Returns their number.
    ///
    /// ```
    /// use polyphase::{Plan, ResampleOptions, Stream};
    ///
    /// let mut stream = Stream::new(&Plan::new(48_000, 16_000, &ResampleOptions::default())?, 2)?;
    /// let mut frames = vec![0.0_f32; 2 * stream.max_output_frames(480)];
    /// assert_eq!(stream.process_into(&[0.5; 2 * 480], &mut frames)?, 154);
    /// assert_eq!(stream.process_into(&[0.5; 2 * 480], &mut frames)?, 160);
    /// assert!((frames[2 * 159] - 0.5).abs() < 1e-3);
    /// assert_eq!(stream.finish_into(&mut frames)?, 6);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Interleaving`] for a chunk that is not whole frames, [`Error::OutputTooShort`] if `output` does not
    /// hold the frames. In either case nothing has been taken.
    pub fn process_into(&mut self, chunk: &[T], output: &mut [T]) -> Result<usize> {
        let frames = self.frames_of(chunk)?;
        let completed = self.completed_by(frames);
        check_room(completed.saturating_mul(self.channels as u64), output.len())?;
        let channels = self.channels;
        self.take(Chunk::Interleaved { samples: chunk, channels }, frames, &mut Sink::Interleaved { output, channels });
        Ok(to_index(completed))
    }

    /// Takes a slice of the same length for each channel, and appends the frames that they complete to a vector for
    /// each.
    ///
    /// # Errors
    /// [`Error::Channels`] if there is not one slice and one vector for each channel, [`Error::ChannelLen`] for slices
    /// that differ in length, [`Error::OutOfMemory`] if a vector cannot grow. In any case nothing has been taken or
    /// appended.
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
        let frames = self.frames_of_planar(chunks, outputs.len())?;
        reserve_each(outputs, self.completed_by(frames))?;
        self.take(Chunk::Planar(chunks), frames, &mut Sink::Vectors(outputs));
        Ok(())
    }

    /// Takes a slice of the same length for each channel, and writes the frames that they complete to the beginning of
    /// a slice for each. Returns their number.
    ///
    /// # Errors
    /// [`Error::Channels`] if there are not two slices for each channel, [`Error::ChannelLen`] for slices of the chunk
    /// that differ in length, [`Error::OutputTooShort`] if a slice does not hold the frames. In any case nothing has
    /// been taken.
    pub fn process_planar_into(&mut self, chunks: &[&[T]], outputs: &mut [&mut [T]]) -> Result<usize> {
        let frames = self.frames_of_planar(chunks, outputs.len())?;
        let completed = self.completed_by(frames);
        outputs.iter().try_for_each(|output| check_room(completed, output.len()))?;
        self.take(Chunk::Planar(chunks), frames, &mut Sink::Slices(outputs));
        Ok(to_index(completed))
    }

    /// Ends the signal: appends its remaining frames to `output`, so that there are [`Plan::output_len`] in all. The
    /// stream is then ready for another signal.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`]: then the signal has not ended.
    pub fn finish(&mut self, output: &mut Vec<T>) -> Result<()> {
        let appended = grow(output, self.remaining(), self.channels)?;
        let channels = self.channels;
        self.end(&mut Sink::Interleaved { output: appended, channels });
        Ok(())
    }

    /// Ends the signal as [`finish`](Self::finish), and writes its remaining frames to the beginning of `output`.
    /// Returns their number.
    ///
    /// # Errors
    /// [`Error::OutputTooShort`]: then the signal has not ended.
    pub fn finish_into(&mut self, output: &mut [T]) -> Result<usize> {
        let remaining = self.remaining();
        check_room(remaining.saturating_mul(self.channels as u64), output.len())?;
        let channels = self.channels;
        self.end(&mut Sink::Interleaved { output, channels });
        Ok(to_index(remaining))
    }

    /// Ends the signal as [`finish`](Self::finish), with a vector for each channel.
    ///
    /// # Errors
    /// [`Error::Channels`] if there is not one vector for each channel, [`Error::OutOfMemory`]. In either case the
    /// signal has not ended.
    pub fn finish_planar(&mut self, outputs: &mut [Vec<T>]) -> Result<()> {
        self.check_channels(outputs.len())?;
        reserve_each(outputs, self.remaining())?;
        self.end(&mut Sink::Vectors(outputs));
        Ok(())
    }

    /// Ends the signal as [`finish_into`](Self::finish_into), with a slice for each channel.
    ///
    /// # Errors
    /// [`Error::Channels`] if there is not one slice for each channel, [`Error::OutputTooShort`]. In either case the
    /// signal has not ended.
    pub fn finish_planar_into(&mut self, outputs: &mut [&mut [T]]) -> Result<usize> {
        self.check_channels(outputs.len())?;
        let remaining = self.remaining();
        outputs.iter().try_for_each(|output| check_room(remaining, output.len()))?;
        self.end(&mut Sink::Slices(outputs));
        Ok(to_index(remaining))
    }

    /// Discards the signal so far. The stream is then ready for another signal.
    pub fn reset(&mut self) {
        self.history.clear();
        (self.produced, self.clamped) = (0, Clamped::default());
    }

    fn check_channels(&self, actual: usize) -> Result<()> {
        if actual == self.channels { Ok(()) } else { Err(Error::Channels { expected: self.channels, actual }) }
    }

    fn frames_of(&self, chunk: &[T]) -> Result<usize> {
        if chunk.len().is_multiple_of(self.channels) {
            Ok(chunk.len() / self.channels)
        } else {
            Err(Error::Interleaving { len: chunk.len(), channels: self.channels })
        }
    }

    fn frames_of_planar(&self, chunks: &[&[T]], outputs: usize) -> Result<usize> {
        self.check_channels(chunks.len())?;
        self.check_channels(outputs)?;
        let frames = chunks[0].len();
        match chunks.iter().enumerate().find(|(_, chunk)| chunk.len() != frames) {
            Some((channel, chunk)) => Err(Error::ChannelLen { channel, expected: frames, actual: chunk.len() }),
            None => Ok(frames),
        }
    }

    /// Number of frames that are complete once `received` frames have arrived: those whose window has arrived, but no
    /// more than the output of `received` frames has.
    fn complete(&self, received: u64) -> u64 {
        self.plan.shape().first_reaching(received).min(self.plan.output_len(to_index(received)) as u64)
    }

    /// Number of frames that a chunk of `frames` frames completes.
    fn completed_by(&self, frames: usize) -> u64 {
        self.complete(self.history.received().saturating_add(frames as u64)).saturating_sub(self.produced)
    }

    /// Number of frames that the end of the signal completes.
    fn remaining(&self) -> u64 {
        (self.plan.output_len(to_index(self.history.received())) as u64).saturating_sub(self.produced)
    }

    fn take(&mut self, chunk: Chunk<'_, T>, frames: usize, sink: &mut Sink<'_, '_, T>) {
        if frames > 0 && self.history.received() == 0 {
            self.clamped = Clamped::default();
        }
        let (stride, phases) = (self.plan.ratio().stride(), self.plan.ratio().phases());
        let block = to_index(u128::from(stride) * BLOCK_FRAMES as u128 / u128::from(stride.max(phases))).max(1);
        let begin = self.produced;
        for from in (0..frames).step_by(block) {
            let to = frames.min(from + block);
            self.history.make_room(to - from, self.needed());
            self.history.append(to - from, |plane| {
                let (channel, part) = (plane / T::PARTS, plane % T::PARTS);
                chunk.channel(channel, from..to).map(move |sample| sample.part(part))
            });
            let complete = self.complete(self.history.received());
            if complete > self.produced {
                self.pad_head();
                self.produce(begin, complete, sink);
            }
        }
    }

    fn end(&mut self, sink: &mut Sink<'_, '_, T>) {
        self.pad_head();
        self.history.pad_tail(self.needed());
        self.produce(self.produced, self.produced + self.remaining(), sink);
        let clamped = self.clamped;
        self.reset();
        self.clamped = clamped;
    }

    /// Position of the first sample that later outputs need.
    fn needed(&self) -> i64 {
        match self.plan.options().output_length {
            OutputLength::Exact(frames) if self.produced >= frames as u64 => i64::MAX,
            _ => self.plan.shape().window(self.produced).start,
        }
    }

    /// Fills in the padding before the signal if no output has been computed yet.
    fn pad_head(&mut self) {
        if self.produced == 0 {
            self.history.pad_head();
        }
    }

    /// Computes the frames up to `end`. Frame `begin` is the first that the sink takes.
    fn produce(&mut self, begin: u64, end: u64, sink: &mut Sink<'_, '_, T>) {
        while self.produced < end {
            let frames = to_index(end - self.produced).min(BLOCK_FRAMES);
            for (source, block) in self.history.sources().zip(self.block.chunks_exact_mut(BLOCK_FRAMES)) {
                resample_range(&mut self.engine, &self.plan, source, self.produced, &mut block[..frames]);
            }
            for (channel, parts) in self.block.chunks_exact(T::PARTS * BLOCK_FRAMES).enumerate() {
                let second = if T::PARTS == 2 { &parts[BLOCK_FRAMES..][..frames] } else { &[] };
                let samples = join([&parts[..frames], second], &mut self.clamped);
                let first = to_index(self.produced - begin);
                dispatch!(self.engine.level().simd(), _simd => sink.store(channel, first, samples));
            }
            self.produced += frames as u64;
        }
    }
}

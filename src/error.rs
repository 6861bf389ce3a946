//! [`Error`]: every way in which a request can be refused.

/// Why a request was refused. Each message names the value and what would have been accepted.
///
/// All checks of parameters happen when a [`Plan`](crate::Plan) is made and all checks of lengths when a call begins;
/// no error depends on the values of the samples.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A sampling rate of zero.
    #[error("{field} is 0: a sampling rate must be at least 1")]
    ZeroRate {
        /// `orig_freq` or `new_freq`.
        field: &'static str,
    },
    /// The two rates are further apart than [`Limits::max_ratio`](crate::Limits::max_ratio).
    #[error(
        "{new_freq}/{orig_freq} is a ratio beyond 1/{limit} … {limit}: resample in two steps, or raise limits.max_ratio"
    )]
    RatioTooLarge {
        /// The rate of the input, reduced by the greatest common divisor.
        orig_freq: u64,
        /// The rate of the output, reduced likewise.
        new_freq: u64,
        /// The largest ratio allowed, in either direction.
        limit: u64,
    },
    /// No fraction of 64-bit integers is as close to a rate as was asked for.
    #[error("no ratio of 64-bit integers is within a relative {tolerance} of {rate}: allow a larger tolerance")]
    RatioTerms {
        /// The new sampling rate over the original one.
        rate: f64,
        /// The relative distance that was allowed.
        tolerance: f64,
    },
    /// A filter option outside its range.
    #[error("{field} is {value}: it must be {range}")]
    Option {
        /// The option's name.
        field: &'static str,
        /// The value that was given.
        value: f64,
        /// The values that would have been accepted.
        range: String,
    },
    /// A name that is not one of a fixed set.
    #[error("unknown {what} `{name}`: it must be one of {known}")]
    UnknownName {
        /// What was being named.
        what: &'static str,
        /// The name that was given.
        name: String,
        /// The names that would have been accepted.
        known: String,
    },
    /// The filter bank would be larger than [`Limits::max_filter_bytes`](crate::Limits::max_filter_bytes), also as an
    /// interpolated one.
    #[error(
        "the filter bank would take {bytes} bytes ({phases} phases of {taps} taps), above the limit of {limit}: \
         choose a smaller lowpass_filter_width, or raise limits.max_filter_bytes"
    )]
    FilterTooLarge {
        /// The size of the smaller of its exact and interpolated forms.
        bytes: u128,
        /// Phases of the bank.
        phases: u64,
        /// Taps of its longest phase.
        taps: u128,
        /// The size allowed.
        limit: u64,
    },
    /// The output buffer does not have the length that the input and the plan give.
    #[error("the output holds {actual} samples: this input gives {expected}")]
    OutputLen {
        /// The length that was needed.
        expected: usize,
        /// The length of the buffer that was given.
        actual: usize,
    },
    /// The slice for the output of a stream's chunk is too short.
    #[error("the output holds {actual} samples: this chunk completes {needed}, see Stream::max_output_frames")]
    OutputTooShort {
        /// Samples that the chunk completes, of each channel if these are separate.
        needed: usize,
        /// Samples of the slice that was given.
        actual: usize,
    },
    /// The ratio's terms are too large for the adjoint of a padded clip, which counts samples before the clip.
    #[error("the adjoint of a padded clip takes ratios of up to {limit} phases, this one has {phases}: pad with zeros")]
    PaddedAdjoint {
        /// Phases of the ratio.
        phases: u64,
        /// Phases that are possible.
        limit: u64,
    },
    /// An excerpt of a clip that is not the one which an output range needs.
    #[error("the excerpt holds {actual} samples: this output range needs {expected}, those of Plan::input_range_for")]
    InputLen {
        /// The length that was needed.
        expected: usize,
        /// The length of the excerpt that was given.
        actual: usize,
    },
    /// A clip of which an excerpt was given, or its output up to the end of the range, with more samples than are counted.
    #[error("the clip or the output range reaches to sample {samples}: excerpts are resampled up to {limit}")]
    ClipTooLong {
        /// Samples of the clip, or of its output up to the range's end.
        samples: u64,
        /// The most there may be.
        limit: u64,
    },
    /// An output range that does not lie within the output.
    #[error("the output range {start}..{end} does not lie within the output of {len} samples")]
    OutputRange {
        /// First sample asked for.
        start: usize,
        /// One past the last sample asked for.
        end: usize,
        /// Samples there are.
        len: usize,
    },
    /// Batch offsets that do not rise from clip to clip, or that leave the buffer.
    #[error("batch offset {index} is {value}: it must be in {min}..={max}")]
    BatchOffset {
        /// Which offset.
        index: usize,
        /// Its value.
        value: usize,
        /// The offset before it (0 for the first).
        min: usize,
        /// Samples in the buffer.
        max: usize,
    },
    /// A batch without any offset; a batch of no clips has the one offset 0.
    #[error("the batch offsets are empty: a batch of n clips has n + 1 of them")]
    BatchOffsetsEmpty,
    /// Not as many lengths as there are clips in a batch.
    #[error("{actual} lengths were given for a batch of {expected} clips")]
    BatchLen {
        /// Clips in the batch.
        expected: usize,
        /// Lengths that were given.
        actual: usize,
    },
    /// A tensor axis that does not exist.
    #[error("axis {axis} does not exist in a tensor of {ndim} dimensions")]
    Axis {
        /// The axis asked for.
        axis: usize,
        /// Dimensions of the tensor.
        ndim: usize,
    },
    /// An output tensor whose shape is not the input's with the time axis resampled.
    #[error("the output has shape {actual:?}: this input gives {expected:?}")]
    OutputShape {
        /// The shape that was needed.
        expected: Vec<usize>,
        /// The shape that was given.
        actual: Vec<usize>,
    },
    /// A chunk of interleaved samples that is not a whole number of frames.
    #[error("a chunk of {len} samples is not a whole number of frames of {channels} channels")]
    Interleaving {
        /// Samples in the chunk.
        len: usize,
        /// Channels of the stream.
        channels: usize,
    },
    /// Not one slice or vector for each channel of a stream.
    #[error("{actual} channels given to a stream of {expected}")]
    Channels {
        /// Channels of the stream.
        expected: usize,
        /// Slices or vectors that were given.
        actual: usize,
    },
    /// The channels of a chunk differ in length.
    #[error("channel {channel} of the chunk has {actual} samples, the first has {expected}")]
    ChannelLen {
        /// Which channel.
        channel: usize,
        /// Samples of the first channel.
        expected: usize,
        /// Samples of this one.
        actual: usize,
    },
    /// A stream of no channels.
    #[error("a stream needs at least one channel")]
    NoChannels,
    /// A plan or a job is too large for the GPU.
    #[error("{what}: {needed} is beyond the {limit} that the GPU can have")]
    GpuLimit {
        /// What is too large.
        what: &'static str,
        /// How large it is.
        needed: u64,
        /// How large it may be.
        limit: u64,
    },
    /// Something that only the CPU does, or only for samples in host memory.
    #[error("the GPU cannot do {what}")]
    GpuUnsupported {
        /// What.
        what: &'static str,
    },
    /// A caller's buffer that cannot be used as it is.
    #[error("the {buffer} buffer {problem}")]
    GpuBuffer {
        /// `input` or `output`.
        buffer: &'static str,
        /// What is the matter, with what was needed and what was found.
        problem: String,
    },
    /// The GPU has not enough memory.
    #[error("the GPU is out of memory: {message}")]
    GpuOutOfMemory {
        /// What wgpu said.
        message: String,
    },
    /// The driver refused what it was given.
    #[error("the GPU driver refused: {message}")]
    GpuRefused {
        /// What wgpu said.
        message: String,
    },
    /// The GPU has gone, or no longer answers.
    #[error("the GPU device is lost: {reason}")]
    GpuLost {
        /// How that was noticed.
        reason: String,
    },
    /// There is no GPU to use.
    #[error("no GPU: {reason}")]
    NoGpu {
        /// What was found instead.
        reason: String,
    },
    /// A clip with a NaN or an infinity in it, which the GPU would spread to the outputs beside those whose window holds it.
    #[error("clip {clip} holds a NaN or an infinity: resample it on the CPU")]
    GpuNotFinite {
        /// Which clip of the batch.
        clip: usize,
    },
    /// The GPU computes wrong results.
    #[error("{adapter} fails the self-test: {problem}")]
    GpuSelfTest {
        /// The adapter's name.
        adapter: String,
        /// What was wrong.
        problem: String,
    },
    /// The result does not fit in memory.
    #[error("out of memory: the output needs {samples} samples of {bytes_per_sample} bytes")]
    OutOfMemory {
        /// Samples of the output.
        samples: usize,
        /// Bytes of one of them.
        bytes_per_sample: usize,
    },
}

/// What every fallible call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

//! [`Error`]: the reasons for which a call fails.

/// Reason why a call failed. A message about a refused value names the value and those that would have been accepted.
///
/// Parameters are checked when a [`Plan`](crate::Plan) is made, lengths when a call begins. No error of the CPU path
/// depends on the values of the samples.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A sampling rate is zero.
    #[error("{field} is 0: a sampling rate must be at least 1")]
    ZeroRate {
        /// `orig_freq` or `new_freq`.
        field: &'static str,
    },
    /// The ratio of the rates is beyond [`Limits::max_ratio`](crate::Limits::max_ratio).
    #[error("{new_freq}/{orig_freq} is a ratio beyond 1/{limit} … {limit}: resample in two steps, or raise max_ratio")]
    RatioTooLarge {
        /// The rate of the input, reduced by the greatest common divisor.
        orig_freq: u64,
        /// The rate of the output, reduced likewise.
        new_freq: u64,
        /// Largest ratio allowed, in either direction.
        limit: u64,
    },
    /// No fraction of 64-bit integers is close enough to a rate.
    #[error("no ratio of 64-bit integers is within a relative {tolerance} of {rate}: allow a larger tolerance")]
    RatioTerms {
        /// The new sampling rate over the original one.
        rate: f64,
        /// Relative distance that was allowed.
        tolerance: f64,
    },
    /// A filter option is outside its range.
    #[error("{field} is {value}: it must be {range}")]
    Option {
        /// Name of the option.
        field: &'static str,
        /// Value that was given.
        value: f64,
        /// Values that would have been accepted.
        range: String,
    },
    /// A name is unknown.
    #[error("unknown {what} `{name}`: it must be one of {known}")]
    UnknownName {
        /// Kind of thing that was named, such as `window`.
        what: &'static str,
        /// Name that was given.
        name: String,
        /// Names that would have been accepted.
        known: String,
    },
    /// The filter would be larger than [`Limits::max_filter_bytes`](crate::Limits::max_filter_bytes), even if
    /// interpolated.
    #[error(
        "the filter bank would take {bytes} bytes ({phases} phases of {taps} taps), above the limit of {limit}: \
         choose a smaller lowpass_filter_width, or raise max_filter_bytes"
    )]
    FilterTooLarge {
        /// Bytes of the exact or the interpolated form, whichever is smaller.
        bytes: u128,
        /// Number of phases.
        phases: u64,
        /// Number of taps of the longest phase.
        taps: u128,
        /// Bytes allowed.
        limit: u64,
    },
    /// The output buffer does not have the length that the input and the plan give.
    #[error("the output holds {actual} samples: this input gives {expected}")]
    OutputLen {
        /// Length that was needed.
        expected: usize,
        /// Length of the buffer.
        actual: usize,
    },
    /// The slice for the outputs of a stream is too short.
    #[error("the output holds {actual} samples: this call completes {needed}, see Stream::max_output_frames")]
    OutputTooShort {
        /// Number of samples that the call completes, of each channel if there is a slice for each.
        needed: usize,
        /// Length of the slice.
        actual: usize,
    },
    /// The terms of the ratio are too large for the adjoint of a padded clip, whose positions would not fit in 64 bits.
    #[error("the adjoint of a padded clip takes ratios of up to {limit} phases, this one has {phases}: pad with zeros")]
    PaddedAdjoint {
        /// Number of phases.
        phases: u64,
        /// Largest number of phases.
        limit: u64,
    },
    /// The excerpt of a clip does not have the length that an output range needs.
    #[error("the excerpt holds {actual} samples: this output range needs {expected}, those of Plan::input_range_for")]
    InputLen {
        /// Length that was needed.
        expected: usize,
        /// Length of the excerpt.
        actual: usize,
    },
    /// A clip of which an excerpt was given, or its output, is too long for the arithmetic of positions.
    #[error("the clip or the output range ends at sample {samples}: excerpts are resampled up to sample {limit}")]
    ClipTooLong {
        /// Number of samples of the clip, or of its output up to the end of the range.
        samples: u64,
        /// Largest number of samples.
        limit: u64,
    },
    /// An output range is not within the output.
    #[error("the output range {start}..{end} is not within the output of {len} samples")]
    OutputRange {
        /// First sample of the range.
        start: usize,
        /// End of the range.
        end: usize,
        /// Length of the output.
        len: usize,
    },
    /// A batch offset is below the one before it, or beyond the buffer.
    #[error("batch offset {index} is {value}: it must be in {min}..={max}")]
    BatchOffset {
        /// Index of the offset.
        index: usize,
        /// Value of the offset.
        value: usize,
        /// Offset before it, 0 for the first.
        min: usize,
        /// Length of the buffer.
        max: usize,
    },
    /// The list of batch offsets is empty. Even a batch without clips has one offset, 0.
    #[error("the batch offsets are empty: a batch of n clips has n + 1 of them")]
    BatchOffsetsEmpty,
    /// The number of lengths is not that of the clips of a batch.
    #[error("{actual} lengths were given for a batch of {expected} clips")]
    BatchLen {
        /// Number of clips.
        expected: usize,
        /// Number of lengths.
        actual: usize,
    },
    /// A tensor does not have the axis.
    #[error("axis {axis} does not exist in a tensor of {ndim} dimensions")]
    Axis {
        /// Index of the axis.
        axis: usize,
        /// Number of dimensions of the tensor.
        ndim: usize,
    },
    /// The shape of the output tensor is not the input's with the time axis resampled.
    #[error("the output has shape {actual:?}: this input gives {expected:?}")]
    OutputShape {
        /// Shape that was needed.
        expected: Vec<usize>,
        /// Shape that was given.
        actual: Vec<usize>,
    },
    /// Interleaved samples are not a whole number of frames.
    #[error("a chunk of {len} samples is not a whole number of frames of {channels} channels")]
    Interleaving {
        /// Number of samples.
        len: usize,
        /// Number of channels.
        channels: usize,
    },
    /// The number of slices or vectors is not that of a stream's channels.
    #[error("{actual} channels given to a stream of {expected}")]
    Channels {
        /// Number of channels.
        expected: usize,
        /// Number of slices or vectors.
        actual: usize,
    },
    /// The channels of a chunk differ in length.
    #[error("channel {channel} of the chunk has {actual} samples, the first has {expected}")]
    ChannelLen {
        /// Index of the channel.
        channel: usize,
        /// Length of the first channel.
        expected: usize,
        /// Length of this channel.
        actual: usize,
    },
    /// A stream, interleaved samples or a mix have no channels.
    #[error("at least one channel is needed")]
    NoChannels,
    /// A tensor does not have one stride for each axis.
    #[error("{strides} strides for a tensor of {ndim} dimensions")]
    Strides {
        /// Number of strides.
        strides: usize,
        /// Number of dimensions of the tensor.
        ndim: usize,
    },
    /// A job does not have the part.
    #[error("part {part} does not exist in a job of {parts} parts")]
    GpuPart {
        /// Index of the part.
        part: usize,
        /// Number of parts of the job.
        parts: usize,
    },
    /// A plan or a job is too large for the GPU.
    #[error("{what}: {needed} is above the GPU's limit of {limit}")]
    GpuLimit {
        /// Quantity that is too large.
        what: &'static str,
        /// Its value.
        needed: u64,
        /// Its largest value.
        limit: u64,
    },
    /// The operation is possible on the CPU only, or only for samples in host memory.
    #[error("the GPU cannot do {what}")]
    GpuUnsupported {
        /// Operation that is not possible.
        what: &'static str,
    },
    /// A buffer of the caller's cannot be used.
    #[error("the {buffer} buffer {problem}")]
    GpuBuffer {
        /// `input` or `output`.
        buffer: &'static str,
        /// Problem, with the values needed and found.
        problem: String,
    },
    /// The GPU is out of memory.
    #[error("the GPU is out of memory: {message}")]
    GpuOutOfMemory {
        /// Message of wgpu.
        message: String,
    },
    /// The GPU driver refused a resource or a command.
    #[error("the GPU driver refused: {message}")]
    GpuRefused {
        /// Message of wgpu.
        message: String,
    },
    /// The GPU device is lost, or no longer answers.
    #[error("the GPU device is lost: {reason}")]
    GpuLost {
        /// Message of wgpu, or the way in which the loss was noticed.
        reason: String,
    },
    /// No GPU can be used.
    #[error("no GPU: {reason}")]
    NoGpu {
        /// Adapters that were found instead and how to use them, or the error that opening one gave.
        reason: String,
        /// The adapter that would have been used if software adapters were allowed.
        software: Option<String>,
    },
    /// A clip holds a NaN or an infinity, which the GPU would spread to neighbouring outputs.
    #[error("clip {clip} holds a NaN or an infinity: resample it on the CPU")]
    GpuNotFinite {
        /// Index of the clip in the batch.
        clip: usize,
    },
    /// The GPU computes wrong results.
    #[error("{adapter} fails the self-test: {problem}")]
    GpuSelfTest {
        /// Name of the adapter.
        adapter: String,
        /// First wrong output.
        problem: String,
    },
    /// The result does not fit in memory.
    #[error("out of memory: the output needs {samples} samples of {bytes_per_sample} bytes")]
    OutOfMemory {
        /// Number of samples of the output.
        samples: usize,
        /// Bytes of one sample.
        bytes_per_sample: usize,
    },
}

/// Result of every call of this crate that may fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

//! [`Error`]: reasons why a file could not be read or written.

use std::io;

/// A specialized result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Reason why a file could not be read or written.
///
/// A message is one line, in lower case, without the name of the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An operation on the file that is read failed, or one on a file system.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The output could not be written.
    #[error("writing the output: {0}")]
    Write(#[source] io::Error),
    /// The file is of a format, codec or sample type that is not read. The message names it.
    #[error("{0}")]
    Unsupported(String),
    /// The contents contradict the header, a checksum, or themselves.
    #[error("{0}")]
    Damaged(String),
    /// The audio ends before the length that the header gives.
    #[error("truncated or damaged: the header promises {promised} frames, {read} could be read")]
    Truncated {
        /// Frames according to the header.
        promised: u64,
        /// Frames in the file.
        read: u64,
    },
    /// A reader or decoder of symphonia panicked. Other files are not affected.
    #[error("the {name} failed (an internal error of symphonia): the file is damaged or unusual")]
    DecoderFailed {
        /// The reader or decoder.
        name: String,
    },
    /// The output format cannot hold the signal.
    #[error("{0}")]
    Unrepresentable(String),
    /// A sampling rate is out of range, or no number.
    #[error("{0}")]
    Rate(String),
    /// Another argument is out of range. The message names it.
    #[error("{0}")]
    Argument(String),
    /// The filter cannot be designed, or memory for it cannot be allocated.
    #[error(transparent)]
    Resample(#[from] polyphase::Error),
    /// Memory for a whole array could not be allocated.
    #[error("there is no memory for {bytes} bytes of samples: an array must fit in memory")]
    OutOfMemory {
        /// Size of the samples.
        bytes: u128,
    },
}

impl Error {
    /// The error for a format that is not read.
    pub(crate) fn unread(format: &str) -> Self {
        Self::Unsupported(format!(
            "the file is {format}, which is not read: convert it first, as with `ffmpeg -i IN OUT.flac`"
        ))
    }
}

//! [`Chunk`] and [`Sink`]: frames in and out of a stream, interleaved or a slice for each channel.

use std::iter::StepBy;
use std::ops::Range;
use std::slice::Iter;

use crate::alloc::out_of_memory;
use crate::error::{Error, Result};
use crate::num::to_index;

/// Frames that a call takes in.
#[derive(Clone, Copy)]
pub(super) enum Chunk<'a, T> {
    Interleaved { samples: &'a [T], channels: usize },
    Planar(&'a [&'a [T]]),
}

impl<'a, T> Chunk<'a, T> {
    /// Samples of a channel in a range of frames that is not empty.
    pub(super) fn channel(self, channel: usize, frames: Range<usize>) -> StepBy<Iter<'a, T>> {
        match self {
            Self::Interleaved { samples, channels } => {
                samples[frames.start * channels + channel..frames.end * channels].iter().step_by(channels)
            }
            Self::Planar(channels) => channels[channel][frames].iter().step_by(1),
        }
    }
}

/// Destination of the frames that a call completes. It has been checked to have room for them.
pub(super) enum Sink<'s, 'a, T> {
    Interleaved {
        output: &'a mut [T],
        channels: usize,
    },
    /// A slice for each channel.
    Slices(&'s mut [&'a mut [T]]),
    /// A vector for each channel, with capacity for the frames, which are appended.
    Vectors(&'a mut [Vec<T>]),
}

impl<T> Sink<'_, '_, T> {
    /// Stores samples of a channel from frame `first` of the call on.
    #[inline(always)]
    pub(super) fn store(&mut self, channel: usize, first: usize, samples: impl Iterator<Item = T>) {
        match self {
            Self::Interleaved { output, channels } => {
                let places = output.get_mut(first * *channels + channel..).unwrap_or_default();
                places.iter_mut().step_by(*channels).zip(samples).for_each(|(place, sample)| *place = sample);
            }
            Self::Slices(outputs) => {
                let places = outputs[channel].get_mut(first..).unwrap_or_default();
                places.iter_mut().zip(samples).for_each(|(place, sample)| *place = sample);
            }
            Self::Vectors(outputs) => outputs[channel].extend(samples),
        }
    }
}

/// Appends zeros for `frames` interleaved frames to a vector, and returns them.
pub(super) fn grow<T: Copy + Default>(output: &mut Vec<T>, frames: u64, channels: usize) -> Result<&mut [T]> {
    let (len, samples) = (output.len(), to_index(frames.saturating_mul(channels as u64)));
    output.try_reserve(samples).map_err(|_| out_of_memory::<T>(samples))?;
    output.resize(len + samples, T::default());
    Ok(&mut output[len..])
}

/// Reserves memory for `frames` more in each vector.
pub(super) fn reserve_each<T>(outputs: &mut [Vec<T>], frames: u64) -> Result<()> {
    let frames = to_index(frames);
    outputs.iter_mut().try_for_each(|output| output.try_reserve(frames).map_err(|_| out_of_memory::<T>(frames)))
}

/// Checks that an output of `actual` samples holds `needed`.
///
/// # Errors
/// [`Error::OutputTooShort`].
pub(super) fn check_room(needed: u64, actual: usize) -> Result<()> {
    if needed <= actual as u64 { Ok(()) } else { Err(Error::OutputTooShort { needed: to_index(needed), actual }) }
}

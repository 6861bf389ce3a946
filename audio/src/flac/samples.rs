//! Samples of channels to interleaved samples, and to the bytes of the checksum.

use crate::pcm::samples::Float;
use crate::simd::vectorized;

/// Appends integers of `bits` bits as interleaved floats.
pub(super) fn interleave<T: Float>(channels: &[Vec<i32>], bits: u32, samples: &mut Vec<T>) {
    let unused = 32 - bits;
    let begin = samples.len();
    let frames = channels.first().map_or(0, Vec::len);
    samples.resize(begin + frames * channels.len(), T::from_i8(0));
    let output = &mut samples[begin..];
    vectorized(
        #[inline(always)]
        || interleave_with(channels, output, |sample| T::from_i32(sample << unused)),
    );
}

/// Appends interleaved samples to their channels.
pub(super) fn deinterleave(samples: &[i32], channels: &mut [Vec<i32>]) {
    match channels {
        [only] => only.extend_from_slice(samples),
        [left, right] => {
            let pairs = samples.as_chunks::<2>().0;
            left.extend(pairs.iter().map(|[left, _]| left));
            right.extend(pairs.iter().map(|[_, right]| right));
        }
        channels => {
            let count = channels.len();
            for (index, channel) in channels.iter_mut().enumerate() {
                channel.extend(samples.chunks_exact(count).map(|frame| frame[index]));
            }
        }
    }
}

/// Replaces `bytes` by interleaved integers of `bits` bits, in little-endian order in as few bytes as hold them.
pub(super) fn checksum_bytes(channels: &[Vec<i32>], bits: u32, bytes: &mut Vec<u8>) {
    match bits.div_ceil(8) {
        1 => checksum_bytes_of::<1>(channels, bytes),
        2 => checksum_bytes_of::<2>(channels, bytes),
        3 => checksum_bytes_of::<3>(channels, bytes),
        _ => checksum_bytes_of::<4>(channels, bytes),
    }
}

fn checksum_bytes_of<const WIDTH: usize>(channels: &[Vec<i32>], bytes: &mut Vec<u8>) {
    let frames = channels.first().map_or(0, Vec::len);
    bytes.resize(frames * channels.len() * WIDTH, 0);
    let output = bytes.as_chunks_mut::<WIDTH>().0;
    vectorized(
        #[inline(always)]
        || {
            interleave_with(channels, output, |sample| {
                let bytes = sample.to_le_bytes();
                std::array::from_fn(|i| bytes[i])
            });
        },
    );
}

#[inline(always)]
fn interleave_with<T>(channels: &[Vec<i32>], output: &mut [T], convert: impl Fn(i32) -> T) {
    match channels {
        [only] => output.iter_mut().zip(only).for_each(|(output, &sample)| *output = convert(sample)),
        [left, right] => {
            for ((output, &left), &right) in output.as_chunks_mut::<2>().0.iter_mut().zip(left).zip(right) {
                *output = [convert(left), convert(right)];
            }
        }
        channels => {
            for (index, channel) in channels.iter().enumerate() {
                let output = output.iter_mut().skip(index).step_by(channels.len());
                output.zip(channel).for_each(|(output, &sample)| *output = convert(sample));
            }
        }
    }
}

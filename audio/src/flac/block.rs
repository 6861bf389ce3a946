//! [`BlockWriter`]: encodes a block of samples as a frame.

use super::bit_writer::BitWriter;
use super::crc::{crc_8, crc_16};
use super::header::{Format, RATES};
use super::subframe::SubframeWriter;
use crate::simd::vectorized;

/// Largest number of bits with which differences of channels still fit in 32.
const MAX_STEREO_BITS: u32 = 24;

/// Encodes blocks. The memory is used again for the next one.
#[derive(Debug, Default)]
pub(super) struct BlockWriter {
    bits: BitWriter,
    subframes: SubframeWriter,
    mid: Vec<i32>,
    side: Vec<i32>,
}

impl BlockWriter {
    /// Returns the frame of a block of every channel. `number` is the number of the frame.
    pub(super) fn encode(&mut self, channels: &[Vec<i32>], format: Format, number: u64) -> &[u8] {
        self.bits.clear();
        vectorized(
            #[inline(always)]
            || self.encode_channels(channels, format, number),
        );
        self.bits.align();
        let crc = crc_16(self.bits.bytes());
        self.bits.unsigned(crc.into(), 16);
        self.bits.bytes()
    }

    #[inline(always)]
    fn encode_channels(&mut self, channels: &[Vec<i32>], format: Format, number: u64) {
        let Self { bits: writer, subframes, mid, side } = self;
        let block = channels.first().map_or(0, Vec::len);
        let bits = format.bits;
        let [code, first, second] = match channels {
            [left, right] if bits <= MAX_STEREO_BITS => {
                mid.clear();
                mid.extend(left.iter().zip(right).map(|(left, right)| (left + right) >> 1));
                side.clear();
                side.extend(left.iter().zip(right).map(|(left, right)| left - right));
                best_pair([left, right, mid, side])
            }
            channels => {
                header(writer, format, channels.len() as u64 - 1, block, number);
                channels.iter().for_each(|channel| subframes.write(writer, channel, bits));
                return;
            }
        };
        header(writer, format, code as u64, block, number);
        let planes = [&channels[0], &channels[1], mid, side];
        for plane in [first, second] {
            subframes.write(writer, planes[plane], bits + u32::from(plane == SIDE));
        }
    }
}

/// Index of left − right.
const SIDE: usize = 3;

/// The code in the header and the indices of the two of left, right, mid and side that should take the fewest bits.
#[inline(always)]
fn best_pair(planes: [&[i32]; 4]) -> [usize; 3] {
    const PAIRS: [[usize; 3]; 4] = [[1, 0, 1], [8, 0, SIDE], [9, SIDE, 1], [10, 2, SIDE]];
    let magnitudes = planes.map(|plane| (1.0 + second_differences(plane)).log2());
    let cost = |pair: &[usize; 3]| magnitudes[pair[1]] + magnitudes[pair[2]];
    PAIRS.into_iter().min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or(PAIRS[0])
}

/// Sum of the magnitudes of the differences of differences of samples.
#[inline(always)]
fn second_differences(samples: &[i32]) -> f64 {
    const LANES: usize = 16;
    let Some(len) = samples.len().checked_sub(2) else { return 0.0 };
    let [x0, x1, x2] = std::array::from_fn(|back| samples[2 - back..][..len].as_chunks::<LANES>().0);
    let mut lanes = [0.0_f32; LANES];
    for ((x0, x1), x2) in x0.iter().zip(x1).zip(x2) {
        for i in 0..LANES {
            lanes[i] += (x0[i] - 2 * x1[i] + x2[i]).abs() as f32;
        }
    }
    lanes.iter().map(|&lane| f64::from(lane)).sum()
}

/// Writes the header of a frame.
fn header(writer: &mut BitWriter, format: Format, channels: u64, block: usize, number: u64) {
    let Format { rate, bits, .. } = format;
    let block = block as u64;
    let block_code =
        if block.is_power_of_two() && (256..=32_768).contains(&block) { block.trailing_zeros().into() } else { 7 };
    let (rate_code, rate_bits, rate) = match rate {
        rate if RATES.contains(&rate) => (1 + RATES.iter().position(|&other| other == rate).unwrap_or(0) as u64, 0, 0),
        rate if rate % 1000 == 0 && rate <= 255_000 => (12, 8, rate / 1000),
        rate if rate <= 65_535 => (13, 16, rate),
        rate if rate % 10 == 0 && rate <= 655_350 => (14, 16, rate / 10),
        _ => (0, 0, 0),
    };
    let bits_code = match bits {
        16 => 4,
        24 => 6,
        32 => 7,
        _ => 0,
    };
    writer.unsigned(0xfff8, 16);
    writer.unsigned(block_code << 4 | rate_code, 8);
    writer.unsigned(channels << 4 | bits_code << 1, 8);
    write_number(writer, number);
    if block_code == 7 {
        writer.unsigned(block - 1, 16);
    }
    writer.unsigned(rate.into(), rate_bits);
    let crc = crc_8(writer.bytes());
    writer.unsigned(crc.into(), 8);
}

/// Writes a number of up to 36 bits as characters are coded in UTF-8.
pub(super) fn write_number(writer: &mut BitWriter, number: u64) {
    if number < 0x80 {
        writer.unsigned(number, 8);
        return;
    }
    // A byte holds six bits; the first holds a one for each byte, a zero, and what is left.
    let bits = 64 - number.leading_zeros();
    let bytes = (2..7).find(|bytes| bits <= 6 * (bytes - 1) + 7 - bytes).unwrap_or(7);
    let shift = 6 * (bytes - 1);
    writer.unsigned((0xff00 >> bytes & 0xff) | number >> shift, 8);
    for byte in (0..bytes - 1).rev() {
        writer.unsigned(0x80 | (number >> (6 * byte) & 0x3f), 8);
    }
}

#[cfg(test)]
mod tests {
    use super::super::header::{Header, Stereo};
    use super::*;

    #[test]
    fn headers_come_back() {
        let rates = [1, 8000, 44_100, 255_000, 11_025, 65_535, 384_000, 655_350, 700_001, 1_048_575];
        let numbers = [0, 127, 128, 0x7ff, 0x800, 0xffff, 0x1_0000, 0x1f_ffff, 0x20_0000, 0x3ff_ffff, 0x400_0000];
        for (i, number) in numbers.into_iter().chain([0x7fff_ffff, 0x8000_0000, (1 << 36) - 1]).enumerate() {
            for rate in rates {
                let format = Format { rate, channels: i % 8 + 1, bits: [16, 24, 32, 20][i % 4] };
                let block = [1, 16, 256, 4096, 4097, 65_535][i % 6];
                let mut writer = BitWriter::default();
                header(&mut writer, format, i as u64 % 8, block, number);
                let bytes = writer.bytes();
                let read = Header::read(bytes, format).expect("a header");
                let len = bytes.len();
                let expected = Header { format, stereo: Stereo::Independent, block, is_variable: false, number, len };
                assert_eq!(read, expected);
                for cut in 0..len {
                    assert!(Header::read(&bytes[..cut], format).is_err());
                }
            }
        }
    }
}

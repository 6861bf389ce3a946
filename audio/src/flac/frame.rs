//! [`Frame`]: decodes frames.
//!
//! ```text
//! header  subframe of each channel  0–7 bits of padding  CRC-16
//!
//! subframe  0  kind: 6 bits  1 and wasted bits in unary, or 0  then by kind:
//!   constant   the sample
//!   verbatim   every sample
//!   fixed      warm-up samples, residual
//!   linear     warm-up samples, precision − 1: 4 bits, shift: 5 bits, coefficients, residual
//!
//! residual  0  wide parameters: 1 bit  order: 4 bits  2^order partitions of equal size, the first without the warm-up:
//!           parameter: 4 or 5 bits, Rice codes; or all ones, width: 5 bits, numbers of that width
//! ```

use super::bits::{BitReader, Flaw, PADDING};
use super::crc::{ARE_CHECKED, crc_16};
use super::header::{Format, Header, Stereo};
use super::predict::{Coefficients, Integer, MAX_ORDER, restore_fixed};
use crate::simd::vectorized;

/// Samples of a frame, channel after channel. The memory is used again for the next frame.
#[derive(Debug, Default)]
pub(super) struct Frame {
    channels: Vec<Vec<i32>>,
    /// Channels of 33-bit differences.
    wide: [Vec<i64>; 2],
}

impl Frame {
    /// Decodes the frame at the beginning of `bytes`, and returns its header and its size. The last [`PADDING`] bytes
    /// are zeros that are no part of the file.
    pub(super) fn decode(&mut self, bytes: &[u8], implied: Format) -> Result<(Header, usize), Flaw> {
        let file = &bytes[..bytes.len() - PADDING];
        let header = Header::read(file, implied)?;
        self.channels.resize_with(header.format.channels, Vec::new);
        let end = vectorized(
            #[inline(always)]
            || self.decode_channels(bytes, &header),
        )?;
        let frame = file.get(..end + 2).ok_or(Flaw::Short)?;
        if crc_16(frame) != 0 && ARE_CHECKED {
            return Err(Flaw::Damaged("its checksum differs"));
        }
        // An encoder with a bug; damage does not get here.
        if self.channels.iter().any(|channel| exceeds(channel, header.format.bits)) {
            return Err(Flaw::Damaged("a sample has more bits than the header says"));
        }
        Ok((header, end + 2))
    }

    /// Samples of each channel.
    pub(super) fn channels(&self) -> &[Vec<i32>] {
        &self.channels
    }

    /// Decodes all subframes, and returns the position behind them.
    #[inline(always)]
    fn decode_channels(&mut self, bytes: &[u8], header: &Header) -> Result<usize, Flaw> {
        let mut reader = BitReader::new(bytes, header.len);
        let decoded = self.decode_subframes(&mut reader, header);
        // What was read from the padding is no flaw of the frame.
        let end = reader.bytes_read()?;
        decoded.map(|()| end)
    }

    #[inline(always)]
    fn decode_subframes(&mut self, reader: &mut BitReader<'_>, header: &Header) -> Result<(), Flaw> {
        let Header { stereo, block, format: Format { bits, .. }, .. } = *header;
        if bits == 32 && stereo != Stereo::Independent {
            let [left, right] = &mut self.wide;
            decode_pair(reader, stereo, bits, block, left, right)?;
            for (channel, wide) in self.channels.iter_mut().zip(&self.wide) {
                channel.clear();
                for &sample in wide {
                    channel.push(i32::try_from(sample).map_err(|_| Flaw::Damaged("a sample exceeds 32 bits"))?);
                }
            }
            return Ok(());
        }
        match &mut self.channels[..] {
            [left, right] if stereo != Stereo::Independent => decode_pair(reader, stereo, bits, block, left, right),
            channels => channels.iter_mut().try_for_each(|channel| {
                channel.resize(block, 0);
                subframe(reader, bits, channel)
            }),
        }
    }
}

/// True if a sample does not fit in `bits`.
fn exceeds(samples: &[i32], bits: u32) -> bool {
    let unused = 32 - bits;
    samples.iter().fold(0, |excess, sample| excess | (sample ^ (sample << unused >> unused))) != 0
}

/// Decodes two channels that are coded as a difference and something else.
#[inline(always)]
fn decode_pair<T: Integer>(
    reader: &mut BitReader<'_>,
    stereo: Stereo,
    bits: u32,
    block: usize,
    left: &mut Vec<T>,
    right: &mut Vec<T>,
) -> Result<(), Flaw> {
    left.resize(block, T::default());
    right.resize(block, T::default());
    let (left, right) = (&mut left[..block], &mut right[..block]);
    let is_first_side = stereo == Stereo::SideRight;
    subframe(reader, bits + u32::from(is_first_side), left)?;
    subframe(reader, bits + u32::from(!is_first_side), right)?;
    let pairs = left.iter_mut().zip(right);
    match stereo {
        Stereo::Independent => {}
        Stereo::LeftSide => pairs.for_each(|(left, side)| *side = left.minus(*side)),
        Stereo::SideRight => pairs.for_each(|(side, right)| *side = side.plus(*right)),
        // mid = (left + right) / 2, rounded down, so right = mid − side / 2, rounded down.
        Stereo::MidSide => pairs.for_each(|(mid, side)| {
            let right = mid.minus(side.shifted(1));
            *mid = right.plus(*side);
            *side = right;
        }),
    }
    Ok(())
}

/// Decodes a channel.
#[inline(always)]
fn subframe<T: Integer>(reader: &mut BitReader<'_>, bits: u32, samples: &mut [T]) -> Result<(), Flaw> {
    let header = reader.unsigned(8)?;
    let wasted = if header & 1 == 1 { reader.unary(bits)? + 1 } else { 0 };
    let bits = bits.checked_sub(wasted).filter(|&bits| bits > 0).ok_or(Flaw::Damaged("a channel of 0 bits"))?;
    match header >> 1 {
        0 => samples.fill(T::of_wide(reader.signed(bits)?)),
        1 => verbatim(reader, bits, samples)?,
        kind @ 8..=12 => {
            let order = kind as usize - 8;
            warm_up(reader, bits, order, samples)?;
            residual(reader, order, samples)?;
            restore_fixed(samples, order);
        }
        kind @ 32..64 => linear(reader, bits, kind as usize - 31, samples)?,
        _ => return Err(Flaw::Damaged("a reserved kind of subframe")),
    }
    if wasted > 0 {
        samples.iter_mut().for_each(|sample| *sample = sample.scaled(wasted));
    }
    Ok(())
}

#[inline(always)]
fn verbatim<T: Integer>(reader: &mut BitReader<'_>, bits: u32, samples: &mut [T]) -> Result<(), Flaw> {
    for sample in samples {
        *sample = T::of_wide(reader.signed(bits)?);
    }
    Ok(())
}

#[inline(always)]
fn warm_up<T: Integer>(reader: &mut BitReader<'_>, bits: u32, order: usize, samples: &mut [T]) -> Result<(), Flaw> {
    let samples =
        samples.get_mut(..order).ok_or(Flaw::Damaged("a block is shorter than the order of its predictor"))?;
    verbatim(reader, bits, samples)
}

#[inline(always)]
fn linear<T: Integer>(reader: &mut BitReader<'_>, bits: u32, order: usize, samples: &mut [T]) -> Result<(), Flaw> {
    warm_up(reader, bits, order, samples)?;
    let precision = reader.unsigned(4)? + 1;
    if precision == 16 {
        return Err(Flaw::Damaged("a reserved precision of coefficients"));
    }
    let shift = reader.unsigned(5)?;
    if shift > 15 {
        return Err(Flaw::Damaged("a negative shift of a predictor"));
    }
    let mut coefficients = Coefficients { values: [0; MAX_ORDER], order, shift };
    for value in &mut coefficients.values[..order] {
        *value = i32::of_wide(reader.signed(precision)?);
    }
    residual(reader, order, samples)?;
    coefficients.restore(samples);
    Ok(())
}

/// Decodes the residuals behind `order` samples.
#[inline(always)]
fn residual<T: Integer>(reader: &mut BitReader<'_>, order: usize, samples: &mut [T]) -> Result<(), Flaw> {
    let coding = reader.unsigned(6)?;
    let parameter_bits = match coding >> 4 {
        0 => 4,
        1 => 5,
        _ => return Err(Flaw::Damaged("a reserved coding of residuals")),
    };
    let partitions = coding & 15;
    let len = samples.len() >> partitions;
    if len << partitions != samples.len() || len < order {
        return Err(Flaw::Damaged("a block cannot be split into so many partitions"));
    }
    let escape = (1 << parameter_bits) - 1;
    let mut start = order;
    for partition in 1..=1_usize << partitions {
        let residuals = &mut samples[start..partition * len];
        start = partition * len;
        let parameter = reader.unsigned(parameter_bits)?;
        if parameter != escape {
            reader.rice(parameter, residuals, T::of)?;
            continue;
        }
        match reader.unsigned(5)? {
            0 => residuals.fill(T::default()),
            bits => verbatim(reader, bits, residuals)?,
        }
    }
    Ok(())
}

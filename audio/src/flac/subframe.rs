//! [`SubframeWriter`]: chooses a predictor for each channel of a block, and writes the channel.

use super::bit_writer::BitWriter;
use super::lpc::{Analysis, MAX_TRIED, quantized};
use super::predict::{Coefficients, Integer, MAX_ORDER};
use super::rice::{Partitions, estimated_bits};

/// Largest order of fixed prediction.
const MAX_FIXED: usize = 4;
/// Largest number of bits with which the residual of fixed prediction has at most 32.
const MAX_NARROW: u32 = 28;

/// Writes subframes. The memory is used again for the next one.
#[derive(Debug, Default)]
pub(super) struct SubframeWriter {
    analysis: Analysis,
    /// Samples without wasted bits.
    shifted: Vec<i32>,
    best: Candidate,
    other: Candidate,
}

/// A predictor, and its folded residuals.
#[derive(Debug, Default)]
struct Candidate {
    predictor: Predictor,
    folded: Vec<u32>,
    partitions: Partitions,
    /// Bits of the subframe without its header.
    bits: u64,
}

/// How samples are predicted.
#[derive(Debug, Clone, Copy, Default)]
enum Predictor {
    /// Not at all
    #[default]
    Verbatim,
    /// By the polynomial through as many samples
    Fixed(Coefficients),
    /// By coefficients of so many bits
    Linear(Coefficients, u32),
}

impl SubframeWriter {
    /// Writes a channel of a block, of samples of `bits` bits.
    #[inline(always)]
    pub(super) fn write(&mut self, writer: &mut BitWriter, samples: &[i32], bits: u32) {
        let Some((&first, others)) = samples.split_first() else { return };
        if others.iter().fold(0, |changes, sample| changes | (sample ^ first)) == 0 {
            writer.unsigned(0, 8);
            writer.signed(first, bits);
            return;
        }
        let wasted = samples.iter().fold(0, |used, sample| used | sample).trailing_zeros();
        if wasted == 0 {
            self.choose(samples, bits);
            self.write_best(writer, samples, bits, wasted);
            return;
        }
        let mut shifted = std::mem::take(&mut self.shifted);
        shifted.clear();
        shifted.extend(samples.iter().map(|sample| sample >> wasted));
        self.choose(&shifted, bits - wasted);
        self.write_best(writer, &shifted, bits - wasted, wasted);
        self.shifted = shifted;
    }

    /// Finds the best predictor.
    #[inline(always)]
    fn choose(&mut self, samples: &[i32], bits: u32) {
        self.best.predictor = Predictor::Verbatim;
        self.best.bits = samples.len() as u64 * u64::from(bits);
        if let Some(predictor) = self.linear(samples, bits) {
            self.try_predictor(predictor, samples, bits);
        }
        let (order, expected) = best_fixed(samples);
        if expected + order as u64 * u64::from(bits) < self.best.bits && order <= samples.len() {
            self.try_predictor(Predictor::Fixed(fixed(order)), samples, bits);
        }
    }

    /// The linear predictor that should be the best.
    #[inline(always)]
    fn linear(&mut self, samples: &[i32], bits: u32) -> Option<Predictor> {
        if samples.len() <= 2 * MAX_TRIED {
            return None;
        }
        let precision = if bits <= 17 { 12 } else { 15 };
        let orders = self.analysis.orders(samples)?;
        let len = samples.len() as f64;
        let expected = |order: usize| {
            // Bits of a residual of Laplace's distribution with this energy.
            let energy = orders[order - 1].1 / len;
            let residual = 0.5 * (0.5 * std::f64::consts::LN_2.powi(2) * energy).log2();
            residual.max(0.0) * (len - order as f64) + f64::from(bits + precision) * order as f64
        };
        let order = (1..=MAX_TRIED).min_by(|&a, &b| expected(a).total_cmp(&expected(b)))?;
        let coefficients = quantized(&orders[order - 1].0[..order], precision)?;
        Some(Predictor::Linear(coefficients, precision))
    }

    /// Keeps a predictor if it is better than the best so far.
    #[inline(always)]
    fn try_predictor(&mut self, predictor: Predictor, samples: &[i32], bits: u32) {
        let other = &mut self.other;
        let (coefficients, extra, is_narrow) = match predictor {
            Predictor::Verbatim => return,
            Predictor::Fixed(coefficients) => (coefficients, 0, bits <= MAX_NARROW),
            Predictor::Linear(coefficients, precision) => {
                let Coefficients { order, .. } = coefficients;
                (coefficients, 9 + u64::from(precision) * order as u64, bits + precision + order.ilog2() <= 32)
            }
        };
        if !residual(samples, &coefficients, is_narrow, &mut other.folded) {
            return;
        }
        other.partitions.find(&other.folded, coefficients.order);
        other.predictor = predictor;
        other.bits = other.partitions.bits + extra + coefficients.order as u64 * u64::from(bits);
        if other.bits < self.best.bits {
            std::mem::swap(&mut self.best, &mut self.other);
        }
    }

    #[inline(always)]
    fn write_best(&self, writer: &mut BitWriter, samples: &[i32], bits: u32, wasted: u32) {
        let Candidate { predictor, folded, partitions, .. } = &self.best;
        let (kind, order) = match predictor {
            Predictor::Verbatim => (1, samples.len()),
            Predictor::Fixed(coefficients) => (8 + coefficients.order as u64, coefficients.order),
            Predictor::Linear(coefficients, _) => (31 + coefficients.order as u64, coefficients.order),
        };
        writer.unsigned(kind << 1 | u64::from(wasted > 0), 8);
        if wasted > 0 {
            writer.unary(wasted - 1);
        }
        for &sample in &samples[..order] {
            writer.signed(sample, bits);
        }
        if let Predictor::Linear(coefficients, precision) = predictor {
            writer.unsigned(u64::from(precision - 1) << 5 | u64::from(coefficients.shift), 9);
            for &value in &coefficients.values[..order] {
                writer.signed(value, *precision);
            }
        }
        if !matches!(predictor, Predictor::Verbatim) {
            partitions.write(writer, folded, order);
        }
    }
}

/// The fixed predictor of an order.
fn fixed(order: usize) -> Coefficients {
    const VALUES: [[i32; MAX_FIXED]; MAX_FIXED + 1] =
        [[0; MAX_FIXED], [1, 0, 0, 0], [2, -1, 0, 0], [3, -3, 1, 0], [4, -6, 4, -1]];
    let mut values = [0; MAX_ORDER];
    values[..MAX_FIXED].copy_from_slice(&VALUES[order]);
    Coefficients { values, order, shift: 0 }
}

/// The order of fixed prediction that should be the best, and the bits of its residuals.
#[inline(always)]
fn best_fixed(samples: &[i32]) -> (usize, u64) {
    let sums = difference_sums(samples);
    let count = samples.len() as u64;
    let mut best = (0, u64::MAX);
    for (order, &sum) in sums.iter().enumerate() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sum of magnitudes")]
        let bits = estimated_bits(2 * sum as u64, count);
        if bits < best.1 {
            best = (order, bits);
        }
    }
    best
}

/// Sums of the magnitudes of the differences of each order, which are the residuals of fixed prediction.
#[inline(always)]
fn difference_sums(samples: &[i32]) -> [f64; MAX_FIXED + 1] {
    const LANES: usize = 16;
    let mut sums = [0.0; MAX_FIXED + 1];
    let Some(len) = samples.len().checked_sub(MAX_FIXED) else { return sums };
    let mut lanes = [[0.0_f32; LANES]; MAX_FIXED + 1];
    let [x0, x1, x2, x3, x4] = std::array::from_fn(|back| samples[MAX_FIXED - back..][..len].as_chunks::<LANES>().0);
    for ((((x0, x1), x2), x3), x4) in x0.iter().zip(x1).zip(x2).zip(x3).zip(x4) {
        for i in 0..LANES {
            let [x0, x1, x2, x3, x4] = [x0[i] as f32, x1[i] as f32, x2[i] as f32, x3[i] as f32, x4[i] as f32];
            lanes[0][i] += x0.abs();
            lanes[1][i] += (x0 - x1).abs();
            lanes[2][i] += (x0 - 2.0 * x1 + x2).abs();
            lanes[3][i] += (x0 - x3 + 3.0 * (x2 - x1)).abs();
            lanes[4][i] += (x0 + x4 - 4.0 * (x1 + x3) + 6.0 * x2).abs();
        }
    }
    for (sum, lanes) in sums.iter_mut().zip(&lanes) {
        *sum = lanes.iter().map(|&lane| f64::from(lane)).sum();
    }
    sums
}

/// Folds the residuals of a predictor. Returns false if one exceeds 32 bits.
#[inline(always)]
fn residual(samples: &[i32], coefficients: &Coefficients, is_narrow: bool, folded: &mut Vec<u32>) -> bool {
    if is_narrow {
        residual_of_order::<i32>(samples, coefficients, folded)
    } else {
        residual_of_order::<i64>(samples, coefficients, folded)
    }
}

#[inline(always)]
fn residual_of_order<A: Integer>(samples: &[i32], coefficients: &Coefficients, folded: &mut Vec<u32>) -> bool {
    match coefficients.order {
        0 => residual_of::<A, 0>(samples, coefficients, folded),
        1 => residual_of::<A, 1>(samples, coefficients, folded),
        2 => residual_of::<A, 2>(samples, coefficients, folded),
        3 => residual_of::<A, 3>(samples, coefficients, folded),
        4 => residual_of::<A, 4>(samples, coefficients, folded),
        5 => residual_of::<A, 5>(samples, coefficients, folded),
        6 => residual_of::<A, 6>(samples, coefficients, folded),
        7 => residual_of::<A, 7>(samples, coefficients, folded),
        _ => residual_of::<A, MAX_TRIED>(samples, coefficients, folded),
    }
}

#[inline(always)]
fn residual_of<A: Integer, const ORDER: usize>(
    samples: &[i32],
    coefficients: &Coefficients,
    folded: &mut Vec<u32>,
) -> bool {
    let Some(len) = samples.len().checked_sub(ORDER) else { return false };
    let taps: [A; ORDER] = std::array::from_fn(|i| A::of(coefficients.values[i]));
    let past: [&[i32]; ORDER] = std::array::from_fn(|i| &samples[ORDER - 1 - i..][..len]);
    let now = &samples[ORDER..][..len];
    folded.resize(len, 0);
    let folded = &mut folded[..len];
    let mut excess = 0;
    for i in 0..len {
        let mut sum = A::default();
        for tap in 0..ORDER {
            sum = sum.plus(taps[tap].times(A::of(past[tap][i])));
        }
        let residual = A::of(now[i]).minus(sum.shifted(coefficients.shift));
        let (short, over) = residual.short();
        excess |= over;
        folded[i] = (short << 1 ^ short >> 31).cast_unsigned();
    }
    excess == 0
}

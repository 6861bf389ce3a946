//! [`Partitions`]: how residuals are split, each part with its own Rice parameter.

use super::bit_writer::BitWriter;

/// Largest number of parts, as a power of two. `flac -3` tries up to 4, `flac -5` up to 5.
const MAX_PARTITIONS: u32 = 5;
/// Largest parameter that four bits can hold, and five: all ones mean something else.
const MAX_PARAMETER: [u32; 2] = [14, 30];

/// The best split of residuals.
#[derive(Debug, Default)]
pub(super) struct Partitions {
    /// Number of parts, as a power of two.
    order: u32,
    /// Sum of the folded residuals, and parameter, of each part.
    parts: Vec<(u64, u32)>,
    /// Bits of everything, about.
    pub(super) bits: u64,
    /// Scratch.
    sums: Vec<u64>,
    tried: Vec<(u64, u32)>,
}

impl Partitions {
    /// Finds the best split of the folded residuals of a block, which lack `predictor` numbers at the beginning.
    #[inline(always)]
    pub(super) fn find(&mut self, folded: &[u32], predictor: usize) {
        let block = folded.len() + predictor;
        let mut order = MAX_PARTITIONS.min(block.trailing_zeros());
        while order > 0 && block >> order <= predictor {
            order -= 1;
        }
        self.sums.clear();
        let mut rest = folded;
        for part in 0..1_usize << order {
            let (part, after) = rest.split_at((block >> order) - if part == 0 { predictor } else { 0 });
            rest = after;
            self.sums.push(part.iter().map(|&folded| u64::from(folded)).sum());
        }
        self.bits = u64::MAX;
        loop {
            self.try_order(order, block, predictor);
            if order == 0 {
                break;
            }
            order -= 1;
            for i in 0..self.sums.len() / 2 {
                self.sums[i] = self.sums[2 * i] + self.sums[2 * i + 1];
            }
            self.sums.truncate(self.sums.len() / 2);
        }
    }

    /// Keeps a split if it is better than the best so far.
    fn try_order(&mut self, order: u32, block: usize, predictor: usize) {
        self.tried.clear();
        let mut bits = 6 + (4 << order);
        for (part, &sum) in self.sums.iter().enumerate() {
            let count = ((block >> order) - if part == 0 { predictor } else { 0 }) as u64;
            let (parameter, part_bits) = parameter(sum, count);
            self.tried.push((sum, parameter));
            bits += part_bits;
        }
        if self.tried.iter().any(|&(_, parameter)| parameter > MAX_PARAMETER[0]) {
            bits += 1 << order;
        }
        if bits < self.bits {
            (self.order, self.bits) = (order, bits);
            std::mem::swap(&mut self.parts, &mut self.tried);
        }
    }

    /// Writes the residuals.
    #[inline(always)]
    pub(super) fn write(&self, writer: &mut BitWriter, folded: &[u32], predictor: usize) {
        let is_wide = self.parts.iter().any(|&(_, parameter)| parameter > MAX_PARAMETER[0]);
        writer.unsigned(is_wide.into(), 2);
        writer.unsigned(self.order.into(), 4);
        let mut rest = folded;
        for (part, &(sum, parameter)) in self.parts.iter().enumerate() {
            let count = ((folded.len() + predictor) >> self.order) - if part == 0 { predictor } else { 0 };
            let (part, after) = rest.split_at(count);
            rest = after;
            writer.unsigned(parameter.into(), 4 + u32::from(is_wide));
            writer.rice(part, parameter, sum);
        }
    }
}

/// Bits of `count` folded residuals of a known sum, about.
pub(super) fn estimated_bits(sum: u64, count: u64) -> u64 {
    parameter(sum, count).1
}

/// The best parameter for `count` folded residuals of a known sum, and the bits that they take, about.
fn parameter(sum: u64, count: u64) -> (u32, u64) {
    // Of numbers that decay exponentially, about as many bits are noise as their mean has.
    let mean = sum.checked_div(count).unwrap_or(0);
    let near = mean.checked_ilog2().unwrap_or(0).min(MAX_PARAMETER[1]);
    let bits = |parameter: u32| {
        // Half of a quotient is lost to rounding, on the average.
        let quotients = (sum >> parameter).saturating_sub(if parameter > 0 { count / 2 } else { 0 });
        count * (u64::from(parameter) + 1) + quotients
    };
    let lower = near.saturating_sub(1);
    [(near, bits(near)), (lower, bits(lower))].into_iter().min_by_key(|&(_, bits)| bits).unwrap_or_default()
}

//! [`BitWriter`]: the bits of a frame, most significant bit first.

/// Bits that are written at once at most.
const MOST: u32 = 56;

/// Writes numbers of any number of bits. The memory is used again for the next frame.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    /// The bytes, and room for more.
    bytes: Vec<u8>,
    /// Number of whole bytes.
    whole: usize,
    /// Its lowest `count` bits are the next bits, of which there is no whole byte yet.
    cache: u64,
    count: u32,
}

impl BitWriter {
    /// Begins the next frame.
    pub(super) fn clear(&mut self) {
        (self.whole, self.cache, self.count) = (0, 0, 0);
    }

    /// The bytes so far. Bits of which there is no whole byte are missing.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.whole]
    }

    /// Makes room for numbers of so many bits in total.
    fn reserve(&mut self, bits: usize) {
        let end = self.whole + bits / 8 + 16;
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
    }

    /// Appends a number of `bits` bits, at most [`MOST`].
    #[inline(always)]
    pub(super) fn unsigned(&mut self, value: u64, bits: u32) {
        self.reserve(64);
        self.append(value, bits);
    }

    /// Appends a number of `bits` bits in two's complement, at most [`MOST`].
    #[inline(always)]
    pub(super) fn signed(&mut self, value: i32, bits: u32) {
        let mask = (1 << bits) - 1;
        self.unsigned(i64::from(value).cast_unsigned() & mask, bits);
    }

    /// Appends a number for which there is room.
    #[inline(always)]
    fn append(&mut self, value: u64, bits: u32) {
        self.cache = self.cache << bits | value;
        self.count += bits;
        let next = self.cache << 1 << (63 - self.count);
        self.bytes[self.whole..][..8].copy_from_slice(&next.to_be_bytes());
        self.whole += (self.count >> 3) as usize;
        self.count &= 7;
    }

    /// Appends zeros and a one.
    pub(super) fn unary(&mut self, zeros: u32) {
        self.reserve(zeros as usize + 64);
        let mut left = zeros;
        while left >= MOST {
            self.append(0, MOST);
            left -= MOST;
        }
        self.append(1, left + 1);
    }

    /// Appends Rice codes of folded numbers, whose sum is known.
    #[inline(always)]
    pub(super) fn rice(&mut self, folded: &[u32], parameter: u32, sum: u64) {
        let quotients = usize::try_from(sum >> parameter).unwrap_or(usize::MAX);
        self.reserve(quotients.saturating_add(folded.len() * (parameter as usize + 1)));
        let one = 1 << parameter;
        let mask = one - 1;
        for &folded in folded {
            let quotient = folded >> parameter;
            if quotient + parameter < MOST {
                self.append(one | u64::from(folded) & mask, quotient + 1 + parameter);
            } else {
                self.unary(quotient);
                self.append(u64::from(folded) & mask, parameter);
            }
        }
    }

    /// Appends zeros up to a whole byte.
    pub(super) fn align(&mut self) {
        let missing = self.count.wrapping_neg() & 7;
        self.unsigned(0, missing);
    }
}

#[cfg(test)]
mod tests {
    use super::super::bits::{BitReader, PADDING};
    use super::BitWriter;

    #[test]
    fn numbers_come_back() {
        let mut writer = BitWriter::default();
        let rice = [0, 1, 5, 63, 64, 1000, u32::MAX, 3];
        for round in 0..2 {
            writer.clear();
            writer.unsigned(5, 3);
            writer.signed(-1, 1);
            writer.unary(70);
            writer.signed(i32::MIN, 32);
            for parameter in [0, 1, 5, 24, 25, 26, 30] {
                let rice: Vec<u32> = rice.iter().map(|&value| value >> 24_u32.saturating_sub(parameter)).collect();
                writer.rice(&rice, parameter, rice.iter().map(|&value| u64::from(value)).sum());
            }
            writer.unsigned(1, 1);
            writer.align();
            let bytes = [writer.bytes(), &[0; PADDING]].concat();
            let mut reader = BitReader::new(&bytes, 0);
            assert_eq!((reader.unsigned(3), reader.signed(1), reader.unary(99)), (Ok(5), Ok(-1), Ok(70)), "{round}");
            assert_eq!(reader.signed(32), Ok(i32::MIN.into()));
            for parameter in [0, 1, 5, 24, 25, 26, 30] {
                let mut read = [0; 8];
                reader.rice(parameter, &mut read, |value| value).expect("numbers");
                let folded = read.map(|value: i32| (value << 1 ^ value >> 31).cast_unsigned());
                assert_eq!(folded, rice.map(|value| value >> 24_u32.saturating_sub(parameter)), "{parameter}");
            }
            assert_eq!((reader.unsigned(1), reader.bytes_read()), (Ok(1), Ok(writer.bytes().len())));
        }
    }
}

//! [`BitReader`]: the bits of a frame, most significant bit first.

/// Reason why bytes are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The bytes end before the frame does
    Short,
    /// The bytes do not begin as a frame of this stream
    NoFrame,
    /// What is wrong with the frame
    Damaged(&'static str),
}

/// Zeros that must follow the bytes of a frame, so that eight bytes can be loaded from any position.
pub(super) const PADDING: usize = 16;

/// Largest Rice parameter with which a number that is at hand as a whole cannot exceed 32 bits.
const MAX_SHORT_PARAMETER: u32 = 25;

/// Reads numbers of any number of bits.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    /// Bytes and [`PADDING`].
    bytes: &'a [u8],
    /// Index of the first byte that is not a whole part of `cache`.
    next: usize,
    /// The next bits, from the top.
    cache: u64,
    /// Number of bits in the cache that count. Those below them are zeros, or the bits that follow.
    count: u32,
}

impl<'a> BitReader<'a> {
    /// Begins at a byte. The last [`PADDING`] bytes are no part of the frame.
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, next: at, cache: 0, count: 0 }
    }

    /// Number of bytes that were read, the last one perhaps in part.
    pub(super) fn bytes_read(&self) -> Result<usize, Flaw> {
        let read = (self.next * 8 - self.count as usize).div_ceil(8);
        if read + PADDING <= self.bytes.len() { Ok(read) } else { Err(Flaw::Short) }
    }

    /// Fills the cache to 56 bits or more.
    #[inline(always)]
    fn refill(&mut self) -> Result<(), Flaw> {
        let bytes = self.bytes.get(self.next..).and_then(|bytes| bytes.first_chunk()).ok_or(Flaw::Short)?;
        self.cache |= u64::from_be_bytes(*bytes) >> self.count;
        self.next += ((63 - self.count) >> 3) as usize;
        self.count |= 56;
        Ok(())
    }

    /// A number of up to 32 bits.
    #[expect(clippy::cast_possible_truncation, reason = "a number of up to 32 bits")]
    #[inline(always)]
    pub(super) fn unsigned(&mut self, bits: u32) -> Result<u32, Flaw> {
        self.refill()?;
        let value = self.cache >> 1 >> (63 - bits);
        self.cache <<= bits;
        self.count -= bits;
        Ok(value as u32)
    }

    /// A number of 1 to 33 bits in two's complement.
    #[inline(always)]
    pub(super) fn signed(&mut self, bits: u32) -> Result<i64, Flaw> {
        self.refill()?;
        let value = self.cache.cast_signed() >> (64 - bits);
        self.cache <<= bits;
        self.count -= bits;
        Ok(value)
    }

    /// Number of zeros before the next one, which is read too.
    pub(super) fn unary(&mut self, most: u32) -> Result<u32, Flaw> {
        let mut zeros = 0;
        loop {
            self.refill()?;
            let more = self.cache.leading_zeros();
            if more < self.count {
                self.cache = self.cache << more << 1;
                self.count -= more + 1;
                zeros += more;
                break;
            }
            zeros += self.count;
            self.cache <<= self.count;
            self.count = 0;
            if zeros > most {
                break;
            }
        }
        if zeros <= most { Ok(zeros) } else { Err(Flaw::Damaged("a residual exceeds 32 bits")) }
    }

    /// Fills `residuals` with Rice codes of a parameter.
    #[inline(always)]
    pub(super) fn rice<T>(&mut self, parameter: u32, residuals: &mut [T], from: impl Fn(i32) -> T) -> Result<(), Flaw> {
        /// Codes that most often fit in the cache.
        const GROUP: usize = 4;
        let unfolded = |folded: u32| from((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed());
        if parameter > MAX_SHORT_PARAMETER {
            for residual in residuals {
                *residual = unfolded(self.long_rice(parameter)?);
            }
            return Ok(());
        }
        let mut fast = Self { ..*self };
        for group in residuals.chunks_mut(GROUP) {
            fast.refill()?;
            for residual in group {
                let mut quotient = fast.cache.leading_zeros();
                if quotient + 1 + parameter > fast.count {
                    fast.refill()?;
                    quotient = fast.cache.leading_zeros();
                }
                let length = quotient + 1 + parameter;
                let folded = if length <= fast.count {
                    let low = fast.cache << quotient << 1 >> 1 >> (63 - parameter);
                    fast.cache <<= length;
                    fast.count -= length;
                    #[expect(clippy::cast_possible_truncation, reason = "a number of up to 25 bits")]
                    let low = low as u32;
                    quotient << parameter | low
                } else {
                    *self = fast;
                    let folded = self.long_rice(parameter)?;
                    fast = Self { ..*self };
                    folded
                };
                *residual = unfolded(folded);
            }
        }
        *self = fast;
        Ok(())
    }

    /// The folded number of a Rice code that is longer than the cache.
    #[cold]
    #[inline(never)]
    fn long_rice(&mut self, parameter: u32) -> Result<u32, Flaw> {
        let quotient = self.unary(u32::MAX >> parameter)?;
        Ok(quotient << parameter | self.unsigned(parameter)?)
    }
}

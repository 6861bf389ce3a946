//! Samples from residuals: fixed and linear prediction.

/// Integers of samples, and of sums of products in the encoder. All operations wrap.
pub(super) trait Integer: Copy + Default {
    /// From a residual or a coefficient.
    fn of(value: i32) -> Self;
    /// From a sample, which fits.
    fn of_wide(value: i64) -> Self;
    fn wide(self) -> i64;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    /// Divided by 2^bits, rounded down.
    fn shifted(self, bits: u32) -> Self;
    /// Times 2^bits.
    fn scaled(self, bits: u32) -> Self;
    /// The lowest 32 bits, and 0 if the whole number is between −2^31 and 2^31.
    fn short(self) -> (i32, u32);
}

macro_rules! integer {
    ($type:ty, $short:expr) => {
        #[allow(
            clippy::cast_possible_truncation,
            trivial_numeric_casts,
            reason = "samples fit, or the frame is damaged"
        )]
        impl Integer for $type {
            #[inline(always)]
            fn of(value: i32) -> Self {
                value.into()
            }
            #[inline(always)]
            fn of_wide(value: i64) -> Self {
                value as Self
            }
            #[inline(always)]
            fn wide(self) -> i64 {
                self.into()
            }
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline(always)]
            fn times(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            #[inline(always)]
            fn shifted(self, bits: u32) -> Self {
                self >> bits
            }
            #[inline(always)]
            fn scaled(self, bits: u32) -> Self {
                self.wrapping_shl(bits)
            }
            #[inline(always)]
            fn short(self) -> (i32, u32) {
                let short: fn(Self) -> (i32, u32) = $short;
                short(self)
            }
        }
    };
}

integer!(i32, |value| (value, 0));
integer!(i64, |value| {
    let short = value as i32;
    (short, u32::from(value != short.into() || short == i32::MIN))
});

/// Largest order of linear prediction.
pub(super) const MAX_ORDER: usize = 32;

/// Turns residuals into samples, behind `order` samples that are there already. The predictor of each order is the
/// polynomial through as many samples.
///
/// Residuals are differences of that order: each is added to a running difference, which is added to that of the next
/// lower order, down to the sample. Sums that wrap are right in the end.
#[inline(always)]
pub(super) fn restore_fixed<T: Integer>(samples: &mut [T], order: usize) {
    match order {
        0 => {}
        1 => restore_differences::<T, 1>(samples),
        2 => restore_differences::<T, 2>(samples),
        3 => restore_differences::<T, 3>(samples),
        _ => restore_differences::<T, 4>(samples),
    }
}

#[inline(always)]
fn restore_differences<T: Integer, const ORDER: usize>(samples: &mut [T]) {
    let Some((warm_up, residuals)) = samples.split_first_chunk_mut::<ORDER>() else { return };
    // The last difference of each order from 0 on.
    let mut last = *warm_up;
    let mut differences = *warm_up;
    for last in &mut last {
        *last = differences[ORDER - 1];
        for i in (1..ORDER).rev() {
            differences[i] = differences[i].minus(differences[i - 1]);
        }
    }
    for residual in residuals {
        let mut sum = *residual;
        for difference in last.iter_mut().rev() {
            sum = difference.plus(sum);
            *difference = sum;
        }
        *residual = sum;
    }
}

/// Coefficients of linear prediction. That of the last sample comes first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coefficients {
    pub(super) values: [i32; MAX_ORDER],
    pub(super) order: usize,
    /// Bits by which sums are shifted down.
    pub(super) shift: u32,
}

impl Coefficients {
    /// Turns residuals into samples, behind `order` samples that are there already.
    #[inline(always)]
    pub(super) fn restore<T: Integer>(&self, samples: &mut [T]) {
        match self.order {
            0..=2 => self.restore_taps::<T, 2>(samples),
            3 | 4 => self.restore_taps::<T, 4>(samples),
            5 | 6 => self.restore_taps::<T, 6>(samples),
            7 | 8 => self.restore_taps::<T, 8>(samples),
            9 | 10 => self.restore_taps::<T, 10>(samples),
            11 | 12 => self.restore_taps::<T, 12>(samples),
            13..=16 => self.restore_taps::<T, 16>(samples),
            _ => self.restore_taps::<T, MAX_ORDER>(samples),
        }
    }

    /// As `restore`, with coefficients of 0 behind the last.
    ///
    /// Each sample needs the one before it. Vectors only delay that: with 32-bit sums, or compiled for AVX2, the compiler
    /// uses them, and decoding takes 1.4 times as long (Xeon of 2 cores, 26 November 2026). So sums have 64 bits, and the
    /// code is not inlined into what is compiled for AVX2.
    #[inline(never)]
    fn restore_taps<T: Integer, const TAPS: usize>(&self, samples: &mut [T]) {
        let coefficients: [i64; TAPS] = std::array::from_fn(|i| self.values[i].into());
        let (warm_up, residuals) = samples.split_at_mut(self.order.min(samples.len()));
        // The last sample comes first.
        let mut history = [0; TAPS];
        for (past, sample) in history.iter_mut().zip(warm_up.iter().rev()) {
            *past = sample.wide();
        }
        for residual in residuals {
            let mut sum = 0_i64;
            for i in (0..TAPS).rev() {
                sum = sum.wrapping_add(coefficients[i].wrapping_mul(history[i]));
            }
            let sample = residual.plus(T::of_wide(sum >> self.shift));
            *residual = sample;
            for i in (1..TAPS).rev() {
                history[i] = history[i - 1];
            }
            history[0] = sample.wide();
        }
    }
}

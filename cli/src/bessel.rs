//! [`bessel_i0`]: the modified Bessel function in the formula of the Kaiser window.

/// I₀(x) by its power series. All terms are positive, so the sum is accurate to a few units in the last place. The
/// series is short for x below about 20, the range used here.
pub(crate) fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term, mut index) = (1.0, 1.0, 0.0);
    while term > f64::EPSILON / 8.0 * sum {
        index += 1.0;
        term *= quarter / (index * index);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bessel_i0_has_its_tabulated_values() {
        // Abramowitz & Stegun, table 9.11, to more digits.
        for (x, expected) in [(0.0, 1.0), (1.0, 1.266_065_877_752_008_4), (10.0, 2_815.716_628_466_254)] {
            assert!((bessel_i0(x) / expected - 1.0).abs() < 1e-14, "{x}: {}", bessel_i0(x));
        }
    }
}

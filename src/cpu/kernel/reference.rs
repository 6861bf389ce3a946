//! The plain float64 kernel, for ratios with too many phases to store the taps of each: the taps of every output are
//! computed, and their products with the samples added one by one.

use crate::batch::Source;
use crate::filter::on_demand::OnDemandTaps;
use crate::filter::shape::FilterShape;
use crate::num::{index_at, overlap};

/// Fills `output` with the outputs from `first` on. Returns false if one is not finite.
pub(super) fn convolve(
    on_demand: &mut OnDemandTaps,
    shape: &FilterShape,
    source: Source<'_, f64>,
    first: u64,
    output: &mut [f64],
) -> bool {
    let mut finite = true;
    for (n, value) in (first..).zip(output) {
        let (start, taps) = (shape.window(n).start, on_demand.taps(n));
        let inside = overlap(start, taps.len(), source.origin, source.samples.len());
        let samples = source.samples.get(index_at(start.saturating_sub(source.origin))..).unwrap_or_default();
        *value = taps[inside].iter().zip(samples).map(|(tap, sample)| tap * sample).sum();
        finite &= value.is_finite();
    }
    finite
}

/// Output `n` without the products of structural zeros.
pub(super) fn output(on_demand: &mut OnDemandTaps, shape: &FilterShape, source: Source<'_, f64>, n: u64) -> f64 {
    let taps = shape.window(n).zip(on_demand.taps(n)).filter(|&(position, _)| !shape.is_zero(n, position));
    taps.map(|(position, tap)| tap * source.at(position)).sum()
}

//! Conversions between the integers of lengths, indices and positions.
//!
//! | what | type |
//! |---|---|
//! | length of a buffer, index in it | `usize` |
//! | number of an output | `u64` |
//! | position of a sample relative to the first of its clip | `i64` |
//!
//! A value that does not fit the other type saturates. No buffer is that long, so nothing is read or written there.

use std::ops::Range;

/// Index or length `n`, or `usize::MAX`.
pub(crate) fn to_index(n: impl TryInto<usize>) -> usize {
    n.try_into().unwrap_or(usize::MAX)
}

/// Position of sample `n`, or `i64::MAX`.
pub(crate) fn to_position(n: impl TryInto<i64>) -> i64 {
    n.try_into().unwrap_or(i64::MAX)
}

/// Position `n`, or the nearest `i64`.
pub(crate) fn saturating_position(n: i128) -> i64 {
    i64::try_from(n).unwrap_or(if n < 0 { i64::MIN } else { i64::MAX })
}

/// Index of the sample at `position` of a whole clip; 0 for positions before it.
pub(crate) fn index_at(position: i64) -> usize {
    to_index(position.max(0))
}

/// Distance of two positions.
pub(crate) fn distance(from: i64, to: i64) -> usize {
    to_index(from.abs_diff(to))
}

/// Intersection of the `len` positions from `start` on with the `count` positions from `origin` on, as indices relative
/// to `start`.
pub(crate) fn overlap(start: i64, len: usize, origin: i64, count: usize) -> Range<usize> {
    let begin = index_at(origin.saturating_sub(start)).min(len);
    let end = index_at(origin.saturating_add(to_position(count)).saturating_sub(start)).min(len);
    begin..end.max(begin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_are_those_of_the_intervals() {
        let origin = -2;
        for start in -12..12_i64 {
            for (len, end) in (0..6_usize).zip(start..) {
                for (count, origin_end) in (0..8_usize).zip(origin..) {
                    let (from, to) = (start.max(origin), end.min(origin_end));
                    let inside = overlap(start, len, origin, count);
                    assert_eq!(to_position(inside.len()), (to - from).max(0));
                    assert!(inside.is_empty() || start + to_position(inside.start) == from);
                }
            }
        }
    }
}

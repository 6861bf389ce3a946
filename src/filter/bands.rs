//! [`Bands`]: the outputs of a block in groups that are computed together, with the samples that each group needs.
//!
//! ```text
//!  2:1, rolloff 1: m is even for every second sample, and a multiple of max(L, M) = 2 where it is even
//!
//!  samples      . x . x . x . x x x . x . x . x .        x: a tap of some output of the band is not a structural zero
//!  output 0     . t . t . t . t T t . t . t . t .        T: the tap at m = 0
//!  output 1         . t . t . t . t T t . t . t . t .
//!
//!  1:2, rolloff 1: every other output has the one tap at m = 0; bands hold outputs of one kind
//!
//!  lanes        0  2  4  6  8 10 12 14 | 1  3  5  7  9 11 13 15
//!                      one tap         |       all taps
//! ```
//!
//! A band is 4 or 8 outputs wide. Narrow bands multiply fewer zeros and keep all sums in registers. Wide ones read each
//! sample half as often, which counts where the samples of a block do not fit in the first-level cache.

use std::ops::Range;

use super::shape::FilterShape;
use crate::num::{distance, to_index, to_position};

/// Number of outputs of a block: the lanes of the widest vectors, 16 × float32 in AVX-512. Narrower levels, and float64,
/// take several vectors.
pub(crate) const LANES: usize = 16;

/// Number of outputs of a narrow band and of a wide one.
pub(crate) const NARROW: usize = 4;
pub(crate) const WIDE: usize = 8;

/// Length of the shortest window, in samples, that is computed in wide bands: the choice of a core with two 512-bit
/// multiply-add units (docs/performance.md).
const WIDE_FROM: usize = 80;

/// Largest distance of structural zeros at which they are looked for. A list of samples saves one sample in `distance`
/// when decimating, and outputs of one tap fill a band up to a distance of 4 when interpolating.
const MAX_SPACING: u64 = 10;

/// Bands of a block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bands<T> {
    pub(crate) wide: Box<[Band<T, WIDE>]>,
    pub(crate) narrow: Box<[Band<T, NARROW>]>,
}

/// Outputs of a block that are computed together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Band<T, const B: usize> {
    /// Lanes of the outputs in their block.
    pub(crate) lanes: [u8; B],
    pub(crate) products: Products<T, B>,
}

/// Products of a band: all others have a tap of zero.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Products<T, const B: usize> {
    /// All samples of a range of the span. The lanes are the first, second, … group of as many lanes of the block.
    Range(Range<u32>),
    /// Samples without those at which all taps are structural zeros, and the taps of the band there.
    Listed(Box<(List, Vec<[T; B]>)>),
}

/// Samples of a block's span that any of its outputs needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Needed {
    /// All, or all but few.
    All,
    /// Samples without those at which all taps are structural zeros.
    Listed(Box<List>),
}

/// Samples of a span in ascending order, by segment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct List {
    samples: Vec<u32>,
    /// For each segment, the number of samples up to its end.
    ends: Vec<u32>,
}

impl List {
    /// Ranges of the list, one for each segment.
    fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|&end| end as usize));
        starts.zip(&self.ends).map(|(start, &end)| start..end as usize)
    }

    /// Samples of each segment.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &[u32]> {
        self.ranges().map(|range| &self.samples[range])
    }

    /// Samples of each segment, with their items in a slice that has one for each sample of the list.
    pub(crate) fn segments_with<'a, I>(&'a self, items: &'a [I]) -> impl Iterator<Item = (&'a [u32], &'a [I])> {
        self.ranges().map(move |range| (&self.samples[range.clone()], &items[range]))
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.samples) + size_of_val(&*self.ends)
    }
}

impl<T> Bands<T> {
    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        let wide = self.wide.iter().map(Band::list_bytes);
        let lists: usize = wide.chain(self.narrow.iter().map(Band::list_bytes)).sum();
        size_of_val(&*self.wide) + size_of_val(&*self.narrow) + lists
    }
}

impl<T, const B: usize> Band<T, B> {
    fn list_bytes(&self) -> usize {
        match &self.products {
            Products::Range(_) => 0,
            Products::Listed(list) => list.0.bytes() + size_of_val(&list.1) + size_of_val(&*list.1),
        }
    }
}

impl Needed {
    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::All => 0,
            Self::Listed(list) => list.bytes(),
        }
    }
}

/// Upper bound of the bytes of a block's bands and lists.
pub(crate) fn bytes_needed<T>(shape: &FilterShape, span: u128) -> u128 {
    let places = size_of::<Bands<T>>() + LANES / NARROW * size_of::<Band<T, NARROW>>() + size_of::<Needed>();
    if !places_zeros(shape) {
        return places as u128;
    }
    // A list for each narrow band, with its taps, and one for the block. A segment ends after at least one sample.
    let lists = LANES / NARROW + 1;
    let sample = lists * 2 * size_of::<u32>() + LANES * size_of::<T>();
    (places + lists * (size_of::<List>() + size_of::<Vec<T>>())) as u128 + span * sample as u128
}

/// True if structural zeros are so close to each other that skipping them pays.
fn places_zeros(shape: &FilterShape) -> bool {
    shape.zero_spacing().is_some_and(|spacing| spacing <= MAX_SPACING)
}

/// Outputs of a block and the samples under them.
#[derive(Debug, Clone)]
pub(crate) struct BlockSpan<'a> {
    pub(crate) shape: &'a FilterShape,
    /// Outputs of the block, 16 at most.
    pub(crate) outputs: Range<u64>,
    /// Position of the first sample.
    pub(crate) start: i64,
    pub(crate) segments: &'a [Range<usize>],
}

/// Tap of the output in a lane at a sample of the span.
type TapAt<'a, T> = &'a dyn Fn(usize, u8) -> T;

impl BlockSpan<'_> {
    /// Divides the outputs into bands. Without a function that returns their taps, no band is listed.
    pub(crate) fn bands<T>(&self, tap: Option<TapAt<'_, T>>) -> Bands<T> {
        let mut lanes = in_order();
        let tap = tap.filter(|_| places_zeros(self.shape));
        // Outputs with one tap come first if they fill a band.
        let has_one_tap = |lane: u8| self.reached(&[lane]).len() == 1;
        if tap.is_some() && lanes.iter().filter(|&&lane| has_one_tap(lane)).count() >= NARROW {
            lanes.sort_by_key(|&lane| !has_one_tap(lane));
        }
        let (mut wide, mut narrow) = (Vec::new(), Vec::new());
        for lanes in lanes.as_chunks::<WIDE>().0 {
            if size_of::<T>() == size_of::<f32>() && self.is_wide(lanes) {
                wide.push(self.band(*lanes, tap));
            } else {
                narrow.extend(lanes.as_chunks::<NARROW>().0.iter().map(|&lanes| self.band(lanes, tap)));
            }
        }
        Bands { wide: wide.into(), narrow: narrow.into() }
    }

    /// Samples that any of the outputs needs: listed if that saves a tenth of them.
    pub(crate) fn needed(&self) -> Needed {
        let lanes: [u8; LANES] = in_order();
        match self.list_if_short(&lanes) {
            Some(list) => Needed::Listed(Box::new(list)),
            None => Needed::All,
        }
    }

    /// True if windows are long, and one band in place of two narrow ones adds at most a tenth of their products.
    fn is_wide(&self, lanes: &[u8; WIDE]) -> bool {
        if self.shape.window_len() < WIDE_FROM {
            return false;
        }
        let needed = |lanes: &[u8]| match places_zeros(self.shape) {
            true => self.list(lanes).samples.len(),
            false => self.reached(lanes).len(),
        };
        let halves: usize = lanes.as_chunks::<NARROW>().0.iter().map(|lanes| needed(lanes)).sum();
        needed(lanes) * 2 * 10 <= halves * 11
    }

    fn band<T, const B: usize>(&self, lanes: [u8; B], tap: Option<TapAt<'_, T>>) -> Band<T, B> {
        // A range reads its taps from one of the block's groups of as many lanes.
        let is_group = usize::from(lanes[0]).is_multiple_of(B) && lanes.is_sorted_by(|lane, next| lane + 1 == *next);
        let list = if is_group { self.list_if_short(&lanes) } else { Some(self.list(&lanes)) };
        let products = match (list, tap) {
            (Some(list), Some(tap)) => {
                let taps = list.samples.iter().map(|&sample| lanes.map(|lane| tap(to_index(sample), lane))).collect();
                Products::Listed(Box::new((list, taps)))
            }
            _ => {
                let Range { start, end } = self.reached(&lanes);
                Products::Range(short(start)..short(end))
            }
        };
        Band { lanes, products }
    }

    /// Output in a lane.
    fn output(&self, lane: u8) -> Option<u64> {
        Some(self.outputs.start + u64::from(lane)).filter(|output| self.outputs.contains(output))
    }

    /// Output in a lane, and its window from the first to the last tap that is not a structural zero.
    fn window(&self, lane: u8) -> Option<(u64, Range<i64>)> {
        let output = self.output(lane)?;
        let mut window = self.shape.window(output);
        if places_zeros(self.shape) {
            let is_tap = |position: &i64| !self.shape.is_zero(output, *position);
            let (first, last) = (window.clone().find(is_tap)?, window.clone().rfind(is_tap)?);
            window = first..last + 1;
        }
        Some((output, window)).filter(|(_, window)| !window.is_empty())
    }

    /// Samples from the first to the last that the outputs in some lanes need.
    fn reached(&self, lanes: &[u8]) -> Range<usize> {
        let all = if places_zeros(self.shape) {
            let windows = lanes.iter().filter_map(|&lane| Some(self.window(lane)?.1));
            windows.reduce(|all, window| all.start.min(window.start)..all.end.max(window.end))
        } else {
            // No window begins or ends before the one before it.
            let mut outputs = lanes.iter().filter_map(|&lane| self.output(lane));
            let first = outputs.next();
            first.map(|first| {
                self.shape.window(first).start..self.shape.window(outputs.next_back().unwrap_or(first)).end
            })
        };
        all.map_or(0..0, |all| distance(self.start, all.start)..distance(self.start, all.end))
    }

    /// Samples that the outputs in some lanes need.
    fn list(&self, lanes: &[u8]) -> List {
        let windows: Vec<_> = lanes.iter().filter_map(|&lane| self.window(lane)).collect();
        let is_needed = |sample: &usize| {
            let position = self.start + to_position(*sample);
            windows.iter().any(|(output, window)| window.contains(&position) && !self.shape.is_zero(*output, position))
        };
        let (mut samples, mut ends) = (Vec::new(), Vec::new());
        for segment in self.segments {
            samples.extend(segment.clone().filter(is_needed).map(short));
            ends.push(short(samples.len()));
        }
        samples.shrink_to_fit();
        List { samples, ends }
    }

    /// [`list`](Self::list), if it saves a tenth of the samples that are reached.
    fn list_if_short(&self, lanes: &[u8]) -> Option<List> {
        let list = || Some(self.list(lanes)).filter(|list| list.samples.len() * 10 <= self.reached(lanes).len() * 9);
        if places_zeros(self.shape) { list() } else { None }
    }
}

/// Lanes 0, 1, 2, ….
fn in_order() -> [u8; LANES] {
    std::array::from_fn(|lane| u8::try_from(lane).unwrap_or(u8::MAX))
}

/// Index in a span, which the limits of a plan keep far below 2³².
fn short(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

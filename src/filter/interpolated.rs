//! [`InterpolatedBank`]: the filter as taps at evenly spaced phases, for ratios with too many phases to hold the taps
//! of each.
//!
//! Output n lies at c = n·M/L input samples: i₀ = ⌊c⌋, and φ = c − i₀ further. Its tap at sample i₀ + d is h(d − φ), h taken as
//! a function of the distance in input samples. Node g holds h(d − g/S) for every d that some φ in [0, 1) can need, and the tap
//! at φ is read off the cubic through nodes g − 1, g, g + 1 and g + 2, where g ≤ φ·S < g + 1. Where the window ends, between
//! which samples, is decided in integers for each output, and not read off the nodes: what is interpolated is smooth.
//!
//! How many nodes that takes: as a function of t, in zero crossings, h is base/M · sinc(t) · w(t/W), and both factors are of
//! exponential type, π for the sinc, π/W for the Hann window, β/W for Kaiser's, and at most 1. So the fourth derivative of
//! their product is at most Ω⁴ with Ω = π + (π or β)/W (Bernstein's inequality), and the cubic through four points Δ apart
//! misses it by at most 9/16 · (ΩΔ)⁴/4! between the middle two (Lagrange's remainder). An output sums at most
//! 2R + 2 such errors, each base/M times as large, R = W · M/base: for samples of at most 1 its own error is at most
//! (2W + 2) · 9/16 · (ΩΔ)⁴/4!.

use std::f64::consts::PI;

use super::prototype::divisor;
use super::shape::FilterShape;
use crate::options::Window;

/// How far the outputs of samples of at most 1 may be from those of the exact taps.
pub(crate) const MAX_ERROR: f64 = 1e-7;

/// The nodes that the cubic goes through.
pub(crate) const NODES: usize = 4;

/// Taps in a vector of the kernel. The taps of a node are padded with zeros to whole vectors.
pub(crate) const VECTOR: usize = 16;

/// How many nodes there are, and of what: plain data, known before any tap is computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Grid {
    /// S, nodes from one input sample to the next.
    pub(crate) nodes: usize,
    /// ⌊R⌋, for a window that reaches R input samples to each side. Those at d = 1 − ⌊R⌋ … ⌊R⌋ are inside for every φ, those
    /// at d = −⌊R⌋ and ⌊R⌋ + 1 for some.
    pub(crate) half: usize,
}

impl Grid {
    /// The grid for a shape, if its sizes are those of something in memory.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 1, and saturates")]
    pub(crate) fn new(shape: &FilterShape) -> Self {
        let width = shape.width();
        let omega = PI
            + match shape.window_kind() {
                Window::Hann => PI / width,
                Window::Kaiser { beta } => beta / width,
            };
        // Nine tenths of the error are left to the rounding of taps and weights.
        let spacing = (MAX_ERROR / 10.0 / (2.0 * width + 2.0) * 24.0 * 16.0 / 9.0).sqrt().sqrt() / omega;
        let nodes = (shape.crossings_per_sample() / spacing).ceil() as usize;
        Self { nodes: nodes.max(1), half: shape.look_ahead() - 1 }
    }

    /// Taps of a node that are inside the window for every φ.
    pub(crate) fn taps(&self) -> usize {
        2 * self.half
    }

    /// Bytes that the nodes take.
    pub(crate) fn bytes(&self) -> u128 {
        let node = (self.taps().next_multiple_of(VECTOR) + 2) * size_of::<f32>() + size_of::<f64>();
        (self.nodes as u128 + NODES as u128 - 1) * node as u128
    }
}

/// The nodes.
pub(crate) struct InterpolatedBank {
    shape: FilterShape,
    pub(crate) grid: Grid,
    /// The taps at d = 1 − ⌊R⌋ …, node after node from g = −1 on, each padded with zeros to whole steps.
    pub(crate) taps: Vec<f32>,
    /// For each node, the taps at d = −⌊R⌋ and at d = ⌊R⌋ + 1.
    pub(crate) ends: Vec<[f32; 2]>,
    /// For each node, the sum of its taps without those at the ends.
    pub(crate) sums: Vec<f64>,
}

/// Its sizes: the taps themselves are too many to read.
impl std::fmt::Debug for InterpolatedBank {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InterpolatedBank").field("grid", &self.grid).finish_non_exhaustive()
    }
}

/// Where an output lies, and what its taps are made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Output {
    /// i₀ − ⌊R⌋ + 1, the sample under the first tap of its nodes.
    pub(crate) start: i64,
    /// The first of its [`NODES`] nodes.
    pub(crate) node: usize,
    /// What each of them counts.
    pub(crate) weights: [f32; NODES],
    /// The taps one sample before those of the nodes and one after them, 0 outside the window.
    pub(crate) ends: [f32; 2],
    /// Taps of the nodes, without the zeros after them.
    pub(crate) taps: usize,
    /// What its products are multiplied by when they have been summed.
    pub(crate) scale: f32,
}

impl InterpolatedBank {
    /// Computes the taps in float64 and rounds each once.
    #[expect(clippy::cast_precision_loss, reason = "sizes of something in memory, and a factor")]
    #[expect(clippy::cast_possible_truncation, reason = "the one rounding of the taps")]
    pub(crate) fn design(shape: &FilterShape, grid: Grid) -> Self {
        let function = shape.function();
        let phases = shape.ratio().phases() as f64;
        let (half, node) = (grid.half as f64, grid.taps().next_multiple_of(VECTOR));
        let nodes = grid.nodes + NODES - 1;
        let mut bank = Self { shape: *shape, grid, taps: vec![0.0; nodes * node], ends: Vec::new(), sums: Vec::new() };
        let mut values = Vec::with_capacity(grid.taps() + 2);
        for g in 0..nodes {
            let phase = (g as f64 - 1.0) / grid.nodes as f64;
            values.clear();
            values.extend((0..grid.taps() + 2).map(|k| ((k as f64 - half) - phase).abs() * phases));
            function.evaluate(&mut values);
            let (first, last) = (values[0], values[grid.taps() + 1]);
            let inner = &values[1..=grid.taps()];
            let taps = bank.taps.get_mut(g * node..).unwrap_or_default();
            taps.iter_mut().zip(inner).for_each(|(tap, &value)| *tap = value as f32);
            bank.ends.push([first as f32, last as f32]);
            bank.sums.push(inner.iter().sum());
        }
        bank
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.taps) + size_of_val(&*self.ends) + size_of_val(&*self.sums)
    }

    /// S, see [`Grid`].
    pub(crate) fn nodes_per_sample(&self) -> usize {
        self.grid.nodes
    }

    /// The outputs from `first` on.
    pub(crate) fn outputs(&self, first: u64) -> impl Iterator<Item = Output> {
        let (stride, phases) = (u128::from(self.shape.ratio().stride()), u128::from(self.shape.ratio().phases()));
        let position = u128::from(first) * stride;
        let (mut sample, mut rest) = (position / phases, position % phases);
        std::iter::repeat_with(move || {
            let output =
                self.output(i64::try_from(sample).unwrap_or(i64::MAX), u64::try_from(rest).unwrap_or(u64::MAX));
            rest += stride % phases;
            sample += stride / phases;
            if rest >= phases {
                rest -= phases;
                sample += 1;
            }
            output
        })
    }

    /// The output that lies `rest`/L samples after `sample`.
    #[expect(clippy::cast_precision_loss, reason = "relative to 1, the distance of samples")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in 0 … S; weights are rounded once")]
    fn output(&self, sample: i64, rest: u64) -> Output {
        let place = rest as f64 / self.shape.ratio().phases() as f64 * self.grid.nodes as f64;
        // The node g = −1 is the first.
        let node = (place as usize).min(self.grid.nodes - 1);
        let weights = weights(place - node as f64);
        let half = self.grid.half.cast_signed() as i64;
        let nodes = self.ends[node..][..NODES].iter().zip(weights);
        let end = |side: usize, distance: i64| {
            if self.shape.holds(distance, rest) {
                nodes.clone().map(|(ends, weight)| f64::from(ends[side]) * weight).sum()
            } else {
                0.0
            }
        };
        let ends: [f64; 2] = [end(0, -half), end(1, half + 1)];
        let scale = if self.shape.is_normalized() {
            let inner: f64 = self.sums[node..][..NODES].iter().zip(weights).map(|(sum, weight)| sum * weight).sum();
            (1.0 / divisor(inner + ends[0] + ends[1])) as f32
        } else {
            1.0
        };
        Output {
            start: sample.saturating_add(1 - half),
            node,
            weights: weights.map(|weight| weight as f32),
            ends: ends.map(|end| end as f32),
            taps: self.grid.taps(),
            // Taps so small that float32 does not hold their inverse are zeros in float32, and are to stay that.
            scale: if scale.is_finite() { scale } else { 1.0 },
        }
    }

    /// The nodes of an output: their taps, and zeros up to whole steps.
    pub(crate) fn node_taps(&self, output: &Output) -> [&[f32]; NODES] {
        let len = self.grid.taps().next_multiple_of(VECTOR);
        std::array::from_fn(|node| &self.taps[(output.node + node) * len..][..len])
    }

    /// The taps of output `n`, from the first sample inside its window.
    pub(crate) fn output_taps(&self, n: u64) -> impl Iterator<Item = f32> {
        let output = self.outputs(n).next();
        let window = self.shape.window(n);
        let offset = output.map_or(0, |output| window.start - output.start);
        let tap = move |k: usize| {
            let output = output?;
            let nodes = self.node_taps(&output);
            let tap = match usize::try_from(k.cast_signed() as i64 + offset) {
                Err(_) => output.ends[0],
                Ok(k) if k < self.grid.taps() => {
                    nodes.iter().zip(output.weights).map(|(node, weight)| node[k] * weight).sum()
                }
                Ok(_) => output.ends[1],
            };
            Some(tap * output.scale)
        };
        let len = usize::try_from(window.start.abs_diff(window.end)).unwrap_or(usize::MAX);
        (0..len).map_while(tap)
    }
}

/// Lagrange's weights of the values at −1, 0, 1 and 2 for the cubic's value at x.
fn weights(x: f64) -> [f64; NODES] {
    [
        x * (x - 1.0) * (x - 2.0) / -6.0,
        (x + 1.0) * (x - 1.0) * (x - 2.0) / 2.0,
        (x + 1.0) * x * (x - 2.0) / -2.0,
        (x + 1.0) * x * (x - 1.0) / 6.0,
    ]
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
mod tests {
    use super::*;
    use crate::filter::ratio::Ratio;
    use crate::options::{Preset, ResampleOptions};

    /// The bound of the module's documentation, in float64: the errors of all taps of an output, added up.
    #[test]
    fn interpolation_keeps_to_its_share_of_the_error() {
        let default = ResampleOptions::default();
        let windows = [
            default.lowpass_filter_width(1.5).window(Window::Kaiser { beta: 0.0 }),
            default.lowpass_filter_width(20.0).window(Window::Kaiser { beta: 79.0 }),
            default.lowpass_filter_width(0.2),
        ];
        for (orig_freq, new_freq) in [(48_017, 44_101), (44_101, 48_017), (99_991, 10_007)] {
            for options in Preset::ALL.map(Preset::options).into_iter().chain(windows) {
                let ratio = Ratio::new(orig_freq, new_freq).expect("a ratio");
                let shape = FilterShape::new(ratio, &options).expect("a shape");
                let (grid, function, phases) = (Grid::new(&shape), shape.function(), new_freq as f64);
                let at = |phase: f64| {
                    let mut node: Vec<_> =
                        (0..grid.taps()).map(|k| (k as f64 + 1.0 - grid.half as f64 - phase).abs() * phases).collect();
                    function.evaluate(&mut node);
                    node
                };
                for place in 0..50 {
                    // Halfway between two nodes, where a cubic is at its worst.
                    let first = (place * 37 % grid.nodes) as f64;
                    let between = [-1.0, 0.0, 1.0, 2.0].map(|node| at((first + node) / grid.nodes as f64));
                    let exact = at((first + 0.5) / grid.nodes as f64);
                    let error = |k: usize| {
                        let tap: f64 = between.iter().zip(weights(0.5)).map(|(node, weight)| node[k] * weight).sum();
                        (tap - exact[k]).abs()
                    };
                    let worst: f64 = (0..grid.taps()).map(error).sum();
                    assert!(worst <= MAX_ERROR / 10.0, "{orig_freq}→{new_freq}, {options:?}, {first}: {worst:e}");
                }
            }
        }
    }
}

//! [`InterpolatedBank`]: the taps of evenly spaced phases, for ratios with too many phases to store the taps of each.
//!
//! ```text
//!  input samples         i₀              φ             i₀ + 1
//!  ─────────────────────●───────────────┼──────────────●────────     output n at i₀ + φ, 0 ≤ φ < 1
//!  nodes            g−1       g         ┊    g+1       g+2           S nodes from one sample to the next
//!                                       tap at φ: the cubic through four nodes
//! ```
//!
//! Output n lies at c = n·M/L input samples, with i₀ = ⌊c⌋ and φ = c − i₀. Its tap at sample i₀ + d is h(d − φ), where
//! h is a function of the distance in input samples. Node g holds h(d − g/S) for every d that some φ can need. The tap
//! at φ is the value of the cubic through nodes g − 1, g, g + 1 and g + 2, where g ≤ φ·S < g + 1. The samples at which
//! the window begins and ends are found in integers for each output, so that only the smooth part of h is interpolated.
//!
//! The number of nodes follows from a bound of the error. As a function of t, in zero crossings, h is base/M · sinc(t)
//! · w(t/W). Both factors are at most 1 and of exponential type: π for the sinc, π/W for the Hann window, β/W for the
//! Kaiser window. By Bernstein's inequality the fourth derivative of their product is at most Ω⁴ with Ω = π + (π or
//! β)/W. By Lagrange's remainder the cubic through four points Δ apart errs by at most 9/16 · (ΩΔ)⁴/4! between the
//! middle two. An output sums at most 2R + 2 such errors, each times base/M, where R = W · M/base. For samples of at
//! most 1 the error of an output is therefore at most (2W + 2) · 9/16 · (ΩΔ)⁴/4!.

use std::f64::consts::PI;

use super::prototype::divisor;
use super::shape::FilterShape;
use crate::num::{distance, to_position};
use crate::options::Window;

/// Largest error of an output relative to the exact taps, for samples of at most 1.
pub(crate) const MAX_ERROR: f64 = 1e-7;

/// Number of nodes that a cubic passes through.
pub(crate) const NODES: usize = 4;

/// Number of taps in a vector. The taps of a node are padded with zeros to whole vectors.
pub(crate) const VECTOR: usize = 16;

/// Dimensions of an interpolated bank: plain data, decided before any tap is computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Grid {
    /// S, the number of nodes from one input sample to the next.
    pub(crate) nodes: usize,
    /// ⌊R⌋, where the window reaches R input samples to each side. The samples at d = 1 − ⌊R⌋ … ⌊R⌋ are inside it for
    /// every φ, those at d = −⌊R⌋ and d = ⌊R⌋ + 1 for some.
    pub(crate) half: usize,
}

impl Grid {
    /// Grid with enough nodes for the shape's interpolation error to stay within its share of [`MAX_ERROR`].
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 1, and saturates")]
    pub(crate) fn new(shape: &FilterShape) -> Self {
        let width = shape.width();
        let omega = PI
            + match shape.window_kind() {
                Window::Hann => PI / width,
                Window::Kaiser { beta } => beta / width,
            };
        // A tenth of the error is for the interpolation, the rest for the rounding of taps and weights.
        let spacing = (MAX_ERROR / 10.0 / (2.0 * width + 2.0) * 24.0 * 16.0 / 9.0).sqrt().sqrt() / omega;
        let nodes = (shape.crossings_per_sample() / spacing).ceil() as usize;
        Self { nodes: nodes.max(1), half: shape.look_ahead() - 1 }
    }

    /// Number of taps of a node at samples that are inside the window for every φ.
    pub(crate) fn taps(&self) -> usize {
        2 * self.half
    }

    /// Bytes of the bank.
    pub(crate) fn bytes(&self) -> u128 {
        let node = (self.taps().next_multiple_of(VECTOR) + 2) * size_of::<f32>() + size_of::<f64>();
        (self.nodes as u128 + NODES as u128 - 1) * node as u128
    }
}

/// Taps of all nodes.
pub(crate) struct InterpolatedBank {
    shape: FilterShape,
    pub(crate) grid: Grid,
    /// Taps at d = 1 − ⌊R⌋ … ⌊R⌋ of each node from g = −1 on, padded with zeros to whole vectors.
    pub(crate) taps: Vec<f32>,
    /// Taps at d = −⌊R⌋ and d = ⌊R⌋ + 1 of each node.
    pub(crate) ends: Vec<[f32; 2]>,
    /// Sum of the taps of each node without its `ends`.
    pub(crate) sums: Vec<f64>,
}

/// Shows the sizes only: the taps are too many to read.
impl std::fmt::Debug for InterpolatedBank {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InterpolatedBank").field("grid", &self.grid).finish_non_exhaustive()
    }
}

/// Position of an output, and the nodes and weights of its taps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Output {
    /// Position of the sample under the first tap of the nodes, i₀ − ⌊R⌋ + 1.
    pub(crate) start: i64,
    /// First of the [`NODES`] nodes.
    pub(crate) node: usize,
    /// Weight of each node.
    pub(crate) weights: [f32; NODES],
    /// Taps at the sample before those under the nodes and at the sample after them; 0 outside the window.
    pub(crate) ends: [f32; 2],
    /// Number of taps of a node, without the zeros that pad it.
    pub(crate) taps: usize,
    /// Factor that normalises the sum of the products; 1 without normalisation.
    pub(crate) scale: f32,
}

impl InterpolatedBank {
    /// Computes the taps in float64 and rounds each once.
    #[expect(clippy::cast_precision_loss, reason = "sizes of a bank in memory, and a factor")]
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

    /// Bytes of the bank.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.taps) + size_of_val(&*self.ends) + size_of_val(&*self.sums)
    }

    /// S, see [`Grid`].
    pub(crate) fn nodes_per_sample(&self) -> usize {
        self.grid.nodes
    }

    /// Nodes and weights of the outputs from `first` on.
    pub(crate) fn outputs(&self, first: u64) -> impl Iterator<Item = Output> {
        let (stride, phases) = (u128::from(self.shape.ratio().stride()), u128::from(self.shape.ratio().phases()));
        let position = u128::from(first) * stride;
        let (mut sample, mut rest) = (position / phases, position % phases);
        std::iter::repeat_with(move || {
            let output = self.output(to_position(sample), u64::try_from(rest).unwrap_or(u64::MAX));
            rest += stride % phases;
            sample += stride / phases;
            if rest >= phases {
                rest -= phases;
                sample += 1;
            }
            output
        })
    }

    /// Nodes and weights of the output that lies `rest`/L samples after `sample`.
    #[expect(clippy::cast_precision_loss, reason = "relative to 1, the distance of samples")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in 0 … S; weights are rounded once")]
    fn output(&self, sample: i64, rest: u64) -> Output {
        let place = rest as f64 / self.shape.ratio().phases() as f64 * self.grid.nodes as f64;
        // Nodes are stored from g = −1 on: the one at this index is g − 1.
        let node = (place as usize).min(self.grid.nodes - 1);
        let weights = weights(place - node as f64);
        let half = to_position(self.grid.half);
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
            // If float32 cannot hold the inverse of the sum, the taps are zeros in float32, and stay zeros.
            scale: if scale.is_finite() { scale } else { 1.0 },
        }
    }

    /// Taps of the nodes of an output, with zeros up to whole vectors.
    pub(crate) fn node_taps(&self, output: &Output) -> [&[f32]; NODES] {
        let len = self.grid.taps().next_multiple_of(VECTOR);
        std::array::from_fn(|node| &self.taps[(output.node + node) * len..][..len])
    }

    /// Taps of output `n`, from the first sample of its window on.
    pub(crate) fn output_taps(&self, n: u64) -> impl Iterator<Item = f32> {
        let output = self.outputs(n).next();
        let window = self.shape.window(n);
        let offset = output.map_or(0, |output| window.start - output.start);
        let tap = move |k: usize| {
            let output = output?;
            let nodes = self.node_taps(&output);
            let tap = match usize::try_from(to_position(k) + offset) {
                Err(_) => output.ends[0],
                Ok(k) if k < self.grid.taps() => {
                    nodes.iter().zip(output.weights).map(|(node, weight)| node[k] * weight).sum()
                }
                Ok(_) => output.ends[1],
            };
            Some(tap * output.scale)
        };
        (0..distance(window.start, window.end)).map_while(tap)
    }
}

/// Lagrange's weights: the weighted sum of values at −1, 0, 1 and 2 is the value at x of the cubic through them.
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

    /// The bound that the module's documentation derives, in float64: the sum of the errors of all taps of an output.
    #[test]
    fn interpolation_keeps_within_its_share_of_the_error() {
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
                    // Halfway between two nodes, where the error is largest.
                    let node = (place * 37 % grid.nodes) as f64;
                    let between = [-1.0, 0.0, 1.0, 2.0].map(|offset| at((node + offset) / grid.nodes as f64));
                    let exact = at((node + 0.5) / grid.nodes as f64);
                    let error = |k: usize| {
                        let tap: f64 = between.iter().zip(weights(0.5)).map(|(node, weight)| node[k] * weight).sum();
                        (tap - exact[k]).abs()
                    };
                    let worst: f64 = (0..grid.taps()).map(error).sum();
                    assert!(worst <= MAX_ERROR / 10.0, "{orig_freq}→{new_freq}, {options:?}, {node}: {worst:e}");
                }
            }
        }
    }
}

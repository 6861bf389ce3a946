//! [`Response`]: the frequency response of a filter, from its coefficients.
//!
//! Resampling by L/M is filtering at L times the input's rate with the prototype p[m] = h(m/(L·M)). Phase j has the
//! taps at m = i·L − j·M, and each m belongs to one phase. A tone of θ radians per input sample comes out with the gain
//! ```text
//! H(θ) = (1/L) Σ_m p[m] e^(−iθm/L) = (1/L) Σ_j H_j(θ),   H_j(θ) = Σ_k h_j[k] e^(−iθ m_j(k)/L)
//! ```
//! where H_j is the gain of phase j. If all phases have the same gain, the output is the tone alone. Where they differ
//! there are images of the tone at θ + 2πk, whose gains H(θ + 2πk) are the discrete Fourier transform of H_j over j. By
//! Parseval's theorem
//! ```text
//! Σ_{k=1}^{L−1} |H(θ + 2πk)|² = (1/L) Σ_j |H_j(θ) − H(θ)|²
//! ```
//! This is the power of all images together, wherever the output's rate folds them, at the cost of evaluating the
//! phases once. See Vaidyanathan, Multirate Systems and Filter Banks, 4.3.

use std::f64::consts::TAU;
use std::fmt;
use std::sync::OnceLock;

use fearless_simd::{Simd, dispatch, f64x8, prelude::*};

use super::Plan;
use crate::filter::ratio::Ratio;
use crate::simd::Level;

/// Largest number of taps in a chunk. Within a chunk a phasor is multiplied from tap to tap; for each chunk it is
/// computed anew, so that rounding does not grow with the filter.
const CHUNK_TAPS: usize = 32;

/// Number of chunks that are evaluated side by side.
const CHUNKS_AT_ONCE: usize = 8;

/// Number of frequencies in each lobe of the response, which is 1 / (duration of the filter) wide.
const PER_LOBE: f64 = 8.0;

/// Largest number of frequencies up to 1, however narrow the lobes are.
const FINEST: f64 = 4096.0;

/// Number of frequencies above 1 with the same spacing. The same number, with growing spacing, covers the rest up to
/// the input's Nyquist frequency.
const DENSE: usize = 1024;

/// Largest number of phases that are evaluated. If there are more, evenly spaced ones stand for all.
const MAX_PHASES: u64 = 1024;

/// Frequency response of a [`Plan`], from its float64 coefficients. [`Plan::response`] computes it.
///
/// Frequencies are fractions of the lower Nyquist frequency, N = min(orig_freq, new_freq)/2: 1 is the highest frequency
/// that both rates can represent, and 0.9 between 48 and 44.1 kHz is 19,845 Hz. Gains and levels are factors relative
/// to the input tone. Ripple and rejection are in dB; rejections are positive, and larger ones are better.
///
/// Extremes are searched on a grid of eight frequencies per lobe of the response and refined to less than 0.01 dB. The
/// grid is coarser for more than 512 lobes up to the lower Nyquist frequency (1,000 taps at the lower rate), and for
/// aliases more than 128 lobes above it: there a lobe that stands out from its neighbours can be missed. float64
/// arithmetic has a floor near −290 dB.
///
/// One frequency costs 4 multiply-adds for each tap of up to 1024 phases. Where these have more than 4 million taps
/// together, fewer phases are evaluated, but two at least. The first extreme evaluates the grid of some hundred
/// frequencies, in milliseconds at common rates; the other extremes reuse the grid.
#[derive(Clone)]
pub struct Response {
    /// Cycles per input sample at frequency 1.
    cycles: f64,
    /// Nyquist frequency of the input. This and the two below are fractions of the lower Nyquist frequency.
    input_nyquist: f64,
    /// Nyquist frequency of the prototype's rate, L times the input's.
    top: f64,
    /// Width of a lobe of the response.
    lobe: f64,
    phases: usize,
    chunks: TapChunks,
    dc_image: f64,
    asymmetry: f64,
    delay: f64,
    /// Gains on a grid of rising frequencies, computed on first use.
    grid: OnceLock<Vec<(f64, Gain)>>,
}

/// Taps of all phases in chunks of equal length, eight side by side.
#[derive(Clone, Default)]
struct TapChunks {
    /// Number of taps in a chunk.
    len: usize,
    /// Phase of each chunk, and position of its first tap in input samples relative to the output.
    places: Vec<(usize, f64)>,
    /// Taps of every eight chunks: the first tap of each, the second of each, …
    taps: Vec<[f64; CHUNKS_AT_ONCE]>,
}

/// Gain of a tone, and level of all its images together, both relative to the input tone.
#[derive(Debug, Clone, Copy)]
struct Gain {
    wanted: f64,
    images: f64,
}

impl Plan {
    /// Frequency response of the filter: ripple, band edges and rejection, from the float64 coefficients. For equal
    /// rates the gain is 1 at every frequency.
    ///
    /// ```
    /// use polyphase::{Plan, ResampleOptions};
    ///
    /// let response = Plan::new(48_000, 44_100, &ResampleOptions::kaiser_best())?.response();
    /// assert!(response.pass_band_ripple(0.8) < 1e-5);
    /// assert!((response.edge(6.02).unwrap_or(1.0) - 0.9476).abs() < 1e-3); // the gain at the cut-off is 1/2
    /// // torchaudio's default filter has audible ripple.
    /// let response = Plan::new(48_000, 44_100, &ResampleOptions::default())?.response();
    /// assert!(response.pass_band_ripple(0.8) > 0.1);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    pub fn response(&self) -> Response {
        let (ratio, phases) = self.spaced_phases(MAX_PHASES);
        Response::of_phases(ratio, &phases)
    }

    /// Impulse response of the filter in float64, centred on its middle value: h at the multiples of 1/d input sample,
    /// where d is the [`impulse_response_density`](Self::impulse_response_density). Its length is odd.
    ///
    /// Every d-th value, from any of the first d values on, belongs to one phase. The values of a phase sum to 1 within
    /// the ripple of the filter. Equal rates give one value, 1.
    ///
    /// ```
    /// use polyphase::{Plan, ResampleOptions};
    ///
    /// let taps: Vec<f64> = Plan::new(1, 2, ResampleOptions::default())?.impulse_response();
    /// assert_eq!(taps.len(), 25); // six zero crossings of 2/0.99 taps to each side
    /// assert!((taps[12] - 0.99).abs() < 1e-15 && taps[11] == taps[13]);
    /// assert!((taps.iter().sum::<f64>() - 2.0).abs() < 1e-3);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    pub fn impulse_response(&self) -> Vec<f64> {
        let (ratio, phases) = self.spaced_phases(MAX_PHASES);
        let count = phases.len() as i128;
        // Phase k·spacing holds the taps at m = i·L − k·spacing: in units of the spacing, every count-th from −k on.
        let spacing = i128::from(ratio.phases()) / count;
        let first = |(m, _): &(i128, Vec<f64>)| m / spacing;
        let last = |phase: &(i128, Vec<f64>)| first(phase) + (phase.1.len() as i128 - 1) * count;
        let half = phases.iter().flat_map(|phase| [-first(phase), last(phase)]).max().unwrap_or(0);
        let index = |place: i128| usize::try_from(half + place).unwrap_or(usize::MAX);
        let mut response = vec![0.0; index(half) + 1];
        for phase in &phases {
            let from = index(first(phase));
            response[from..].iter_mut().step_by(phases.len()).zip(&phase.1).for_each(|(to, &tap)| *to = tap);
        }
        response
    }

    /// Number of values of the [`impulse_response`](Self::impulse_response) per input sample: [`Ratio::phases`], but at
    /// most 1024, and fewer if so many phases have more than 4 million taps together.
    pub fn impulse_response_density(&self) -> u64 {
        self.spaced_count(MAX_PHASES)
    }
}

impl Response {
    /// Response of a filter that is given by the first m and the taps of each of its phases.
    #[expect(clippy::cast_precision_loss, reason = "rates and positions of filters that fit in memory")]
    fn of_phases(ratio: Ratio, phase_taps: &[(i128, Vec<f64>)]) -> Self {
        let (stride, phases) = (ratio.stride() as f64, ratio.phases() as f64);
        let lower = stride.min(phases);
        let taps = phase_taps.iter().map(|(_, taps)| taps.len()).max().unwrap_or(0).max(1);
        let mut chunks = TapChunks { len: taps.div_ceil(taps.div_ceil(CHUNK_TAPS)), ..TapChunks::default() };
        let mut prototype = Vec::new();
        let mut dc_image = 0.0_f64;
        for (phase, (first, phase_taps)) in phase_taps.iter().enumerate() {
            dc_image = dc_image.max((phase_taps.iter().sum::<f64>() - 1.0).abs());
            let place = |k: usize| first + k as i128 * i128::from(ratio.phases());
            prototype.extend(phase_taps.iter().enumerate().map(|(k, &tap)| (place(k), tap)));
            for (chunk, taps) in phase_taps.chunks(chunks.len).enumerate() {
                chunks.push(phase, place(chunk * chunks.len) as f64 / phases, taps);
            }
        }
        prototype.retain(|&(_, tap)| tap != 0.0);
        prototype.sort_unstable_by_key(|&(m, _)| m);
        let peak = prototype.iter().fold(0.0, |peak: f64, (_, tap)| peak.max(tap.abs()));
        let sum: f64 = prototype.iter().map(|(_, tap)| tap).sum();
        let moment: f64 = prototype.iter().map(|&(m, tap)| m as f64 / phases * tap).sum();
        Self {
            cycles: lower / (2.0 * stride),
            input_nyquist: stride / lower,
            top: stride.max(phases),
            lobe: 2.0 * stride / lower / taps as f64,
            phases: phase_taps.len(),
            chunks,
            dc_image,
            asymmetry: asymmetry(&prototype) / peak,
            delay: moment / sum,
            grid: OnceLock::new(),
        }
    }

    /// Gain |H| of a tone, a factor. The frequency is a fraction of the lower Nyquist frequency. Above 1, the gain is
    /// that of an alias, up to the input's Nyquist frequency, or of an image.
    pub fn magnitude(&self, frequency: f64) -> f64 {
        self.gain(frequency).wanted
    }

    /// Level of all images of a tone together, a factor relative to the input tone: the root of their summed power.
    pub fn image_level(&self, frequency: f64) -> f64 {
        self.gain(frequency).images
    }

    /// Largest deviation from gain 1 at frequencies up to `pass_band` (0 to 1), in dB.
    pub fn pass_band_ripple(&self, pass_band: f64) -> f64 {
        self.largest(0.0, pass_band.clamp(0.0, 1.0), |gain| (20.0 * gain.wanted.log10()).abs())
    }

    /// Lowest frequency at which the gain is `fall` dB below 1, for example 0.1, 3 or 6.02 dB; `None` if there is none
    /// up to the input's Nyquist frequency or twice the lower one, whichever is higher, as for equal rates.
    pub fn edge(&self, fall: f64) -> Option<f64> {
        let limit = 10_f64.powf(-fall / 20.0);
        let grid = self.grid();
        let first = grid.iter().position(|(_, gain)| gain.wanted < limit)?;
        let (mut above, mut under) = (grid[first.saturating_sub(1)].0, grid[first].0);
        // 48 halvings reach the rounding of a fraction near 1.
        for _ in 0..48 {
            let middle = 0.5 * (above + under);
            *(if self.magnitude(middle) < limit { &mut under } else { &mut above }) = middle;
        }
        Some(0.5 * (above + under))
    }

    /// Attenuation in dB of the strongest alias in the pass band, among input tones from 2 − `pass_band` to the input's
    /// Nyquist frequency. A `pass_band` of 1 gives the strongest alias at any frequency. `None` where no input tone
    /// folds into the pass band, as when upsampling.
    pub fn alias_rejection(&self, pass_band: f64) -> Option<f64> {
        let from = 2.0 - pass_band.clamp(0.0, 1.0);
        let worst = || self.largest(from, self.input_nyquist, |gain| gain.wanted);
        (self.input_nyquist > 1.0 && from <= self.input_nyquist).then(|| -20.0 * worst().log10())
    }

    /// Attenuation in dB of all images together, for the tone of the pass band with the strongest images. A tone at the
    /// lower Nyquist frequency (`pass_band` 1) has an image of its own level. `None` for ratios with one phase, such as
    /// 48 to 16 kHz, which have no images.
    pub fn image_rejection(&self, pass_band: f64) -> Option<f64> {
        let worst = || self.largest(0.0, pass_band.clamp(0.0, 1.0), |gain| gain.images);
        (self.phases > 1).then(|| -20.0 * worst().log10())
    }

    /// Ripple of a constant input of 1: `max |Σ_k h_j[k] − 1|` over the phases j, a factor.
    pub fn dc_image(&self) -> f64 {
        self.dc_image
    }

    /// Largest difference between two taps at ±m, relative to the largest tap: 0 for a filter of linear phase.
    pub fn asymmetry(&self) -> f64 {
        self.asymmetry
    }

    /// Delay of low frequencies in input samples, Σ τ·h / Σ h: 0 within rounding for a symmetric filter.
    pub fn delay(&self) -> f64 {
        self.delay
    }

    /// Gains up to the input's Nyquist frequency, and at least up to 2 if the prototype's rate allows that.
    #[expect(clippy::cast_precision_loss, reason = "counts of some thousands")]
    fn grid(&self) -> &[(f64, Gain)] {
        self.grid.get_or_init(|| {
            let step = (self.lobe / PER_LOBE).max(1.0 / FINEST);
            let end = self.input_nyquist.max(2.0).min(self.top);
            let dense = (1.0 + DENSE as f64 * step).min(end);
            let growth = (end / dense).ln() / DENSE as f64;
            let mut places: Vec<_> = (0..=to_count(dense / step)).map(|k| k as f64 * step).collect();
            if growth > 0.0 {
                places.extend((1..=DENSE).map(|k| dense * (k as f64 * growth).exp()));
            }
            places.into_iter().map(|frequency| (frequency, self.gain(frequency))).collect()
        })
    }

    /// Largest value at a frequency from `from` to `to`: that of the grid, refined at every peak that comes close to
    /// it.
    fn largest(&self, from: f64, to: f64, value: impl Fn(Gain) -> f64) -> f64 {
        let at = |frequency: f64| value(self.gain(frequency));
        let inside = self.grid().iter().filter(|(frequency, _)| (from..=to).contains(frequency));
        let mut samples = vec![(from, at(from))];
        samples.extend(inside.map(|&(frequency, gain)| (frequency, value(gain))));
        samples.push((to, at(to)));
        let largest = samples.iter().fold(0.0_f64, |largest, &(_, value)| largest.max(value));
        // Between two of the eight frequencies of a lobe the value rises by less than 1 − cos(π/16), a fiftieth.
        samples
            .windows(3)
            .filter(|near| near[1].1 >= 0.95 * largest && near[1].1 >= near[0].1.max(near[2].1))
            .map(|near| peak_within(near[0].0, near[2].0, at))
            .fold(largest, f64::max)
    }

    #[expect(clippy::cast_precision_loss, reason = "phases of a bank in memory")]
    fn gain(&self, frequency: f64) -> Gain {
        let gains = self.chunks.gains(frequency * self.cycles, self.phases);
        let phases = self.phases as f64;
        let mean =
            gains.iter().fold([0.0; 2], |sum, gain| [sum[0] + gain[0], sum[1] + gain[1]]).map(|sum| sum / phases);
        let images: f64 = gains.iter().map(|gain| (gain[0] - mean[0]).powi(2) + (gain[1] - mean[1]).powi(2)).sum();
        Gain { wanted: mean[0].hypot(mean[1]), images: (images / phases).sqrt() }
    }
}

impl TapChunks {
    fn push(&mut self, phase: usize, place: f64, taps: &[f64]) {
        let lane = self.places.len() % CHUNKS_AT_ONCE;
        if lane == 0 {
            self.taps.resize(self.taps.len() + self.len, [0.0; CHUNKS_AT_ONCE]);
        }
        let block = self.taps.len() - self.len;
        for (column, &tap) in self.taps[block..].iter_mut().zip(taps) {
            column[lane] = tap;
        }
        self.places.push((phase, place));
    }

    /// H_j of each phase at a number of cycles per input sample, real and imaginary part.
    fn gains(&self, cycles: f64, phases: usize) -> Vec<[f64; 2]> {
        let mut gains = vec![[0.0; 2]; phases];
        let sums = dispatch!(Level::best().simd(), simd => self.sums(simd, cycles));
        for (&(phase, place), [real, imaginary]) in self.places.iter().zip(sums) {
            let angle = cycles * place;
            let (sine, cosine) = (-TAU * (angle - angle.round())).sin_cos();
            gains[phase][0] += real * cosine - imaginary * sine;
            gains[phase][1] += real * sine + imaginary * cosine;
        }
        gains
    }

    /// Σ_k taps[k] e^(−2πi·cycles·k) of each chunk, by Horner's rule.
    #[inline(always)]
    fn sums<S: Simd>(&self, simd: S, cycles: f64) -> Vec<[f64; 2]> {
        let (sine, cosine) = (-TAU * cycles).sin_cos();
        let (sine, cosine) = (f64x8::splat(simd, sine), f64x8::splat(simd, cosine));
        let mut sums = Vec::with_capacity(self.places.len() + CHUNKS_AT_ONCE);
        for block in self.taps.chunks_exact(self.len) {
            let mut real = f64x8::splat(simd, 0.0);
            let mut imaginary = real;
            for taps in block.iter().rev() {
                let rotated = real * sine;
                real = real.mul_add(cosine, f64x8::load_array_ref(simd, taps) - imaginary * sine);
                imaginary = imaginary.mul_add(cosine, rotated);
            }
            sums.extend(real.as_array().iter().zip(imaginary.as_array()).map(|(&real, &imaginary)| [real, imaginary]));
        }
        sums
    }
}

/// Largest difference between the values at m and −m.
fn asymmetry(prototype: &[(i128, f64)]) -> f64 {
    let value = |m: i128| prototype.binary_search_by_key(&m, |&(m, _)| m).map_or(0.0, |index| prototype[index].1);
    prototype.iter().fold(0.0, |worst: f64, &(m, tap)| worst.max((tap - value(-m)).abs()))
}

/// Largest value of a function with one peak between two arguments, by golden-section search.
fn peak_within(mut start: f64, mut end: f64, value: impl Fn(f64) -> f64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let (mut left, mut right) = (end - GOLDEN * (end - start), start + GOLDEN * (end - start));
    let (mut at_left, mut at_right) = (value(left), value(right));
    // 16 steps shrink the bracket to 0.618^16 of its width, a two-thousandth: there a parabola is flat within 1e-7.
    for _ in 0..16 {
        if at_left > at_right {
            (end, right, at_right) = (right, left, at_left);
            left = end - GOLDEN * (end - start);
            at_left = value(left);
        } else {
            (start, left, at_left) = (left, right, at_right);
            right = start + GOLDEN * (end - start);
            at_right = value(right);
        }
    }
    at_left.max(at_right)
}

/// Rounds down; 0 for NaN.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn to_count(value: f64) -> usize {
    value as usize
}

/// Shows a few figures in one line: the coefficients are too many to read.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut figures = f.debug_struct("Response");
        figures.field("dc_image", &self.dc_image).field("asymmetry", &self.asymmetry).field("delay", &self.delay);
        figures.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

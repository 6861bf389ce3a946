//! [`Analysis`]: the short-time Fourier transform of a signal of any length, in memory that does not grow with it.
//!
//! ```text
//! signal   |-- segment 0 --|
//!               |-- segment 1 --|            one hop later
//!                    |-- segment 2 --|
//! column   mean power of neighbouring segments
//! row      highest power of neighbouring bins
//! ```
//!
//! When all columns are in use, neighbouring pairs of them are merged. Each time the hop doubles, until it is a quarter
//! of a segment. After that, the number of segments in a column doubles instead.

use std::ops::Range;

use super::window::FadeWindow;
use crate::fourier::{Fourier, decibels};
use crate::plot::heat_map::Levels;

/// Parameters of an analysis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Settings {
    pub(crate) rate: u32,
    /// Samples of a segment.
    pub(crate) fft: usize,
    /// Samples from one segment to the next. `None`: as few as the number of columns allows, at most a quarter of a
    /// segment.
    pub(crate) hop: Option<usize>,
    pub(crate) window: FadeWindow,
    /// Highest frequency to keep, in Hz.
    pub(crate) max_freq: f64,
    /// Largest number of rows. A row shows the highest power of its bins.
    pub(crate) max_rows: usize,
    /// Largest number of columns. A column shows the mean power of its segments.
    pub(crate) max_columns: usize,
}

/// The analysis of one channel in progress.
pub(crate) struct Analysis {
    settings: Settings,
    window: Vec<f64>,
    fourier: Fourier,
    /// Samples that later segments need.
    pending: Vec<f64>,
    /// Number of coming samples that no segment needs, if the hop is longer than a segment.
    skipped: usize,
    samples: u64,
    segments: u64,
    /// Bins in a row.
    bins: usize,
    rows: usize,
    hop: usize,
    /// Segments in a column.
    column_segments: usize,
    /// Sums of powers, and the number of segments in them.
    columns: Vec<(Vec<f32>, usize)>,
}

/// Number of hops in a segment at first.
const FIRST_OVERLAP: usize = 64;
/// Least number of hops in a segment, after the hop has grown.
const LAST_OVERLAP: usize = 4;

impl Analysis {
    pub(crate) fn new(settings: Settings) -> Self {
        let bin_width = f64::from(settings.rate) / to_f64(settings.fft);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most half of a segment")]
        let kept = ((settings.max_freq / bin_width).ceil() as usize).min(settings.fft / 2) + 1;
        let bins = kept.div_ceil(settings.max_rows);
        Self {
            settings,
            window: settings.window.points(settings.fft),
            fourier: Fourier::new(settings.fft),
            pending: Vec::new(),
            skipped: 0,
            samples: 0,
            segments: 0,
            bins,
            rows: kept.div_ceil(bins),
            hop: settings.hop.unwrap_or((settings.fft / FIRST_OVERLAP).max(1)),
            column_segments: 1,
            columns: Vec::new(),
        }
    }

    /// Appends samples. NaN and infinities count as silence.
    pub(crate) fn push(&mut self, samples: &[f64]) {
        self.samples += samples.len() as u64;
        let skipped = self.skipped.min(samples.len());
        self.skipped -= skipped;
        let finite = |&sample: &f64| if sample.is_finite() { sample } else { 0.0 };
        self.pending.extend(samples[skipped..].iter().map(finite));
        let mut start = 0;
        while start + self.settings.fft <= self.pending.len() {
            self.transform(start, self.settings.fft);
            start += self.hop;
        }
        self.skipped += start.saturating_sub(self.pending.len());
        self.pending.drain(..start.min(self.pending.len()));
    }

    /// Transforms a segment. If it is shorter than the transform, silence is added on both sides.
    fn transform(&mut self, start: usize, len: usize) {
        let Self { window, fourier, pending, .. } = self;
        let powers = fourier.powers(|signal| {
            let before = (window.len() - len) / 2;
            let samples = signal[before..before + len].iter_mut().zip(&pending[start..start + len]);
            samples.zip(&window[before..]).for_each(|((signal, sample), factor)| *signal = sample * factor);
        });
        // A sine of amplitude 1 at the frequency of a bin has half of the window's sum in that bin.
        let scale = (2.0 / window.iter().sum::<f64>()).powi(2);
        let last = self.settings.fft / 2;
        #[expect(clippy::cast_possible_truncation, reason = "float32 is precise enough for a picture")]
        let power = |bin: usize| {
            // The first and last bin have no mirror image at a negative frequency: all of the amplitude is in one bin.
            let weight = if bin == 0 || bin == last { 0.25 } else { 1.0 };
            (powers[bin] * scale * weight) as f32
        };
        let kept = (self.rows * self.bins).min(powers.len());
        let row = |row: usize| (row * self.bins..((row + 1) * self.bins).min(kept)).map(power).fold(0.0, f32::max);
        let rows: Vec<f32> = (0..self.rows).map(row).collect();
        match self.columns.last_mut().filter(|(_, segments)| *segments < self.column_segments) {
            Some((sums, segments)) => {
                sums.iter_mut().zip(&rows).for_each(|(sum, row)| *sum += row);
                *segments += 1;
            }
            None => {
                self.make_room();
                self.columns.push((rows, 1));
            }
        }
        self.segments += 1;
    }

    /// Merges pairs of columns if there is no room for another.
    fn make_room(&mut self) {
        if self.columns.len() < self.settings.max_columns.max(2) {
            return;
        }
        let pairs = std::mem::take(&mut self.columns);
        let mut pairs = pairs.into_iter();
        while let Some((mut sums, mut segments)) = pairs.next() {
            if let Some((more, count)) = pairs.next() {
                sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
                segments += count;
            }
            self.columns.push((sums, segments));
        }
        if self.settings.hop.is_none() && self.hop * 2 * LAST_OVERLAP <= self.settings.fft {
            self.hop *= 2;
            // With the doubled hop, a column of two old segments counts as one: keep the means of the columns.
            self.columns.iter_mut().for_each(|(sums, segments)| {
                sums.iter_mut().for_each(|sum| *sum /= to_f32(*segments));
                *segments = 1;
            });
        } else {
            self.column_segments *= 2;
        }
    }

    /// Returns the levels of the signal.
    pub(crate) fn finish(mut self) -> Spectrogram {
        if self.segments == 0 && !self.pending.is_empty() {
            self.transform(0, self.pending.len());
        }
        let rate = f64::from(self.settings.rate);
        let column_len = self.hop * self.column_segments;
        // Time of the first column: the mean of the centres of its segments.
        let middle = self.settings.fft.min(usize::try_from(self.samples).unwrap_or(usize::MAX)) as f64 / 2.0
            + to_f64(self.hop * (self.column_segments - 1)) / 2.0;
        let levels = self.columns.iter().flat_map(|(sums, segments)| sums.iter().map(|sum| *sum / to_f32(*segments)));
        #[expect(clippy::cast_precision_loss, reason = "a duration to look at")]
        let seconds = self.samples as f64 / rate;
        Spectrogram {
            powers: levels.collect(),
            rows: self.rows,
            columns: self.columns.len(),
            row_hertz: to_f64(self.bins) * rate / to_f64(self.settings.fft),
            // A bin extends by half its width to each side.
            first_row_hertz: -0.5 * rate / to_f64(self.settings.fft),
            column_seconds: to_f64(column_len) / rate,
            first_column_seconds: middle / rate - to_f64(column_len) / rate / 2.0,
            seconds,
            highest: (rate / 2.0).min(self.settings.max_freq),
            hop: self.hop,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of samples within a segment or a column")]
fn to_f64(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "a mean of levels to look at")]
fn to_f32(segments: usize) -> f32 {
    segments as f32
}

/// Levels of a signal over time and frequency. A sine of full scale has 0 dB.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spectrogram {
    /// Powers, column by column.
    powers: Vec<f32>,
    rows: usize,
    columns: usize,
    /// Extent of a row, and start of the first row.
    row_hertz: f64,
    first_row_hertz: f64,
    /// Extent of a column, and start of the first column.
    column_seconds: f64,
    first_column_seconds: f64,
    /// Length of the signal.
    pub(crate) seconds: f64,
    /// Highest frequency to show.
    highest: f64,
    pub(crate) hop: usize,
}

impl Spectrogram {
    /// Range of the cells that a span covers, at least one.
    fn cells(span: Range<f64>, first: f64, size: f64, count: usize) -> Range<usize> {
        let last = to_f64(count - 1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let cell = |at: f64| ((at - first) / size).floor().clamp(0.0, last) as usize;
        // The cells whose middles are in the span, or else the cell that holds the middle of the span.
        let (low, high) = (cell(span.start + size / 2.0), cell(span.end - size / 2.0));
        if low <= high && span.end - span.start >= size {
            low..high + 1
        } else {
            let middle = cell((span.start + span.end) / 2.0);
            middle..middle + 1
        }
    }
}

impl Levels for Spectrogram {
    fn level(&self, seconds: Range<f64>, hertz: Range<f64>) -> Option<f64> {
        let outside =
            (seconds.start + seconds.end) / 2.0 > self.seconds || (hertz.start + hertz.end) / 2.0 > self.highest;
        if self.columns == 0 || outside {
            return None;
        }
        let columns = Self::cells(seconds, self.first_column_seconds, self.column_seconds, self.columns);
        let rows = Self::cells(hertz, self.first_row_hertz, self.row_hertz, self.rows);
        let powers = columns.flat_map(|column| &self.powers[column * self.rows..][rows.clone()]);
        Some(decibels(powers.copied().fold(0.0, f32::max).into()))
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    const RATE: u32 = 48_000;

    fn settings() -> Settings {
        Settings {
            rate: RATE,
            fft: 2048,
            hop: None,
            window: FadeWindow::Kaiser,
            max_freq: 24_000.0,
            max_rows: 2000,
            max_columns: 1000,
        }
    }

    fn analyzed(settings: Settings, signal: &[f64]) -> Spectrogram {
        let mut analysis = Analysis::new(settings);
        signal.chunks(1000).for_each(|chunk| analysis.push(chunk));
        analysis.finish()
    }

    fn sine(frequency: f64, len: usize) -> Vec<f64> {
        (0..len).map(|i| (2.0 * PI * frequency * to_f64(i) / f64::from(RATE)).sin()).collect()
    }

    fn at(spectrogram: &Spectrogram, seconds: f64, hertz: f64) -> f64 {
        spectrogram.level(seconds..seconds, hertz..hertz).expect("a level")
    }

    #[test]
    fn a_sine_of_full_scale_is_0_db_in_its_bin_alone() {
        for window in [FadeWindow::Hann, FadeWindow::Kaiser] {
            for bin in [5.0, 100.0, 1000.0] {
                let frequency = bin * f64::from(RATE) / 2048.0;
                let spectrogram = analyzed(Settings { window, ..settings() }, &sine(frequency, 20_000));
                for seconds in [0.0, 0.1, 0.2, 20_000.0 / f64::from(RATE)] {
                    let level = at(&spectrogram, seconds, frequency);
                    assert!(level.abs() < 0.01, "{window:?} {bin} at {seconds}: {level}");
                    let far = at(&spectrogram, seconds, (frequency - 12_000.0).abs());
                    assert!(far < -110.0, "{window:?} {bin}: {far}");
                }
            }
        }
        // A constant of 1 is 0 dB too, and so is the sine at half the rate.
        assert!(at(&analyzed(settings(), &[1.0; 5000]), 0.05, 0.0).abs() < 0.01);
        let alternating: Vec<f64> = (0..5000).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        assert!(at(&analyzed(settings(), &alternating), 0.05, 24_000.0).abs() < 0.01);
    }

    #[test]
    fn rows_of_several_bins_show_the_highest_power() {
        let spectrogram = analyzed(Settings { max_rows: 100, ..settings() }, &sine(1000.0 * 24_000.0 / 1024.0, 9000));
        assert_eq!(spectrogram.rows, 94);
        assert!(at(&spectrogram, 0.1, 1000.0 * 24_000.0 / 1024.0).abs() < 0.01);
        assert!(at(&spectrogram, 0.1, 10_000.0) < -110.0);
        let low = analyzed(Settings { max_freq: 3000.0, ..settings() }, &sine(1500.0, 9000));
        assert_eq!(low.rows, 129);
        assert!(at(&low, 0.1, 1500.0).abs() < 0.01);
        assert_eq!(low.level(0.1..0.1, 3100.0..3100.0), None);
    }

    #[test]
    fn columns_are_bounded_in_number_and_keep_their_times() {
        // A tone in the last tenth of ever longer signals.
        for len in [30_000, 300_000, 3_000_000] {
            let mut signal = vec![0.0; len];
            let tone = sine(6000.0, len / 10);
            signal[len - len / 10..].copy_from_slice(&tone);
            for hop in [None, Some(512), Some(3000)] {
                let spectrogram = analyzed(Settings { hop, max_columns: 300, ..settings() }, &signal);
                assert!((1..=300).contains(&spectrogram.columns), "{}", spectrogram.columns);
                let duration = to_f64(len) / f64::from(RATE);
                assert_eq!(spectrogram.seconds, duration);
                assert!(at(&spectrogram, 0.85 * duration - 0.1, 6000.0) < -150.0, "{len} {hop:?}");
                let level = at(&spectrogram, 0.96 * duration, 6000.0);
                assert!(level.abs() < 0.1, "{len} {hop:?}: {level}");
            }
        }
    }

    #[test]
    fn a_steady_tone_keeps_its_level_when_columns_are_merged() {
        let frequency = 100.0 * f64::from(RATE) / 2048.0;
        for len in (2048..40_000).step_by(1777) {
            for hop in [None, Some(100)] {
                let spectrogram = analyzed(Settings { hop, max_columns: 20, ..settings() }, &sine(frequency, len));
                for part in [0.05, 0.5, 0.95] {
                    let level = at(&spectrogram, part * spectrogram.seconds, frequency);
                    assert!(level.abs() < 0.01, "{len} {hop:?} at {part}: {level}");
                }
            }
        }
    }

    #[test]
    fn noise_has_the_same_level_at_every_length() {
        // The mean power in a bin of white noise of variance 1/3 is 4/3 · Σw² / (Σw)².
        let window = FadeWindow::Kaiser.points(2048);
        let squares: f64 = window.iter().map(|factor| factor * factor).sum();
        let expected = decibels(4.0 / 3.0 * squares / window.iter().sum::<f64>().powi(2));
        let mut random = fastrand::Rng::with_seed(1);
        for len in [2_000_000, 8_000_000] {
            let noise: Vec<f64> = (0..len).map(|_| 2.0 * random.f64() - 1.0).collect();
            let spectrogram = analyzed(Settings { max_columns: 16, ..settings() }, &noise);
            let mean =
                spectrogram.powers.iter().copied().map(f64::from).sum::<f64>() / to_f64(spectrogram.powers.len());
            assert!((decibels(mean) - expected).abs() < 0.1, "{len}: {} {expected}", decibels(mean));
        }
    }

    #[test]
    fn signals_shorter_than_a_segment_have_levels() {
        // A single sample of 1 has the same level at all frequencies.
        let spectrogram = analyzed(settings(), &[1.0]);
        let sum: f64 = FadeWindow::Kaiser.points(2048).iter().sum();
        for hertz in [100.0, 12_000.0, 23_000.0] {
            assert!((at(&spectrogram, 1e-5, hertz) - decibels((2.0 / sum).powi(2))).abs() < 0.01);
        }
        assert_eq!(analyzed(settings(), &[]).level(0.0..0.0, 0.0..0.0), None);
        let silence = analyzed(settings(), &[0.0; 3000]);
        assert!(at(&silence, 0.01, 1000.0) < -300.0);
        let damaged = analyzed(settings(), &[f64::NAN, f64::INFINITY, 0.0]);
        assert!(at(&damaged, 0.0, 1000.0) < -300.0);
    }
}

//! [`Axis`]: a range with as many round ticks as there is room for. [`Frame`]: the area between two axes.

use super::picture::{Anchor, Area, Color, Picture};

/// Quantity of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    /// Frequency in Hz, shown in kHz from 1000 Hz on.
    Frequency,
    /// Time in seconds, shown in µs, ms, s or min.
    Time,
    /// Level in dB.
    Level,
    /// Number without a unit.
    Number,
}

/// One axis of a frame.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axis {
    pub(super) range: (f64, f64),
    pub(super) label: String,
    pub(super) ticks: Ticks,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ticks {
    /// Round numbers. The field is the size of the unit of the texts, such as 1000 for kHz.
    Round(f64),
    /// Given ticks, the most important first. A tick that would overlap an earlier one is left out.
    Named(Vec<(f64, String)>),
}

impl Axis {
    /// An axis over a range. The unit is appended to the name.
    pub(crate) fn new(name: &str, quantity: Quantity, range: (f64, f64)) -> Self {
        let largest = range.0.abs().max(range.1.abs());
        let (unit, size) = match quantity {
            Quantity::Frequency if largest >= 1000.0 => ("kHz", 1000.0),
            Quantity::Frequency => ("Hz", 1.0),
            Quantity::Time if largest > 180.0 => ("min", 60.0),
            Quantity::Time if largest >= 0.5 => ("s", 1.0),
            Quantity::Time if largest >= 5e-4 => ("ms", 1e-3),
            Quantity::Time => ("µs", 1e-6),
            Quantity::Level => ("dB", 1.0),
            Quantity::Number => ("", 1.0),
        };
        let label = if unit.is_empty() { name.to_owned() } else { format!("{name} ({unit})") };
        Self { range, label, ticks: Ticks::Round(size) }
    }

    /// An axis with given ticks, the most important first.
    pub(crate) fn named(label: &str, range: (f64, f64), ticks: Vec<(f64, String)>) -> Self {
        Self { range, label: label.to_owned(), ticks: Ticks::Named(ticks) }
    }

    /// Returns as many ticks as there is room for, with their texts. `room` is the length of the axis, `needed` returns
    /// the length that a text takes.
    pub(super) fn ticks(&self, room: f64, needed: impl Fn(&str) -> f64) -> Vec<(f64, String)> {
        let position = |value: f64| (value - self.range.0) / (self.range.1 - self.range.0) * room;
        let apart = |kept: &[(f64, String)], value: f64, text: &str| {
            kept.iter()
                .all(|(other, name)| (position(value) - position(*other)).abs() >= (needed(text) + needed(name)) / 2.0)
        };
        match &self.ticks {
            Ticks::Named(ticks) => {
                let mut kept: Vec<(f64, String)> = Vec::new();
                for (value, text) in ticks {
                    if apart(&kept, *value, text) {
                        kept.push((*value, text.clone()));
                    }
                }
                kept.sort_by(|a, b| a.0.total_cmp(&b.0));
                kept
            }
            Ticks::Round(unit) => {
                let candidates = (1..=12).rev().map(|count| round_ticks(self.range, *unit, count));
                let fits = |ticks: &Vec<(f64, String)>| {
                    ticks.len() >= 2 && ticks.windows(2).all(|pair| apart(&pair[..1], pair[1].0, &pair[1].1))
                };
                candidates.into_iter().find(fits).unwrap_or_default()
            }
        }
    }
}

/// Returns about `count` round numbers of a unit within a range, with texts of equal decimals.
fn round_ticks((low, high): (f64, f64), unit: f64, count: u32) -> Vec<(f64, String)> {
    let (low, high) = (low / unit, high / unit);
    let rough = (high - low) / f64::from(count);
    if !(rough > 0.0 && rough.is_finite()) {
        return Vec::new();
    }
    let power = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= rough * (1.0 - 1e-9));
    let step = factor.unwrap_or(10.0) * power;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few digits")]
    let decimals = (-(step.log10() + 1e-9).floor()).max(0.0) as usize;
    let (mut ticks, first) = (Vec::new(), (low / step - 1e-9).ceil());
    for index in 0..=2 * count {
        let value = (first + f64::from(index)) * step;
        if value > high + 1e-9 * step {
            break;
        }
        // Print no negative zero, and a minus sign instead of a hyphen.
        let value = if value.abs() < step / 2.0 { 0.0 } else { value };
        ticks.push((value * unit, format!("{value:.decimals$}").replace('-', "−")));
    }
    ticks
}

/// A rectangle with an axis on the left and an axis below.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) area: Area,
    pub(super) x: Axis,
    pub(super) y: Axis,
}

/// Parts of the axes to draw.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    pub(super) x_texts: bool,
    pub(super) x_label: bool,
    pub(super) y_texts: bool,
    pub(super) y_label: bool,
}

impl Shown {
    pub(super) const ALL: Self = Self { x_texts: true, x_label: true, y_texts: true, y_label: true };
}

/// Length of a tick in ems.
const TICK: f64 = 0.35;
/// Distance from the ticks to their texts in ems.
const TEXT_GAP: f64 = 0.3;
/// Distance between texts along an axis in ems.
const TEXT_SPACING: f64 = 1.0;

impl Frame {
    /// Maps a point of the axes to the picture.
    pub(super) fn map(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let along = |value: f64, (low, high): (f64, f64)| (value - low) / (high - low);
        let Area { left, width, height, .. } = self.area;
        (left + along(x, self.x.range) * width, self.area.bottom() - along(y, self.y.range) * height)
    }

    fn x_ticks(&self, picture: &Picture) -> Vec<(f64, String)> {
        self.x.ticks(self.area.width, |text| picture.text_width(text) + TEXT_SPACING * picture.em)
    }

    fn y_ticks(&self, picture: &Picture) -> Vec<(f64, String)> {
        self.y.ticks(self.area.height, |_| 2.0 * picture.em)
    }

    /// Width of the left axis with its texts.
    pub(super) fn left_room(&self, picture: &Picture, shown: Shown) -> f64 {
        let texts = self.y_ticks(picture).into_iter().map(|(_, text)| picture.text_width(&text)).fold(0.0, f64::max);
        let texts = if shown.y_texts { texts + (TICK + TEXT_GAP) * picture.em } else { 0.0 };
        texts + if shown.y_label { 1.7 * picture.em } else { 0.0 }
    }

    /// Height of the lower axis with its texts.
    pub(super) fn lower_room(picture: &Picture, shown: Shown) -> f64 {
        let texts = if shown.x_texts { TICK + TEXT_GAP + 1.0 } else { 0.0 };
        (texts + if shown.x_label { 1.6 } else { 0.0 }) * picture.em
    }

    /// Draws lines at the ticks, below the curves.
    pub(super) fn draw_grid(&self, picture: &mut Picture, grid: Color, opacity: f64) {
        for (value, _) in self.x_ticks(picture) {
            let (x, _) = self.map((value, self.y.range.0));
            picture.faint_line(vec![(x, self.area.top), (x, self.area.bottom())], grid, 0.6, opacity);
        }
        for (value, _) in self.y_ticks(picture) {
            let (_, y) = self.map((self.x.range.0, value));
            picture.faint_line(vec![(self.area.left, y), (self.area.right(), y)], grid, 0.6, opacity);
        }
    }

    /// Draws the outline, the ticks, the texts and the labels.
    pub(super) fn draw_axes(&self, picture: &mut Picture, shown: Shown) {
        let (em, ink) = (picture.em, picture.theme.ink());
        let Area { left, top, width, height } = self.area;
        let bottom = self.area.bottom();
        picture.outline(self.area, ink);
        for (value, text) in self.x_ticks(picture) {
            let (x, _) = self.map((value, self.y.range.0));
            picture.line(vec![(x, bottom), (x, bottom + TICK * em)], ink, 0.8);
            if shown.x_texts {
                // Keep the text of a tick at the end of the axis within the picture.
                let half = picture.text_width(&text) / 2.0;
                let at = x.clamp(half + 0.2 * em, (picture.width() - half - 0.2 * em).max(half));
                picture.text(&text, (at, bottom + (TICK + TEXT_GAP + 0.45) * em), Anchor::Middle, ink);
            }
        }
        for (value, text) in self.y_ticks(picture) {
            let (_, y) = self.map((self.x.range.0, value));
            picture.line(vec![(left - TICK * em, y), (left, y)], ink, 0.8);
            if shown.y_texts {
                picture.text(&text, (left - (TICK + TEXT_GAP) * em, y), Anchor::End, ink);
            }
        }
        if shown.x_label {
            let y = bottom + Self::lower_room(picture, Shown { x_label: false, ..shown }) + 0.9 * em;
            picture.text(&self.x.label.clone(), (left + width / 2.0, y), Anchor::Middle, ink);
        }
        if shown.y_label {
            let x = left - self.left_room(picture, Shown { y_label: false, ..shown }) - 0.9 * em;
            picture.upward_text(&self.y.label.clone(), (x, top + height / 2.0), ink);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(ticks: &[(f64, String)]) -> Vec<&str> {
        ticks.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_and_fill_the_room() {
        let axis = Axis::new("Frequency", Quantity::Frequency, (0.0, 22_050.0));
        assert_eq!(axis.label, "Frequency (kHz)");
        assert_eq!(texts(&axis.ticks(1000.0, |_| 100.0)), ["0", "5", "10", "15", "20"]);
        assert_eq!(texts(&axis.ticks(1000.0, |_| 10.0)).len(), 12, "every 2 kHz");
        assert_eq!(texts(&axis.ticks(100.0, |_| 40.0)), ["0", "10", "20"]);
        assert_eq!(texts(&axis.ticks(100.0, |_| 60.0)), ["0", "20"]);
        assert!(axis.ticks(10.0, |_| 40.0).is_empty());
        let axis = Axis::new("Gain", Quantity::Level, (-0.1, 0.1));
        assert_eq!(texts(&axis.ticks(1000.0, |_| 150.0)), ["−0.10", "−0.05", "0.00", "0.05", "0.10"]);
        let axis = Axis::new("Time", Quantity::Time, (0.0, 1.0 / 48_000.0));
        assert_eq!(
            (axis.label.as_str(), texts(&axis.ticks(300.0, |_| 50.0))),
            ("Time (µs)", vec!["0", "5", "10", "15", "20"])
        );
    }

    #[test]
    fn named_ticks_give_way_to_more_important_ones() {
        let ticks = [(1.0, "one"), (0.9, "less"), (0.2, "little")].map(|(at, text)| (at, text.to_owned()));
        let axis = Axis::named("", (0.0, 1.0), ticks.to_vec());
        assert_eq!(texts(&axis.ticks(100.0, |_| 20.0)), ["little", "one"]);
    }
}

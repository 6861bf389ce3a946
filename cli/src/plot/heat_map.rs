//! [`draw`]: draws spectrograms as colours, on common scales.
//!
//! ```text
//! title                title
//! +----------------+   +----------------+   +-+
//! | left           |   | left           |   | |  colour
//! +----------------+   +----------------+   | |  bar
//! | right          |   | right          |   | |
//! +----------------+   +----------------+   +-+
//! ```

use std::ops::Range;

use clap::ValueEnum;

use super::axis::{Axis, Frame, Quantity, Shown};
use super::picture::{Anchor, Area, Color, Picture};

/// Perceptually uniform colour maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ColorMap {
    #[default]
    Magma,
    Viridis,
    Inferno,
}

impl ColorMap {
    /// Colour at a fraction of the scale.
    fn at(self, fraction: f64) -> Color {
        let gradient = match self {
            Self::Magma => colorous::MAGMA,
            Self::Viridis => colorous::VIRIDIS,
            Self::Inferno => colorous::INFERNO,
        };
        let color = gradient.eval_continuous(fraction.clamp(0.0, 1.0));
        [color.r, color.g, color.b]
    }
}

/// Levels over time and frequency.
pub(crate) trait Levels {
    /// Highest level in dB within a span of time and a span of frequency. `None` beyond the end of the signal or its
    /// highest frequency.
    fn level(&self, seconds: Range<f64>, hertz: Range<f64>) -> Option<f64>;
}

/// The panels of one signal, one for each channel.
pub(crate) struct Column<'a> {
    pub(crate) title: String,
    pub(crate) subtitle: String,
    /// Panels with their names, `None` for a single panel.
    pub(crate) rows: Vec<(Option<String>, &'a dyn Levels)>,
}

/// Scales and colours of all panels.
#[derive(Debug, Clone)]
pub(crate) struct Scales {
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    /// Levels in dB of the darkest and of the lightest colour.
    pub(crate) levels: (f64, f64),
    pub(crate) colors: ColorMap,
    /// True to draw lines at the ticks.
    pub(crate) grid: bool,
}

/// Smallest height of a panel in ems.
const MIN_HEIGHT: f64 = 5.0;
/// Smallest width of a panel in ems.
const MIN_WIDTH: f64 = 10.0;

/// Number of rows of panels that a picture has room for.
pub(crate) fn max_rows(picture: &Picture) -> usize {
    let room = picture.height() / picture.em - UPPER - 3.5;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few rows")]
    let rows = (room / (MIN_HEIGHT + ROW_GAP)).floor().max(1.0) as usize;
    rows
}

/// Colour of grid lines. It is light in both themes, since the colours of low levels are dark.
const GRID: Color = [220, 220, 226];

/// Lengths in ems: above the panels, between panels, and of the colour bar.
const UPPER: f64 = 4.2;
const ROW_GAP: f64 = 1.2;
const COLUMN_GAP: f64 = 2.0;
const MARGIN: f64 = 0.8;
const BAR: f64 = 1.2;
const BAR_GAP: f64 = 0.6;

/// Draws the panels and the colour bar into an empty picture.
pub(crate) fn draw(picture: &mut Picture, columns: &[Column<'_>], scales: &Scales) {
    let em = picture.em;
    let bar_axis = Axis::new("Level", Quantity::Level, scales.levels);
    let bar_axis = Axis { label: "Level (dBFS)".to_owned(), ..bar_axis };
    let (top, bottom) = (UPPER * em, picture.height() - MARGIN * em - Frame::lower_room(picture, Shown::ALL));
    let frame = |area: Area| Frame { area, x: scales.x.clone(), y: scales.y.clone() };

    // The colour bar is a frame on the right, whose left axis needs room too.
    let bar_height = bottom - top;
    let bar = Area { left: 0.0, top, width: BAR * em, height: bar_height };
    let bar = Frame { area: bar, x: Axis::named("", (0.0, 1.0), Vec::new()), y: bar_axis };
    let bar_room = bar.left_room(picture, Shown::ALL) + BAR * em + MARGIN * em;

    let row_count = columns.iter().map(|column| column.rows.len()).max().unwrap_or(1).max(1);
    let height = ((bottom - top) - ROW_GAP * em * count(row_count - 1)) / count(row_count);
    let probe = frame(Area { left: 0.0, top: 0.0, width: MIN_WIDTH * em, height });
    let left = MARGIN * em + probe.left_room(picture, Shown::ALL);
    let right = picture.width() - bar_room - BAR_GAP * em;
    let width = ((right - left) - COLUMN_GAP * em * count(columns.len() - 1)) / count(columns.len());

    for (index, column) in columns.iter().enumerate() {
        let left = left + count(index) * (width + COLUMN_GAP * em);
        let (ink, faint) = (picture.theme.ink(), picture.theme.faint_ink());
        let title = picture.shortened(&column.title, width, 1.2);
        picture.sized_text(&title, (left, 1.3 * em), Anchor::Start, ink, 1.2);
        let subtitle = picture.shortened(&column.subtitle, width, 0.9);
        picture.sized_text(&subtitle, (left, 3.0 * em), Anchor::Start, faint, 0.9);
        for (row, (name, levels)) in column.rows.iter().enumerate() {
            let top = top + count(row) * (height + ROW_GAP * em);
            let frame = frame(on_pixels(Area { left, top, width, height }));
            draw_levels(picture, &frame, *levels, scales);
            if scales.grid {
                frame.draw_grid(picture, GRID, 0.35);
            }
            let last = row + 1 == column.rows.len();
            let first = index == 0;
            frame.draw_axes(picture, Shown { x_texts: last, x_label: last, y_texts: first, y_label: false });
            if let Some(name) = name {
                let size = 0.85;
                let box_width = picture.text_width(name) * size + 0.8 * em;
                let place = Area { left: frame.area.left, top: frame.area.top, width: box_width, height: 1.5 * em };
                picture.fill(place, picture.theme.ground());
                let at = (place.left + 0.4 * em, place.top + place.height / 2.0);
                picture.sized_text(name, at, Anchor::Start, ink, size);
            }
        }
    }
    // All rows share one label.
    picture.upward_text(&scales.y.label, ((MARGIN + 0.8) * em, (top + bottom) / 2.0), picture.theme.ink());

    let left = picture.width() - MARGIN * em - BAR * em;
    let area = on_pixels(Area { left, ..bar.area });
    let bar = Frame { area, ..bar };
    draw_bar(picture, &bar, scales.colors);
    bar.draw_axes(picture, Shown { x_texts: false, x_label: false, ..Shown::ALL });
}

#[expect(clippy::cast_precision_loss, reason = "a few panels")]
fn count(value: usize) -> f64 {
    value as f64
}

/// Rounds an area to whole pixels.
fn on_pixels(area: Area) -> Area {
    let (left, top) = (area.left.round(), area.top.round());
    Area { left, top, width: (area.right().round() - left).max(1.0), height: (area.bottom().round() - top).max(1.0) }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an area of whole pixels in a picture")]
fn pixel_counts(area: Area) -> (u32, u32, u32, u32) {
    (area.left as u32, area.top as u32, area.width as u32, area.height as u32)
}

fn draw_levels(picture: &mut Picture, frame: &Frame, levels: &dyn Levels, scales: &Scales) {
    let (left, top, width, height) = pixel_counts(frame.area);
    let (darkest, lightest) = scales.levels;
    let empty = picture.theme.empty();
    let span = |index: u32, count: u32, (low, high): (f64, f64)| {
        let edge = |index: u32| low + (high - low) * f64::from(index) / f64::from(count);
        edge(index)..edge(index + 1)
    };
    let mut pixels = Vec::with_capacity(3 * width as usize * height as usize);
    for y in 0..height {
        for x in 0..width {
            let (seconds, hertz) = (span(x, width, frame.x.range), span(height - 1 - y, height, frame.y.range));
            let color = levels
                .level(seconds, hertz)
                .map_or(empty, |level| scales.colors.at((level - darkest) / (lightest - darkest)));
            pixels.extend(color);
        }
    }
    picture.pixels(left, top, width, pixels);
}

fn draw_bar(picture: &mut Picture, frame: &Frame, colors: ColorMap) {
    let (left, top, width, height) = pixel_counts(frame.area);
    let row = |y: u32| colors.at(1.0 - (f64::from(y) + 0.5) / f64::from(height)).repeat(width as usize);
    picture.pixels(left, top, width, (0..height).flat_map(row).collect());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Theme;
    use crate::plot::picture::Shape;

    struct Slope;

    impl Levels for Slope {
        fn level(&self, seconds: Range<f64>, hertz: Range<f64>) -> Option<f64> {
            (hertz.end <= 4000.0).then_some(-100.0 + 50.0 * seconds.start)
        }
    }

    fn scales() -> Scales {
        Scales {
            x: Axis::new("Time", Quantity::Time, (0.0, 2.0)),
            y: Axis::new("Frequency", Quantity::Frequency, (0.0, 8000.0)),
            levels: (-100.0, 0.0),
            colors: ColorMap::Magma,
            grid: false,
        }
    }

    fn picture(size: (u32, u32), columns: usize, rows: usize) -> Picture {
        let mut picture = Picture::new(size, Theme::Light, 1.0);
        let column = |index: usize| Column {
            title: format!("a recording of some length, number {index}.wav"),
            subtitle: "48000 Hz".to_owned(),
            rows: (0..rows).map(|row| ((rows > 1).then(|| format!("channel {row}")), &Slope as &dyn Levels)).collect(),
        };
        let columns: Vec<_> = (0..columns).map(column).collect();
        draw(&mut picture, &columns, &scales());
        picture
    }

    #[test]
    fn colours_follow_the_levels() {
        let picture = picture((640, 400), 1, 1);
        let Some(Shape::Pixels { width, pixels, .. }) =
            picture.shapes.iter().find(|shape| matches!(shape, Shape::Pixels { .. }))
        else {
            panic!("no pixels")
        };
        let width = *width as usize;
        let at = |x: usize, y: usize| &pixels[3 * (y * width + x)..][..3];
        let height = pixels.len() / 3 / width;
        assert_eq!(at(0, height - 1), ColorMap::Magma.at(0.0));
        assert_eq!(at(width / 2, height - 1), ColorMap::Magma.at((width / 2) as f64 / width as f64));
        assert_eq!(at(0, 0), Theme::Light.empty(), "above the highest frequency");
    }

    #[test]
    fn texts_do_not_overlap() {
        for size in [(240, 240), (320, 240), (480, 1200), (1200, 720), (4000, 800)] {
            for (columns, rows) in [(1, 1), (2, 1), (1, 2), (2, 2)] {
                picture(size, columns, rows).assert_legible();
            }
        }
    }

    #[test]
    fn rows_are_limited_by_the_height() {
        assert_eq!(max_rows(&Picture::new((1200, 720), Theme::Light, 1.0)), 6);
    }
}

//! [`Picture`]: a list of shapes with coordinates in pixels.

use clap::ValueEnum;

use super::font;

/// A colour, as red, green and blue.
pub(super) type Color = [u8; 3];

/// Light or dark background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Theme {
    /// Dark on white
    #[default]
    Light,
    /// Light on near black
    Dark,
}

impl Theme {
    /// Colour of the background.
    pub(super) const fn ground(self) -> Color {
        match self {
            Self::Light => [255, 255, 255],
            Self::Dark => [20, 22, 26],
        }
    }

    /// Colour of areas without data.
    pub(super) const fn empty(self) -> Color {
        match self {
            Self::Light => [236, 236, 240],
            Self::Dark => [42, 45, 51],
        }
    }

    /// Colour of lines and texts.
    pub(super) const fn ink(self) -> Color {
        match self {
            Self::Light => [28, 30, 34],
            Self::Dark => [228, 230, 235],
        }
    }

    /// Colour of less important texts.
    pub(super) const fn faint_ink(self) -> Color {
        match self {
            Self::Light => [88, 92, 100],
            Self::Dark => [160, 165, 175],
        }
    }

    /// Colour of lines at the ticks.
    pub(super) const fn grid(self) -> Color {
        match self {
            Self::Light => [216, 218, 224],
            Self::Dark => [58, 62, 70],
        }
    }

    /// Colours of curves: blue for the signal, orange for aliases and images. They differ for colour-blind people too.
    pub(super) const fn curves(self) -> [Color; 2] {
        match self {
            Self::Light => [[0, 94, 170], [204, 85, 0]],
            Self::Dark => [[110, 180, 255], [255, 160, 80]],
        }
    }
}

/// A rectangle, from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Area {
    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

/// Part of a text that is placed at its anchor point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Across,
    /// Rotated by 90° counterclockwise.
    Upwards,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    pub(super) text: String,
    /// Anchor point, on the baseline.
    pub(super) at: (f64, f64),
    pub(super) anchor: Anchor,
    pub(super) direction: Direction,
    /// Size of an em in pixels.
    pub(super) em: f64,
    pub(super) color: Color,
}

#[cfg(test)]
impl Text {
    /// Area that the text covers.
    pub(super) fn area(&self) -> Area {
        let (width, height) = (text_width(&self.text, self.em), self.em);
        let before = match self.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => width / 2.0,
            Anchor::End => width,
        };
        let (x, y) = self.at;
        match self.direction {
            Direction::Across => Area { left: x - before, top: y - 0.8 * height, width, height },
            Direction::Upwards => {
                Area { left: x - 0.8 * height, top: y + before - width, width: height, height: width }
            }
        }
    }
}

/// One thing to draw.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Fill {
        area: Area,
        color: Color,
    },
    Line {
        points: Vec<(f64, f64)>,
        color: Color,
        opacity: f64,
        width: f64,
    },
    Dot {
        at: (f64, f64),
        radius: f64,
        color: Color,
    },
    Text(Text),
    /// Pixels of three bytes each, row by row from the upper left, on the grid of the picture's pixels.
    Pixels {
        left: u32,
        top: u32,
        width: u32,
        pixels: Vec<u8>,
    },
}

/// A list of shapes. They are drawn in their order, except that pixels are below all lines and texts.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(super) size: (u32, u32),
    pub(super) theme: Theme,
    /// Size in pixels of an em of plain text.
    pub(super) em: f64,
    pub(super) shapes: Vec<Shape>,
}

/// Height of capital letters in ems.
const CAPITALS: f64 = 0.73;

impl Picture {
    /// An empty picture. The size of its text is proportional to that of the picture, times `text`.
    pub(crate) fn new(size: (u32, u32), theme: Theme, text: f64) -> Self {
        let (width, height) = (f64::from(size.0), f64::from(size.1));
        let em = text * (width / 80.0).min(height / 44.0).max(7.0);
        Self { size, theme, em, shapes: Vec::new() }
    }

    pub(crate) fn width(&self) -> f64 {
        f64::from(self.size.0)
    }

    pub(crate) fn height(&self) -> f64 {
        f64::from(self.size.1)
    }

    pub(super) fn fill(&mut self, area: Area, color: Color) {
        self.shapes.push(Shape::Fill { area, color });
    }

    /// Adds a line, with its width in tenths of an em.
    pub(super) fn line(&mut self, points: Vec<(f64, f64)>, color: Color, width: f64) {
        self.faint_line(points, color, width, 1.0);
    }

    /// Adds a line with an opacity.
    pub(super) fn faint_line(&mut self, points: Vec<(f64, f64)>, color: Color, width: f64, opacity: f64) {
        self.shapes.push(Shape::Line { points, color, opacity, width: width * self.em / 10.0 });
    }

    pub(super) fn dot(&mut self, at: (f64, f64), radius: f64, color: Color) {
        self.shapes.push(Shape::Dot { at, radius, color });
    }

    /// Adds the outline of an area.
    pub(super) fn outline(&mut self, area: Area, color: Color) {
        let Area { left, top, .. } = area;
        let (right, bottom) = (area.right(), area.bottom());
        self.line(vec![(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], color, 0.8);
    }

    /// Adds a text whose capital letters are vertically centred at a point.
    pub(super) fn text(&mut self, text: &str, at: (f64, f64), anchor: Anchor, color: Color) {
        self.sized_text(text, at, anchor, color, 1.0);
    }

    /// Adds a text as [`text`](Self::text) does, with its size multiplied by a factor.
    pub(super) fn sized_text(&mut self, text: &str, at: (f64, f64), anchor: Anchor, color: Color, size: f64) {
        let em = self.em * size;
        let at = (at.0, at.1 + CAPITALS / 2.0 * em);
        // A file name may hold control characters; an SVG must not.
        let text = text.replace(char::is_control, "�");
        self.shapes.push(Shape::Text(Text { text, at, anchor, direction: Direction::Across, em, color }));
    }

    /// Adds a text that is rotated by 90° counterclockwise and centred at a point.
    pub(super) fn upward_text(&mut self, text: &str, at: (f64, f64), color: Color) {
        let (em, at) = (self.em, (at.0 + CAPITALS / 2.0 * self.em, at.1));
        let (anchor, direction) = (Anchor::Middle, Direction::Upwards);
        self.shapes.push(Shape::Text(Text { text: text.to_owned(), at, anchor, direction, em, color }));
    }

    pub(super) fn pixels(&mut self, left: u32, top: u32, width: u32, pixels: Vec<u8>) {
        self.shapes.push(Shape::Pixels { left, top, width, pixels });
    }

    pub(super) fn text_width(&self, text: &str) -> f64 {
        text_width(text, self.em)
    }

    /// Returns the text, with an ellipsis in its middle if it is wider than `width`.
    pub(super) fn shortened(&self, text: &str, width: f64, size: f64) -> String {
        let fits = |text: &str| text_width(text, self.em * size) <= width;
        if fits(text) {
            return text.to_owned();
        }
        let letters: Vec<char> = text.chars().collect();
        let kept = |count: usize| -> String {
            let (head, tail) = (count.div_ceil(2), count / 2);
            letters[..head].iter().chain(&['…']).chain(&letters[letters.len() - tail..]).collect()
        };
        (0..letters.len()).rev().map(kept).find(|text| fits(text)).unwrap_or_default()
    }
}

/// Width of a text in pixels.
pub(super) fn text_width(text: &str, em: f64) -> f64 {
    font::text_width(text) * em
}

#[cfg(test)]
impl Picture {
    /// Asserts that all texts are within the picture and do not overlap.
    pub(super) fn assert_legible(&self) {
        let texts = self.shapes.iter().filter_map(|shape| match shape {
            Shape::Text(text) => Some((text.area(), text.text.as_str())),
            _ => None,
        });
        let texts: Vec<_> = texts.collect();
        assert!(!texts.is_empty());
        for (index, (area, text)) in texts.iter().enumerate() {
            let within =
                area.left >= 0.0 && area.top >= 0.0 && area.right() <= self.width() && area.bottom() <= self.height();
            assert!(within, "{text} is cut off in {:?}: {area:?}", self.size);
            for (other_area, other) in &texts[..index] {
                let across = area.left < other_area.right() && other_area.left < area.right();
                let along = area.top < other_area.bottom() && other_area.top < area.bottom();
                assert!(!(across && along), "{text} overlaps {other} in {:?}", self.size);
            }
        }
    }
}

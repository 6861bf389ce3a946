//! [`draw`]: draws a filter in four panels: its impulse response, its gain over the whole band, its gain in the pass
//! band, and the aliases and images in the output.

use super::axis::{Axis, Frame, Quantity, Shown};
use super::picture::{Anchor, Area, Color, Picture};

/// Curves of a filter between two rates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FilterCurves {
    pub(crate) orig_freq: u32,
    pub(crate) new_freq: u32,
    pub(crate) title: String,
    pub(crate) subtitle: String,
    /// Points of the impulse response: time from the centre in seconds, and value.
    pub(crate) impulse: Vec<(f64, f64)>,
    /// Points of the gain: frequency in Hz and gain in dB, in equal steps from 0 to at least half the higher rate.
    pub(crate) gain: Vec<(f64, f64)>,
}

impl FilterCurves {
    /// The lower Nyquist frequency.
    fn nyquist(&self) -> f64 {
        f64::from(self.orig_freq.min(self.new_freq)) / 2.0
    }

    /// Aliases and images: for each frequency above the lower Nyquist frequency, the frequency to which it folds in the
    /// output, and its gain.
    ///
    /// The spectrum of the input repeats at every multiple of its rate. The filter attenuates these repetitions, and
    /// the output folds the rest at every multiple of its own rate.
    pub(crate) fn spurious(&self) -> impl Iterator<Item = (f64, f64)> {
        let (nyquist, rate) = (self.nyquist(), f64::from(self.new_freq));
        self.gain.iter().filter(move |(frequency, _)| *frequency > nyquist).map(move |(frequency, gain)| {
            let folded = frequency % rate;
            (folded.min(rate - folded), *gain)
        })
    }

    /// Ripple in dB: the largest deviation from 0 dB up to nine tenths of the frequency at which the gain leaves ±0.1
    /// dB.
    pub(crate) fn ripple(&self) -> f64 {
        let edge = self.gain.iter().find(|(_, gain)| gain.abs() > 0.1).map_or(self.nyquist(), |(edge, _)| *edge);
        let flat = self.gain.iter().take_while(|(frequency, _)| *frequency <= 0.9 * edge);
        flat.map(|(_, gain)| gain.abs()).fold(0.0, f64::max)
    }
}

/// Lowest gain to show, in dB.
const LOWEST_GAIN: f64 = -160.0;
/// Height in ems of the space above 0 dB for the names of the curves.
const NAMES_ROOM: f64 = 3.4;

/// Draws the four panels into an empty picture: two by two, or stacked unless the picture is wider than high.
pub(crate) fn draw(picture: &mut Picture, curves: &FilterCurves) {
    let em = picture.em;
    let (ink, faint) = (picture.theme.ink(), picture.theme.faint_ink());
    let room = picture.width() - 2.0 * em;
    let title = picture.shortened(&curves.title, room, 1.2);
    picture.sized_text(&title, (em, 1.3 * em), Anchor::Start, ink, 1.2);
    let subtitle = picture.shortened(&curves.subtitle, room, 0.9);
    picture.sized_text(&subtitle, (em, 3.0 * em), Anchor::Start, faint, 0.9);

    let columns = if picture.width() > picture.height() { 2 } else { 1 };
    let rows = 4 / columns;
    let (top, left) = (4.2 * em, 0.0);
    let (cell_width, cell_height) =
        (picture.width() / f64::from(columns), (picture.height() - top - 0.4 * em) / f64::from(rows));
    let panels: [(&str, DrawPanel); 4] = [
        ("Impulse response", draw_impulse),
        ("Gain of the whole band", draw_whole_band),
        ("Gain of the pass band", draw_pass_band),
        ("Aliases and images in the output", draw_spurious),
    ];
    for (index, (name, draw_panel)) in (0..).zip(panels) {
        let (column, row) = (index % columns, index / columns);
        let cell = Area {
            left: left + f64::from(column) * cell_width,
            top: top + f64::from(row) * cell_height,
            width: cell_width,
            height: cell_height,
        };
        draw_panel(picture, curves, Panel { name, cell });
    }
}

type DrawPanel = fn(&mut Picture, &FilterCurves, Panel);

/// Name and place of a panel.
#[derive(Debug, Clone, Copy)]
struct Panel {
    name: &'static str,
    cell: Area,
}

impl Panel {
    /// Height of the frame.
    fn height(self, picture: &Picture) -> f64 {
        self.cell.height - 3.0 * picture.em - Frame::lower_room(picture, Shown::ALL)
    }

    /// A frame for gains from [`LOWEST_GAIN`] to above 0 dB.
    fn gain_frame(self, picture: &mut Picture, x: Axis) -> Frame {
        let names = NAMES_ROOM * picture.em / self.height(picture);
        let highest = -LOWEST_GAIN * names / (1.0 - names).max(0.2);
        let gains: Vec<_> = (0..8).map(|step| -20.0 * f64::from(step)).collect();
        // Every 40 dB if there is no room for every 20.
        let by_importance = gains.iter().step_by(2).chain(gains.iter().skip(1).step_by(2));
        let ticks = by_importance.map(|gain| (*gain, format!("{gain:.0}").replace('-', "−").replace("−0", "0")));
        let gains = Axis::named("Gain (dB)", (LOWEST_GAIN, highest), ticks.collect());
        self.frame(picture, x, gains)
    }

    fn frame(self, picture: &mut Picture, x: Axis, y: Axis) -> Frame {
        let em = picture.em;
        let Area { left, top, width, .. } = self.cell;
        let height = self.height(picture);
        let mut frame = Frame { area: Area { left, top: top + 2.2 * em, width, height }, x, y };
        let left_room = frame.left_room(picture, Shown::ALL) + 0.8 * em;
        frame.area.left += left_room;
        frame.area.width -= left_room + 1.2 * em;
        let at = (frame.area.left, top + 1.2 * em);
        let name = picture.shortened(self.name, frame.area.width, 1.0);
        picture.text(&name, at, Anchor::Start, picture.theme.ink());
        frame.draw_grid(picture, picture.theme.grid(), 1.0);
        frame
    }
}

fn draw_impulse(picture: &mut Picture, curves: &FilterCurves, panel: Panel) {
    let reach = curves.impulse.iter().map(|(seconds, _)| seconds.abs()).fold(0.0, f64::max);
    let gains = curves.impulse.iter().map(|(_, factor)| *factor);
    let (low, high) = gains.fold((0.0_f64, 0.0_f64), |(low, high), factor| (low.min(factor), high.max(factor)));
    let margin = 0.06 * (high - low);
    let x = Axis::new("Time", Quantity::Time, (-reach, reach));
    let y = Axis::new("Amplitude", Quantity::Number, (low - margin, high + margin));
    let frame = panel.frame(picture, x, y);
    let [color, _] = picture.theme.curves();
    draw_curve(picture, &frame, curves.impulse.iter().copied(), color);
    // If there are few points, mark them: the line between them is not part of the filter.
    let inside = curves.impulse.iter().filter(|(_, factor)| *factor != 0.0);
    #[expect(clippy::cast_precision_loss, reason = "a few points")]
    if (curves.impulse.len() as f64) < frame.area.width / picture.em * 2.0 {
        let radius = 0.2 * picture.em;
        for &point in inside {
            picture.dot(frame.map(point), radius, color);
        }
    }
    frame.draw_axes(picture, Shown::ALL);
}

fn draw_whole_band(picture: &mut Picture, curves: &FilterCurves, panel: Panel) {
    let known = curves.gain.last().map_or(0.0, |(frequency, _)| *frequency);
    let band = f64::from(curves.orig_freq.max(curves.new_freq)).min(known);
    let x = Axis::new("Frequency", Quantity::Frequency, (0.0, band));
    let frame = panel.gain_frame(picture, x);
    draw_curve(picture, &frame, curves.gain.iter().copied(), picture.theme.curves()[0]);
    let (input, output) = (f64::from(curves.orig_freq) / 2.0, f64::from(curves.new_freq) / 2.0);
    // The name at the lower Nyquist frequency is on the left of its line, if there is room, away from the other name.
    for (index, (frequency, name)) in (0..).zip([(input, "input Nyquist"), (output, "output Nyquist")]) {
        draw_mark(picture, &frame, frequency, name, (1.0 + 1.4 * f64::from(index), frequency <= curves.nyquist()));
    }
    frame.draw_axes(picture, Shown::ALL);
}

/// Draws a dashed line at a frequency, with its name `below` ems from the top, on the left of the line if `left` is
/// true and there is room.
fn draw_mark(picture: &mut Picture, frame: &Frame, frequency: f64, name: &str, (below, left): (f64, bool)) {
    let (em, color) = (picture.em, picture.theme.faint_ink());
    let (x, _) = frame.map((frequency, frame.y.range.0));
    let mut y = frame.area.top;
    while y < frame.area.bottom() {
        picture.line(vec![(x, y), (x, (y + 0.4 * em).min(frame.area.bottom()))], color, 0.8);
        y += 0.8 * em;
    }
    let width = 0.85 * picture.text_width(name) + em;
    let y = frame.area.top + below * em;
    let (room_left, room_right) = (x - width > frame.area.left, x + width < frame.area.right());
    let (at, anchor) =
        if room_left && (left || !room_right) { (x - 0.5 * em, Anchor::End) } else { (x + 0.5 * em, Anchor::Start) };
    label(picture, name, (at, y), anchor, picture.theme.ink());
}

/// Draws a small text on the background colour.
fn label(picture: &mut Picture, text: &str, (x, y): (f64, f64), anchor: Anchor, color: Color) {
    let (em, width) = (picture.em, 0.85 * picture.text_width(text));
    let left = if anchor == Anchor::End { x - width } else { x };
    let area = Area { left: left - 0.2 * em, top: y - 0.65 * em, width: width + 0.4 * em, height: 1.3 * em };
    picture.fill(area, picture.theme.ground());
    picture.sized_text(text, (x, y), anchor, color, 0.85);
}

fn draw_pass_band(picture: &mut Picture, curves: &FilterCurves, panel: Panel) {
    // A ripple below a thousandth of a dB looks flat.
    let height = (1.5 * curves.ripple()).clamp(1e-3, 0.15);
    let x = Axis::new("Frequency", Quantity::Frequency, (0.0, curves.nyquist()));
    let y = Axis::new("Gain", Quantity::Level, (-height, height));
    let frame = panel.frame(picture, x, y);
    draw_curve(picture, &frame, curves.gain.iter().copied(), picture.theme.curves()[0]);
    frame.draw_axes(picture, Shown::ALL);
}

fn draw_spurious(picture: &mut Picture, curves: &FilterCurves, panel: Panel) {
    let highest = f64::from(curves.new_freq) / 2.0;
    let x = Axis::new("Frequency of the output", Quantity::Frequency, (0.0, highest));
    let frame = panel.gain_frame(picture, x);
    let [wanted, unwanted] = picture.theme.curves();
    let nyquist = curves.nyquist();
    // The highest gain within each pixel.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of the frame")]
    let columns = frame.area.width as usize;
    let mut worst = vec![f64::NEG_INFINITY; columns.max(1)];
    for (frequency, gain) in curves.spurious() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a fraction of the columns")]
        let column = (frequency / highest * width_of(&worst)) as usize;
        let last = worst.len() - 1;
        let slot = &mut worst[column.min(last)];
        *slot = slot.max(gain);
    }
    let step = highest / width_of(&worst);
    let shown = (0_u32..).zip(&worst).filter(|(_, gain)| gain.is_finite());
    let shown: Vec<_> = shown.map(|(column, gain)| ((f64::from(column) + 0.5) * step, *gain)).collect();
    draw_curve(picture, &frame, shown.into_iter(), unwanted);
    let kept = curves.gain.iter().copied().take_while(|(frequency, _)| *frequency <= nyquist);
    draw_curve(picture, &frame, kept, wanted);

    let (em, left) = (picture.em, frame.area.left + 0.8 * picture.em);
    let name = match (curves.orig_freq > curves.new_freq, curves.new_freq.is_multiple_of(curves.orig_freq)) {
        (true, _) => "strongest alias",
        (false, true) => "strongest image",
        (false, false) => "strongest image or alias",
    };
    label(picture, "signal", (left, frame.area.top + em), Anchor::Start, wanted);
    label(picture, name, (left, frame.area.top + 2.4 * em), Anchor::Start, unwanted);
    frame.draw_axes(picture, Shown::ALL);
}

fn width_of(columns: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "pixels")]
    let width = columns.len() as f64;
    width
}

/// Draws the part of a curve that is within the frame. The points are in order of x.
fn draw_curve(picture: &mut Picture, frame: &Frame, curve: impl Iterator<Item = (f64, f64)>, color: Color) {
    let mut parts: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut last = None;
    for to in curve {
        let Some(from) = last.replace(to) else { continue };
        let Some((from, to)) = clipped(from, to, frame.x.range, frame.y.range) else { continue };
        let (from, to) = (frame.map(from), frame.map(to));
        match parts.last_mut().filter(|part| part.last() == Some(&from)) {
            Some(part) => part.push(to),
            None => parts.push(vec![from, to]),
        }
    }
    for part in parts {
        picture.line(thinned(&part), color, 1.6);
    }
}

type Point = (f64, f64);

/// Clips a line to a rectangle by the Liang–Barsky algorithm.
fn clipped(from: Point, to: Point, x: (f64, f64), y: (f64, f64)) -> Option<(Point, Point)> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut enters, mut leaves) = (0.0_f64, 1.0_f64);
    for (step, distance) in [(-dx, from.0 - x.0), (dx, x.1 - from.0), (-dy, from.1 - y.0), (dy, y.1 - from.1)] {
        if step < 0.0 {
            enters = enters.max(distance / step);
        } else if step > 0.0 {
            leaves = leaves.min(distance / step);
        } else if distance < 0.0 {
            return None;
        }
    }
    let at = |part: f64| (from.0 + part * dx, from.1 + part * dy);
    // Ends within the rectangle are kept exactly, so that the parts of a curve join.
    let (start, end) = (if enters > 0.0 { at(enters) } else { from }, if leaves < 1.0 { at(leaves) } else { to });
    (enters < leaves).then_some((start, end))
}

/// Thins a curve: keeps the first, last, lowest and highest point of each third of a pixel.
fn thinned(points: &[Point]) -> Vec<Point> {
    /// Parts of a pixel. With whole pixels, steep curves would look like stairs.
    const FINE: f64 = 3.0;
    let mut kept = Vec::new();
    for place in points.chunk_by(|a, b| (a.0 * FINE).floor() == (b.0 * FINE).floor()) {
        let by_height = |a: &(usize, &Point), b: &(usize, &Point)| a.1.1.total_cmp(&b.1.1);
        let lowest = place.iter().enumerate().min_by(by_height).map_or(0, |(index, _)| index);
        let highest = place.iter().enumerate().max_by(by_height).map_or(0, |(index, _)| index);
        let mut indices = [0, lowest, highest, place.len() - 1];
        indices.sort_unstable();
        let mut last = None;
        kept.extend(indices.into_iter().filter(|&index| last.replace(index) != Some(index)).map(|index| place[index]));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Theme;

    fn curves(orig_freq: u32, new_freq: u32) -> FilterCurves {
        let top = f64::from(orig_freq.max(new_freq));
        let frequencies = (0..4000).map(|step| f64::from(step) * top / 2000.0);
        let gain =
            |frequency: f64| if frequency < 0.9 * f64::from(orig_freq.min(new_freq)) / 2.0 { 0.01 } else { -90.0 };
        FilterCurves {
            orig_freq,
            new_freq,
            title: format!("{orig_freq} Hz to {new_freq} Hz"),
            subtitle: "width 6".to_owned(),
            impulse: (-100..=100).map(|step| (f64::from(step) * 1e-5, 1.0 / (1.0 + f64::from(step * step)))).collect(),
            gain: frequencies.map(|frequency| (frequency, gain(frequency))).collect(),
        }
    }

    #[test]
    fn frequencies_above_the_lower_nyquist_fold_into_the_output() {
        let down =
            FilterCurves { gain: vec![(9000.0, 0.0), (17_000.0, -1.0), (23_000.0, -2.0)], ..curves(48_000, 32_000) };
        let landed: Vec<_> = down.spurious().collect();
        assert_eq!(landed, [(15_000.0, -1.0), (9000.0, -2.0)]);
        let up = FilterCurves { gain: vec![(3000.0, 0.0), (5000.0, -1.0), (9000.0, -2.0)], ..curves(8000, 16_000) };
        let landed: Vec<_> = up.spurious().collect();
        assert_eq!(landed, [(5000.0, -1.0), (7000.0, -2.0)]);
    }

    #[test]
    fn ripple_is_measured_in_the_pass_band() {
        assert_eq!(curves(48_000, 32_000).ripple(), 0.01);
    }

    #[test]
    fn texts_do_not_overlap() {
        for size in [(480, 360), (600, 1200), (1200, 720), (2000, 1400)] {
            for (orig_freq, new_freq) in [(48_000, 32_000), (44_100, 48_000), (8000, 192_000), (192_000, 8000), (2, 1)]
            {
                let mut picture = Picture::new(size, Theme::Light, 1.0);
                draw(&mut picture, &curves(orig_freq, new_freq));
                picture.assert_legible();
            }
        }
    }
}

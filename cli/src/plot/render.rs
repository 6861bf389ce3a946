//! A [`Picture`] as PNG or SVG, through plotters.

use std::sync::Once;

use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use plotters::prelude::{
    BitMapBackend, Circle, DrawingArea, DrawingBackend, IntoDrawingArea, PathElement, RGBAColor, Rectangle, SVGBackend,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color as _, FontFamily, FontStyle, FontTransform, IntoFont, ShapeStyle, TextStyle, register_font,
};

use super::picture::{Anchor, Area, Color, Direction, Picture, Shape, Text};

/// The font by this name is the one in the program; in an SVG whoever shows it looks for these, of nearly equal widths.
const FONT: &str = "DejaVu Sans, Verdana, sans-serif";
static FONT_BYTES: &[u8] = include_bytes!("font/DejaVuSans-subset.ttf");

/// Sub-pixels of a pixel along each axis: plotters draws in whole ones, and its broad lines have steps.
const FINE: u32 = 3;
/// Sub-pixels that are drawn in at most; larger pictures get fewer to a pixel.
const MAX_FINE_PIXELS: u32 = 64 << 20;

/// By what plotters divides the size of a font, to have the pixels of an em in an SVG.
const SVG_SIZE: f64 = 1.24;
/// Pixels from the top to the bottom of this font's lines, which plotters takes for the size in a PNG.
const PNG_SIZE: f64 = 1.164;

fn with_font() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // It is part of the program, and the tests write with it.
        let _ = register_font(FONT, FontStyle::Normal, FONT_BYTES);
    });
}

/// The width of a text, in ems.
pub(super) fn text_width(text: &str) -> f64 {
    with_font();
    // It counts in whole pixels.
    const LARGE: f64 = 200.0;
    let font = (FontFamily::Name(FONT), LARGE * PNG_SIZE).into_font();
    font.box_size(text).map_or(0.0, |(width, _)| f64::from(width) / LARGE)
}

impl Picture {
    /// The picture as the bytes of a PNG file.
    pub(crate) fn png(&self) -> Result<Vec<u8>> {
        with_font();
        let (width, height) = self.size;
        let fine = (1..=FINE).rev().find(|fine| width * height * fine * fine <= MAX_FINE_PIXELS).unwrap_or(1);
        let (fine_width, fine_height) = (width * fine, height * fine);
        let mut pixels = self.theme.ground().repeat(fine_width as usize * fine_height as usize);
        self.shapes.iter().for_each(|shape| blit(shape, &mut pixels, fine_width as usize, fine as usize));
        {
            let area = BitMapBackend::with_buffer(&mut pixels, (fine_width, fine_height)).into_drawing_area();
            let pen = Pen { area: &area, scale: f64::from(fine), is_svg: false };
            self.shapes.iter().try_for_each(|shape| pen.draw(shape)).map_err(explain)?;
            area.present().map_err(explain)?;
        }
        let pixels = averaged(&pixels, fine_width as usize, fine as usize);
        encode_png(&pixels, width, height)
    }

    /// The picture as the text of an SVG file.
    pub(crate) fn svg(&self) -> Result<String> {
        with_font();
        let (width, height) = self.size;
        let mut drawn = String::new();
        {
            let area = SVGBackend::with_string(&mut drawn, (width * FINE, height * FINE)).into_drawing_area();
            let pen = Pen { area: &area, scale: f64::from(FINE), is_svg: true };
            self.shapes.iter().try_for_each(|shape| pen.draw(shape)).map_err(explain)?;
            area.present().map_err(explain)?;
        }
        // Drawn in sub-pixels, shown in pixels; what is in pixels goes below the rest.
        let (_, drawn) = drawn.split_once(">\n").context("plotters writes no SVG")?;
        let [red, green, blue] = self.theme.ground();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {0} {1}\">\n\
             <rect width=\"{0}\" height=\"{1}\" fill=\"#{red:02x}{green:02x}{blue:02x}\"/>\n",
            width * FINE,
            height * FINE
        );
        for shape in &self.shapes {
            if let Shape::Pixels { left, top, width, pixels } = shape {
                let height = rows(pixels, *width);
                let png = BASE64_STANDARD.encode(encode_png(pixels, *width, height)?);
                svg += &format!(
                    "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
                     href=\"data:image/png;base64,{png}\"/>\n",
                    left * FINE,
                    top * FINE,
                    width * FINE,
                    height * FINE
                );
            }
        }
        Ok(svg + drawn)
    }
}

/// What both backends draw with.
struct Pen<'a, Backend: DrawingBackend> {
    area: &'a DrawingArea<Backend, plotters::coord::Shift>,
    /// Sub-pixels of a pixel.
    scale: f64,
    is_svg: bool,
}

type Drawn<Backend> = Result<(), plotters::drawing::DrawingAreaErrorKind<<Backend as DrawingBackend>::ErrorType>>;

impl<Backend: DrawingBackend> Pen<'_, Backend> {
    fn draw(&self, shape: &Shape) -> Drawn<Backend> {
        match shape {
            Shape::Fill { area, color } => {
                let Area { left, top, .. } = *area;
                let corners = [self.at((left, top)), self.at((area.right(), area.bottom()))];
                self.area.draw(&Rectangle::new(corners, solid(*color, 1.0).filled()))
            }
            Shape::Line { points, color, opacity, width } => self.draw_line(points, *color, *opacity, *width),
            Shape::Dot { at, radius, color } => {
                #[expect(clippy::cast_possible_truncation, reason = "a few sub-pixels")]
                let radius = (radius * self.scale).round() as i32;
                self.area.draw(&Circle::new(self.at(*at), radius, solid(*color, 1.0).filled()))
            }
            Shape::Text(text) => self.draw_text(text),
            Shape::Pixels { .. } => Ok(()),
        }
    }

    fn draw_line(&self, points: &[(f64, f64)], color: Color, opacity: f64, width: f64) -> Drawn<Backend> {
        let points: Vec<_> = points.iter().map(|&point| self.at(point)).collect();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few sub-pixels")]
        let width = (width * self.scale).round().max(1.0) as u32;
        let style = ShapeStyle { color: solid(color, opacity), filled: true, stroke_width: width };
        if self.is_svg {
            return self.area.draw(&PathElement::new(points, style));
        }
        // plotters joins the parts of a broad line with spikes: each part is drawn by itself, and the joints are round.
        for pair in points.windows(2) {
            self.area.draw(&PathElement::new(pair.to_vec(), style))?;
        }
        let joints = points.get(1..points.len().saturating_sub(1)).unwrap_or(&[]);
        if width > 2 {
            for &joint in joints {
                self.area.draw(&Circle::new(joint, width / 2, style))?;
            }
        }
        Ok(())
    }

    fn draw_text(&self, text: &Text) -> Drawn<Backend> {
        let em = text.em * self.scale;
        // The height of the base line below the point that plotters sets the text at.
        let (size, base_line) =
            if self.is_svg { (em * SVG_SIZE, 0.76 * em) } else { (em * PNG_SIZE, 0.5 * em * PNG_SIZE) };
        let h_pos = match text.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let font = (FontFamily::Name(FONT), size).into_font();
        let (x, y) = (text.at.0 * self.scale, text.at.1 * self.scale);
        let (font, at) = match text.direction {
            Direction::Across => (font, (x, y - base_line)),
            Direction::Upwards => (font.transform(FontTransform::Rotate270), (x - base_line, y)),
        };
        let color = solid(text.color, 1.0);
        let style = TextStyle::from(font).color(&color).pos(Pos::new(h_pos, VPos::Top));
        self.area.draw_text(&text.text, &style, whole(at))
    }

    fn at(&self, (x, y): (f64, f64)) -> (i32, i32) {
        whole((x * self.scale, y * self.scale))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "within the picture, or clamped by the cast")]
fn whole((x, y): (f64, f64)) -> (i32, i32) {
    (x.round() as i32, y.round() as i32)
}

fn solid([red, green, blue]: Color, opacity: f64) -> RGBAColor {
    plotters::style::RGBColor(red, green, blue).mix(opacity)
}

fn explain(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("drawing the picture: {error}")
}

/// Copies pixels into a finer buffer.
fn blit(shape: &Shape, buffer: &mut [u8], buffer_width: usize, fine: usize) {
    let Shape::Pixels { left, top, width, pixels } = shape else { return };
    let (left, top, width) = (*left as usize * fine, *top as usize * fine, *width as usize);
    for (y, row) in pixels.chunks_exact(3 * width).enumerate() {
        for copy in 0..fine {
            let start = 3 * ((top + y * fine + copy) * buffer_width + left);
            let target = buffer[start..].chunks_exact_mut(3).take(width * fine);
            target
                .zip(row.chunks_exact(3).flat_map(|pixel| std::iter::repeat_n(pixel, fine)))
                .for_each(|(target, pixel)| target.copy_from_slice(pixel));
        }
    }
}

/// The mean of the sub-pixels of each pixel.
fn averaged(fine_pixels: &[u8], fine_width: usize, fine: usize) -> Vec<u8> {
    if fine == 1 {
        return fine_pixels.to_vec();
    }
    let mut pixels = Vec::with_capacity(fine_pixels.len() / (fine * fine));
    let mut sums = vec![0_usize; 3 * fine_width / fine];
    for rows in fine_pixels.chunks_exact(3 * fine_width * fine) {
        sums.fill(0);
        for row in rows.chunks_exact(3 * fine_width) {
            for (sums, pixels) in sums.chunks_exact_mut(3).zip(row.chunks_exact(3 * fine)) {
                for (i, &value) in pixels.iter().enumerate() {
                    sums[i % 3] += usize::from(value);
                }
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "a mean of bytes")]
        pixels.extend(sums.iter().map(|sum| ((sum + fine * fine / 2) / (fine * fine)) as u8));
    }
    pixels
}

fn encode_png(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

fn rows(pixels: &[u8], width: u32) -> u32 {
    u32::try_from(pixels.len() / 3 / width.max(1) as usize).unwrap_or(0)
}

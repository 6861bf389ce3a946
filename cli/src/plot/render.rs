//! Rendering of a [`Picture`] as PNG or SVG, with plotters.
//!
//! plotters draws in whole pixels, so the picture is enlarged first. The pixels of the enlarged picture are sub-pixels:
//! a PNG averages them, and they are the unit of an SVG.

use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use plotters::prelude::{
    BitMapBackend, Circle, DrawingArea, DrawingBackend, IntoDrawingArea, PathElement, RGBAColor, Rectangle, SVGBackend,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontFamily, FontTransform, IntoFont, ShapeStyle, TextStyle};

use super::font::{self, FONT, LINE_HEIGHT};
use super::picture::{Anchor, Area, Color, Direction, Picture, Shape, Text};

/// Number of sub-pixels per pixel along each axis.
const SCALE: u32 = 3;
/// Largest number of sub-pixels of a picture. Larger pictures get fewer per pixel.
const MAX_SUB_PIXELS: u32 = 64 << 20;

/// Ratio of the font size that plotters is given to the size of an em in its SVG.
const SVG_SIZE: f64 = 1.24;

impl Picture {
    /// Renders a PNG file.
    pub(crate) fn png(&self) -> Result<Vec<u8>> {
        font::register();
        let (width, height) = self.size;
        let scale = (1..=SCALE).rev().find(|scale| width * height * scale * scale <= MAX_SUB_PIXELS).unwrap_or(1);
        let (scaled_width, scaled_height) = (width * scale, height * scale);
        let mut pixels = self.theme.ground().repeat(scaled_width as usize * scaled_height as usize);
        self.shapes.iter().for_each(|shape| blit(shape, &mut pixels, scaled_width as usize, scale as usize));
        {
            let area = BitMapBackend::with_buffer(&mut pixels, (scaled_width, scaled_height)).into_drawing_area();
            let pen = Pen { area: &area, scale: f64::from(scale), is_svg: false };
            self.shapes.iter().try_for_each(|shape| pen.draw(shape)).map_err(explain)?;
            area.present().map_err(explain)?;
        }
        let pixels = averaged(&pixels, scaled_width as usize, scale as usize);
        encode_png(&pixels, width, height)
    }

    /// Renders an SVG file.
    pub(crate) fn svg(&self) -> Result<String> {
        font::register();
        let (width, height) = self.size;
        let mut drawn = String::new();
        {
            let area = SVGBackend::with_string(&mut drawn, (width * SCALE, height * SCALE)).into_drawing_area();
            let pen = Pen { area: &area, scale: f64::from(SCALE), is_svg: true };
            self.shapes.iter().try_for_each(|shape| pen.draw(shape)).map_err(explain)?;
            area.present().map_err(explain)?;
        }
        // Replace the opening tag, and put pixels below everything else.
        let (_, drawn) = drawn.split_once(">\n").context("plotters writes no SVG")?;
        let [red, green, blue] = self.theme.ground();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {0} {1}\">\n\
             <rect width=\"{0}\" height=\"{1}\" fill=\"#{red:02x}{green:02x}{blue:02x}\"/>\n",
            width * SCALE,
            height * SCALE
        );
        for shape in &self.shapes {
            if let Shape::Pixels { left, top, width, pixels } = shape {
                let height = rows(pixels, *width);
                let png = BASE64_STANDARD.encode(encode_png(pixels, *width, height)?);
                svg += &format!(
                    "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
                     href=\"data:image/png;base64,{png}\"/>\n",
                    left * SCALE,
                    top * SCALE,
                    width * SCALE,
                    height * SCALE
                );
            }
        }
        Ok(svg + drawn)
    }
}

/// Draws shapes with either backend of plotters.
struct Pen<'a, Backend: DrawingBackend> {
    area: &'a DrawingArea<Backend, plotters::coord::Shift>,
    /// Number of sub-pixels per pixel along each axis.
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
        // plotters joins the segments of a broad line with spikes. Draw each segment alone, with round joints.
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
        // Distance of the baseline below the anchor of plotters.
        let (size, base_line) =
            if self.is_svg { (em * SVG_SIZE, 0.76 * em) } else { (em * LINE_HEIGHT, 0.5 * em * LINE_HEIGHT) };
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

/// Copies pixels into a buffer of sub-pixels.
fn blit(shape: &Shape, buffer: &mut [u8], buffer_width: usize, scale: usize) {
    let Shape::Pixels { left, top, width, pixels } = shape else { return };
    let (left, top, width) = (*left as usize * scale, *top as usize * scale, *width as usize);
    for (y, row) in pixels.chunks_exact(3 * width).enumerate() {
        for copy in 0..scale {
            let start = 3 * ((top + y * scale + copy) * buffer_width + left);
            let target = buffer[start..].chunks_exact_mut(3).take(width * scale);
            target
                .zip(row.chunks_exact(3).flat_map(|pixel| std::iter::repeat_n(pixel, scale)))
                .for_each(|(target, pixel)| target.copy_from_slice(pixel));
        }
    }
}

/// Averages the sub-pixels of each pixel.
fn averaged(sub_pixels: &[u8], scaled_width: usize, scale: usize) -> Vec<u8> {
    if scale == 1 {
        return sub_pixels.to_vec();
    }
    let mut pixels = Vec::with_capacity(sub_pixels.len() / (scale * scale));
    let mut sums = vec![0_usize; 3 * scaled_width / scale];
    for rows in sub_pixels.chunks_exact(3 * scaled_width * scale) {
        sums.fill(0);
        for row in rows.chunks_exact(3 * scaled_width) {
            for (sums, pixels) in sums.chunks_exact_mut(3).zip(row.chunks_exact(3 * scale)) {
                for (i, &value) in pixels.iter().enumerate() {
                    sums[i % 3] += usize::from(value);
                }
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "a mean of bytes")]
        pixels.extend(sums.iter().map(|sum| ((sum + scale * scale / 2) / (scale * scale)) as u8));
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

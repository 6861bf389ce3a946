//! The font of the pictures, and the width of a text in this font.

use std::sync::Once;

use plotters::style::{FontFamily, FontStyle, IntoFont, register_font};

/// Names of the font. A PNG is drawn with the font in this program. Viewers of an SVG use the first of these fonts that
/// they have; their widths are nearly equal.
pub(super) const FONT: &str = "DejaVu Sans, Verdana, sans-serif";
static FONT_BYTES: &[u8] = include_bytes!("font/DejaVuSans-subset.ttf");

/// Height of a line of this font in ems. For a PNG, plotters takes the height of a line as the size of the font.
pub(super) const LINE_HEIGHT: f64 = 1.164;

/// Registers the font with plotters.
pub(super) fn register() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // An error would mean that the font in this program is damaged, which the tests would find.
        let _ = register_font(FONT, FontStyle::Normal, FONT_BYTES);
    });
}

/// Width of a text in ems.
pub(super) fn text_width(text: &str) -> f64 {
    register();
    // plotters measures in whole pixels.
    const LARGE: f64 = 200.0;
    let font = (FontFamily::Name(FONT), LARGE * LINE_HEIGHT).into_font();
    font.box_size(text).map_or(0.0, |(width, _)| f64::from(width) / LARGE)
}

//! The font of the pictures, and the widths of texts in it.

use std::sync::Once;

use plotters::style::{FontFamily, FontStyle, IntoFont, register_font};

/// Name of the font. In a PNG it is the font in this program; viewers of an SVG take the first of these that they have,
/// which are of nearly equal widths.
pub(super) const FONT: &str = "DejaVu Sans, Verdana, sans-serif";
static FONT_BYTES: &[u8] = include_bytes!("font/DejaVuSans-subset.ttf");

/// Height of a line of this font in ems, which plotters takes for the size of the font in a PNG.
pub(super) const LINE_HEIGHT: f64 = 1.164;

/// Makes the font known to plotters.
pub(super) fn register() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // An error would mean that the file in this program is damaged; the tests write with it.
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

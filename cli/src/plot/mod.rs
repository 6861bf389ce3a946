//! Pictures. Everything that references plotters is in this folder, and so is the font.
//!
//! ```text
//! filter, heat_map ── axis ── Picture: a list of shapes ── render ── PNG, SVG
//! ```
//!
//! [`filter`] draws curves and [`heat_map`] spectrograms, both as shapes in pixels; `render` makes files of the shapes.

pub(crate) mod args;
mod axis;
pub(crate) mod filter;
mod font;
pub(crate) mod heat_map;
mod picture;
mod render;

pub(crate) use self::args::{PictureArgs, PictureFile};
pub(crate) use self::axis::{Axis, Quantity};
pub(crate) use self::picture::{Picture, Theme};

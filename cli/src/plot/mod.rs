//! Pictures. Everything that references plotters is in this folder, and the font too.
//!
//! ```text
//! filter, heat_map ── axis ── Picture: a list of shapes ── render ── PNG, SVG
//! ```
//!
//! [`filter`] draws curves and [`heat_map`] draws spectrograms, as shapes with coordinates in pixels. `render` turns
//! the shapes into files.

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

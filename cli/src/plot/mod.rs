//! Pictures. Everything that references plotters, and the font that they are written in, is in this folder.
//!
//! A picture is a list of shapes in pixels ([`Picture`]), which PNG and SVG are made from (`render`). What draws curves
//! ([`filter`]) and spectrograms ([`heat_map`]) only makes such lists.

pub(crate) mod args;
mod axis;
pub(crate) mod filter;
pub(crate) mod heat_map;
mod picture;
mod render;

pub(crate) use self::args::{PictureArgs, PictureFile};
pub(crate) use self::axis::{Axis, Quantity};
pub(crate) use self::picture::{Picture, Theme};

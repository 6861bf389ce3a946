//! [`PictureArgs`]: the options of a picture. [`PictureFile`]: the file to which it is written.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Error, Result, bail, ensure};
use clap::Args;

use super::picture::{Picture, Theme};
use polyphase_audio::files::{folder_of, write_whole};

/// Options that all pictures share.
#[derive(Debug, Args)]
#[command(next_help_heading = "Picture")]
pub(crate) struct PictureArgs {
    /// Width and height of the picture in pixels, each from 240 to 4096
    #[arg(long, value_name = "WxH", default_value = "1200x720")]
    pub(crate) size: Size,

    /// Light or dark background
    #[arg(long, value_enum, default_value_t = Theme::Light)]
    pub(crate) theme: Theme,

    /// Size of the text, as a factor from 0.5 to 3
    #[arg(long, value_name = "F", default_value_t = 1.0, value_parser = text_factor)]
    pub(crate) text: f64,

    /// Replace a picture that exists
    #[arg(long)]
    pub(crate) overwrite: bool,
}

impl PictureArgs {
    /// An empty picture with these options.
    pub(crate) fn picture(&self) -> Picture {
        Picture::new((self.size.width, self.size.height), self.theme, self.text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl FromStr for Size {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (width, height) = text.split_once('x').context("it must be a width and a height, such as 1200x720")?;
        let side = |text: &str| match text.trim().parse() {
            Ok(side @ 240..=4096) => Ok(side),
            _ => bail!("width and height must be numbers from 240 to 4096, such as 1200x720"),
        };
        Ok(Self { width: side(width)?, height: side(height)? })
    }
}

fn text_factor(text: &str) -> Result<f64> {
    let factor: f64 = text.parse()?;
    ensure!((0.5..=3.0).contains(&factor), "it must be from 0.5 to 3");
    Ok(factor)
}

/// File to which a picture is written.
#[derive(Debug, Clone)]
pub(crate) struct PictureFile {
    path: PathBuf,
    is_svg: bool,
    overwrite: bool,
}

impl PictureFile {
    /// Checks that a picture can be written to a path.
    ///
    /// # Errors
    /// If its extension is neither .png nor .svg, its folder does not exist, or the file exists and `overwrite` is
    /// false.
    pub(crate) fn new(path: &Path, overwrite: bool) -> Result<Self> {
        let shown = path.display();
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        let is_svg = match extension.as_deref() {
            Some("svg") => true,
            Some("png") => false,
            _ => bail!("{shown}: the name of a picture must end in .png or .svg"),
        };
        ensure!(!path.is_dir(), "{shown}: it is a folder");
        let folder = folder_of(path);
        ensure!(folder.is_dir(), "{shown}: there is no folder {}", folder.display());
        ensure!(
            overwrite || path.symlink_metadata().is_err(),
            "{shown}: the file already exists: add --overwrite to replace it"
        );
        Ok(Self { path: path.to_owned(), is_svg, overwrite })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the picture. The file appears under its name when it is complete, or not at all.
    pub(crate) fn write(&self, picture: &Picture) -> Result<()> {
        let bytes = if self.is_svg { picture.svg()?.into_bytes() } else { picture.png()? };
        write_whole(&self.path, &bytes, self.overwrite).with_context(|| format!("writing {}", self.path.display()))
    }
}

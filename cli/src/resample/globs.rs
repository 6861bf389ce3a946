//! [`Globs`]: the patterns of `--include` and `--exclude`. Everything that references globset is in this file.

use std::path::Path;

use anyhow::{Context, Result};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Patterns of files to resample and of files to pass over.
#[derive(Debug, Default)]
pub(crate) struct Globs {
    /// `None` includes everything.
    include: Option<Patterns>,
    exclude: Patterns,
}

#[derive(Debug, Default)]
struct Patterns {
    any: GlobSet,
    /// Patterns that end with a slash, which match folders only.
    folders: GlobSet,
}

impl Globs {
    /// Parses the patterns.
    ///
    /// # Errors
    /// If a pattern is not valid.
    pub(super) fn new(include: &[String], exclude: &[String]) -> Result<Self> {
        let include = (!include.is_empty()).then(|| Patterns::new("--include", include)).transpose()?;
        Ok(Self { include, exclude: Patterns::new("--exclude", exclude)? })
    }

    /// True if a file or folder of this name, relative to its input folder, is included.
    pub(super) fn includes(&self, name: &Path) -> bool {
        self.include.as_ref().is_none_or(|include| include.match_part_of(name, false))
    }

    /// True if the name, or a folder in it, is excluded.
    pub(super) fn excludes(&self, name: &Path, is_folder: bool) -> bool {
        self.exclude.match_part_of(name, is_folder)
    }
}

impl Patterns {
    fn new(option: &str, patterns: &[String]) -> Result<Self> {
        let (mut any, mut folders) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for pattern in patterns {
            let (body, set) = match pattern.strip_suffix('/') {
                Some(body) => (body, &mut folders),
                None => (&**pattern, &mut any),
            };
            // As in .gitignore, a slash anchors a pattern at the input folder.
            let whole = match body.strip_prefix('/') {
                Some(anchored) => anchored.to_owned(),
                None if body.contains('/') => body.to_owned(),
                None => format!("**/{body}"),
            };
            let glob = GlobBuilder::new(&whole).literal_separator(true).build();
            set.add(glob.with_context(|| format!("{option} {pattern}"))?);
        }
        Ok(Self { any: any.build()?, folders: folders.build()? })
    }

    /// True if a pattern matches the name or a folder in it.
    fn match_part_of(&self, name: &Path, is_folder: bool) -> bool {
        if self.any.is_empty() && self.folders.is_empty() {
            return false;
        }
        let parts = name.ancestors().take_while(|part| !part.as_os_str().is_empty()).enumerate();
        parts
            .into_iter()
            .any(|(above, part)| self.any.is_match(part) || ((above > 0 || is_folder) && self.folders.is_match(part)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_gitignore() {
        let matches = |pattern: &str, name: &str| {
            Patterns::new("--exclude", &[pattern.to_owned()]).expect("a pattern").match_part_of(Path::new(name), false)
        };
        for (pattern, name) in [
            ("*.wav", "a.wav"),
            ("*.wav", "x/y/a.wav"),
            ("tmp", "x/tmp/a.wav"),
            ("tmp/", "x/tmp/a.wav"),
            ("/x", "x/a.wav"),
            ("x/*.wav", "x/a.wav"),
            ("x/**", "x/y/a.wav"),
            ("**/y/*.wav", "x/y/a.wav"),
            ("[ab].{wav,mp3}", "x/b.mp3"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("*.wav", "a.WAV"),
            ("/a.wav", "x/a.wav"),
            ("x/*.wav", "x/y/a.wav"),
            ("a.wav/", "x/a.wav"),
            ("tmp", "tmp2/a"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
        assert!(Patterns::new("--include", &["[".to_owned()]).is_err());
    }
}

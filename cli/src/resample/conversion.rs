//! [`Conversion`]: one input and its output, with the settings of the run.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Error, Result, anyhow};
use polyphase_audio::files::{self, Temporary};
use polyphase_audio::{Output, SampleFormat, WriteOptions, Writer};

use super::paths::Task;
use super::settings::Settings;
use crate::filter_args::plan_error;

/// One file to resample.
#[derive(Clone, Copy)]
pub(super) struct Conversion<'a> {
    pub(super) task: &'a Task,
    pub(super) settings: &'a Settings,
    folder: &'a Path,
}

impl<'a> Conversion<'a> {
    /// Prepares the conversion, and creates the folder of the output.
    pub(super) fn new(task: &'a Task, settings: &'a Settings) -> Result<Self> {
        let folder = task.output.parent().context("the output has no folder")?;
        create_folder(folder)?;
        Ok(Self { task, settings, folder })
    }

    /// Creates the temporary file of the output.
    pub(super) fn temporary(&self) -> Result<Temporary> {
        temporary(self.folder)
    }

    /// Format of the output samples for an input of this format.
    pub(super) fn format(&self, input: SampleFormat) -> SampleFormat {
        self.settings.format.unwrap_or_else(|| self.task.container.nearest(input))
    }

    /// Begins an output at the new rate, with the other properties of `options`.
    pub(super) fn writer(&self, output: &Temporary, mut options: WriteOptions) -> Result<Writer> {
        options.spec.rate = self.settings.new_freq.rounded()?;
        Writer::new(Output::temporary(output)?, &options).map_err(|error| self.explained(error))
    }

    /// [`explained`] for this output.
    pub(super) fn explained(&self, error: polyphase_audio::Error) -> Error {
        explained(error, &self.task.output)
    }
}

fn create_folder(folder: &Path) -> Result<()> {
    files::create_folder(folder).with_context(|| format!("creating the folder {}", folder.display()))
}

fn temporary(folder: &Path) -> Result<Temporary> {
    Temporary::new(folder).with_context(|| format!("writing in {}", folder.display()))
}

/// Checks that a file can be created in the folder of an output, and creates that folder. A place without permission
/// is then one error, and not one for each file.
///
/// # Errors
/// If no folder can be written.
pub(super) fn check_folders(tasks: &[Task]) -> Result<()> {
    let folders: BTreeSet<_> = tasks.iter().filter_map(|task| task.output.parent()).collect();
    let mut first_error = None;
    for folder in folders {
        match create_folder(folder).and_then(|()| temporary(folder)) {
            Ok(_) => return Ok(()),
            Err(error) => first_error.get_or_insert(error),
        };
    }
    first_error.map_or(Ok(()), Err)
}

/// Adds advice to an error of the output's format or of the filter, and the name of the output to an error of writing
/// it.
pub(super) fn explained(error: polyphase_audio::Error, output: &Path) -> Error {
    match error {
        polyphase_audio::Error::Unrepresentable(_) => format_error(error),
        polyphase_audio::Error::Resample(error) => plan_error(error),
        polyphase_audio::Error::Write(error) => Error::from(error).context(format!("writing {}", output.display())),
        error => Error::from(error),
    }
}

/// Adds advice to the error of an output format that cannot hold a signal.
pub(super) fn format_error(error: polyphase_audio::Error) -> Error {
    anyhow!("{error}: choose another --format or --sample-format")
}

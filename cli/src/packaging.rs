//! `polyphase completions` and `polyphase man`: files for packages. Everything that references clap_complete and
//! clap_mangen is in this file.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap_complete::Shell;

use crate::terminal::print_bytes;

/// Print the completions for a shell
///
/// For bash with the package bash-completion, into an existing folder:
/// `polyphase completions bash > ~/.local/share/bash-completion/completions/polyphase`.
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// Shell, as in bash, zsh or fish
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self, mut program: clap::Command) -> Result<ExitCode> {
        // Into memory, since the generator panics on a closed pipe.
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut program, "polyphase", &mut text);
        print_bytes(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Print the manual page of the program or of a command, in the format of man
#[derive(Debug, clap::Args)]
pub(crate) struct Man {
    /// Command, such as resample [default: the whole program]
    command: Option<String>,
}

impl Man {
    pub(crate) fn run(&self, mut program: clap::Command) -> Result<ExitCode> {
        program.build();
        let page = match &self.command {
            None => program,
            Some(name) => match program.find_subcommand(name) {
                Some(command) => command.clone().display_name(format!("polyphase-{name}")),
                None => bail!("there is no command `{name}`"),
            },
        };
        // clap_mangen leaves out the text of options that `-h` hides.
        let page = page.mut_args(|arg| arg.hide_short_help(false));
        let mut text = Vec::new();
        clap_mangen::Man::new(page).source(concat!("polyphase ", env!("CARGO_PKG_VERSION"))).render(&mut text)?;
        print_bytes(with_examples(String::from_utf8(text)?).as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Renames the section of the examples, and keeps its lines as they are.
fn with_examples(page: String) -> String {
    let Some((start, rest)) = page.split_once("\n.SH EXTRA\nExamples:\n") else { return page };
    let (examples, end) = rest.split_once("\n.SH ").unwrap_or((rest, ""));
    format!("{start}\n.SH EXAMPLES\n.EX\n{examples}\n.EE\n.SH {end}")
}

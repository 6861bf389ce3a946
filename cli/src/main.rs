//! The `polyphase` program, all of which is in the library beside this file.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    polyphase_cli::main()
}

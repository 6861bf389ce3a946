//! The program `polyphase`. All of its code is in `lib.rs`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    polyphase_cli::main()
}

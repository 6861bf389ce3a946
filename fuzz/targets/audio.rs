#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(
    // What panics in a decoder is caught, as the program does it; libfuzzer-sys would end the run there.
    init: std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))),
    |bytes: &[u8]| polyphase_fuzz::program::audio(bytes)
);

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(
    // The reader catches panics of symphonia. The panic hook of libfuzzer-sys would abort the run at these.
    init: std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))),
    |bytes: &[u8]| polyphase_audio::fuzzed::ogg(bytes)
);

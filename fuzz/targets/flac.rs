#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| polyphase_audio::fuzzed::flac(bytes));

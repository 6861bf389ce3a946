#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| polyphase_checks::fuzzed::outputs(bytes));

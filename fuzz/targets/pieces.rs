#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Unstructured::new(bytes);
    polyphase::fuzzed::pieces(&mut |bound| bytes.int_in_range(0..=bound - 1).unwrap_or(0));
});

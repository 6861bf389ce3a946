//! Errors of JavaScript.

use js_sys::JsString;
use wasm_bindgen::JsValue;

/// Names of the library in its messages, and those of JavaScript.
const NAMES: [(&str, &str); 7] = [
    ("orig_freq", "origFreq"),
    ("new_freq", "newFreq"),
    ("lowpass_filter_width", "lowpassFilterWidth"),
    ("pass_band", "passBand"),
    ("stop_band_db", "rejection"),
    ("max_filter_bytes", "maxFilterBytes"),
    ("max_ratio", "maxRatio"),
];

/// `Error` with the library's message, in which options have their names of JavaScript.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn thrown(error: polyphase::Error) -> JsValue {
    // Replaced by the engine, since Rust's search of strings would add 10 kB.
    let mut message = JsString::from(error.to_string());
    // The name that is unknown is the caller's.
    if !matches!(error, polyphase::Error::UnknownName { .. }) {
        for (name, of_javascript) in NAMES {
            message = message.replace(name, of_javascript);
        }
    }
    js_sys::Error::new(&String::from(message)).into()
}

/// `TypeError` with a message.
pub(crate) fn type_error(message: &str) -> JsValue {
    js_sys::TypeError::new(message).into()
}

//! Errors of JavaScript.

use wasm_bindgen::JsValue;

/// `Error` with the library's message.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn thrown(error: polyphase::Error) -> JsValue {
    js_sys::Error::new(&error.to_string()).into()
}

/// `TypeError` with a message.
pub(crate) fn type_error(message: &str) -> JsValue {
    js_sys::TypeError::new(message).into()
}

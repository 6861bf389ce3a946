//! Options and rates, from the objects and numbers of JavaScript.

use js_sys::{Object, Reflect};
use polyphase::{Error, OutputLength, Padding, Preset, Ratio, ResampleOptions, Window};
use wasm_bindgen::{JsCast, JsValue};

use crate::error::{thrown, type_error};

/// Names of all options.
const KNOWN: [&str; 12] = [
    "preset",
    "passBand",
    "rejection",
    "lowpassFilterWidth",
    "rolloff",
    "window",
    "beta",
    "normalizePhases",
    "padding",
    "outputLength",
    "maxFilterBytes",
    "maxRatio",
];

/// Largest whole number of JavaScript, 2⁵³ − 1.
pub(crate) const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// Largest value of `maxFilterBytes`: the design of a filter does not check its allocations, and wasm has 4 GiB.
const MAX_FILTER_BYTES: f64 = (1_u64 << 28) as f64;

/// Largest number of samples of wasm memory.
const MAX_LENGTH: f64 = u32::MAX as f64;

/// Fields of an object.
struct Fields<'a>(&'a JsValue);

impl Fields<'_> {
    /// Field of an option; `None` if it is undefined or null.
    fn get(&self, name: &str) -> Result<Option<JsValue>, JsValue> {
        let value = Reflect::get(self.0, &name.into())?;
        Ok((!value.is_undefined() && !value.is_null()).then_some(value))
    }

    fn number(&self, name: &str) -> Result<Option<f64>, JsValue> {
        let number = |value: JsValue| value.as_f64().ok_or_else(|| wrong_type(name, &value, "a number"));
        self.get(name)?.map(number).transpose()
    }

    fn string(&self, name: &str) -> Result<Option<String>, JsValue> {
        let string = |value: JsValue| value.as_string().ok_or_else(|| wrong_type(name, &value, "a string"));
        self.get(name)?.map(string).transpose()
    }

    fn boolean(&self, name: &str) -> Result<Option<bool>, JsValue> {
        let boolean = |value: JsValue| value.as_bool().ok_or_else(|| wrong_type(name, &value, "true or false"));
        self.get(name)?.map(boolean).transpose()
    }
}

/// Options from an object: those of its preset or quality, changed by the other fields. Undefined and null stand for no
/// object.
///
/// # Errors
/// TypeError for a field of the wrong type, Error for an unknown field and for a value that is not accepted.
pub(crate) fn options(object: &JsValue) -> Result<ResampleOptions, JsValue> {
    if object.is_undefined() || object.is_null() {
        return Ok(ResampleOptions::default());
    }
    let object: &Object = object.dyn_ref().ok_or_else(|| wrong_type("options", object, "an object"))?;
    for name in Object::keys(object).iter().filter_map(|name| name.as_string()) {
        if !KNOWN.contains(&name.as_str()) {
            return Err(thrown(Error::UnknownName { what: "option", name, known: KNOWN.join(", ") }));
        }
    }
    let fields = Fields(object);
    let mut options = base(&fields)?;
    if let Some(width) = fields.number("lowpassFilterWidth")? {
        options.lowpass_filter_width = width;
    }
    if let Some(rolloff) = fields.number("rolloff")? {
        options.rolloff = rolloff;
    }
    set_window(&fields, &mut options)?;
    if let Some(normalize) = fields.boolean("normalizePhases")? {
        options.normalize_phases = normalize;
    }
    if let Some(padding) = fields.string("padding")? {
        options.padding = padding.parse::<Padding>().map_err(thrown)?;
    }
    if let Some(length) = fields.get("outputLength")? {
        options.output_length = output_length(&length)?;
    }
    if let Some(bytes) = fields.number("maxFilterBytes")? {
        options.limits.max_filter_bytes = whole("maxFilterBytes", bytes, MAX_FILTER_BYTES)?;
    }
    if let Some(ratio) = fields.number("maxRatio")? {
        options.limits.max_ratio = whole("maxRatio", ratio, MAX_SAFE)?;
    }
    options.validate().map_err(thrown)?;
    Ok(options)
}

/// Options of the preset, or of the quality.
fn base(fields: &Fields<'_>) -> Result<ResampleOptions, JsValue> {
    let preset = fields.string("preset")?;
    match (fields.number("passBand")?, fields.number("rejection")?) {
        (None, None) => {
            preset.map_or(Ok(Preset::Default), |name| name.parse::<Preset>()).map(Preset::options).map_err(thrown)
        }
        (Some(pass_band), Some(rejection)) if preset.is_none() => {
            ResampleOptions::quality(rejection, pass_band).map_err(thrown)
        }
        (Some(_), Some(_)) => Err(type_error("a preset has a passBand and a rejection of its own")),
        _ => Err(type_error("passBand and rejection are given together")),
    }
}

fn set_window(fields: &Fields<'_>, options: &mut ResampleOptions) -> Result<(), JsValue> {
    if let Some(name) = fields.string("window")? {
        let window: Window = name.parse().map_err(thrown)?;
        // The name of the preset's own window keeps the preset's beta.
        if window.name() != options.window.name() {
            options.window = window;
        }
    }
    match (fields.number("beta")?, options.window) {
        (None, _) => Ok(()),
        (Some(beta), Window::Kaiser { .. }) => {
            options.window = Window::Kaiser { beta };
            Ok(())
        }
        (Some(beta), window) => {
            Err(js_sys::Error::new(&format!("beta is {beta}: it is for the window kaiser, not {window}")).into())
        }
    }
}

fn output_length(value: &JsValue) -> Result<OutputLength, JsValue> {
    if let Some(samples) = value.as_f64() {
        return Ok(OutputLength::Exact(length("outputLength", samples)?));
    }
    match value.as_string().as_deref() {
        Some("ceil") => Ok(OutputLength::Ceil),
        Some("floor") => Ok(OutputLength::Floor),
        Some(name) => Err(thrown(Error::UnknownName {
            what: "outputLength",
            name: name.to_owned(),
            known: "ceil, floor or a number of samples".to_owned(),
        })),
        None => Err(wrong_type("outputLength", value, "ceil, floor or a number of samples")),
    }
}

/// Ratio of two rates, whole numbers in any unit that both share.
///
/// # Errors
/// Error for a rate of 0, and for numbers that are negative or not whole.
pub(crate) fn ratio(orig_freq: f64, new_freq: f64) -> Result<Ratio, JsValue> {
    let rate = |field, value| whole(field, value, MAX_SAFE);
    Ratio::new(rate("origFreq", orig_freq)?, rate("newFreq", new_freq)?).map_err(thrown)
}

/// A whole number from 0 to a largest one.
///
/// # Errors
/// Error for another number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
pub(crate) fn whole(field: &'static str, value: f64, max: f64) -> Result<u64, JsValue> {
    if value.trunc() == value && (0.0..=max).contains(&value) {
        return Ok(value as u64);
    }
    Err(thrown(Error::Option { field, value, range: format!("a whole number from 0 to {max}") }))
}

/// A number of samples, frames or channels.
///
/// # Errors
/// Error for a number that is not whole or is beyond 32 bits.
pub(crate) fn length(field: &'static str, value: f64) -> Result<usize, JsValue> {
    whole(field, value, MAX_LENGTH).map(|length| usize::try_from(length).unwrap_or(usize::MAX))
}

fn wrong_type(name: &str, value: &JsValue, wanted: &str) -> JsValue {
    let kind = value.js_typeof().as_string().unwrap_or_default();
    type_error(&format!("{name} is of type {kind}: it must be {wanted}"))
}

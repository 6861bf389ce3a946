//! Options of a filter and rates, from the keyword arguments and numbers of Python.

use polyphase::{OutputLength, Plan, Preset, Ratio, ResampleOptions, Window};
use polyphase_audio::Rate;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{recording, resampling};

/// Options from keyword arguments; `preset` names those of arguments that are not given.
///
/// # Errors
/// TypeError for an unknown argument or one of the wrong type, ValueError for a value that is not accepted.
pub(crate) fn from_keywords(keywords: Option<&Bound<'_, PyDict>>, preset: Preset) -> PyResult<ResampleOptions> {
    let Some(keywords) = keywords else { return Ok(preset.options()) };
    let mut options = match keywords.get_item("preset")? {
        Some(name) if !name.is_none() => {
            let preset: Preset = name.extract::<String>()?.parse().map_err(|error| resampling(&error))?;
            preset.options()
        }
        _ => preset.options(),
    };
    let mut beta = None;
    for (key, value) in keywords {
        if value.is_none() {
            continue;
        }
        let key: String = key.extract()?;
        set(&mut options, &mut beta, &key, &value).map_err(|error| named(&key, &value, error))?;
    }
    match (beta, options.window) {
        (Some(beta), Window::Kaiser { .. }) => options.window = Window::Kaiser { beta },
        (Some(beta), window) => {
            return Err(PyValueError::new_err(format!("beta is {beta}: it is for the window kaiser, not {window}")));
        }
        (None, _) => {}
    }
    options.validate().map_err(|error| resampling(&error))?;
    Ok(options)
}

fn set(options: &mut ResampleOptions, beta: &mut Option<f64>, key: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    match key {
        "preset" => {}
        "lowpass_filter_width" => options.lowpass_filter_width = value.extract()?,
        "rolloff" => options.rolloff = value.extract()?,
        "window" => {
            let window: Window = value.extract::<String>()?.parse().map_err(|error| resampling(&error))?;
            // The name of the preset's own window keeps the preset's beta.
            if window.name() != options.window.name() {
                options.window = window;
            }
        }
        "beta" => *beta = Some(value.extract()?),
        "normalize_phases" => options.normalize_phases = value.extract()?,
        "padding" => options.padding = value.extract::<String>()?.parse().map_err(|error| resampling(&error))?,
        "output_length" => options.output_length = output_length(value)?,
        "max_filter_bytes" => options.limits.max_filter_bytes = value.extract()?,
        "max_ratio" => options.limits.max_ratio = value.extract()?,
        "max_lowpass_filter_width" => options.limits.max_lowpass_filter_width = value.extract()?,
        _ => return Err(PyTypeError::new_err(format!("unexpected keyword argument `{key}`"))),
    }
    Ok(())
}

/// The error of a value that has the wrong type, with the name of its argument.
fn named(key: &str, value: &Bound<'_, PyAny>, error: PyErr) -> PyErr {
    let py = value.py();
    let kind = value.get_type().name().map_or_else(|_| "this type".to_owned(), |name| name.to_string());
    if error.is_instance_of::<PyTypeError>(py) && !error.value(py).to_string().starts_with("unexpected") {
        return PyTypeError::new_err(format!("{key} is of type {kind}: {}", error.value(py)));
    }
    error
}

fn output_length(value: &Bound<'_, PyAny>) -> PyResult<OutputLength> {
    if let Ok(samples) = value.extract::<usize>() {
        return Ok(OutputLength::Exact(samples));
    }
    match value.extract::<String>()?.as_str() {
        "ceil" => Ok(OutputLength::Ceil),
        "floor" => Ok(OutputLength::Floor),
        name => Err(PyValueError::new_err(format!(
            "unknown output_length `{name}`: it must be ceil, floor or a number of samples"
        ))),
    }
}

/// The ratio of two rates: whole numbers, or decimal numbers with up to nine decimals.
pub(crate) fn ratio(orig_freq: &Bound<'_, PyAny>, new_freq: &Bound<'_, PyAny>) -> PyResult<Ratio> {
    if let (Ok(orig), Ok(new)) = (orig_freq.extract::<u64>(), new_freq.extract::<u64>()) {
        return Ratio::new(orig, new).map_err(|error| resampling(&error));
    }
    let py = orig_freq.py();
    let [orig, new] = [rate(orig_freq)?, rate(new_freq)?];
    Rate::ratio(orig, new).map_err(|error| recording(py, error, None))
}

/// A rate in Hz.
pub(crate) fn rate(hz: &Bound<'_, PyAny>) -> PyResult<Rate> {
    let number = hz.extract::<f64>()?;
    Rate::from_hz(number).map_err(|error| recording(hz.py(), error, None))
}

/// The plan for two rates, from the cache of plans.
pub(crate) fn plan(
    orig_freq: &Bound<'_, PyAny>,
    new_freq: &Bound<'_, PyAny>,
    options: ResampleOptions,
) -> PyResult<Plan> {
    let ratio = ratio(orig_freq, new_freq)?;
    let active = crate::fork::enter(orig_freq.py());
    let plan = orig_freq.py().detach(|| Plan::cached(ratio, options));
    drop(active);
    plan.map_err(|error| resampling(&error))
}

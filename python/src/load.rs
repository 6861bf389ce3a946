//! `load`: a recording as an array.

use std::io::BufReader;

use numpy::ndarray::Axis;
use numpy::{Element, PyArray};
use polyphase::Preset;
use polyphase_audio::{Audio, Channels, DecodedSample, ReadOptions, Source, Time};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict};

use crate::error::recording;
use crate::options;
use crate::py_file::PyFile;

/// Bytes that are read from a file object at once.
const BUFFER: usize = 1 << 17;

/// Where a recording comes from, and its name.
pub(crate) struct Named<S> {
    pub(crate) inner: S,
    pub(crate) name: Option<String>,
}

/// A path, bytes or a file object as a source.
fn source(value: &Bound<'_, PyAny>) -> PyResult<Named<Source>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(Named { inner: Source::bytes(bytes.as_bytes()), name: None });
    }
    if let Ok(bytes) = value.cast::<PyByteArray>() {
        return Ok(Named { inner: Source::bytes(bytes.to_vec()), name: None });
    }
    if value.hasattr("read")? {
        let file = PyFile::new(value);
        let name = value.getattr("name").and_then(|name| name.extract::<String>()).ok();
        let reader = |file| BufReader::with_capacity(BUFFER, file);
        let source =
            if file.can_seek(value.py())? { Source::seekable(reader(file)) } else { Source::stream(reader(file)) };
        let extension = name.as_deref().and_then(|name| Some(name.rsplit_once('.')?.1));
        let source = match extension {
            Some(extension) => source.extension(extension),
            None => source,
        };
        return Ok(Named { inner: source, name });
    }
    if let Ok(path) = value.extract::<std::path::PathBuf>() {
        let name = Some(path.display().to_string());
        return Ok(Named { inner: Source::path(path), name });
    }
    Err(PyTypeError::new_err(format!(
        "the recording is of type {}: it must be a path, bytes or a file object",
        value.get_type().name()?
    )))
}

/// Reads a recording: its samples, and their rate.
#[pyfunction]
#[pyo3(signature = (file, sr=None, *, mono=true, offset=0.0, duration=None, dtype="float32", **options))]
#[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub(crate) fn load<'py>(
    py: Python<'py>,
    file: &Bound<'py, PyAny>,
    sr: Option<&Bound<'py, PyAny>>,
    mono: bool,
    offset: f64,
    duration: Option<f64>,
    dtype: &str,
    options: Option<&Bound<'py, PyDict>>,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let mut read = ReadOptions::default().filter(options::from_keywords(options, Preset::High)?);
    if let Some(sr) = sr {
        read = read.rate(options::rate(sr)?);
    }
    if mono {
        read = read.channels(Channels::Mono);
    }
    if offset != 0.0 {
        read = read.start(Time::Seconds(offset));
    }
    if let Some(duration) = duration {
        read = read.length(Time::Seconds(duration));
    }
    let source = source(file)?;
    match dtype {
        "float32" => load_typed::<f32>(py, source, &read, mono),
        "float64" => load_typed::<f64>(py, source, &read, mono),
        _ => Err(PyValueError::new_err(format!("unknown dtype `{dtype}`: it must be float32 or float64"))),
    }
}

fn load_typed<'py, T: DecodedSample + Element>(
    py: Python<'py>,
    source: Named<Source>,
    options: &ReadOptions,
    mono: bool,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let Named { inner: source, name } = source;
    let active = crate::fork::enter(py);
    let audio = py.detach(|| polyphase_audio::load::<T>(source, options));
    drop(active);
    let Audio { samples, rate, .. } = audio.map_err(|error| recording(py, error, name.as_deref()))?;
    let samples = if mono {
        PyArray::from_owned_array(py, samples.index_axis_move(Axis(0), 0)).into_any()
    } else {
        PyArray::from_owned_array(py, samples).into_any()
    };
    let rate = match rate.rounded() {
        Ok(whole) if rate.is_whole() => whole.into_pyobject(py)?.into_any(),
        _ => rate.hz().into_pyobject(py)?.into_any(),
    };
    Ok((samples, rate))
}

//! `Stream`: a signal in chunks.

use std::borrow::Cow;

use half::f16;
use numpy::ndarray::{Array2, Axis, Ix2};
use numpy::{Complex32, Complex64, Element, PyArray, PyArrayDyn, PyArrayMethods};
use polyphase::{Preset, Sample};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::array::{Samples, with_samples};
use crate::error::resampling;
use crate::options;

/// A stream of one type of sample.
enum Typed {
    F32(polyphase::Stream<f32>),
    F64(polyphase::Stream<f64>),
    F16(polyphase::Stream<f16>),
    I16(polyphase::Stream<i16>),
    I32(polyphase::Stream<i32>),
    C32(polyphase::Stream<Complex32>),
    C64(polyphase::Stream<Complex64>),
}

macro_rules! with_stream {
    ($typed:expr, $stream:ident => $body:expr) => {
        match $typed {
            Typed::F32($stream) => $body,
            Typed::F64($stream) => $body,
            Typed::F16($stream) => $body,
            Typed::I16($stream) => $body,
            Typed::I32($stream) => $body,
            Typed::C32($stream) => $body,
            Typed::C64($stream) => $body,
        }
    };
}

/// Resamples a signal that arrives in chunks. The outputs of all chunks together are those of one call with the whole
/// signal, in every bit.
///
/// Chunks have the shape (channels, frames), or (frames,) for one channel, and the type that `dtype` names.
///
/// >>> stream = polyphase.Stream(48_000, 16_000, channels=2)
/// >>> [stream.push(numpy.zeros((2, 480), numpy.float32)).shape for _ in range(3)]
/// [(2, 154), (2, 160), (2, 160)]
/// >>> stream.finish().shape
/// (2, 6)
#[pyclass(module = "polyphase")]
pub(crate) struct Stream {
    stream: Typed,
    channels: usize,
    /// True if chunks have one dimension.
    is_flat: bool,
}

#[pymethods]
impl Stream {
    #[new]
    #[pyo3(signature = (orig_freq, new_freq, *, channels=1, dtype="float32", **options))]
    fn new(
        orig_freq: &Bound<'_, PyAny>,
        new_freq: &Bound<'_, PyAny>,
        channels: usize,
        dtype: &str,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let options = options::from_keywords(options, Preset::Default)?;
        let plan = options::plan(orig_freq, new_freq, options)?;
        macro_rules! stream {
            ($($name:literal $variant:ident),*) => {
                match dtype {
                    $($name => polyphase::Stream::new(&plan, channels).map(Typed::$variant),)*
                    _ => return Err(PyValueError::new_err(format!(
                        "unknown dtype `{dtype}`: it must be one of {}", [$($name),*].join(", ")
                    ))),
                }
            };
        }
        let stream = stream!(
            "float32" F32, "float64" F64, "float16" F16, "int16" I16, "int32" I32, "complex64" C32, "complex128" C64
        );
        Ok(Self { stream: stream.map_err(|error| resampling(&error))?, channels, is_flat: channels == 1 })
    }

    /// Number of frames that must follow an output before it is returned.
    #[getter]
    fn look_ahead(&self) -> usize {
        with_stream!(&self.stream, stream => stream.look_ahead())
    }

    /// Takes a chunk of shape (channels, frames), or (frames,) for one channel, and returns the frames that it
    /// completes.
    fn push<'py>(&mut self, py: Python<'py>, chunk: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let chunk = with_samples!(Samples::of("chunk", chunk)?, chunk => chunk.into_any());
        let channels = self.channels;
        let (outputs, is_flat) = with_stream!(&mut self.stream, stream => push(py, stream, channels, &chunk))?;
        self.is_flat = is_flat;
        Ok(outputs)
    }

    /// Ends the signal, and returns its remaining frames. The stream is then ready for another signal.
    fn finish<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (channels, is_flat) = (self.channels, self.is_flat);
        with_stream!(&mut self.stream, stream => finish(py, stream, channels, is_flat))
    }

    /// Discards the signal so far.
    fn reset(&mut self) {
        with_stream!(&mut self.stream, stream => stream.reset());
    }
}

fn push<'py, T: Sample + Element>(
    py: Python<'py>,
    stream: &mut polyphase::Stream<T>,
    channels: usize,
    chunk: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyAny>, bool)> {
    let Ok(chunk) = chunk.cast::<PyArrayDyn<T>>() else {
        let (expected, actual) = (numpy::dtype::<T>(py), chunk.getattr("dtype")?);
        return Err(PyTypeError::new_err(format!("the chunk holds {actual}, the stream {expected}: give dtype")));
    };
    let borrowed = chunk.try_readonly().map_err(|error| PyValueError::new_err(error.to_string()))?;
    let view = borrowed.as_array();
    let is_flat = view.ndim() == 1;
    let view = if is_flat { view.insert_axis(Axis(0)) } else { view };
    let shape = view.shape().to_vec();
    let Ok(view) = view.into_dimensionality::<Ix2>() else { return Err(wrong_shape(&shape, channels)) };
    if view.nrows() != channels {
        return Err(wrong_shape(&shape, channels));
    }
    let active = crate::fork::enter(py);
    let outputs = py.detach(|| {
        let rows: Vec<Cow<'_, [T]>> =
            view.outer_iter().map(|row| row.to_slice().map_or_else(|| row.to_vec().into(), Into::into)).collect();
        let slices: Vec<_> = rows.iter().map(AsRef::as_ref).collect();
        let mut outputs = vec![Vec::new(); channels];
        stream.push_planar(&slices, &mut outputs).map(|()| outputs)
    });
    drop(active);
    Ok((array_of(py, outputs.map_err(|error| resampling(&error))?, is_flat)?, is_flat))
}

fn finish<'py, T: Sample + Element>(
    py: Python<'py>,
    stream: &mut polyphase::Stream<T>,
    channels: usize,
    is_flat: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let active = crate::fork::enter(py);
    let outputs = py.detach(|| {
        let mut outputs = vec![Vec::new(); channels];
        stream.finish_planar(&mut outputs).map(|()| outputs)
    });
    drop(active);
    array_of(py, outputs.map_err(|error| resampling(&error))?, is_flat)
}

fn wrong_shape(shape: &[usize], channels: usize) -> PyErr {
    let flat = if channels == 1 { "(frames,) or " } else { "" };
    PyValueError::new_err(format!("the chunk has shape {shape:?}: it must be {flat}({channels}, frames)"))
}

/// The channels as an array, of one dimension for a flat chunk.
fn array_of<T: Sample + Element>(
    py: Python<'_>,
    mut channels: Vec<Vec<T>>,
    is_flat: bool,
) -> PyResult<Bound<'_, PyAny>> {
    if is_flat {
        return Ok(PyArray::from_vec(py, channels.pop().unwrap_or_default()).into_any());
    }
    let shape = (channels.len(), channels.first().map_or(0, Vec::len));
    let array = Array2::from_shape_vec(shape, channels.concat());
    let array = array.map_err(|error| PyValueError::new_err(error.to_string()))?;
    Ok(PyArray::from_owned_array(py, array).into_any())
}

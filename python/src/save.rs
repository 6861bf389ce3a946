//! `save`: an array as a recording.

use std::path::PathBuf;

use half::f16;
use numpy::ndarray::{ArrayView2, ArrayViewD, Axis, Ix2};
use numpy::{Element, PyArrayDyn, PyArrayMethods};
use polyphase_audio::files::{Temporary, folder_of};
use polyphase_audio::{Container, Output, SampleFormat, Spec, WriteOptions, Writer};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::array::Samples;
use crate::error::recording;
use crate::options;
use crate::py_file::PyFile;

/// Frames that are written at once.
const CHUNK: usize = 1 << 14;

/// Writes samples of shape (frames,) or (channels, frames) to a file, and returns the number of samples that were
/// clipped to full scale.
#[pyfunction]
#[pyo3(signature = (file, samples, sr, *, container=None, sample_format=None, dither=true))]
pub(crate) fn save(
    py: Python<'_>,
    file: &Bound<'_, PyAny>,
    samples: &Bound<'_, PyAny>,
    sr: &Bound<'_, PyAny>,
    container: Option<&str>,
    sample_format: Option<&str>,
    dither: bool,
) -> PyResult<u64> {
    let rate = options::rate(sr)?.rounded().map_err(|error| recording(py, error, None))?;
    let is_file = file.hasattr("write")?;
    let path = if is_file { None } else { Some(path_of(file)?) };
    let container = container_of(container, path.as_deref())?;
    let request = Request { rate, container, format: sample_format.map(format_named).transpose()?, dither };
    let target = match path {
        Some(path) => Target::Path(path),
        None => Target::File(PyFile::new(file)),
    };
    match Samples::of("samples", samples)? {
        Samples::F32(array) => write(target, &request, SampleFormat::F32, &array, 1.0),
        Samples::F64(array) => write(target, &request, SampleFormat::F64, &array, 1.0),
        Samples::F16(array) => write(target, &request, SampleFormat::F32, &array, 1.0),
        Samples::I16(array) => write(target, &request, SampleFormat::I16, &array, 1.0 / 32_768.0),
        Samples::I32(array) => write(target, &request, SampleFormat::I32, &array, 1.0 / 2_147_483_648.0),
        Samples::C32(_) | Samples::C64(_) => Err(PyTypeError::new_err("samples are complex: a recording is real")),
    }
}

/// How samples are written.
struct Request {
    rate: u32,
    container: Container,
    format: Option<SampleFormat>,
    dither: bool,
}

enum Target {
    Path(PathBuf),
    File(PyFile),
}

fn path_of(file: &Bound<'_, PyAny>) -> PyResult<PathBuf> {
    file.extract().map_err(|_| {
        let kind = file.get_type();
        PyTypeError::new_err(format!("the output is of type {kind}: it must be a path or a file object"))
    })
}

fn container_of(name: Option<&str>, path: Option<&std::path::Path>) -> PyResult<Container> {
    let names = Container::ALL.map(Container::extension).join(", ");
    if let Some(name) = name {
        let of_name = Container::ALL.into_iter().find(|container| container.extension() == name);
        return of_name
            .ok_or_else(|| PyValueError::new_err(format!("unknown container `{name}`: it must be one of {names}")));
    }
    let Some(path) = path else {
        return Err(PyValueError::new_err(format!("a file object needs the argument container: one of {names}")));
    };
    Container::of_path(path).ok_or_else(|| {
        let path = path.display();
        PyValueError::new_err(format!("the extension of {path} names no format that is written: {names}"))
    })
}

fn format_named(name: &str) -> PyResult<SampleFormat> {
    use SampleFormat::{F32, F64, I16, I24, I32};
    [I16, I24, I32, F32, F64].into_iter().find(|format| format.name() == name).ok_or_else(|| {
        PyValueError::new_err(format!("unknown sample_format `{name}`: it must be one of i16, i24, i32, f32, f64"))
    })
}

/// A sample that becomes a float64, exactly.
trait ToFloat: Copy + Sync {
    fn to_float(self) -> f64;
}

macro_rules! to_float {
    ($($type:ty),*) => {$(
        impl ToFloat for $type {
            fn to_float(self) -> f64 {
                self.into()
            }
        }
    )*};
}

to_float!(f32, f64, i16, i32, f16);

/// Writes samples whose full scale is 1/`scale`.
fn write<T: ToFloat + Element>(
    target: Target,
    request: &Request,
    native: SampleFormat,
    samples: &Bound<'_, PyArrayDyn<T>>,
    scale: f64,
) -> PyResult<u64> {
    let py = samples.py();
    let samples = samples.try_readonly().map_err(|error| PyValueError::new_err(error.to_string()))?;
    let samples = as_channels(samples.as_array())?;
    let (channels, frames) = samples.dim();
    let container = request.container;
    let format = request.format.unwrap_or_else(|| container.nearest(native));
    let spec = Spec { rate: request.rate, channels, channel_mask: 0, format };
    // Integers that the file holds as they are need no dither.
    let is_exact = !native.is_float() && native.bits() <= format.bits();
    let options = WriteOptions::new(container, spec).frames(Some(frames as u64)).dither(request.dither && !is_exact);
    let name = match &target {
        Target::Path(path) => Some(path.display().to_string()),
        Target::File(_) => None,
    };
    let can_seek = match &target {
        Target::Path(_) => true,
        Target::File(file) => file.can_seek(py)?,
    };
    let active = crate::fork::enter(py);
    let clipped = py.detach(|| match target {
        Target::Path(path) => {
            let temporary = Temporary::new(folder_of(&path))?;
            let clipped = write_into(Output::temporary(&temporary)?, &options, samples, scale)?;
            temporary.publish(&path, true)?;
            Ok(clipped)
        }
        Target::File(file) if can_seek => write_into(Output::seekable(file), &options, samples, scale),
        Target::File(file) => write_into(Output::stream(file), &options, samples, scale),
    });
    drop(active);
    clipped.map_err(|error| recording(py, error, name.as_deref()))
}

fn write_into<T: ToFloat>(
    output: Output,
    options: &WriteOptions,
    samples: ArrayView2<'_, T>,
    scale: f64,
) -> polyphase_audio::Result<u64> {
    let mut writer = Writer::new(output, options)?;
    let mut interleaved: Vec<f64> = Vec::new();
    for chunk in samples.axis_chunks_iter(Axis(1), CHUNK) {
        interleaved.clear();
        interleaved.extend(chunk.t().iter().map(|sample| sample.to_float() * scale));
        writer.write(&interleaved)?;
    }
    writer.finish()
}

/// Samples of shape (channels, frames).
fn as_channels<T>(samples: ArrayViewD<'_, T>) -> PyResult<ArrayView2<'_, T>> {
    let samples = if samples.ndim() == 1 { samples.insert_axis(Axis(0)) } else { samples };
    let shape = samples.shape().to_vec();
    let refused =
        || PyValueError::new_err(format!("samples have shape {shape:?}: it must be (frames,) or (channels, frames)"));
    let samples = samples.into_dimensionality::<Ix2>().map_err(|_| refused())?;
    if samples.nrows() == 0 { Err(refused()) } else { Ok(samples) }
}

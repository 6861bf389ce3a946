//! Arrays of NumPy by the type of their samples.

use half::f16;
use numpy::{Complex32, Complex64, Element, PyArrayDescrMethods, PyArrayDyn, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Largest number of dimensions that the `numpy` crate takes.
const MAX_DIMENSIONS: usize = 32;

/// An array by the type of its samples.
pub(crate) enum Samples<'py> {
    F32(Bound<'py, PyArrayDyn<f32>>),
    F64(Bound<'py, PyArrayDyn<f64>>),
    F16(Bound<'py, PyArrayDyn<f16>>),
    I16(Bound<'py, PyArrayDyn<i16>>),
    I32(Bound<'py, PyArrayDyn<i32>>),
    C32(Bound<'py, PyArrayDyn<Complex32>>),
    C64(Bound<'py, PyArrayDyn<Complex64>>),
}

/// Evaluates an expression in which `$array` is the array of the type that it has.
macro_rules! with_samples {
    ($samples:expr, $array:ident => $body:expr) => {
        match $samples {
            $crate::array::Samples::F32($array) => $body,
            $crate::array::Samples::F64($array) => $body,
            $crate::array::Samples::F16($array) => $body,
            $crate::array::Samples::I16($array) => $body,
            $crate::array::Samples::I32($array) => $body,
            $crate::array::Samples::C32($array) => $body,
            $crate::array::Samples::C64($array) => $body,
        }
    };
}
pub(crate) use with_samples;

impl<'py> Samples<'py> {
    /// The samples of an array, which is copied only if its byte order, its alignment or its strides do not allow to
    /// read them where they are.
    ///
    /// # Errors
    /// TypeError for anything other than an array of a type of sample.
    pub(crate) fn of(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        let Ok(array) = value.cast::<PyUntypedArray>() else {
            let kind = value.get_type().fully_qualified_name()?;
            return Err(PyTypeError::new_err(format!(
                "{name} is of type {kind}: it must be an array of NumPy or a tensor of torch"
            )));
        };
        if array.ndim() > MAX_DIMENSIONS {
            return Err(PyValueError::new_err(format!(
                "{name} has {} dimensions: at most {MAX_DIMENSIONS} are taken",
                array.ndim()
            )));
        }
        let dtype = array.dtype();
        let itemsize = dtype.itemsize().max(1);
        let as_is = array.strides().iter().all(|stride| stride.unsigned_abs().is_multiple_of(itemsize))
            && dtype.getattr("isnative")?.extract()?
            && array.getattr("flags")?.getattr("aligned")?.extract()?;
        if as_is {
            return Self::typed(array).ok_or_else(|| unknown_type(name, &dtype));
        }
        let keywords = PyDict::new(value.py());
        keywords.set_item("order", "C")?;
        let copy = array.call_method("astype", (dtype.call_method1("newbyteorder", ("=",))?,), Some(&keywords))?;
        Self::typed(&copy).ok_or_else(|| unknown_type(name, &dtype))
    }

    fn typed(array: &Bound<'py, PyAny>) -> Option<Self> {
        macro_rules! first_of {
            ($($variant:ident),*) => {
                None$(.or_else(|| array.cast().ok().map(|array| Self::$variant(array.clone()))))*
            };
        }
        first_of!(F32, F64, F16, I16, I32, C32, C64)
    }
}

fn unknown_type(name: &str, dtype: &Bound<'_, PyAny>) -> PyErr {
    PyTypeError::new_err(format!(
        "{name} holds samples of type {dtype}: it must be float16, float32, float64, int16, int32, complex64 or complex128"
    ))
}

/// An array of zeros.
///
/// # Errors
/// MemoryError, and ValueError for a size beyond the range of NumPy's.
pub(crate) fn zeros<'py, T: Element>(py: Python<'py>, shape: &[usize]) -> PyResult<Bound<'py, PyArrayDyn<T>>> {
    let dtype = numpy::dtype::<T>(py);
    let array = py.import("numpy")?.call_method1("zeros", (shape.to_vec(), dtype))?;
    Ok(array.cast_into()?)
}

/// Index of an axis that may be counted from the end.
pub(crate) fn axis_of(axis: isize, dimensions: usize) -> PyResult<usize> {
    let counted = if axis < 0 { axis.checked_add_unsigned(dimensions) } else { Some(axis) };
    counted.and_then(|axis| usize::try_from(axis).ok()).filter(|&axis| axis < dimensions).ok_or_else(|| {
        PyValueError::new_err(format!("axis {axis} does not exist in an array of {dimensions} dimensions"))
    })
}

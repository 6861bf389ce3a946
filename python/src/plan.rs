//! `Plan`: a filter, and what it makes of arrays.

use numpy::ndarray::{ArrayViewD, Axis};
use numpy::{Element, PyArray1, PyArray2, PyArrayDyn, PyArrayMethods, PyUntypedArrayMethods};
use polyphase::{Batch, FilterForm, OutputLength, Preset, Sample, Window};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::array::{Samples, axis_of, with_samples, zeros};
use crate::error::resampling;
use crate::response::Response;
use crate::{backend, options, threads};

/// A filter for two rates, designed once. Plans are immutable and can be shared by threads, compared and pickled.
///
/// Rates are whole, or have up to nine decimals; the options are those of `FilterOptions`.
///
/// >>> plan = polyphase.Plan(48_000, 44_100, preset="kaiser_best")
/// >>> plan.taps, plan.output_len(48_000)
/// (148, 44100)
/// >>> plan.resample(numpy.zeros((2, 480))).shape
/// (2, 441)
/// >>> plan.response().pass_band_ripple(0.8) < 1e-5
/// True
#[pyclass(frozen, module = "polyphase")]
pub(crate) struct Plan {
    pub(crate) plan: polyphase::Plan,
}

#[pymethods]
impl Plan {
    #[new]
    #[pyo3(signature = (orig_freq, new_freq, **options))]
    fn new(
        orig_freq: &Bound<'_, PyAny>,
        new_freq: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let options = options::from_keywords(options, Preset::Default)?;
        Ok(Self { plan: options::plan(orig_freq, new_freq, options)? })
    }

    /// The original rate in lowest terms: the number of inputs after which the phases repeat.
    #[getter]
    fn stride(&self) -> u64 {
        self.plan.ratio().stride()
    }

    /// The new rate in lowest terms: the number of phases of the filter.
    #[getter]
    fn phases(&self) -> u64 {
        self.plan.ratio().phases()
    }

    /// Mean number of taps of an output, rounded up. Zeros of a filter with a rolloff of 1 are not counted.
    #[getter]
    fn taps(&self) -> usize {
        self.plan.taps()
    }

    /// Size of the float32 filter in bytes.
    #[getter]
    fn filter_bytes(&self) -> usize {
        self.plan.filter_bytes()
    }

    /// `exact`, or `interpolated` if the taps of all phases would exceed `max_filter_bytes`.
    #[getter]
    fn filter_form(&self) -> &'static str {
        match self.plan.filter_form() {
            FilterForm::Exact => "exact",
            _ => "interpolated",
        }
    }

    /// Number of inputs that must follow an output before it can be computed.
    #[getter]
    fn look_ahead(&self) -> usize {
        self.plan.look_ahead()
    }

    /// The options as keyword arguments that make the same filter.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let options = self.plan.options();
        let keywords = PyDict::new(py);
        keywords.set_item("lowpass_filter_width", options.lowpass_filter_width)?;
        keywords.set_item("rolloff", options.rolloff)?;
        keywords.set_item("window", options.window.name())?;
        if let Window::Kaiser { beta } = options.window {
            keywords.set_item("beta", beta)?;
        }
        keywords.set_item("normalize_phases", options.normalize_phases)?;
        keywords.set_item("padding", options.padding.name())?;
        match options.output_length {
            OutputLength::Exact(samples) => keywords.set_item("output_length", samples)?,
            OutputLength::Floor => keywords.set_item("output_length", "floor")?,
            _ => keywords.set_item("output_length", "ceil")?,
        }
        keywords.set_item("max_filter_bytes", options.limits.max_filter_bytes)?;
        keywords.set_item("max_ratio", options.limits.max_ratio)?;
        keywords.set_item("max_lowpass_filter_width", options.limits.max_lowpass_filter_width)?;
        Ok(keywords)
    }

    /// Number of outputs for a clip of `input_len` samples.
    fn output_len(&self, input_len: usize) -> usize {
        self.plan.output_len(input_len)
    }

    /// Frequency response, from the float64 coefficients.
    fn response(&self) -> Response {
        Response::of(&self.plan)
    }

    /// Number of values of the impulse response per input sample: `phases`, at most 1024, and fewer for filters of very
    /// many taps.
    #[getter]
    fn impulse_response_density(&self) -> u64 {
        self.plan.impulse_response_density()
    }

    /// Impulse response in float64, centred on its middle value.
    fn impulse_response<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_vec(py, self.plan.impulse_response())
    }

    /// Float64 taps of `count` neighbouring phases from `first` on: the position of the first tap of each relative to
    /// the window of output 0, and the taps, padded with zeros to the longest phase.
    fn phase_taps<'py>(&self, py: Python<'py>, first: u64, count: usize) -> PyResult<PhaseTaps<'py>> {
        let outputs: Vec<_> = self.plan.output_taps(first..first.saturating_add(count as u64)).collect();
        let longest = outputs.iter().map(|(_, taps)| taps.len()).max().unwrap_or(0);
        let starts = outputs.iter().map(|&(start, _)| start).collect();
        let taps = zeros::<f64>(py, &[count, longest])?.cast_into::<PyArray2<f64>>()?;
        {
            let mut taps = taps.try_readwrite().map_err(|error| PyValueError::new_err(error.to_string()))?;
            for ((_, from), mut row) in outputs.iter().zip(taps.as_array_mut().outer_iter_mut()) {
                row.iter_mut().zip(from).for_each(|(to, tap)| *to = *tap);
            }
        }
        Ok((PyArray1::from_vec(py, starts), taps))
    }

    /// Resamples an array along an axis.
    #[pyo3(signature = (x, *, axis=-1, out=None, threads=None, backend="cpu"))]
    fn resample<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        axis: isize,
        out: Option<&Bound<'py, PyAny>>,
        threads: Option<usize>,
        backend: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        with_samples!(Samples::of("x", x)?, x => self.resample_typed(py, &x, axis, out, threads, backend))
    }

    /// Applies the transpose of resampling to an array along an axis: the gradient with respect to an input of
    /// `input_len` samples, from the gradient with respect to its outputs.
    #[pyo3(signature = (y, input_len, *, axis=-1, threads=None))]
    fn adjoint<'py>(
        &self,
        py: Python<'py>,
        y: &Bound<'py, PyAny>,
        input_len: usize,
        axis: isize,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyAny>> {
        with_samples!(Samples::of("y", y)?, y => self.adjoint_typed(py, &y, input_len, axis, threads))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let rebuild = py.import("polyphase")?.getattr("_api")?.getattr("_plan_of")?;
        let ratio = self.plan.ratio();
        Ok((rebuild, (ratio.stride(), ratio.phases(), self.options(py)?).into_pyobject(py)?))
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.plan.ratio() == other.plan.ratio() && self.plan.options() == other.plan.options()
    }

    fn __hash__(&self) -> u64 {
        let ratio = self.plan.ratio();
        ratio.stride().wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ ratio.phases() ^ self.plan.options().rolloff.to_bits()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let options = self.plan.options();
        let ratio = self.plan.ratio();
        Ok(format!(
            "Plan({}, {}, lowpass_filter_width={}, rolloff={}, window={})",
            ratio.stride(),
            ratio.phases(),
            options.lowpass_filter_width,
            options.rolloff,
            options.window.name().into_pyobject(py)?.repr()?
        ))
    }
}

/// Positions of first taps, and the taps of each.
type PhaseTaps<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray2<f64>>);

impl Plan {
    fn multiply_adds(&self, outputs: usize) -> u64 {
        self.plan.multiply_adds().saturating_mul(outputs as u64)
    }

    fn resample_typed<'py, T: Sample + Element>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyArrayDyn<T>>,
        axis: isize,
        out: Option<&Bound<'py, PyAny>>,
        threads: Option<usize>,
        backend: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        let axis = axis_of(axis, x.ndim())?;
        let mut shape = x.shape().to_vec();
        shape[axis] = self.plan.output_len(shape[axis]);
        let axis = Axis(axis);
        let input = x.try_readonly().map_err(|error| PyValueError::new_err(error.to_string()))?;
        let input = input.as_array();
        let cost = self.multiply_adds(shape.iter().fold(1, |outputs: usize, &len| outputs.saturating_mul(len)));
        let output = match out {
            Some(out) => output_of(out)?,
            None => zeros(py, &shape)?,
        };
        let mut view = output.try_readwrite().map_err(|error| PyValueError::new_err(format!("out: {error}")))?;
        let mut view = view.as_array_mut();
        let resampler = backend::named(py, backend)?;
        let shape_is_right = view.shape() == shape;
        let run = |cpu: polyphase::CpuResampler| match &resampler {
            None => match (lanes_of(&input, axis), view.as_slice_mut()) {
                (Some(lanes), Some(packed)) if shape_is_right => {
                    let batch: Batch<'_, T> = lanes.into_iter().map(|lane| (&self.plan, lane)).collect();
                    cpu.resample_batch_into(&batch, packed).map(drop)
                }
                _ => cpu.resample_axis_into(&self.plan, &input, axis, view).map(drop),
            },
            Some(resampler) => {
                if !shape_is_right {
                    let (expected, actual) = (shape.clone(), view.shape().to_vec());
                    return Err(polyphase::Error::OutputShape { expected, actual });
                }
                view.assign(&resampler.clone().with_cpu(cpu).resample_axis(&self.plan, &input, axis)?);
                Ok(())
            }
        };
        threads::run(py, threads, cost, run)?.map_err(|error| resampling(&error))?;
        Ok(output.into_any())
    }

    fn adjoint_typed<'py, T: Sample + Element>(
        &self,
        py: Python<'py>,
        y: &Bound<'py, PyArrayDyn<T>>,
        input_len: usize,
        axis: isize,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let axis = axis_of(axis, y.ndim())?;
        let mut shape = y.shape().to_vec();
        let cost = self.multiply_adds(shape.iter().product());
        shape[axis] = input_len;
        let axis = Axis(axis);
        let gradient = y.try_readonly().map_err(|error| PyValueError::new_err(error.to_string()))?;
        let gradient = gradient.as_array();
        let input = zeros::<T>(py, &shape)?;
        {
            let mut view = input.try_readwrite().map_err(|error| PyValueError::new_err(error.to_string()))?;
            let view = view.as_array_mut();
            threads::run(py, threads, cost, |cpu| cpu.adjoint_axis_into(&self.plan, &gradient, axis, view))?
                .map_err(|error| resampling(&error))?;
        }
        Ok(input.into_any())
    }
}

/// The signals of a tensor along its last axis, where they are, if each is contiguous but the tensor is not.
fn lanes_of<'a, T>(tensor: &'a ArrayViewD<'_, T>, axis: Axis) -> Option<Vec<&'a [T]>> {
    if axis.index() + 1 != tensor.ndim() || tensor.is_standard_layout() {
        return None;
    }
    tensor.lanes(axis).into_iter().map(|lane| lane.to_slice()).collect()
}

/// The array that a call fills.
fn output_of<'py, T: Element>(out: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArrayDyn<T>>> {
    out.cast::<PyArrayDyn<T>>().cloned().map_err(|_| {
        let dtype = out.getattr("dtype").map_or_else(|_| out.get_type().to_string(), |dtype| dtype.to_string());
        PyTypeError::new_err(format!("out is of type {dtype}: it must be an array of {}", numpy::dtype::<T>(out.py())))
    })
}

//! Clips of any lengths and rates in one call.

use numpy::ndarray::CowArray;
use numpy::{Element, IxDyn, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn};
use polyphase::{Batch, Plan, Preset, Resampler, RunReport, Sample};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PySlice};

use crate::array::{Samples, with_samples, zeros};
use crate::error::resampling;
use crate::{backend, options, threads};

/// Clips with their plans.
pub(crate) struct Clips<'py> {
    arrays: Vec<Bound<'py, PyAny>>,
    plans: Vec<Plan>,
}

impl<'py> Clips<'py> {
    /// Clips with one rate for all, or a sequence with a rate for each.
    pub(crate) fn new(
        arrays: Vec<Bound<'py, PyAny>>,
        orig_freqs: &Bound<'py, PyAny>,
        new_freqs: &Bound<'py, PyAny>,
        keywords: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Self> {
        let options = options::from_keywords(keywords, Preset::Default)?;
        let count = arrays.len();
        let (orig, new) = (each("orig_freqs", orig_freqs, count)?, each("new_freqs", new_freqs, count)?);
        let plans: PyResult<Vec<_>> =
            orig.iter().zip(&new).map(|(orig, new)| options::plan(orig, new, options)).collect();
        Ok(Self { arrays, plans: plans? })
    }
}

/// A rate for each of `count` clips.
fn each<'py>(name: &str, freqs: &Bound<'py, PyAny>, count: usize) -> PyResult<Vec<Bound<'py, PyAny>>> {
    if freqs.len().is_err() && freqs.extract::<f64>().is_ok() {
        return Ok(vec![freqs.clone(); count]);
    }
    let freqs: PyResult<Vec<_>> = freqs.try_iter()?.collect();
    let freqs = freqs?;
    if freqs.len() != count {
        return Err(PyValueError::new_err(format!(
            "{name} holds {} rates for {count} clips: give one for all, or one for each",
            freqs.len()
        )));
    }
    Ok(freqs)
}

/// Resamples a list of clips along their last axis, each with its own length, shape and rates, in one call.
#[pyfunction]
#[pyo3(signature = (clips, orig_freqs, new_freqs, *, threads=None, backend="cpu", **options))]
pub(crate) fn resample_batch<'py>(
    py: Python<'py>,
    clips: Vec<Bound<'py, PyAny>>,
    orig_freqs: &Bound<'py, PyAny>,
    new_freqs: &Bound<'py, PyAny>,
    threads: Option<usize>,
    backend: &str,
    options: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyList>> {
    let clips = Clips::new(clips, orig_freqs, new_freqs, options)?;
    let resampler = backend::named(py, backend)?;
    Ok(resample_clips(py, clips, threads, resampler.as_ref())?.0)
}

/// Resamples clips on the CPU, or with a resampler.
pub(crate) fn resample_clips<'py>(
    py: Python<'py>,
    clips: Clips<'py>,
    threads: Option<usize>,
    resampler: Option<&Resampler>,
) -> PyResult<(Bound<'py, PyList>, Option<RunReport>)> {
    let samples: PyResult<Vec<_>> =
        clips.arrays.iter().enumerate().map(|(index, clip)| Samples::of(&format!("clip {index}"), clip)).collect();
    let mut samples = samples?.into_iter();
    let Some(first) = samples.next() else { return Ok((PyList::empty(py), None)) };
    with_samples!(first, first => {
        let mut arrays = vec![first];
        for (index, clip) in samples.enumerate() {
            let clip = with_samples!(clip, clip => clip.into_any());
            let same = clip.cast_into().map_err(|error| mixed(index + 1, &error.into_inner(), &arrays[0]))?;
            arrays.push(same);
        }
        run(py, &arrays, &clips.plans, threads, resampler)
    })
}

fn mixed(index: usize, clip: &Bound<'_, PyAny>, first: &Bound<'_, PyAny>) -> PyErr {
    let dtype = |array: &Bound<'_, PyAny>| array.getattr("dtype").map_or_else(|_| "?".to_owned(), |d| d.to_string());
    PyTypeError::new_err(format!(
        "clip {index} holds {} and clip 0 {}: the clips of a batch have one type of sample",
        dtype(clip),
        dtype(first)
    ))
}

fn run<'py, T: Sample + Element>(
    py: Python<'py>,
    arrays: &[Bound<'py, PyArrayDyn<T>>],
    plans: &[Plan],
    threads: Option<usize>,
    resampler: Option<&Resampler>,
) -> PyResult<(Bound<'py, PyList>, Option<RunReport>)> {
    let borrowed: Result<Vec<PyReadonlyArrayDyn<'_, T>>, _> = arrays.iter().map(|array| array.try_readonly()).collect();
    let borrowed = borrowed.map_err(|error| PyValueError::new_err(error.to_string()))?;
    let clips: Vec<CowArray<'_, T, IxDyn>> = borrowed.iter().map(|array| standard(array.as_array())).collect();
    let mut batch = Batch::new();
    let (mut shapes, mut lanes) = (Vec::new(), Vec::new());
    for (index, (clip, plan)) in clips.iter().zip(plans).enumerate() {
        let (Some((&len, others)), Some(samples)) = (clip.shape().split_last(), clip.as_slice()) else {
            return Err(PyValueError::new_err(format!("clip {index} has no dimension: its last axis is time")));
        };
        let rows: usize = others.iter().product();
        // One row without outputs stands for all: there may be as many as an index can name, in no memory.
        let count = if plan.output_len(len) == 0 { rows.min(1) } else { rows };
        (0..count).for_each(|lane| batch.push(plan, &samples[lane * len..][..len]));
        lanes.push(count);
        shapes.push([others, &[plan.output_len(len)]].concat());
    }
    let offsets = batch.output_offsets();
    let total = offsets.last().copied().unwrap_or(0);
    let packed = zeros::<T>(py, &[total])?;
    let report = {
        let mut output = packed.try_readwrite().map_err(|error| PyValueError::new_err(error.to_string()))?;
        let output = output.as_slice_mut().map_err(|error| PyValueError::new_err(error.to_string()))?;
        let cost =
            |(plan, clip): (&Plan, &[T])| plan.multiply_adds().saturating_mul(plan.output_len(clip.len()) as u64);
        let multiply_adds = batch.iter().map(cost).fold(0, u64::saturating_add);
        threads::run(py, threads, multiply_adds, |cpu| match resampler {
            Some(resampler) => resampler.clone().with_cpu(cpu).resample_batch_into(&batch, output).map(Some),
            None => cpu.resample_batch_into(&batch, output).map(|_| None),
        })?
        .map_err(|error| resampling(&error))?
    };
    let mut lane = 0;
    let views: PyResult<Vec<_>> = shapes
        .into_iter()
        .zip(lanes)
        .map(|(shape, lanes)| {
            let (from, to) = (offsets[lane], offsets[lane + lanes]);
            lane += lanes;
            let slice = PySlice::new(py, from.cast_signed(), to.cast_signed(), 1);
            packed.get_item(slice)?.call_method1("reshape", (shape,))
        })
        .collect();
    Ok((PyList::new(py, views?)?, report))
}

/// The array itself if its samples are contiguous and in order, else a copy.
fn standard<T: Clone>(array: numpy::ndarray::ArrayViewD<'_, T>) -> CowArray<'_, T, IxDyn> {
    if array.is_standard_layout() { array.into() } else { array.as_standard_layout().into_owned().into() }
}

//! Fuzz target: tensors of any shape and strides against their signals.

use arbitrary::{Result, Unstructured};
use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis, Dimension, IxDyn, Slice};
use polyphase::CpuResampler;

use super::case::Case;
use crate::signals::{noise, to_f32};

/// Resamples tensors of any shape and strides into tensors of any strides, and compares each signal with the same
/// signal resampled alone.
pub fn tensors(bytes: &[u8]) {
    let _ = try_tensors(&mut Unstructured::new(bytes));
}

fn try_tensors(bytes: &mut Unstructured<'_>) -> Result<()> {
    let case = Case::new(bytes)?;
    let (plan, cpu) = (&case.plan, CpuResampler::new());
    let ndim = bytes.int_in_range(1..=4)?;
    let axis = Axis(bytes.int_in_range(0..=ndim - 1)?);
    let mut shape: Vec<_> = (0..ndim).map(|_| bytes.int_in_range(0..=3_usize)).collect::<Result<_>>()?;
    shape[axis.index()] = case.len.min(300);
    let strided = |bytes: &mut Unstructured<'_>, shape: &[usize]| Strided::new(bytes, shape);
    let layout = strided(bytes, &shape)?;
    let samples = ArrayD::from_shape_vec(layout.whole(), to_f32(&noise(case.seed, layout.len()))).expect("its length");
    let mut tensor = layout.view(samples.view());
    let repeated;
    // A stride of 0 repeats one signal.
    let other = (0..ndim).find(|&other| other != axis.index() && shape[other] == 1);
    if let Some(other) = other
        && bytes.arbitrary()?
    {
        shape[other] = 3;
        repeated = tensor;
        tensor = repeated.broadcast(IxDyn(&shape)).expect("an axis of one");
    }
    assert_eq!(tensor.shape(), shape);
    let output = cpu.resample_axis(plan, &tensor, axis).expect("memory");
    shape[axis.index()] = plan.output_len(shape[axis.index()]);
    assert_eq!(output.shape(), shape);
    let layout = strided(bytes, &shape)?;
    let mut buffer = ArrayD::from_elem(layout.whole(), f32::NAN);
    cpu.resample_axis_into(plan, &tensor, axis, layout.view_mut(buffer.view_mut())).expect("its shape");
    // Elements between those of the output stay untouched.
    let written = buffer.iter().filter(|value| !value.is_nan()).count();
    assert_eq!(written, output.len(), "{case:?}");
    assert_eq!(layout.view(buffer.view()), output, "{case:?}");
    for (input, output) in tensor.lanes(axis).into_iter().zip(output.lanes(axis)) {
        assert_eq!(cpu.resample(plan, &input.to_vec()).expect("memory"), output.to_vec(), "{case:?}");
    }
    Ok(())
}

/// Layout of a tensor that is a view of a larger one: axes permuted, some samples skipped, some axes reversed.
struct Strided {
    shape: Vec<usize>,
    order: Vec<usize>,
    steps: Vec<isize>,
}

impl Strided {
    fn new(bytes: &mut Unstructured<'_>, shape: &[usize]) -> Result<Self> {
        let mut order: Vec<_> = (0..shape.len()).collect();
        for i in 1..order.len() {
            order.swap(i, bytes.int_in_range(0..=i)?);
        }
        let steps = shape.iter().map(|_| bytes.choose(&[1, 1, -1, 2, -3]).copied()).collect::<Result<_>>()?;
        Ok(Self { shape: shape.to_vec(), order, steps })
    }

    /// Shape of the larger tensor, whose axis k is axis `order[k]` of the view.
    fn whole(&self) -> IxDyn {
        let len = |&axis: &usize| self.shape[axis] * self.steps[axis].unsigned_abs();
        IxDyn(&self.order.iter().map(len).collect::<Vec<_>>())
    }

    fn len(&self) -> usize {
        self.whole().size()
    }

    fn places(&self) -> Vec<usize> {
        (0..self.order.len()).map(|axis| self.order.iter().position(|&at| at == axis).expect("all axes")).collect()
    }

    fn view<'a>(&self, whole: ArrayViewD<'a, f32>) -> ArrayViewD<'a, f32> {
        let mut view = whole.permuted_axes(self.places());
        self.steps
            .iter()
            .enumerate()
            .for_each(|(axis, &step)| view.slice_axis_inplace(Axis(axis), Slice::new(0, None, step)));
        view
    }

    fn view_mut<'a>(&self, whole: ArrayViewMutD<'a, f32>) -> ArrayViewMutD<'a, f32> {
        let mut view = whole.permuted_axes(self.places());
        self.steps
            .iter()
            .enumerate()
            .for_each(|(axis, &step)| view.slice_axis_inplace(Axis(axis), Slice::new(0, None, step)));
        view
    }
}

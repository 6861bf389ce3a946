//! Every method that allocates its output has a twin that fills the caller's buffer, with the same samples and a count
//! of the clamped ones.

use ndarray::{Array2, Axis, s};
use polyphase::{Batch, Clamped, CpuResampler, Error, Plan, ResampleOptions, ndarray};

/// A plan, a square wave at full scale, its output, which overshoots, and the number of clamped samples.
fn square_wave() -> (Plan, Vec<i16>, Vec<i16>, Clamped) {
    let plan = Plan::new(3, 2, ResampleOptions::default()).unwrap();
    let clip: Vec<i16> = (0..3000).map(|i| if i / 20 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
    let mut resampled = vec![0; 2000];
    let clamped = CpuResampler::new().resample_into(&plan, &clip, &mut resampled).unwrap();
    assert!(clamped.count > 400);
    (plan, clip, resampled, clamped)
}

#[test]
fn twins_give_the_same_samples_and_count_the_clamped_ones() {
    let (plan, clip, whole, clamped) = square_wave();
    let cpu = CpuResampler::new();
    assert_eq!(cpu.resample(&plan, &clip).unwrap(), whole);

    let mut range = vec![0; 700];
    let of_range = cpu.resample_range_into(&plan, &clip, 300, &mut range).unwrap();
    assert!(range == whole[300..1000] && of_range.count > 100);

    let excerpt = &clip[plan.input_range_for(3000, 300..1000).unwrap()];
    let mut into = vec![0; 700];
    assert_eq!(cpu.resample_excerpt_into(&plan, excerpt, 3000, 300, &mut into), Ok(of_range));
    assert!(into == range && cpu.resample_excerpt(&plan, excerpt, 3000, 300..1000).unwrap() == range);
    let refused = cpu.resample_excerpt_into(&plan, &excerpt[1..], 3000, 300, &mut into);
    assert!(matches!(refused, Err(Error::InputLen { .. })), "{refused:?}");
    let refused = cpu.resample_excerpt_into(&plan, excerpt, 3000, usize::MAX, &mut into);
    assert!(matches!(refused, Err(Error::OutputRange { .. })), "{refused:?}");

    let batch: Batch<_> = [(&plan, &clip[..]); 3].into_iter().collect();
    let mut packed = vec![0; 6000];
    let of_three = Clamped { count: 3 * clamped.count };
    assert_eq!(cpu.resample_batch_into(&batch, &mut packed), Ok(of_three));
    assert_eq!(cpu.resample_batch(&batch).unwrap().samples(), packed);

    let tensor = Array2::from_shape_fn((3, 3000), |(_, i)| clip[i]);
    let mut output = Array2::zeros((3, 2000));
    assert_eq!(cpu.resample_tensor_into(&plan, &tensor, output.view_mut()), Ok(of_three));
    assert!(output.rows().into_iter().all(|row| row.to_vec() == whole));
    assert_eq!(cpu.resample_tensor(&plan, &tensor).unwrap(), output);
    let mut transposed = Array2::zeros((2000, 3));
    assert_eq!(cpu.resample_axis_into(&plan, &tensor.t(), Axis(0), transposed.view_mut()), Ok(of_three));
    assert_eq!(transposed, output.t());
    let refused = cpu.resample_tensor_into(&plan, &tensor, output.slice_mut(s![.., ..1999]));
    assert_eq!(refused, Err(Error::OutputShape { expected: vec![3, 2000], actual: vec![3, 1999] }));
}

#[test]
fn twins_of_the_adjoint_give_the_same_samples_and_count_the_clamped_ones() {
    let (_, gradient, ..) = square_wave();
    let plan = Plan::new(2, 3, ResampleOptions::default()).unwrap();
    let cpu = CpuResampler::new();
    let mut input = vec![0; 2000];
    let clamped = cpu.adjoint_into(&plan, &gradient, &mut input).unwrap();
    assert!(clamped.count > 400);
    assert_eq!(cpu.adjoint(&plan, &gradient, 2000).unwrap(), input);

    let tensor = Array2::from_shape_fn((2, 3000), |(_, i)| gradient[i]);
    let of_two = Clamped { count: 2 * clamped.count };
    let mut output = Array2::zeros((2, 2000));
    assert_eq!(cpu.adjoint_axis_into(&plan, &tensor, Axis(1), output.view_mut()), Ok(of_two));
    assert!(output.rows().into_iter().all(|row| row.to_vec() == input));
    assert_eq!(cpu.adjoint_axis(&plan, &tensor, Axis(1), 2000).unwrap(), output);
    // Any strides, of the gradient and of the input.
    let mut strided = Array2::zeros((2000, 4));
    let into = strided.slice_mut(s![.., ..;2]);
    assert_eq!(cpu.adjoint_axis_into(&plan, &tensor.t(), Axis(0), into), Ok(of_two));
    assert_eq!(strided.slice(s![.., ..;2]), output.t());
    let refused = cpu.adjoint_axis_into(&plan, &tensor, Axis(1), output.slice_mut(s![.., ..1999]));
    assert_eq!(refused, Err(Error::OutputShape { expected: vec![2, 2999], actual: vec![2, 3000] }));
    let refused = cpu.adjoint_axis_into(&plan, &tensor, Axis(2), output.view_mut());
    assert_eq!(refused, Err(Error::Axis { axis: 2, ndim: 2 }));
}

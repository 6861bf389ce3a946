//! The adjoint: ⟨Ax, y⟩ = ⟨x, Aᵀy⟩, finite differences, and stored gradients of torch.

use ndarray::{Array3, Axis};
use polyphase::{CpuResampler, Error, OutputLength, Padding, Plan, Preset, ResampleOptions};

use crate::compare::{DOUBLE, compare, single};
use crate::golden;
use crate::signals::{noise, noise_f32, to_f32, to_f64};

const PAIRS: [(u32, u32); 8] =
    [(48_000, 44_100), (44_100, 48_000), (2, 1), (1, 2), (441, 160), (1009, 997), (7, 7), (99_991, 100_003)];

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn options() -> impl Iterator<Item = ResampleOptions> {
    let lengths = [OutputLength::Ceil, OutputLength::Floor, OutputLength::Exact(800)];
    Padding::ALL.into_iter().flat_map(move |padding| {
        lengths.into_iter().flat_map(move |output_length| {
            [Preset::Default, Preset::KaiserFast].into_iter().flat_map(move |preset| {
                [false, true].map(|normalize| {
                    let options = preset.options().padding(padding).output_length(output_length);
                    options.normalize_phases(normalize).max_filter_bytes(4_000_000)
                })
            })
        })
    })
}

#[test]
fn inner_products_agree() {
    let cpu = CpuResampler::new();
    for (orig_freq, new_freq) in PAIRS {
        for options in options() {
            let plan = Plan::new(orig_freq, new_freq, options).unwrap();
            for len in [1, 2, 90, 501] {
                let x = noise(1, len);
                let y = noise(2, plan.output_len(len));
                let forward = dot(&cpu.resample(&plan, &x).unwrap(), &y);
                let backward = dot(&x, &cpu.adjoint(&plan, &y, len).unwrap());
                let scale = (dot(&x, &x) * dot(&y, &y)).sqrt().max(1.0);
                assert!((forward - backward).abs() < 1e-12 * scale, "{orig_freq}→{new_freq}, {options:?}, {len}");
                // In float32, within its tolerance.
                let (x, y) = (noise_f32(1, len), noise_f32(2, plan.output_len(len)));
                let forward = dot(&to_f64(&cpu.resample(&plan, &x).unwrap()), &to_f64(&y));
                let backward = dot(&to_f64(&x), &to_f64(&cpu.adjoint(&plan, &y, len).unwrap()));
                assert!(
                    (forward - backward).abs() < 5e-7 * scale,
                    "{orig_freq}→{new_freq}, {options:?}, {len}, float32"
                );
            }
        }
    }
}

/// Column i of A is the response to an impulse at i. Row i of Aᵀ must hold the same numbers.
#[test]
fn the_transpose_holds_the_same_taps() {
    let cpu = CpuResampler::new();
    let plan = Plan::new(5, 3, ResampleOptions::default()).unwrap();
    let (inputs, outputs) = (40, plan.output_len(40));
    for i in 0..inputs {
        let mut impulse = vec![0.0_f64; inputs];
        impulse[i] = 1.0;
        let column = cpu.resample(&plan, &impulse).unwrap();
        for n in 0..outputs {
            let mut impulse = vec![0.0_f64; outputs];
            impulse[n] = 1.0;
            assert_eq!(cpu.adjoint(&plan, &impulse, inputs).unwrap()[i], column[n], "{i}, {n}");
        }
    }
}

/// The loss Σ y²/2 has the gradient Aᵀy. It is quadratic, so that its central differences are exact up to rounding.
#[test]
fn gradients_are_those_of_finite_differences() {
    let cpu = CpuResampler::new();
    for padding in Padding::ALL {
        let options = ResampleOptions::default().padding(padding).normalize_phases(true);
        let plan = Plan::new(3, 4, options).unwrap();
        let x = noise(5, 60);
        let loss = |x: &[f64]| cpu.resample(&plan, x).unwrap().iter().map(|y| y * y / 2.0).sum::<f64>();
        let gradient = cpu.adjoint(&plan, &cpu.resample(&plan, &x).unwrap(), 60).unwrap();
        for i in 0..60 {
            let moved = |by: f64| {
                let mut x = x.clone();
                x[i] += by;
                loss(&x)
            };
            let difference = (moved(0.5) - moved(-0.5)) / 1.0;
            assert!((difference - gradient[i]).abs() < 1e-12, "{i}: {difference} and {}", gradient[i]);
        }
    }
}

#[test]
fn axes_types_and_buffers_agree() {
    let cpu = CpuResampler::new();
    let plan = Plan::new(3, 2, ResampleOptions::default().padding(Padding::Reflect)).unwrap();
    let gradient = Array3::from_shape_vec((4, 20, 2), noise(6, 160)).unwrap();
    let input = cpu.adjoint_axis(&plan, &gradient, Axis(1), 29).unwrap();
    assert_eq!(input.shape(), [4, 29, 2]);
    for (lane, expected) in input.lanes(Axis(1)).into_iter().zip(gradient.lanes(Axis(1))) {
        assert_eq!(lane.to_vec(), cpu.adjoint(&plan, &expected.to_vec(), 29).unwrap());
    }
    let y = noise_f32(7, 20);
    let mut into = vec![f32::NAN; 29];
    assert_eq!(cpu.adjoint_into(&plan, &y, &mut into), Ok(polyphase::Clamped { count: 0 }));
    assert_eq!(into, cpu.adjoint(&plan, &y, 29).unwrap());
    let complex: Vec<_> = y.iter().map(|&re| polyphase::num_complex::Complex { re, im: -re }).collect();
    let both = cpu.adjoint(&plan, &complex, 29).unwrap();
    assert!(both.iter().zip(&into).all(|(both, &x)| both.re == x && both.im == -x));
    assert_eq!(cpu.adjoint(&plan, &y, 33), Err(Error::OutputLen { expected: 22, actual: 20 }));
    let refused = cpu.adjoint_axis(&plan, &gradient, Axis(3), 29).unwrap_err();
    assert_eq!(refused, Error::Axis { axis: 3, ndim: 3 });
    let refused = cpu.adjoint_axis(&plan, &gradient, Axis(1), 33).unwrap_err();
    assert_eq!(refused, Error::OutputShape { expected: vec![4, 22, 2], actual: vec![4, 20, 2] });
    // The largest terms that a ratio can have.
    let ratio = polyphase::Ratio::new(u64::MAX, u64::MAX - 1).unwrap();
    let with = |padding| Plan::with_ratio(ratio, ResampleOptions::default().padding(padding)).unwrap();
    let [zero, edge] = [Padding::Zero, Padding::Edge].map(|padding| cpu.adjoint(&with(padding), &y, 20));
    assert_eq!(zero.unwrap().len(), 20);
    assert!(matches!(edge, Err(Error::PaddedAdjoint { phases: 0xffff_ffff_ffff_fffe, .. })), "{edge:?}");
}

#[derive(serde::Deserialize)]
struct Gradients {
    cases: Vec<Gradient>,
}

#[derive(serde::Deserialize)]
struct Gradient {
    name: String,
    orig_freq: u32,
    new_freq: u32,
    width: f64,
}

/// Gradients of torchaudio's resampling, computed by torch's autograd (`tests/golden/gradients.py`).
#[test]
fn gradients_equal_those_of_torch() {
    let json = std::fs::read(golden::folder().join("gradients.json")).unwrap();
    let gradients: Gradients = serde_json::from_slice(&json).unwrap();
    assert_eq!(gradients.cases.len(), 5);
    for Gradient { name, orig_freq, new_freq, width } in gradients.cases {
        let read = |part: &str| golden::read(format!("{name}.{part}.npy").as_ref()).into_raw_vec_and_offset().0;
        let (y, expected) = (read("in"), read("out"));
        let plan = Plan::new(orig_freq, new_freq, ResampleOptions::default().lowpass_filter_width(width)).unwrap();
        let double = CpuResampler::new().adjoint(&plan, &y, expected.len()).unwrap();
        compare(&double, &expected, 1.0, DOUBLE).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
        let float = CpuResampler::new().adjoint(&plan, &to_f32(&y), expected.len()).unwrap();
        let taps = plan.taps() * new_freq.max(orig_freq) as usize / orig_freq as usize;
        compare(&to_f64(&float), &expected, 1.0, single(taps)).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
    }
}

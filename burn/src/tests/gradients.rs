//! Gradients against differences of the loss.

use burn::tensor::Device;
use polyphase::{OutputLength, Padding, Plan, Preset};
use polyphase_checks::signals::noise_f32;

use super::{devices, samples, tensor, to_f64};
use crate::resample;

const ROWS: usize = 3;
const LEN: usize = 501;

/// Loss Σ w · resample(x / 2)² / 2 of rows of samples, in float64 from the outputs of the device.
fn loss(plan: &Plan, x: &[f32], w: &[f32], device: &Device) -> f64 {
    let y = samples(resample(tensor(x, [ROWS, LEN], device) * 0.5, plan));
    to_f64(&y).iter().zip(to_f64(w)).map(|(y, w)| w * y * y * 0.5).sum()
}

/// The loss is quadratic, so that a central difference is its derivative whatever the distance.
#[test]
fn gradients_are_differences_of_the_loss() {
    for device in devices() {
        for (orig_freq, new_freq) in [(48_000, 44_100), (1, 2), (441, 160), (5, 5), (4_294_967_291, 4_294_967_279)] {
            for padding in Padding::ALL {
                for length in [OutputLength::Ceil, OutputLength::Exact(300)] {
                    for normalize in [false, true] {
                        let options = Preset::Default.options().padding(padding).output_length(length);
                        let plan = Plan::new(orig_freq, new_freq, options.normalize_phases(normalize)).unwrap();
                        check(&plan, &device);
                    }
                }
            }
        }
    }
}

fn check(plan: &Plan, device: &Device) {
    let (x, direction) = (noise_f32(1, ROWS * LEN), noise_f32(2, ROWS * LEN));
    let w = noise_f32(3, ROWS * plan.output_len(LEN));
    let moved = |step: f32| x.iter().zip(&direction).map(|(x, d)| x + step * d).collect::<Vec<_>>();
    let difference = (loss(plan, &moved(1.0), &w, device) - loss(plan, &moved(-1.0), &w, device)) / 2.0;

    let tracked = device.clone().autodiff();
    let x = tensor(&x, [ROWS, LEN], &tracked).require_grad();
    let y = resample(x.clone() * 0.5, plan);
    let loss = (y.clone() * y * tensor(&w, [ROWS, plan.output_len(LEN)], &tracked)).sum() * 0.5;
    let gradient = samples(x.grad(&loss.backward()).unwrap());
    let derivative: f64 = to_f64(&gradient).iter().zip(to_f64(&direction)).map(|(g, d)| g * d).sum();
    assert!((derivative - difference).abs() < 1e-5 * difference.abs().max(1.0), "{derivative} {difference} {plan:?}");
}

/// A tensor that is used twice gets the sum of both gradients, and one that is not tracked gets none.
#[test]
fn gradients_add_up() {
    for device in devices() {
        let device = device.autodiff();
        let plan = Plan::new(3, 2, Preset::Default).unwrap();
        let x = tensor(&noise_f32(4, 300), [300], &device).require_grad();
        let constant = tensor(&noise_f32(5, 300), [300], &device);
        let once = resample(x.clone(), &plan).sum().backward();
        let once = samples(x.grad(&once).unwrap());
        let twice = resample(x.clone(), &plan) + resample(constant.clone(), &plan) + resample(x.clone(), &plan);
        let twice = twice.sum().backward();
        let doubled: Vec<f32> = once.iter().map(|g| g + g).collect();
        assert_eq!(samples(x.grad(&twice).unwrap()), doubled);
        assert!(constant.grad(&twice).is_none());
    }
}

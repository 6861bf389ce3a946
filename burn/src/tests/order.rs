//! Order of operations on burn's queue, threads, and memory.

use std::thread;

use burn::tensor::Device;
use polyphase::{CpuResampler, Plan, Preset};
use polyphase_checks::signals::noise_f32;

use super::{gpu, samples, tensor};
use crate::resample;

fn plan(thread: u32) -> Plan {
    Plan::new(48_000, 44_100 - 100 * thread, Preset::Default).unwrap()
}

fn halved(x: &[f32], len: usize, plan: &Plan) -> Vec<f32> {
    let halved: Vec<f32> = x.iter().map(|x| x * 0.5).collect();
    halved.chunks(len).flat_map(|row| CpuResampler::new().resample(plan, row).unwrap()).collect()
}

fn worst(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Operations of burn before and after, and forty calls without a read.
#[test]
fn operations_run_in_the_order_of_the_calls() {
    let Some((device, _)) = gpu() else { return };
    let (up, down) = (Plan::new(44_100, 48_000, Preset::Default).unwrap(), plan(0));
    let x = noise_f32(1, 3 * 4801);
    let y = resample(tensor(&x, [3, 4801], &device) * 0.5, &down) * 2.0 + 1.0;
    let y: Vec<f32> = samples(y).iter().map(|y| (y - 1.0) / 2.0).collect();
    assert!(worst(&y, &halved(&x, 4801, &down)) < 2e-6);

    let mut on_device = tensor(&x, [3, 4801], &device);
    let mut expected = x;
    for _ in 0..20 {
        let there = resample(on_device * 0.5, &down);
        on_device = resample(there * 2.0, &up).slice([0..3, 0..4801]);
        let there: Vec<f32> = halved(&expected, 4801, &down).iter().map(|y| y * 2.0).collect();
        let back = there.chunks(down.output_len(4801)).map(|row| CpuResampler::new().resample(&up, row).unwrap());
        expected = back.flat_map(|row| row[..4801].to_vec()).collect();
    }
    assert!(worst(&samples(on_device), &expected) < 1e-5);
}

/// Four threads with lengths of their own; tensors that are dropped unread; jobs whose tables another thread made.
#[test]
fn threads_resample_at_once() {
    let Some((device, _)) = gpu() else { return };
    let threads = (0..4).map(|thread| {
        let device = device.clone();
        thread::spawn(move || {
            let plans = [plan(thread), plan(9)];
            (0..25_usize)
                .map(|round| {
                    let plan = &plans[round % 2];
                    let len =
                        if round % 2 == 0 { 1 + (round * 7919 + thread as usize * 104_729) % 20_000 } else { 3000 };
                    let x = noise_f32(round as u64, 2 * len);
                    let on_device = tensor(&x, [2, len], &device);
                    drop(resample(on_device.clone() * 3.0, plan));
                    let y = resample(on_device * 0.5, plan);
                    drop(y.clone() * 7.0);
                    worst(&samples(y), &halved(&x, len, plan))
                })
                .fold(0.0, f32::max)
        })
    });
    let threads: Vec<_> = threads.collect();
    for thread in threads {
        let worst = thread.join().unwrap();
        assert!(worst < 2e-6, "{worst}");
    }
}

/// A tensor that one thread made and another reads.
#[test]
fn a_tensor_of_another_thread() {
    let Some((device, _)) = gpu() else { return };
    let x = noise_f32(2, 5000);
    let made = thread::spawn({
        let (x, device) = (x.clone(), device.clone());
        move || resample(tensor(&x, [5000], &device) * 0.5, &plan(0))
    });
    let y = resample(made.join().unwrap(), &plan(1));
    let expected = CpuResampler::new().resample(&plan(1), &halved(&x, 5000, &plan(0))).unwrap();
    assert!(worst(&samples(y), &expected) < 2e-6);
}

/// Bytes that burn's allocator has given to tensors and tables, after all work is done.
fn bytes_in_use(device: &Device) -> u64 {
    device.sync().unwrap();
    device.memory_pool_usage().unwrap().bytes_in_use
}

/// Ten thousand calls, of more lengths and plans than are cached. Run alone, since other tests allocate too.
#[test]
#[ignore = "run by memory_does_not_grow_with_the_number_of_calls, in a process of its own"]
fn ten_thousand_calls() {
    let Some((device, _)) = gpu() else { return };
    let plans: Vec<_> = (0..8).map(plan).collect();
    let x = tensor(&noise_f32(3, 2 * 700), [2, 700], &device);
    let mut early = 0;
    for call in 0..10_000 {
        let len = 1 + call * 37 % 700;
        let y = resample(x.clone().slice([0..2, 0..len]), &plans[call % 8]);
        if call % 100 == 0 {
            assert_eq!(samples(y).len(), 2 * plans[call % 8].output_len(len));
        }
        if call == 2_500 {
            early = bytes_in_use(&device);
        }
    }
    let late = bytes_in_use(&device);
    assert!(late <= early + (1 << 20), "{early} bytes after 2,500 calls, {late} after 10,000");
    // A few hundred jobs are cached, with tables of some kilobytes.
    assert!(late < 16 << 20, "{late}");
}

#[test]
fn memory_does_not_grow_with_the_number_of_calls() {
    if gpu().is_none() {
        return;
    }
    let program = std::env::current_exe().unwrap();
    let child = std::process::Command::new(program)
        .args(["--ignored", "--exact", "--nocapture", "tests::order::ten_thousand_calls"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&[child.stdout, child.stderr].concat()).into_owned();
    assert!(child.status.success() && text.contains("1 passed"), "{text}");
}

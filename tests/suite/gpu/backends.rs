//! [`Resampler`]: the choice of a backend, and batches that are complete even if the GPU is lost.

use polyphase::{
    AdapterKind, Backend, Batch, CpuResampler, Error, Plan, Preset, Resampler, list_adapters, test_adapter,
};

use super::device::adapter;
use super::kernels::GPU;
use crate::compare::compare;
use crate::signals::{noise_f32, to_f64};

fn clips(count: usize) -> Vec<(Plan, Vec<f32>)> {
    let plans: Vec<_> = [(48_000, 16_000), (44_100, 16_000), (22_050, 16_000), (8_000, 16_000), (1000, 1)]
        .into_iter()
        .map(|(orig, new)| Plan::new(orig, new, &Preset::KaiserBest.options()).unwrap())
        .collect();
    (0..count).map(|i| (plans[i % 5].clone(), noise_f32(i as u64, i * 131 % 5003))).collect()
}

fn batch(clips: &[(Plan, Vec<f32>)]) -> Batch<'_, f32> {
    let mut batch = Batch::new();
    clips.iter().for_each(|(plan, clip)| batch.push(plan, clip));
    batch
}

#[test]
fn the_cpu_is_what_it_says() {
    let resampler = Resampler::new(Backend::Cpu, false).unwrap();
    assert_eq!((resampler.backend_name(), resampler.reason(), resampler.adapter()), ("CPU", "as asked for", None));
    let clips = clips(20);
    let (outputs, report) = resampler.resample_batch(&batch(&clips)).unwrap();
    assert_eq!(outputs, CpuResampler::new().resample_batch(&batch(&clips)).unwrap());
    assert_eq!((report.gpu_clips, report.cpu_clips), (0, 20));
}

/// A software adapter is slower than the CPU path, and is used only if it is allowed.
#[test]
fn software_adapters_are_not_chosen() {
    let Some(adapter) = adapter() else { return };
    if adapter.get_info().device_type != polyphase::wgpu::DeviceType::Cpu {
        return;
    }
    let chosen = Resampler::new(Backend::Auto, false).unwrap();
    assert_eq!(chosen.backend_name(), "CPU");
    assert!(chosen.reason().contains("in software"), "{}", chosen.reason());
    let refused = Resampler::new(Backend::Gpu, false).unwrap_err();
    assert!(matches!(&refused, Error::NoGpu { reason } if reason.contains("in software")), "{refused}");
    assert!(refused.to_string().contains("allow_software"), "{refused} does not say how to allow it");
    let allowed = Resampler::new(Backend::Gpu, true).unwrap();
    assert_eq!((allowed.backend_name(), allowed.reason()), ("GPU", "as asked for"));
    assert_eq!(allowed.adapter().unwrap().kind, AdapterKind::Software);
}

/// The CPU computes the clips that the GPU cannot: those with a NaN, and those of filters too long for its loops.
#[test]
fn batches_are_complete_and_right() {
    if adapter().is_none() {
        return;
    }
    let resampler = Resampler::new(Backend::Gpu, true).unwrap();
    let mut clips = clips(200);
    let at = 13;
    clips[at].1[7] = f32::NAN;
    let (outputs, report) = resampler.resample_batch(&batch(&clips)).unwrap();
    assert_eq!((report.gpu_clips, report.cpu_clips), (159, 41), "{report:?}");
    for (i, (actual, (plan, clip))) in outputs.iter().zip(&clips).enumerate() {
        let cpu = CpuResampler::new().resample(plan, clip).unwrap();
        if i == at || i % 5 == 4 {
            assert!(actual.iter().map(|y| y.to_bits()).eq(cpu.iter().map(|y| y.to_bits())), "clip {i} is the CPU's");
        } else {
            compare(&to_f64(actual), &to_f64(&cpu), 1.0, GPU).unwrap_or_else(|wrong| panic!("clip {i}: {wrong}"));
        }
    }
}

/// If the device is lost in the middle of a batch, the CPU completes the batch, and the report says so.
#[test]
fn a_lost_device_loses_no_outputs() {
    if adapter().is_none() {
        return;
    }
    let clips = clips(1500);
    let expected = CpuResampler::new().resample_batch(&batch(&clips)).unwrap();
    let mut interrupted = 0;
    for milliseconds in [0, 3, 10, 30, 60, 100] {
        let resampler = Resampler::new(Backend::Gpu, true).unwrap();
        let device = resampler.device().unwrap().clone();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(milliseconds));
                device.destroy();
            });
            let (outputs, report) = resampler.resample_batch(&batch(&clips)).unwrap();
            for (i, (actual, expected)) in outputs.iter().zip(expected.iter()).enumerate() {
                compare(&to_f64(actual), &to_f64(expected), 1.0, GPU)
                    .unwrap_or_else(|wrong| panic!("clip {i}: {wrong}"));
            }
            interrupted += usize::from(report.reason.contains("lost"));
        });
        let (outputs, report) = resampler.resample_batch(&batch(&clips[..50])).unwrap();
        // An empty clip needs no device.
        assert!(outputs.len() == 50 && report.gpu_clips <= 1 && report.cpu_clips >= 49, "{report:?}");
        assert!(report.reason.contains("lost"), "{report:?}");
    }
    assert!(interrupted > 0, "no run was interrupted: the batch is too small for this machine");
}

/// Listing opens nothing, and the test of an adapter is a call of its own.
#[test]
fn adapters_are_listed_and_tested_one_by_one() {
    let Some(adapter) = adapter() else { return };
    let adapters = list_adapters();
    assert_eq!(adapters[0].name, adapter.get_info().name);
    assert_eq!(
        adapters[0].to_string(),
        format!("{} ({}, {})", adapters[0].name, adapters[0].kind, adapters[0].backend)
    );
    assert_eq!(test_adapter(0), Ok(()));
    let error = test_adapter(adapters.len()).unwrap_err();
    assert!(matches!(error, Error::NoGpu { .. }), "{error}");
}

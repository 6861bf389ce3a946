//! [`Resampler`]: the choice of a backend, and batches that are complete even if the GPU is lost.

use polyphase::half::f16;
use polyphase::{
    AdapterKind, Backend, Batch, Clamped, CpuReason, CpuResampler, Error, Plan, Preset, Resampler, list_adapters,
    test_adapter,
};

use polyphase_checks::skips::skipped;

use super::device::{adapter, device};
use crate::compare::{GPU, compare};
use crate::signals::{noise_f32, to_f64};

fn clips(count: usize) -> Vec<(Plan, Vec<f32>)> {
    let plans: Vec<_> = [(48_000, 16_000), (44_100, 16_000), (22_050, 16_000), (8_000, 16_000), (1000, 1)]
        .into_iter()
        .map(|(orig, new)| Plan::new(orig, new, Preset::KaiserBest.options()).unwrap())
        .collect();
    (0..count).map(|i| (plans[i % 5].clone(), noise_f32(i as u64, i * 131 % 5003))).collect()
}

fn batch(clips: &[(Plan, Vec<f32>)]) -> Batch<'_, f32> {
    let mut batch = Batch::new();
    clips.iter().for_each(|(plan, clip)| batch.push(plan, clip));
    batch
}

/// Returns a resampler on the GPU, which may be a software adapter.
pub(crate) fn on_gpu() -> Resampler {
    Resampler::builder().backend(Backend::Gpu).allow_software(true).build().unwrap()
}

#[test]
fn cpu_resamplers_report_the_cpu() {
    let resampler = Resampler::builder().backend(Backend::Cpu).build().unwrap();
    assert_eq!((resampler.backend(), resampler.reason()), (Backend::Cpu, Some(&CpuReason::Requested)));
    assert!(resampler.adapter().is_none() && resampler.device().is_none());
    let clips = clips(20);
    let (outputs, report) = resampler.resample_batch(&batch(&clips)).unwrap();
    assert_eq!(outputs, CpuResampler::new().resample_batch(&batch(&clips)).unwrap());
    assert_eq!((report.gpu_clips, report.cpu_runs), (0, vec![(0..20, CpuReason::Requested)]));
}

/// A software adapter is slower than the CPU path, and is used only if the caller allows it.
#[test]
fn software_adapters_are_not_chosen() {
    let Some(adapter) = adapter() else { return };
    if adapter.get_info().device_type != polyphase::wgpu::DeviceType::Cpu {
        return skipped("POLYPHASE_REQUIRE_SOFTWARE_GPU", "software adapter");
    }
    let chosen = Resampler::builder().backend(Backend::Auto).build().unwrap();
    assert_eq!(chosen.backend(), Backend::Cpu);
    let reason = chosen.reason().unwrap();
    assert!(matches!(reason, CpuReason::NoGpu(Error::NoGpu { .. })), "{reason}");
    assert!(reason.to_string().contains("in software"), "{reason}");
    let refused = Resampler::builder().backend(Backend::Gpu).build().unwrap_err();
    assert!(
        matches!(&refused, Error::NoGpu { reason, software: Some(_) } if reason.contains("in software")),
        "{refused}"
    );
    assert!(refused.to_string().contains("software adapters must be allowed"), "{refused}");
    let allowed = on_gpu();
    assert_eq!((allowed.backend(), allowed.reason()), (Backend::Gpu, None));
    assert_eq!(allowed.adapter().unwrap().kind, AdapterKind::Software);
}

/// The CPU computes the clips that the GPU cannot: those with a NaN, and those of filters too long for its loops.
#[test]
fn batches_are_complete_and_right() {
    if adapter().is_none() {
        return;
    }
    let resampler = on_gpu();
    let mut clips = clips(200);
    let at = 13;
    clips[at].1[7] = f32::NAN;
    let (outputs, report) = resampler.resample_batch(&batch(&clips)).unwrap();
    assert_eq!((report.gpu_clips, report.cpu_clips()), (159, 41), "{report}");
    for i in 0..200 {
        let expected = match i {
            _ if i == at => Some(CpuReason::NotFinite),
            _ if i % 5 == 4 => Some(CpuReason::FilterTooLong),
            _ => None,
        };
        assert_eq!(report.cpu_reason(i), expected.as_ref(), "clip {i}");
    }
    assert_eq!(outputs.len(), clips.len());
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
        let resampler = on_gpu();
        let device = resampler.device().unwrap().0.clone();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(milliseconds));
                device.destroy();
            });
            let (outputs, report) = resampler.resample_batch(&batch(&clips)).unwrap();
            assert_eq!(outputs.len(), expected.len());
            for (i, (actual, expected)) in outputs.iter().zip(expected.iter()).enumerate() {
                compare(&to_f64(actual), &to_f64(expected), 1.0, GPU)
                    .unwrap_or_else(|wrong| panic!("clip {i}: {wrong}"));
            }
            interrupted += usize::from(report.to_string().contains("lost"));
        });
        let (outputs, report) = resampler.resample_batch(&batch(&clips[..50])).unwrap();
        // An empty clip needs no device.
        assert!(outputs.len() == 50 && report.gpu_clips <= 1 && report.cpu_clips() >= 49, "{report:?}");
        assert!(report.to_string().contains("lost"), "{report:?}");
    }
    assert!(interrupted > 0, "no run was interrupted: the batch is too small for this machine");
}

/// Adapters are listed without opening a device. The self-test of an adapter is a separate call.
#[test]
fn adapters_are_listed_and_tested_one_by_one() {
    let Some(adapter) = adapter() else { return };
    let adapters = list_adapters();
    assert_eq!(adapters[0].name, adapter.get_info().name);
    assert_eq!(
        adapters[0].to_string(),
        format!("{} ({}, {})", adapters[0].name, adapters[0].kind, adapters[0].backend)
    );
    assert_eq!(adapters[0].pci_id(), format!("{:04x}:{:04x}", adapters[0].vendor_id, adapters[0].device_id));
    assert_eq!(test_adapter(0), Ok(()));
    let error = test_adapter(adapters.len()).unwrap_err();
    assert!(matches!(error, Error::NoGpu { .. }), "{error}");
}

/// The caller's device is used, and shared by the resampler.
#[test]
fn resamplers_compute_on_the_callers_device() {
    let Some((device, queue)) = device() else { return };
    let resampler = Resampler::builder().backend(Backend::Gpu).on(device.clone(), queue).build().unwrap();
    assert_eq!(resampler.device().map(|(device, _)| device), Some(&device));
    let plan = Plan::new(48_000, 16_000, Preset::KaiserBest).unwrap();
    let clip = noise_f32(1, 3000);
    let (outputs, report) = resampler.resample_batch(&[(&plan, &clip[..])].into_iter().collect()).unwrap();
    assert_eq!((report.gpu_clips, report.cpu_clips()), (1, 0));
    assert_eq!(resampler.resample(&plan, &clip).unwrap(), outputs[0]);
}

/// Sample types that the GPU decodes are resampled there. The others are resampled on the CPU, with the CPU's bits.
#[test]
fn all_types_of_samples_are_resampled() {
    if adapter().is_none() {
        return;
    }
    let (resampler, cpu) = (on_gpu(), CpuResampler::new());
    let plan = Plan::new(3, 2, Preset::KaiserBest).unwrap();
    let clip = noise_f32(5, 900);
    // A square wave at full scale, so that integers are clamped.
    let integers: Vec<i16> = (0..900).map(|i| if i / 30 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
    let halves: Vec<f16> = clip.iter().map(|&x| f16::from_f32(x)).collect();
    let doubles: Vec<f64> = to_f64(&clip);

    let batch: Batch<'_, i16> = [(&plan, &integers[..]), (&plan, &integers[..7])].into_iter().collect();
    let mut expected = vec![0; batch.output_offsets()[2]];
    let clamped = cpu.resample_batch_into(&batch, &mut expected).unwrap();
    let (outputs, report) = resampler.resample_batch(&batch).unwrap();
    assert_eq!((report.gpu_clips, report.cpu_clips()), (2, 0), "{report}");
    assert!(clamped.count > 100 && report.clamped.count.abs_diff(clamped.count) <= 2, "{:?}", report.clamped);
    assert_eq!(outputs.samples().len(), expected.len());
    assert!(outputs.samples().iter().zip(&expected).all(|(a, e)| a.abs_diff(*e) <= 1));

    let resampled = resampler.resample(&plan, &halves).unwrap();
    let expected = cpu.resample(&plan, &halves).unwrap();
    assert_eq!(resampled.len(), expected.len());
    assert!(resampled.iter().zip(&expected).all(|(a, e)| (a.to_f32() - e.to_f32()).abs() < 1e-3));

    let batch: Batch<'_, f64> = [(&plan, &doubles[..])].into_iter().collect();
    let (outputs, report) = resampler.resample_batch(&batch).unwrap();
    assert_eq!(report.cpu_runs, [(0..1, CpuReason::SampleType)]);
    assert_eq!(report.clamped, Clamped::default());
    assert_eq!(outputs[0], cpu.resample(&plan, &doubles).unwrap());

    let tensor = ndarray::Array2::from_shape_vec((3, 300), clip).unwrap();
    let resampled = resampler.resample_tensor(&plan, &tensor).unwrap();
    assert_eq!(resampled.shape(), [3, 200]);
    let expected = cpu.resample_tensor(&plan, &tensor).unwrap();
    assert!(resampled.iter().zip(&expected).all(|(a, e)| (a - e).abs() < 2e-6));
    let across = resampler.resample_axis(&plan, &tensor.t(), ndarray::Axis(0)).unwrap();
    assert_eq!(across.t(), resampled);
}

//! Faults of the GPU, and the choice of the backend.

use std::io::Write;

use super::*;
use crate::gpu::with_fault;

/// Whichever call fails, and with whichever fault, the batch is complete and correct, the report names the fault, and
/// the next batch works.
#[test]
fn every_fault_at_every_call_leaves_a_complete_batch() {
    let Ok(mut resampler) = Resampler::builder().backend(Backend::Gpu).allow_software(true).build() else {
        assert!(
            std::env::var_os("POLYPHASE_REQUIRE_GPU").is_none(),
            "POLYPHASE_REQUIRE_GPU is set, and there is no GPU"
        );
        // Directly to stderr, since the test harness captures what passing tests print.
        let _ = writeln!(std::io::stderr(), "SKIPPED: faults at every GPU call, no GPU adapter");
        return;
    };
    let plans = [(48_000, 44_100), (8_000, 16_000), (7, 5)]
        .map(|(orig, new)| Plan::new(orig, new, ResampleOptions::default()).expect("a plan"));
    let clips: Vec<Vec<f32>> =
        (0..12_u16).map(|i| (0..400 * i).map(|n| (f32::from(n) * 0.1).sin()).collect()).collect();
    let mut batch = Batch::new();
    clips.iter().zip(plans.iter().cycle()).for_each(|(clip, plan)| batch.push(plan, clip));
    let expected = CpuResampler::new().resample_batch(&batch).expect("fits");
    let message = "injected".to_owned();
    let faults = [
        Error::GpuLost { reason: message.clone() },
        Error::GpuOutOfMemory { message: message.clone() },
        Error::GpuRefused { message },
    ];
    for fault in faults {
        let mut reached = true;
        let mut calls = 0;
        while reached {
            // A lost device is not used again.
            if resampler.gpu.known_reason().is_some() {
                resampler = Resampler::builder()
                    .backend(Backend::Gpu)
                    .allow_software(true)
                    .build()
                    .expect("it was there before");
            }
            let (result, came) = with_fault(calls, fault.clone(), || resampler.resample_batch(&batch));
            let (outputs, report) = result.expect("complete");
            let close = outputs.samples().iter().zip(expected.samples()).all(|(a, e)| (a - e).abs() < 2e-6);
            assert!(close && outputs.offsets() == expected.offsets(), "{fault:?} at call {calls}");
            // Memory that runs out once is asked for again, in smaller pieces.
            let survived = matches!(fault, Error::GpuOutOfMemory { .. }) && report.cpu_clips() == 0;
            assert_eq!(report.to_string().contains("injected"), came && !survived, "{report:?} at call {calls}");
            reached = came;
            calls += 1;
        }
        assert!(calls > 8, "only {calls} calls pass a fail point");
    }
}

/// A device is opened when the best possible one would have saved the time to open it.
#[test]
fn devices_are_opened_when_they_begin_to_pay() {
    let adapter = Some("no such adapter".to_owned());
    let cpu = CpuResampler::new().with_threads(2);
    let device = OnDemand::later(Request { adapter, ..Request::default() });
    let work = |multiply_adds| [Some(Work { multiply_adds, samples: 1000.0, bytes: 4000.0 })];
    let mut batches = 0;
    let reason = loop {
        // Nothing is to be saved here.
        let small = pollster::block_on(device.choose(cpu, &work(1e4))).expect_err("there is no such adapter");
        match pollster::block_on(device.choose(cpu, &work(1e8))).expect_err("there is no such adapter") {
            CpuReason::Faster(Estimate { cpu, gpu }) => {
                assert!(cpu < gpu && gpu > std::time::Duration::from_millis(100), "{cpu:?} and {gpu:?}");
                assert!(matches!(small, CpuReason::Faster(_)), "{small}");
                batches += 1;
            }
            reason => break reason,
        }
    };
    assert!(matches!(&reason, CpuReason::NoGpu(Error::NoGpu { .. })), "{reason}");
    // A thread of any CPU takes 0.2 to 200 ms for 10⁸ multiply-adds.
    assert!((1..2000).contains(&batches), "{batches} batches");
    assert_eq!(device.known_reason(), Some(reason));
    assert!(device.opened().is_none());
}

/// While one batch opens a device, the CPU computes those that would open it too. If the opening is given up, the next one
/// opens it.
#[test]
fn one_batch_at_a_time_opens_a_device() {
    let adapter = Some("no such adapter".to_owned());
    let device = OnDemand::later(Request { adapter, ..Request::default() });
    let long = [Some(Work { multiply_adds: 1e15, samples: 1000.0, bytes: 4000.0 })];
    let choose =
        || pollster::block_on(device.choose(CpuResampler::new(), &long)).expect_err("there is no such adapter");
    let opening = device.begin_opening().expect("no batch opens it");
    assert!(matches!(choose(), CpuReason::Faster(_)) && device.begin_opening().is_none());
    assert!(device.known_reason().is_none());
    drop(opening);
    assert!(matches!(choose(), CpuReason::NoGpu(_)));
    assert_eq!(device.known_reason(), Some(choose()));
}

/// No device is opened for a filter that its shaders cannot compute.
#[test]
fn filters_beyond_the_shaders_open_nothing() {
    let auto = Resampler::builder().backend(Backend::Auto).adapter("no such adapter").build().expect("not opened");
    let plan = Plan::new(1_000_000, 1_000, ResampleOptions::default().lowpass_filter_width(128.0)).expect("a plan");
    let clip = vec![0.0_f32; 1 << 22];
    for _ in 0..100 {
        let (reasons, estimate) = pollster::block_on(auto.reasons([(Some(&plan), &clip[..])].into_iter()));
        assert_eq!((reasons, estimate), (vec![Some(CpuReason::FilterTooLong)], None));
    }
    assert!(auto.gpu.known_reason().is_none());
}

/// A limit above the size of the pool counts as that size.
#[test]
fn threads_are_those_of_the_pool() {
    let threads = |limit| CpuResampler::new().with_threads(limit).threads();
    assert_eq!((threads(1), threads(1 << 20)), (1, CpuResampler::new().threads()));
    let auto = Resampler::builder().backend(Backend::Cpu).build().expect("the CPU is always there");
    assert_eq!(auto.with_cpu(CpuResampler::new().with_threads(1)).cpu().threads(), 1);
}

/// What can pay depends on the filter and on the amount of work, and is answered without opening anything.
#[test]
fn programs_learn_whether_a_gpu_could_pay() {
    let builder = || Resampler::builder().backend(Backend::Auto).cpu(CpuResampler::new().with_threads(1));
    let auto = builder().adapter("no such adapter").build().expect("it is not opened");
    let best = ResampleOptions::kaiser_best();
    assert!(auto.could_use_gpu(&best, 1 << 40));
    assert!(!auto.could_use_gpu(&best, 1000));
    assert!(auto.gpu.known_reason().is_none());
    assert_eq!(auto.backend(), Backend::Cpu);
    assert!(!auto.could_use_gpu(&best, 1 << 40));
    assert!(!auto.can_use_gpu(&Plan::new(48_000, 44_100, best).expect("a plan")));
    let cpu = Resampler::builder().backend(Backend::Cpu).build().expect("the CPU is always there");
    assert!(!cpu.could_use_gpu(&best, 1 << 40));
}

/// On one machine a speed is measured once.
#[test]
fn the_cpu_is_measured_once() {
    let cpu = CpuResampler::new();
    let speed = super::choice::CpuSpeed::of(cpu);
    assert_eq!(super::choice::CpuSpeed::of(cpu.with_threads(1)), speed);
    assert!((1e8..1e13).contains(&speed.multiply_adds_per_second), "{speed:?}");
    assert!((1e7..=1e11).contains(&speed.samples_per_second), "{speed:?}");
}

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
            if resampler.gpu.as_ref().map_or(true, Context::is_lost) {
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

/// An interpolated bank costs four times the multiply-adds of an exact one with as many taps.
#[test]
fn filters_pay_for_the_transfer_by_their_cost() {
    let Ok(mut resampler) = Resampler::builder().backend(Backend::Gpu).allow_software(true).build() else {
        assert!(
            std::env::var_os("POLYPHASE_REQUIRE_GPU").is_none(),
            "POLYPHASE_REQUIRE_GPU is set, and there is no GPU"
        );
        let _ = writeln!(std::io::stderr(), "SKIPPED: filters that pay for the transfer, no GPU adapter");
        return;
    };
    let plan = |orig, new, options: &ResampleOptions| Plan::new(orig, new, options).expect("a plan");
    let (fast, best) = (ResampleOptions::kaiser_fast(), ResampleOptions::kaiser_best());
    for (options, exact, interpolated) in
        [(ResampleOptions::default(), false, false), (fast, false, true), (best, true, true)]
    {
        resampler.always_gpu = false;
        assert_eq!(resampler.can_use_gpu(&plan(48_000, 44_100, &options)), exact);
        assert_eq!(resampler.can_use_gpu(&plan(4_294_967_291, 4_294_967_279, &options)), interpolated);
        resampler.always_gpu = true;
        assert!(resampler.can_use_gpu(&plan(4_294_967_291, 4_294_967_279, &options)));
    }
}

//! Memory that calls allocate.

use ndarray::{Array2, Axis};
use polyphase::{Batch, CpuResampler, Plan, Preset, Sample};

use crate::signals::{noise, noise_f32};

fn check<T: Sample>(clip: &[T]) {
    let cpu = CpuResampler::new().with_threads(1);
    for (orig, new) in [(48_000, 44_100), (44_100, 16_000), (8_000, 16_000), (1, 1)] {
        for preset in [Preset::Default, Preset::KaiserBest] {
            let plan = Plan::new(orig, new, preset.options()).unwrap();
            // The float64 bank is designed by this first call.
            let mut output = cpu.resample(&plan, clip).unwrap();

            let into = allocation_counter::measure(|| {
                cpu.resample_into(&plan, clip, &mut output).unwrap();
            });
            assert_eq!(into.count_total, 0, "{orig}→{new}");
            let allocating = allocation_counter::measure(|| drop(cpu.resample(&plan, clip).unwrap()));
            assert_eq!(allocating.count_total, 1, "{orig}→{new}");
            assert_eq!(allocating.bytes_max, size_of_val(&*output) as u64);
        }
    }
}

#[test]
fn one_clip_on_one_thread_allocates_its_output_and_nothing_else() {
    check(&noise_f32(1, 20_000));
    check(&noise(1, 20_000));
}

/// The adjoint of normalised filters divides by sums of taps. A row costs its divided samples and nothing else: without
/// a bank, computing the sums takes memory, and as long as resampling.
#[test]
fn sums_of_taps_are_computed_once_for_all_rows() {
    let cpu = CpuResampler::new().with_threads(1);
    for options in [Preset::Default.options(), Preset::Default.options().max_filter_bytes(30_000)] {
        let plan = Plan::new(16_001, 16_000, options.normalize_phases(true)).unwrap();
        let [few, many] = [10, 110].map(|rows| {
            let gradient = Array2::<f32>::ones((rows, plan.output_len(100)));
            let mut input = Array2::zeros((rows, 100));
            let mut adjoint = || {
                cpu.adjoint_axis_into(&plan, &gradient, Axis(1), input.view_mut()).unwrap();
            };
            adjoint();
            allocation_counter::measure(adjoint).count_total
        });
        assert!(many - few < 110, "{} allocations for 100 rows more", many - few);
    }
}

/// The memory of a call apart from its output must not grow with the clip: 10 and 100 seconds here, instead of hours.
#[test]
fn a_long_clip_costs_its_output_and_little_else() {
    let plan = Plan::new(48_000, 16_000, Preset::Default.options()).unwrap();
    for seconds in [10, 100] {
        let clip = noise_f32(2, seconds * 48_000);
        let mut output = vec![0.0; plan.output_len(clip.len())];
        let cpu = CpuResampler::new();
        cpu.resample_into(&plan, &clip, &mut output).unwrap();
        let into = allocation_counter::measure(|| {
            cpu.resample_into(&plan, &clip, &mut output).unwrap();
        });
        assert!(into.bytes_max < 10_000, "{seconds} s: {into:?}");
        let mut batch = Batch::new();
        clip.chunks(48_000).for_each(|clip| batch.push(&plan, clip));
        let into = allocation_counter::measure(|| {
            cpu.resample_batch_into(&batch, &mut output).unwrap();
        });
        assert!(into.bytes_max < 10_000 + 300 * batch.len() as u64, "{seconds} clips: {into:?}");
    }
}

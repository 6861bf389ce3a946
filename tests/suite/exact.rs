//! Results that must be bit-identical: they depend on the plan, the clip and the SIMD level, and on nothing else.

use ndarray::{Array1, Array2, Array3, ArrayD, Axis, IxDyn, s};
use polyphase::{Batch, CpuResampler, Level, Plan, Preset, ResampleOptions, Stream};

use crate::signals::{noise, noise_f32};

const PAIRS: [(u32, u32); 6] =
    [(48_000, 44_100), (44_100, 48_000), (16_000, 8_000), (8_000, 16_000), (44_100, 16_000), (1009, 997)];

fn plans() -> impl Iterator<Item = Plan> {
    PAIRS.into_iter().flat_map(|(orig, new)| {
        [Preset::Default, Preset::KaiserBest].map(|preset| Plan::new(orig, new, preset.options()).unwrap())
    })
}

#[test]
fn one_line_equals_planned() {
    let clip = noise_f32(3, 5000);
    for preset in [Preset::Default, Preset::KaiserFast] {
        for (orig, new) in PAIRS {
            let plan = Plan::new(orig, new, preset.options()).unwrap();
            let planned = CpuResampler::new().resample(&plan, &clip).unwrap();
            assert_eq!(polyphase::resample_with(&clip, orig, new, preset.options()).unwrap(), planned);
            if preset == Preset::Default {
                assert_eq!(polyphase::resample(&clip, orig, new).unwrap(), planned);
                let tensor = Array1::from_vec(clip.clone());
                assert_eq!(polyphase::resample_tensor(&tensor, orig, new).unwrap().to_vec(), planned);
            }
        }
    }
}

/// The CPU times of the threads, as Linux reports them, show that a pool of two threads shares a long clip unless the
/// resampler is limited to one.
#[cfg(all(target_os = "linux", feature = "parallel"))]
#[test]
fn long_clips_are_shared_among_threads() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
    let threads = |limit| pool.install(|| CpuResampler::new().with_threads(limit).threads());
    assert_eq!([1, 3, 4, 5].map(threads), [1, 3, 4, 4]);
    let busy_nanoseconds = |name: &str| -> u64 {
        let threads = std::fs::read_dir("/proc/self/task").unwrap().map(|thread| thread.unwrap().path());
        let ours = threads
            .filter(|thread| std::fs::read_to_string(thread.join("comm")).is_ok_and(|comm| comm.trim_end() == name));
        let nanoseconds = |thread: std::path::PathBuf| {
            let schedstat = std::fs::read_to_string(thread.join("schedstat")).unwrap();
            schedstat.split(' ').next().unwrap().parse::<u64>().unwrap()
        };
        ours.map(nanoseconds).sum()
    };
    let plan = Plan::new(44_100, 48_000, Preset::KaiserBest.options()).unwrap();
    let clip = noise_f32(4, 2_000_000);
    // Share of the work of the less busy of two threads, the largest of five attempts: other processes may delay a
    // thread in some of them.
    let (plan, clip, busy_nanoseconds) = (&plan, &clip, &busy_nanoseconds);
    let share = |threads: usize| {
        let shares = (0..5).map(move |attempt| {
            let name = move |index| format!("t{threads}-{attempt}-{index}");
            let pool = rayon::ThreadPoolBuilder::new().num_threads(2).thread_name(name).build().unwrap();
            pool.install(|| CpuResampler::new().with_threads(threads).resample(plan, clip).unwrap());
            let times = [0, 1].map(|index| busy_nanoseconds(&name(index)) as f64);
            times[0].min(times[1]) / (times[0] + times[1])
        });
        shares.fold(0.0, f64::max)
    };
    assert!(share(2) > 0.1 && share(0) > 0.1);
    assert!(share(1) < 0.1);
}

#[test]
fn results_do_not_depend_on_threads_or_pools() {
    // Long enough to be cut into several tasks.
    let clip = noise_f32(4, 3_000_000);
    let double = noise(4, 800_000);
    for plan in plans() {
        let alone = CpuResampler::new().with_threads(1);
        let (expected, expected_double) =
            (alone.resample(&plan, &clip).unwrap(), alone.resample(&plan, &double).unwrap());
        for threads in [0, 2, 3, 16] {
            let cpu = CpuResampler::new().with_threads(threads);
            assert!(cpu.resample(&plan, &clip).unwrap() == expected, "{threads} threads");
            assert!(cpu.resample(&plan, &double).unwrap() == expected_double, "{threads} threads");
        }
    }
}

#[cfg(feature = "parallel")]
#[test]
fn the_callers_pool_is_used() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(5).build().unwrap();
    assert_eq!(pool.install(|| CpuResampler::new().threads()), 5);
    assert_eq!(pool.install(|| CpuResampler::new().with_threads(2).threads()), 2);
}

#[test]
fn batches_equal_their_clips_in_any_order() {
    let plans: Vec<_> = plans().collect();
    let clips: Vec<_> = (0..60).map(|i| noise_f32(i as u64, [0, 1, 2, 13, 1000, 1 + 777 * i][i % 6])).collect();
    let cpu = CpuResampler::new();
    let expected: Vec<_> =
        clips.iter().enumerate().map(|(i, clip)| cpu.resample(&plans[i % plans.len()], clip).unwrap()).collect();
    // Multiplication by a number that is coprime to 60 permutes the clips.
    for multiplier in [1, 7, 59] {
        let order: Vec<_> = (0..60).map(|i| i * multiplier % 60).collect();
        let mut batch = Batch::new();
        order.iter().for_each(|&i| batch.push(&plans[i % plans.len()], &clips[i]));
        for threads in [1, 0, 3] {
            let output = cpu.with_threads(threads).resample_batch(&batch).unwrap();
            assert_eq!(output.len(), 60);
            for (clip, &i) in output.iter().zip(&order) {
                assert!(clip == expected[i], "clip {i} in order {multiplier}, {threads} threads");
            }
            assert_eq!(output.offsets(), batch.output_offsets());
            assert_eq!(output.clip(7).unwrap(), expected[order[7]]);
            assert_eq!(output.clip(60), None);
        }
    }
}

/// Outputs beyond the caches are fetched before they are stored.
#[test]
fn large_batches_equal_their_clips() {
    let cpu = CpuResampler::new();
    for (orig, new) in [(48_000, 44_100), (8_000, 16_000), (16_000, 8_000)] {
        let plan = Plan::new(orig, new, ResampleOptions::default()).unwrap();
        let clip = noise_f32(31, 20 + (2_500_000_u64 * u64::from(orig) / u64::from(new)) as usize / 4);
        let alone = cpu.resample(&plan, &clip).unwrap();
        let output = cpu.resample_batch(&[&clip[..]; 4].map(|clip| (&plan, clip)).into_iter().collect()).unwrap();
        assert!(output.iter().all(|output| *output == alone));
    }
}

#[test]
fn packed_batches_equal_their_clips() {
    let samples = noise_f32(9, 10_000);
    let offsets = [5, 5, 105, 106, 4000, 10_000];
    let plan = Plan::new(44_100, 48_000, ResampleOptions::default()).unwrap();
    let cpu = CpuResampler::new();
    let output = cpu.resample_batch(&Batch::from_offsets(&plan, &samples, &offsets).unwrap()).unwrap();
    for (clip, ends) in output.iter().zip(offsets.windows(2)) {
        assert_eq!(clip, cpu.resample(&plan, &samples[ends[0]..ends[1]]).unwrap());
    }
}

#[test]
fn ranges_equal_the_slice_of_the_whole() {
    let clip = noise_f32(5, 3000);
    let cpu = CpuResampler::new();
    for plan in plans() {
        let whole = cpu.resample(&plan, &clip).unwrap();
        let len = whole.len();
        for start in [0, 1, 2, 100, len / 2, len - 150, len - 1, len] {
            for length in [0, 1, 7, 147, 160, 1000, len] {
                let range = start..(start + length).min(len);
                assert!(cpu.resample_range(&plan, &clip, range.clone()).unwrap() == whole[range.clone()], "{range:?}");
                let mut output = vec![f32::NAN; range.len()];
                cpu.resample_range_into(&plan, &clip, start, &mut output).unwrap();
                assert!(output == whole[range.clone()], "{range:?}, into");
            }
        }
    }
}

/// A product that underflows to −0, added where the taps of a neighbouring output are 0, could change the sign of a
/// zero.
#[test]
fn zeros_have_the_same_sign_in_every_chunking() {
    let plan = Plan::new(48_000, 44_100, ResampleOptions::default()).unwrap();
    let clip: Vec<_> = (0..2000).map(|i| if i % 97 == 5 { -1e-45 } else { -0.0 }).collect();
    let bits = |samples: &[f32]| samples.iter().map(|y| y.to_bits()).collect::<Vec<_>>();
    let whole = bits(&CpuResampler::new().resample(&plan, &clip).unwrap());
    let mut output = Vec::new();
    let mut stream = Stream::new(&plan, 1).unwrap();
    for chunk in clip.chunks(7) {
        stream.push(chunk, &mut output).unwrap();
    }
    stream.finish(&mut output).unwrap();
    assert_eq!(bits(&output), whole);
    for n in (0..whole.len()).step_by(13) {
        assert_eq!(bits(&CpuResampler::new().resample_range(&plan, &clip, n..n + 1).unwrap()), [whole[n]]);
    }
}

#[test]
fn into_overwrites_the_whole_buffer() {
    let clip = noise_f32(6, 1000);
    let plan = Plan::new(3, 2, ResampleOptions::default()).unwrap();
    let cpu = CpuResampler::new();
    let expected = cpu.resample(&plan, &clip).unwrap();
    let mut output = vec![f32::NAN; expected.len()];
    cpu.resample_into(&plan, &clip, &mut output).unwrap();
    assert_eq!(output, expected);
    let mut batch = Batch::new();
    batch.push(&plan, &clip);
    output.fill(f32::NAN);
    cpu.resample_batch_into(&batch, &mut output).unwrap();
    assert_eq!(output, expected);
}

#[test]
fn any_axis_and_strides_equal_the_contiguous_copy() {
    let plan = Plan::new(44_100, 48_000, ResampleOptions::default()).unwrap();
    let cpu = CpuResampler::new();
    let tensor = Array3::from_shape_vec((30, 40, 50), noise_f32(7, 60_000)).unwrap();
    let views = [
        tensor.view(),
        tensor.view().permuted_axes([2, 0, 1]),
        tensor.view().permuted_axes([1, 2, 0]),
        tensor.slice(s![..;-1, ..;2, 3..;-3]),
        tensor.slice(s![2..3, .., ..;-1]),
    ];
    for view in views {
        let contiguous = view.as_standard_layout().into_owned();
        for axis in (0..3).map(Axis) {
            let mut expected_shape = view.raw_dim();
            expected_shape[axis.index()] = plan.output_len(view.len_of(axis));
            let output = cpu.resample_axis(&plan, &view, axis).unwrap();
            assert_eq!(output.raw_dim(), expected_shape);
            assert!(output.is_standard_layout());
            assert_eq!(output, cpu.resample_axis(&plan, &contiguous, axis).unwrap());
            for (lane, expected) in view.lanes(axis).into_iter().zip(output.lanes(axis)) {
                assert_eq!(cpu.resample(&plan, &lane.to_vec()).unwrap(), expected.to_vec());
            }
            // An output with other strides.
            let mut transposed = Array3::from_elem(expected_shape, f32::NAN).reversed_axes();
            let mut into = Array3::zeros(transposed.raw_dim()).reversed_axes();
            cpu.resample_axis_into(&plan, &view, axis, into.view_mut()).unwrap();
            assert_eq!(into, output);
            transposed.swap_axes(0, 2);
            cpu.resample_axis_into(&plan, &view, axis, transposed.view_mut()).unwrap();
            assert_eq!(transposed, output);
        }
        assert_eq!(cpu.resample_tensor(&plan, &view).unwrap(), cpu.resample_axis(&plan, &view, Axis(2)).unwrap());
    }
}

#[test]
fn broadcast_and_dynamic_tensors() {
    let plan = Plan::new(2, 3, ResampleOptions::default()).unwrap();
    let cpu = CpuResampler::new();
    let signal = Array1::from_vec(noise(8, 100));
    let expected = cpu.resample(&plan, signal.as_slice().unwrap()).unwrap();
    let repeated = signal.broadcast((4, 100)).unwrap();
    let output: Array2<f64> = cpu.resample_tensor(&plan, &repeated).unwrap();
    assert!(output.rows().into_iter().all(|row| row.to_vec() == expected));
    let dynamic: ArrayD<f64> = repeated.to_owned().into_shape_with_order(IxDyn(&[2, 2, 100])).unwrap();
    let output = cpu.resample_tensor(&plan, &dynamic).unwrap();
    assert_eq!(output.shape(), [2, 2, 150]);
    assert_eq!(output.slice(s![1, 0, ..]).to_vec(), expected);
}

#[test]
fn streams_equal_the_whole_for_every_chunking() {
    for plan in plans() {
        for len in [0, 1, 2, 99, 1000, 5000] {
            for channels in [1, 2, 3] {
                let planar: Vec<_> = (0..channels).map(|channel| noise_f32(channel as u64, len)).collect();
                let interleaved: Vec<_> = (0..len).flat_map(|i| planar.iter().map(move |clip| clip[i])).collect();
                let whole: Vec<_> =
                    planar.iter().map(|clip| CpuResampler::new().resample(&plan, clip).unwrap()).collect();
                let mut stream = Stream::new(&plan, channels).unwrap();
                for chunk in [1, 17, 509, 44_100] {
                    // A stream starts over after each `finish`.
                    let mut output = Vec::new();
                    for chunk in interleaved.chunks(chunk * channels) {
                        stream.push(chunk, &mut output).unwrap();
                        stream.push(&[], &mut output).unwrap();
                    }
                    stream.finish(&mut output).unwrap();
                    for (channel, expected) in whole.iter().enumerate() {
                        let samples: Vec<_> = output.iter().skip(channel).step_by(channels).copied().collect();
                        assert!(samples == *expected, "{len} frames, {channels} channels, chunks of {chunk}");
                    }
                }
            }
        }
    }
}

/// The guarantee of `look_ahead`: an output is returned as soon as this many inputs after it have arrived.
#[test]
fn streams_delay_outputs_by_at_most_the_look_ahead() {
    for plan in plans().chain([Plan::new(7, 7, ResampleOptions::default()).unwrap()]) {
        let (up, down) = (plan.ratio().phases(), plan.ratio().stride());
        let mut stream = Stream::new(&plan, 1).unwrap();
        let look_ahead = stream.look_ahead();
        assert_eq!(look_ahead, plan.look_ahead());
        let mut output = Vec::new();
        for received in 1..1500_usize {
            stream.push(&[0.5_f32], &mut output).unwrap();
            if let Some(settled) = received.checked_sub(look_ahead + 1) {
                // Outputs at or before the last input that has `look_ahead` inputs after it.
                let due = (settled as u64 * up / down + 1) as usize;
                assert!(output.len() >= due.min(plan.output_len(received)), "{} of {due}: {received}", output.len());
            }
        }
    }
}

/// The comparison is by bits, since NaN differs from itself.
#[test]
fn streams_with_nan_equal_the_whole() {
    let plan = Plan::new(48_000, 44_100, ResampleOptions::default()).unwrap();
    let mut clip = noise_f32(1, 2000);
    clip[700] = f32::NAN;
    clip[1300] = f32::INFINITY;
    let bits = |samples: &[f32]| samples.iter().map(|y| y.to_bits()).collect::<Vec<_>>();
    let whole = CpuResampler::new().resample(&plan, &clip).unwrap();
    let mut output = Vec::new();
    let mut stream = Stream::new(&plan, 1).unwrap();
    for chunk in clip.chunks(3) {
        stream.push(chunk, &mut output).unwrap();
    }
    stream.finish(&mut output).unwrap();
    assert_eq!(bits(&output), bits(&whole));
}

#[test]
fn levels_have_names_and_repeat_their_results() {
    let clip = noise_f32(2, 3000);
    let levels = Level::available();
    assert_eq!(levels[0], Level::scalar());
    assert!(levels.contains(&Level::best()));
    for plan in plans() {
        for &level in &levels {
            let cpu = CpuResampler::new().with_level(level);
            assert_eq!(cpu.level().name(), level.name());
            assert_eq!(cpu.resample(&plan, &clip).unwrap(), cpu.resample(&plan, &clip).unwrap());
        }
    }
}

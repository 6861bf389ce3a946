//! Padding, output lengths, normalised phases, and ranges from excerpts.

use polyphase::{CpuResampler, FilterForm, OutputLength, Padding, Plan, Preset, ResampleOptions};

use crate::compare::{DOUBLE, compare, single};
use crate::oracle::{Filter, KAISER_BEST, Oracle};
use crate::signals::{noise, noise_f32, to_f32, to_f64};

const PAIRS: [(u32, u32); 6] = [(48_000, 44_100), (44_100, 48_000), (2, 1), (1, 2), (441, 160), (1009, 997)];

/// Index of the sample at `position` of a clip that is mirrored at its ends, found step by step.
fn reflected(position: i64, len: usize) -> usize {
    let (mut at, mut step) = (0_i64, if position < 0 { -1 } else { 1 });
    for _ in 0..position.abs() {
        if len > 1 && (at + step < 0 || at + step >= len as i64) {
            step = -step;
        }
        at += if len > 1 { step } else { 0 };
    }
    at as usize
}

/// The oracle resamples a clip that is extended by whole periods of padding on both sides.
#[test]
fn padding_equals_extending_the_clip() {
    for (orig_freq, new_freq) in PAIRS {
        for (preset, filter) in [(Preset::Default, Filter::default()), (Preset::KaiserBest, KAISER_BEST)] {
            for padding in [Padding::Edge, Padding::Reflect] {
                let plan = Plan::new(orig_freq, new_freq, preset.options().padding(padding)).unwrap();
                let (stride, phases) = (plan.ratio().stride() as usize, plan.ratio().phases() as usize);
                for len in [1, 2, 3, 50, 700] {
                    let clip = noise(len as u64, len);
                    let periods = plan.look_ahead().div_ceil(stride) + 1;
                    let margin = (periods * stride) as i64;
                    let wide: Vec<_> = (-margin..len as i64 + margin)
                        .map(|position| match padding {
                            Padding::Edge => clip[position.clamp(0, len as i64 - 1) as usize],
                            _ => clip[reflected(position, len)],
                        })
                        .collect();
                    let expected = Oracle::new(orig_freq.into(), new_freq.into(), filter).resample(&wide);
                    let expected = &expected[periods * phases..][..plan.output_len(len)];
                    let double = CpuResampler::new().resample(&plan, &clip).unwrap();
                    compare(&double, expected, 1.0, DOUBLE)
                        .unwrap_or_else(|wrong| panic!("{orig_freq}→{new_freq}, {padding}, {len}: {wrong}"));
                    let float = CpuResampler::new().resample(&plan, &to_f32(&clip)).unwrap();
                    compare(&to_f64(&float), expected, 1.0, single(plan.taps()))
                        .unwrap_or_else(|wrong| panic!("{orig_freq}→{new_freq}, {padding}, {len}: {wrong}"));
                }
            }
        }
    }
}

/// A padded constant stays constant up to the ends of the clip.
#[test]
fn constants_stay_constant_with_normalised_phases() {
    for (orig_freq, new_freq) in PAIRS.into_iter().chain([(160, 147), (999_983, 999_979)]) {
        for preset in [Preset::Default, Preset::KaiserFast] {
            let options = preset.options().normalize_phases(true);
            for padding in [Padding::Edge, Padding::Reflect] {
                let plan = Plan::new(orig_freq, new_freq, options.padding(padding)).unwrap();
                let output = CpuResampler::new().resample(&plan, &[0.75_f32; 400]).unwrap();
                // Three steps of float32 below 1, for the rounding of the sum of products.
                let worst = output.iter().fold(0.0, |worst, y| f32::max(worst, (y - 0.75).abs()));
                assert!(worst <= 1.5 * f32::EPSILON, "{orig_freq}→{new_freq}: {worst:e}");
                let output = CpuResampler::new().resample(&plan, &[0.75_f64; 400]).unwrap();
                let worst = output.iter().fold(0.0, |worst, y| f64::max(worst, (y - 0.75).abs()));
                assert!(worst < 1e-14, "{orig_freq}→{new_freq}: {worst:e}");
            }
        }
    }
    // The taps themselves, read one by one with impulses, sum to 1 in float32 too. Interpolated taps are rounded twice
    // more: when they are weighted, and when they are divided.
    for (orig_freq, new_freq, most) in [(2, 3, 1e-7), (5, 4, 1e-7), (999_983, 999_979, 2e-7)] {
        let options = ResampleOptions::default().normalize_phases(true).padding(Padding::Edge);
        let plan = Plan::new(orig_freq, new_freq, options).unwrap();
        let mut sums = vec![0.0; plan.output_len(60)];
        for i in 0..60 {
            let mut impulse = [0.0_f32; 60];
            impulse[i] = 1.0;
            let taps = CpuResampler::new().resample(&plan, &impulse).unwrap();
            sums.iter_mut().zip(taps).for_each(|(sum, tap)| *sum += f64::from(tap));
        }
        assert!(sums.iter().all(|sum| (sum - 1.0).abs() < most), "{sums:?}");
    }
    // Without normalisation, a constant has the same ripple as torchaudio's.
    let plan = Plan::new(160, 147, ResampleOptions::default()).unwrap();
    let output = CpuResampler::new().resample(&plan, &[1.0_f64; 1000]).unwrap();
    let ripple = output[200..700].iter().fold(0.0, |worst, y| f64::max(worst, (y - 1.0).abs()));
    assert!((6.9e-4..7e-4).contains(&ripple), "{ripple:e}");
}

/// Normalisation divides each output by the output for a constant 1, which is the sum of its taps.
#[test]
fn normalised_outputs_are_divided_by_the_sums_of_their_taps() {
    let clip = noise(3, 2000);
    for (orig_freq, new_freq) in PAIRS.into_iter().chain([(99_991, 100_003)]) {
        let options = ResampleOptions::default();
        let plain = Plan::new(orig_freq, new_freq, options).unwrap();
        let normalised = Plan::new(orig_freq, new_freq, options.normalize_phases(true)).unwrap();
        let cpu = CpuResampler::new();
        let (y, ones) = (cpu.resample(&plain, &clip).unwrap(), cpu.resample(&plain, &[1.0; 2000]).unwrap());
        let actual = cpu.resample(&normalised, &clip).unwrap();
        let edge = plain.output_len(2 * plain.look_ahead());
        for n in edge..y.len() - edge {
            assert!((actual[n] - y[n] / ones[n]).abs() < 1e-14, "{orig_freq}→{new_freq}, {n}");
        }
        assert!(y[edge..y.len() - edge] != actual[edge..y.len() - edge]);
    }
}

/// A window that lies between two samples gives 0, without a division by the sum of no taps, in both forms of the bank.
#[test]
fn windows_without_samples_give_silence() {
    let clip = noise_f32(6, 300);
    let cpu = CpuResampler::new();
    for padding in Padding::ALL {
        let options = ResampleOptions::default().lowpass_filter_width(0.04).normalize_phases(true).padding(padding);
        for (orig_freq, new_freq, limit) in [(3, 40, 1 << 20), (1475, 100_003, 300_000), (1475, 100_003, 1 << 30)] {
            let plan = Plan::new(orig_freq, new_freq, options.max_filter_bytes(limit)).unwrap();
            assert_eq!(plan.filter_form() == FilterForm::Exact, limit != 300_000);
            let exact = cpu.resample(&plan, &to_f64(&clip)).unwrap();
            let output = cpu.resample(&plan, &clip).unwrap();
            let silent = exact.iter().filter(|&&y| y == 0.0).count();
            assert!(silent > exact.len() / 2 && exact[0] == f64::from(clip[0]));
            for (y, exact) in output.iter().zip(&exact) {
                assert!((f64::from(*y) - exact).abs() < 1e-5 && (*y == 0.0) == (*exact == 0.0), "{y} and {exact}");
            }
            let gradient = cpu.adjoint(&plan, &vec![1.0_f64; exact.len()], 300).unwrap();
            assert!(gradient.iter().all(|x| x.is_finite() && *x > 0.0));
        }
    }
}

#[test]
fn output_lengths_are_those_requested() {
    let clip = noise_f32(4, 1000);
    for (orig_freq, new_freq) in PAIRS.into_iter().chain([(5, 5), (999_983, 999_979)]) {
        let with = |output_length| {
            let plan = Plan::new(orig_freq, new_freq, ResampleOptions::default().output_length(output_length));
            CpuResampler::new().resample(&plan.unwrap(), &clip).unwrap()
        };
        let ceil = with(OutputLength::Ceil);
        let floor = (1000 * u64::from(new_freq) / u64::from(orig_freq)) as usize;
        assert_eq!(with(OutputLength::Floor), ceil[..floor]);
        assert!(with(OutputLength::Exact(0)).is_empty());
        assert_eq!(with(OutputLength::Exact(77)), ceil[..77]);
        // Outputs beyond the end are those of the clip with silence after it.
        let longer = with(OutputLength::Exact(ceil.len() + 300));
        let silence = [clip.as_slice(), &[0.0; 1000]].concat();
        let plan = Plan::new(orig_freq, new_freq, ResampleOptions::default()).unwrap();
        assert_eq!(longer, CpuResampler::new().resample(&plan, &silence).unwrap()[..ceil.len() + 300]);
        assert_eq!(longer[..ceil.len()], ceil);
    }
}

#[test]
fn output_lengths_hold_for_empty_clips_batches_and_tensors() {
    let options = ResampleOptions::default().output_length(OutputLength::Exact(5));
    let plan = Plan::new(3, 2, options).unwrap();
    let cpu = CpuResampler::new();
    assert_eq!(cpu.resample(&plan, &[0.0_f32; 0]).unwrap(), [0.0; 5]);
    let tensor = ndarray::Array2::<f32>::zeros((3, 0));
    assert_eq!(cpu.resample_tensor(&plan, &tensor).unwrap(), ndarray::Array2::<f32>::zeros((3, 5)));
    let mut batch = polyphase::Batch::new();
    batch.push(&plan, &[1.0_f32; 100]);
    batch.push(&plan, &[]);
    assert_eq!(cpu.resample_batch(&batch).unwrap().offsets(), [0, 5, 10]);
    let huge = Plan::new(3, 2, options.output_length(OutputLength::Exact(usize::MAX))).unwrap();
    assert!(matches!(cpu.resample(&huge, &[0.0_f32; 3]), Err(polyphase::Error::OutOfMemory { .. })));
}

/// Ranges, also of a single output, from the whole clip and from excerpts.
#[test]
fn ranges_and_excerpts_equal_the_slice_of_the_whole_with_every_option() {
    let cpu = CpuResampler::new();
    for (orig_freq, new_freq) in PAIRS.into_iter().chain([(5, 5), (99_991, 100_003)]) {
        for padding in Padding::ALL {
            for output_length in [OutputLength::Ceil, OutputLength::Floor, OutputLength::Exact(900)] {
                let options = ResampleOptions::default().padding(padding).output_length(output_length);
                let options = options.normalize_phases(padding == Padding::Edge).max_filter_bytes(4_000_000);
                let plan = Plan::new(orig_freq, new_freq, options).unwrap();
                assert_eq!(plan.filter_form() == FilterForm::Exact, orig_freq != 99_991);
                for len in [1, 5, 600] {
                    let clip = noise_f32(len as u64, len);
                    let whole = cpu.resample(&plan, &clip).unwrap();
                    for start in [0, 1, 17, whole.len() / 2, whole.len().saturating_sub(20), whole.len()] {
                        for end in [start, start + 1, start + 30, whole.len()] {
                            let range = start.min(whole.len())..end.min(whole.len());
                            if range.start > range.end {
                                continue;
                            }
                            assert!(cpu.resample_range(&plan, &clip, range.clone()).unwrap() == whole[range.clone()]);
                            let excerpt = &clip[plan.input_range_for(len, range.clone()).unwrap()];
                            assert!(
                                cpu.resample_excerpt(&plan, excerpt, len, range.clone()).unwrap()
                                    == whole[range.clone()],
                                "{orig_freq}→{new_freq}, {options:?}, {range:?} of {len}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn excerpts_of_another_length_are_refused() {
    let plan = Plan::new(2, 1, ResampleOptions::default()).unwrap();
    let refused = CpuResampler::new().resample_excerpt(&plan, &[0.0_f32; 7], 100, 20..30);
    assert_eq!(refused, Err(polyphase::Error::InputLen { expected: 43, actual: 7 }));
    let refused = plan.input_range_for(100, 20..51);
    assert_eq!(refused, Err(polyphase::Error::OutputRange { start: 20, end: 51, len: 50 }));
}

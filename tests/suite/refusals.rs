//! Invalid input gives an error that names the field, the value and the range. Empty input gives an empty result.

use ndarray::{Array0, Array1, Array2, Axis};
use polyphase::{Batch, BatchBuf, Clamped, CpuResampler, Error, Plan, ResampleOptions, Stream, Window};

fn plan_error(orig_freq: u32, new_freq: u32, options: ResampleOptions) -> Error {
    Plan::new(orig_freq, new_freq, options).expect_err("must be refused")
}

fn a_plan() -> Plan {
    Plan::new(48_000, 44_100, ResampleOptions::default()).unwrap()
}

#[test]
fn rates_of_zero() {
    assert_eq!(plan_error(0, 8_000, ResampleOptions::default()), Error::ZeroRate { field: "orig_freq" });
    assert_eq!(plan_error(8_000, 0, ResampleOptions::default()), Error::ZeroRate { field: "new_freq" });
    assert_eq!(polyphase::resample(&[0.0_f32], 0, 0), Err(Error::ZeroRate { field: "orig_freq" }));
}

#[test]
fn options_outside_their_range() {
    let options = ResampleOptions::default();
    let refused = |options: ResampleOptions, name: &str, value: f64, says: &str| {
        let error = plan_error(3, 2, options);
        let Error::Option { field, value: named, .. } = &error else { panic!("{error}") };
        assert_eq!((*field, named.to_bits()), (name, value.to_bits()));
        assert_eq!(error.to_string(), format!("{name} is {value}: it must be {says}"));
        // The one-line calls make the same check.
        assert!(polyphase::resample_with(&[0.0_f32], 3, 2, options).is_err());
    };
    for width in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 4096.5] {
        refused(options.lowpass_filter_width(width), "lowpass_filter_width", width, "above 0 and at most 4096");
    }
    for rolloff in [0.0, -0.5, 1.0000001, f64::NAN, f64::INFINITY] {
        refused(options.rolloff(rolloff), "rolloff", rolloff, "above 0 and at most 1");
    }
    for beta in [-0.001, f64::NAN, f64::INFINITY] {
        refused(options.window(Window::Kaiser { beta }), "beta", beta, "finite and at least 0");
    }
    // Options within their range, but with more taps than 128 bits can count.
    let endless = plan_error(2, 1, options.rolloff(f64::MIN_POSITIVE));
    assert!(matches!(endless, Error::FilterTooLarge { bytes: u128::MAX, .. }), "{endless}");
    assert!(Plan::new(3, 2, options.lowpass_filter_width(10.0).max_lowpass_filter_width(9)).is_err());
    // The limits themselves are allowed.
    let widest = options.lowpass_filter_width(4096.0).rolloff(1.0).window(Window::Kaiser { beta: 0.0 });
    // A third of 24,575 taps, those at multiples of m = 3 but the one at 0, are zeros.
    assert_eq!(Plan::new(3, 2, widest).unwrap().taps(), 16_385_usize.div_ceil(2));
}

#[test]
fn ratios_beyond_the_limit() {
    let error = plan_error(1025, 1, ResampleOptions::default());
    assert_eq!(error, Error::RatioTooLarge { orig_freq: 1025, new_freq: 1, limit: 1024 });
    assert!(matches!(plan_error(1, 1025, ResampleOptions::default()), Error::RatioTooLarge { .. }));
    assert!(matches!(plan_error(1, u32::MAX, ResampleOptions::default()), Error::RatioTooLarge { .. }));
    assert!(Plan::new(1024, 1, ResampleOptions::default()).is_ok());
    assert!(Plan::new(1, 1024, ResampleOptions::default()).is_ok());
    assert!(Plan::new(1, 2000, ResampleOptions::default().max_ratio(2000)).is_ok());
}

#[test]
fn filters_beyond_the_byte_limit_report_their_size() {
    // For these two primes the exact bank has 481,036,335,248 bytes, so that the error gives the interpolated one.
    let options = ResampleOptions::default().max_filter_bytes(1000);
    let error = plan_error(4_294_967_291, 4_294_967_279, options);
    let Error::FilterTooLarge { bytes, phases, taps, limit } = error else { panic!("{error}") };
    assert_eq!((phases, taps, limit), (4_294_967_279, 13, 1000));
    assert_eq!(bytes, (275 + 3) * (16 + 2 + 2) * 4);
    assert!(error.to_string().contains("22240 bytes"), "{error}");

    for rolloff in [1e-6, 1e-300, f64::MIN_POSITIVE] {
        let error = plan_error(3, 2, ResampleOptions::default().rolloff(rolloff).lowpass_filter_width(4096.0));
        assert!(matches!(error, Error::FilterTooLarge { .. }), "{error}");
    }
    // Any number of taps is refused, also numbers beyond the integers that floats can distinguish.
    for exponent in 3..308 {
        let options = ResampleOptions::default().rolloff(10_f64.powi(-exponent)).max_filter_bytes(1 << 20);
        // At a rolloff of 1e-3 or 1e-4, an interpolated bank of few rows of many taps fits.
        match Plan::new(1, 100, options) {
            Ok(plan) => assert!(exponent < 5 && plan.filter_bytes() <= 1 << 20, "rolloff 1e-{exponent}"),
            Err(error) => assert!(matches!(error, Error::FilterTooLarge { .. }), "rolloff 1e-{exponent}: {error}"),
        }
    }
    let farthest = polyphase::Ratio::new(u64::MAX, 1).unwrap();
    let refused = Plan::with_ratio(farthest, ResampleOptions::default().max_ratio(u64::MAX));
    assert!(matches!(refused, Err(Error::FilterTooLarge { .. })));

    // The size is exact to the byte: a row and a position for each phase, 8 bytes per number.
    let options = ResampleOptions::default().lowpass_filter_width(20.0);
    let plan = Plan::new(16_001, 16_000, options).unwrap();
    let bytes = 16_000 * (plan.taps() as u64 + 1) * 8;
    for (limit, is_exact) in [(bytes, true), (bytes - 1, false)] {
        let plan = Plan::new(16_001, 16_000, options.max_filter_bytes(limit)).unwrap();
        assert_eq!(plan.filter_form() == polyphase::FilterForm::Exact, is_exact, "{limit} bytes");
    }

    // Accepted plans keep to the limit, also with few taps and many phases, or few phases and many taps.
    for (orig, new, width) in
        [(48_000, 44_100, 6.0), (8191, 8190, 0.1), (1000, 1, 64.0), (1, 1000, 0.01), (2, 1, 4096.0)]
    {
        let options = ResampleOptions::default().lowpass_filter_width(width);
        let least = (0..40)
            .map(|power| options.max_filter_bytes(1 << power))
            .find_map(|options| Plan::new(orig, new, options).ok());
        let least = least.unwrap();
        let limit = least.options().limits.max_filter_bytes;
        assert!(least.filter_bytes() as u64 <= limit, "{orig}→{new}: {} of {limit}", least.filter_bytes());
        if least.filter_form() == polyphase::FilterForm::Exact {
            assert!(least.ratio().phases() * (least.taps() as u64 + 1) * 8 <= limit);
        }
    }
}

#[test]
fn output_buffers_of_the_wrong_length() {
    let (cpu, plan) = (CpuResampler::new(), a_plan());
    let clip = [0.0_f32; 480];
    for actual in [0, 440, 442] {
        let refused = Err(Error::OutputLen { expected: 441, actual });
        assert_eq!(cpu.resample_into(&plan, &clip, &mut vec![0.0; actual]), refused);
        let mut batch = Batch::new();
        batch.push(&plan, &clip);
        assert_eq!(cpu.resample_batch_into(&batch, &mut vec![0.0; actual]), refused);
    }
    assert_eq!(cpu.resample_into(&plan, &clip, &mut [0.0; 441]), Ok(Clamped { count: 0 }));
}

#[test]
fn excerpts_of_clips_beyond_the_last_position() {
    let plan = Plan::new(1, 2, ResampleOptions::default()).unwrap();
    let cpu = CpuResampler::new();
    // The output is twice as long as the clip. Its last two samples are beyond the largest position.
    let len = (1 << 61) + 1;
    let excerpt = |range: std::ops::Range<usize>| {
        let samples = vec![1.0_f32; plan.input_range_for(len, range.clone()).unwrap().len()];
        cpu.resample_excerpt(&plan, &samples, len, range)
    };
    assert_eq!(excerpt((1 << 62) - 10..1 << 62).unwrap().len(), 10);
    let samples = (1 << 62) + 1;
    assert_eq!(excerpt((1 << 62) - 10..samples as usize), Err(Error::ClipTooLong { samples, limit: 1 << 62 }));
    let refused = cpu.resample_excerpt::<f32>(&plan, &[], samples as usize, 0..0);
    assert_eq!(refused, Err(Error::ClipTooLong { samples, limit: 1 << 62 }));
}

#[test]
fn output_ranges_outside_the_output() {
    let (cpu, plan) = (CpuResampler::new(), a_plan());
    let clip = [0.0_f32; 480];
    let reversed = std::ops::Range { start: 5, end: 4 };
    for range in [0..442, 441..442, reversed, usize::MAX..usize::MAX] {
        let refused = Error::OutputRange { start: range.start, end: range.end, len: 441 };
        assert_eq!(cpu.resample_range(&plan, &clip, range), Err(refused));
    }
    assert_eq!(cpu.resample_range(&plan, &clip, 441..441), Ok(vec![]));
    assert!(cpu.resample_range_into(&plan, &clip, 440, &mut [0.0; 2]).is_err());
    assert!(cpu.resample_range_into(&plan, &clip, usize::MAX, &mut [0.0; 2]).is_err());
}

#[test]
fn batch_offsets_out_of_order() {
    let samples = [0.0_f32; 10];
    let offsets = |offsets: &[usize]| {
        Batch::from_offsets(&a_plan(), &samples, offsets).map(|batch| {
            assert_eq!(batch.is_empty(), batch.iter().next().is_none());
            batch.len()
        })
    };
    assert_eq!(offsets(&[0, 4, 4, 10]), Ok(3));
    assert_eq!(offsets(&[2, 5]), Ok(1));
    assert_eq!(offsets(&[0]), Ok(0));
    assert_eq!(offsets(&[]), Err(Error::BatchOffsetsEmpty));
    assert_eq!(offsets(&[0, 5, 4]), Err(Error::BatchOffset { index: 2, value: 4, min: 5, max: 10 }));
    assert_eq!(offsets(&[0, 11]), Err(Error::BatchOffset { index: 1, value: 11, min: 0, max: 10 }));
    assert_eq!(offsets(&[11, 11]), Err(Error::BatchOffset { index: 0, value: 11, min: 0, max: 10 }));
}

#[test]
fn tensors_without_the_axis_or_with_another_shape() {
    let (cpu, plan) = (CpuResampler::new(), a_plan());
    let scalar = Array0::from_elem((), 1.0_f32);
    assert_eq!(cpu.resample_tensor(&plan, &scalar), Err(Error::Axis { axis: 0, ndim: 0 }));
    let tensor = Array2::<f32>::zeros((2, 480));
    assert_eq!(cpu.resample_axis(&plan, &tensor, Axis(2)), Err(Error::Axis { axis: 2, ndim: 2 }));
    let mut output = Array2::zeros((2, 440));
    assert_eq!(
        cpu.resample_axis_into(&plan, &tensor, Axis(1), output.view_mut()),
        Err(Error::OutputShape { expected: vec![2, 441], actual: vec![2, 440] })
    );
}

#[test]
fn results_too_large_for_memory() {
    let plan = Plan::new(1, 1024, ResampleOptions::default()).unwrap();
    // A view of one sample, repeated along the axis, which takes no memory, unlike its result.
    let sample = Array1::<f64>::zeros(1);
    let long = sample.broadcast(1_usize << 60).unwrap();
    let error = CpuResampler::new().resample_tensor(&plan, &long).unwrap_err();
    assert!(matches!(error, Error::OutOfMemory { bytes_per_sample: 8, .. }), "{error}");
}

#[test]
fn streams_of_no_channels_or_half_a_frame() {
    assert_eq!(Stream::<f32>::new(&a_plan(), 0).map(|_| ()), Err(Error::NoChannels));
    let mut stream = Stream::new(&a_plan(), 2).unwrap();
    assert_eq!(stream.push(&[0.0_f32; 3], &mut Vec::new()), Err(Error::Interleaving { len: 3, channels: 2 }));
}

#[test]
fn empty_inputs_give_empty_outputs() {
    let (cpu, plan) = (CpuResampler::new(), a_plan());
    assert_eq!(cpu.resample::<f32>(&plan, &[]), Ok(vec![]));
    assert_eq!(cpu.resample::<f64>(&plan, &[]), Ok(vec![]));
    assert!(cpu.resample_batch::<f32>(&Batch::new()).unwrap().is_empty());
    assert_eq!(BatchBuf::<f32>::default(), cpu.resample_batch(&Batch::new()).unwrap());
    for shape in [(0, 480), (2, 0), (0, 0)] {
        let output = cpu.resample_tensor(&plan, &Array2::<f32>::zeros(shape)).unwrap();
        assert_eq!(output.shape(), [shape.0, plan.output_len(shape.1)]);
    }
    let mut output = Vec::<f32>::new();
    Stream::new(&plan, 2).unwrap().finish(&mut output).unwrap();
    assert!(output.is_empty());
}

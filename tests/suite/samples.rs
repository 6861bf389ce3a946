//! Sample types other than f32 and f64, and rates that are not integers.

use polyphase::half::f16;
use polyphase::num_complex::Complex;
use polyphase::{Batch, Clamped, CpuResampler, Error, Padding, Plan, Ratio, ResampleOptions, Sample, Stream};

use crate::signals::{noise, noise_f32, to_f32};

fn plans() -> impl Iterator<Item = Plan> {
    [(48_000, 44_100), (1, 2), (441, 160), (3, 3), (99_991, 100_003)].into_iter().flat_map(|(orig_freq, new_freq)| {
        Padding::ALL.map(|padding| {
            let options = ResampleOptions::default().padding(padding).max_filter_bytes(4_000_000);
            Plan::new(orig_freq, new_freq, options).unwrap()
        })
    })
}

/// Length beyond one block of 16,384 converted samples.
const LEN: usize = 20_001;

fn check<T: Sample + PartialEq, F: Sample>(clip: &[T], there: impl Fn(T) -> F, back: impl Fn(F) -> T) {
    let cpu = CpuResampler::new();
    for plan in plans() {
        let floats: Vec<_> = clip.iter().copied().map(&there).collect();
        let expected: Vec<_> = cpu.resample(&plan, &floats).unwrap().into_iter().map(&back).collect();
        assert!(cpu.resample(&plan, clip).unwrap() == expected, "{:?}", plan.ratio());
        let mut batch = Batch::new();
        batch.push(&plan, clip);
        batch.push(&plan, &clip[..100]);
        assert!(cpu.with_threads(3).resample_batch(&batch).unwrap().clip(0) == Some(&expected));
        assert!(cpu.resample_range(&plan, clip, 7000..7100).unwrap() == expected[7000..7100]);
        let mut stream = Stream::new(&plan, 1).unwrap();
        let mut output = Vec::new();
        for chunk in clip.chunks(777) {
            stream.push(chunk, &mut output).unwrap();
        }
        stream.finish(&mut output).unwrap();
        assert!(output == expected, "{:?} in chunks", plan.ratio());
    }
}

#[test]
fn integers_and_halves_are_their_floats_rounded_once() {
    let clip = noise(1, LEN);
    let scaled = |scale: f64| clip.iter().map(move |x| (x * scale).round());
    let clamped = |value: f64, scale: f64| value.round_ties_even().clamp(-scale, scale - 1.0);
    check(
        &scaled(32_767.0).map(|x| x as i16).collect::<Vec<_>>(),
        |x| f32::from(x) / 32_768.0,
        |y| clamped(f64::from(y * 32_768.0), 32_768.0) as i16,
    );
    check(
        &scaled(2_147_483_647.0).map(|x| x as i32).collect::<Vec<_>>(),
        |x| f64::from(x) / 2_147_483_648.0,
        |y| clamped(y * 2_147_483_648.0, 2_147_483_648.0) as i32,
    );
    check(&clip.iter().map(|&x| f16::from_f64(x)).collect::<Vec<_>>(), f16::to_f32, f16::from_f32);
}

#[test]
fn complex_samples_are_their_parts() {
    let (re, im) = (noise_f32(2, LEN), noise_f32(3, LEN));
    let clip: Vec<_> = re.iter().zip(&im).map(|(&re, &im)| Complex { re, im }).collect();
    let doubles: Vec<_> = clip.iter().map(|x| Complex { re: f64::from(x.re), im: f64::from(x.im) }).collect();
    let cpu = CpuResampler::new();
    for plan in plans() {
        let (re, im) = (cpu.resample(&plan, &re).unwrap(), cpu.resample(&plan, &im).unwrap());
        let output = cpu.resample(&plan, &clip).unwrap();
        assert!(output.iter().map(|y| y.re).eq(re) && output.iter().map(|y| y.im).eq(im));
        let output = cpu.resample_range(&plan, &doubles, 5..9).unwrap();
        let part = |part: fn(&Complex<f64>) -> f64| doubles.iter().map(part).collect::<Vec<_>>();
        let expected = cpu.resample_range(&plan, &part(|x| x.im), 5..9).unwrap();
        assert!(output.iter().map(|y| y.im).eq(expected));
        let mut stream = Stream::new(&plan, 2).unwrap();
        let mut outputs = [Vec::new(), Vec::new()];
        for chunk in clip.chunks(1000) {
            stream.push_planar(&[chunk, chunk], &mut outputs).unwrap();
        }
        stream.finish_planar(&mut outputs).unwrap();
        let whole = cpu.resample(&plan, &clip).unwrap();
        assert!(outputs.iter().all(|output| *output == whole));
        let tensor = ndarray::Array2::from_shape_fn((LEN, 2), |(i, _)| clip[i]);
        let output = cpu.resample_axis(&plan, &tensor, ndarray::Axis(0)).unwrap();
        assert!(output.column(1).iter().eq(&whole));
    }
}

#[test]
fn all_calls_count_the_same_clamped_samples() {
    // A square wave at full scale, which overshoots at each step.
    let clip: Vec<i16> = (0..LEN).map(|i| if i / 20 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
    let floats: Vec<_> = clip.iter().map(|&x| f32::from(x) / 32_768.0).collect();
    let cpu = CpuResampler::new();
    let plan = Plan::new(48_000, 44_100, ResampleOptions::default()).unwrap();
    let expected = cpu.resample(&plan, &floats).unwrap();
    let beyond =
        |y: &&f32| (**y * 32_768.0).round_ties_even() >= 32_768.0 || (**y * 32_768.0).round_ties_even() < -32_768.0;
    let expected = expected.iter().filter(beyond).count();
    assert!(expected > 1000);
    let mut output = vec![0; plan.output_len(LEN)];
    assert_eq!(cpu.resample_into(&plan, &clip, &mut output), Ok(Clamped { count: expected }));
    let mut batch = Batch::new();
    batch.push(&plan, &clip);
    batch.push(&plan, &clip);
    let mut both = vec![0; 2 * output.len()];
    assert_eq!(cpu.with_threads(3).resample_batch_into(&batch, &mut both), Ok(Clamped { count: 2 * expected }));
    let mut stream = Stream::new(&plan, 1).unwrap();
    let mut output = Vec::new();
    stream.push(&clip, &mut output).unwrap();
    let before = stream.clamped().count;
    assert!(before > 0 && before <= expected);
    stream.finish(&mut output).unwrap();
    assert_eq!(stream.clamped().count, expected);
    stream.push(&[0, 0], &mut output).unwrap();
    assert_eq!(stream.clamped().count, 0);
    let mut float = to_f32(&noise(1, 100));
    assert_eq!(cpu.resample_range_into(&plan, &noise_f32(1, 200), 0, &mut float), Ok(Clamped { count: 0 }));
}

#[test]
fn rates_that_are_not_integers_have_their_exact_ratio() {
    // 44.1 kHz to 11025.5 Hz, from integers and from a float.
    let ratio = Ratio::new(441_000, 110_255).unwrap();
    let fit = Ratio::from_f64(11_025.5 / 44_100.0, 1e-12).unwrap();
    assert_eq!(fit.ratio, ratio);
    assert!(fit.ppm().abs() < 1e-9 && fit.samples_per_hour(11_025.5).abs() < 1e-6);
    let plan = Plan::with_ratio(ratio, ResampleOptions::default()).unwrap();
    assert_eq!(plan.output_len(44_100 * 2), 22_051);
    // NTSC's 48 kHz · 1000/1001.
    let fit = Ratio::from_f64(1000.0 / 1001.0, 1e-9).unwrap();
    assert_eq!((fit.ratio.phases(), fit.ratio.stride()), (1000, 1001));
    let rough = Ratio::from_f64(1000.0 / 1001.0, 1e-4).unwrap();
    let residual = rough.ratio.phases() as f64 * 1001.0 / (rough.ratio.stride() as f64 * 1000.0) - 1.0;
    assert!((rough.residual - residual).abs() < 1e-15 && (rough.ppm() - residual * 1e6).abs() < 1e-9);
    assert!((rough.samples_per_hour(48_000.0) - rough.residual * 48_000.0 * 3600.0).abs() < 1e-9);
    assert!(rough.ratio.stride() < 1001 && rough.ppm().abs() <= 100.0 && rough.ppm() != 0.0);
}

#[test]
fn invalid_rates_are_refused() {
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(Ratio::from_f64(rate, 1e-9), Err(Error::Option { field: "rate", .. })), "{rate}");
    }
    for tolerance in [-1e-9, 1.0, f64::NAN] {
        let refused = Ratio::from_f64(1.5, tolerance);
        assert!(matches!(refused, Err(Error::Option { field: "tolerance", .. })), "{tolerance}");
    }
    // In the last case the lower bound of the ratio is 0.
    for (rate, tolerance) in [(1e-300, 1e-9), (1e300, 1e-9), (5e-324, 1e-9), (1e-25, 1e-9), (5e-324, 0.5)] {
        assert!(matches!(Ratio::from_f64(rate, tolerance), Err(Error::RatioTerms { .. })), "{rate}");
    }
}

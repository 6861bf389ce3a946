//! Streams in an audio callback: slices in, slices out, and no allocation on a thread that did not make the stream.

use half::f16;
use num_complex::Complex;
use polyphase::{
    CpuResampler, Error, FilterForm, OutputLength, Padding, Plan, Preset, Ratio, ResampleOptions, Sample, Stream, half,
    num_complex,
};

use crate::signals::{noise, noise_f32};

/// Runs a signal through a warmed-up stream on another thread, and returns the allocations there and the output.
fn run_elsewhere<T: Sample>(mut stream: Stream<T>, channels: usize, chunk: usize, signal: Vec<T>) -> (u64, Vec<T>) {
    let room = channels * stream.max_output_frames(chunk.max(stream.look_ahead()));
    let (mut output, mut slice) = (vec![T::default(); signal.len() * 8 + 2 * room], vec![T::default(); room]);
    let run = move || {
        let mut len = 0;
        let used = allocation_counter::measure(|| {
            for chunk in signal.chunks(channels * chunk) {
                let written = channels * stream.process_into(chunk, &mut slice).unwrap();
                output[len..][..written].copy_from_slice(&slice[..written]);
                len += written;
            }
            let written = channels * stream.finish_into(&mut slice).unwrap();
            output[len..][..written].copy_from_slice(&slice[..written]);
            len += written;
        });
        output.truncate(len);
        (used.count_total, output)
    };
    std::thread::spawn(run).join().unwrap()
}

fn check<T: Sample + PartialEq>(plan: &Plan, sample: impl Fn(f64) -> T) {
    let frames = 3000;
    let planar: Vec<Vec<T>> = (0..2).map(|c| noise(c, frames).into_iter().map(&sample).collect()).collect();
    let signal: Vec<_> = (0..frames).flat_map(|i| [planar[0][i], planar[1][i]]).collect();
    for clone in [false, true] {
        let mut stream = Stream::new(plan, 2).unwrap();
        if clone {
            stream = stream.clone();
        }
        stream.warm_up();
        let (allocations, output) = run_elsewhere(stream, 2, 160, signal.clone());
        assert_eq!(allocations, 0, "{:?}, {}", plan.ratio(), std::any::type_name::<T>());
        for (c, channel) in planar.iter().enumerate() {
            let whole = CpuResampler::new().resample(plan, channel).unwrap();
            assert!(output.iter().skip(c).step_by(2).eq(&whole), "{:?}, {}", plan.ratio(), std::any::type_name::<T>());
        }
    }
}

/// Banks of one group of taps, banks of several groups and several megabytes, and interpolated banks; also with NaN in
/// the signal.
#[test]
fn no_call_allocates_on_another_thread() {
    let small = ResampleOptions::default();
    let plans = || {
        [
            (48_000, 44_100, small),
            (16_000, 16_000, small),
            (16_001, 16_000, small.padding(Padding::Reflect)),
            (44_101, 44_100, Preset::KaiserFast.options()),
            (99_991, 100_003, small.max_filter_bytes(4_000_000)),
            (44_101, 44_100, Preset::KaiserBest.options().max_filter_bytes(1_000_000)),
        ]
        .map(|(orig, new, options)| Plan::new(orig, new, options).unwrap())
    };
    let forms = plans().map(|plan| (plan.filter_form() == FilterForm::Exact, plan.filter_bytes() > 1 << 20));
    let (exact, interpolated) = ((true, false), (false, false));
    assert_eq!(forms, [exact, exact, (true, true), (true, true), interpolated, interpolated]);
    // New plans for each type, since a bank that one type has designed is not designed again for the next.
    plans().iter().for_each(|plan| check(plan, |x| x as f32));
    plans().iter().for_each(|plan| check(plan, |x| x));
    plans().iter().for_each(|plan| check(plan, |x| (x * 40_000.0) as i16));
    plans().iter().for_each(|plan| check(plan, |x| (x * 2e9) as i32));
    plans().iter().for_each(|plan| check(plan, f16::from_f64));
    plans().iter().for_each(|plan| check(plan, |x| Complex { re: x, im: 1.0 - x }));
    for plan in plans() {
        let mut signal = noise_f32(1, 3000);
        signal[1500] = f32::NAN;
        let double = signal.iter().map(|&x| f64::from(x)).collect();
        let (mut stream, mut reference) = (Stream::new(&plan, 1).unwrap(), Stream::new(&plan, 1).unwrap());
        stream.warm_up();
        reference.warm_up();
        assert_eq!(run_elsewhere(stream, 1, 100, signal).0, 0, "{:?}", plan.ratio());
        assert_eq!(run_elsewhere(reference, 1, 100, double).0, 0, "{:?}, float64", plan.ratio());
    }
}

/// Negative control of the test above: without `warm_up`, a large bank is designed in the callback.
#[test]
fn banks_designed_in_the_callback_are_detected() {
    let plan = Plan::new(16_001, 16_000, ResampleOptions::default()).unwrap();
    let (allocations, _) = run_elsewhere(Stream::new(&plan, 1).unwrap(), 1, 100, noise_f32(1, 3000));
    assert!(allocations > 0);
}

/// A length that is rounded down counts an output only when a whole stride of samples has followed it. A warmed-up
/// stream has room for them, also where windows are far shorter than the stride.
#[test]
fn samples_that_wait_for_an_output_have_room() {
    let options = ResampleOptions::default().lowpass_filter_width(0.01).max_ratio(100_000);
    let ratio = Ratio::new(100_000, 1).unwrap();
    for output_length in [OutputLength::Ceil, OutputLength::Floor] {
        let plan = Plan::with_ratio(ratio, options.output_length(output_length)).unwrap();
        let signal = noise_f32(3, 450_000);
        let whole = CpuResampler::new().resample(&plan, &signal).unwrap();
        let mut stream = Stream::new(&plan, 1).unwrap();
        stream.warm_up();
        assert_eq!(run_elsewhere(stream, 1, 1000, signal.clone()), (0, whole.clone()), "{output_length:?}");

        let (mut stream, mut output) = (Stream::new(&plan, 1).unwrap(), Vec::new());
        stream.push(&signal[..90_000], &mut output).unwrap();
        stream.warm_up();
        stream.push(&signal[90_000..], &mut output).unwrap();
        stream.finish(&mut output).unwrap();
        assert_eq!(output, whole, "{output_length:?}");
    }
}

/// A refused call takes no samples: the same call with enough room gives the same output as without the refusal.
#[test]
fn slices_that_are_too_short_are_refused_and_nothing_is_lost() {
    for output_length in [OutputLength::Ceil, OutputLength::Exact(5000)] {
        let plan = Plan::new(3, 7, ResampleOptions::default().output_length(output_length)).unwrap();
        let channels = [noise_f32(1, 2000), noise_f32(2, 2000)];
        let signal: Vec<_> = (0..2000).flat_map(|i| channels.each_ref().map(|channel| channel[i])).collect();
        let (mut stream, mut planar) = (Stream::new(&plan, 2).unwrap(), Stream::new(&plan, 2).unwrap());
        let (mut output, mut outputs) = (Vec::new(), [Vec::new(), Vec::new()]);
        let mut room = vec![0.0; 20_000];
        let mut rooms = [vec![0.0; 10_000], vec![0.0; 10_000]];
        for chunk in 0..20 {
            let frames = &signal[200 * chunk..][..200];
            let chunks = channels.each_ref().map(|channel| &channel[100 * chunk..][..100]);
            let Err(Error::OutputTooShort { needed, actual: 3 }) = stream.process_into(frames, &mut room[..3]) else {
                panic!("three samples do not hold a hundred frames")
            };
            assert!(needed <= 2 * stream.max_output_frames(100));
            assert!(stream.process_into(frames, &mut room[..needed - 1]).is_err());
            let written = stream.process_into(frames, &mut room[..needed]).unwrap();
            assert_eq!(2 * written, needed);
            output.extend_from_slice(&room[..needed]);

            let [left, right] = &mut rooms;
            let short = planar.process_planar_into(&chunks, &mut [&mut left[..], &mut right[..written - 1]]);
            assert_eq!(short, Err(Error::OutputTooShort { needed: written, actual: written - 1 }));
            assert_eq!(planar.process_planar_into(&chunks, &mut [&mut left[..], &mut right[..written]]), Ok(written));
            outputs.iter_mut().zip(&rooms).for_each(|(output, room)| output.extend_from_slice(&room[..written]));
        }
        let Err(Error::OutputTooShort { needed, actual: 0 }) = stream.finish_into(&mut []) else { panic!("an end") };
        assert_eq!(stream.finish_into(&mut room), Ok(needed / 2));
        output.extend_from_slice(&room[..needed]);
        let [left, right] = &mut rooms;
        assert!(planar.finish_planar_into(&mut [&mut left[..], &mut []]).is_err());
        assert_eq!(planar.finish_planar_into(&mut [&mut left[..], &mut right[..]]), Ok(needed / 2));
        outputs.iter_mut().zip(&rooms).for_each(|(output, room)| output.extend_from_slice(&room[..needed / 2]));
        for (c, channel) in channels.iter().enumerate() {
            let whole = CpuResampler::new().resample(&plan, channel).unwrap();
            assert!(output.iter().skip(c).step_by(2).eq(&whole) && outputs[c] == whole, "{output_length:?}");
        }
    }
}

#[test]
fn wrong_numbers_of_slices_are_refused() {
    let plan = Plan::new(3, 2, ResampleOptions::default()).unwrap();
    let mut stream = Stream::<f32>::new(&plan, 2).unwrap();
    let refused = Err(Error::Channels { expected: 2, actual: 1 });
    assert_eq!(stream.process_into(&[0.0; 3], &mut []), Err(Error::Interleaving { len: 3, channels: 2 }));
    assert_eq!(stream.process_planar_into(&[&[0.0]], &mut [&mut [], &mut []]), refused);
    assert_eq!(stream.process_planar_into(&[&[0.0], &[0.0]], &mut [&mut []]), refused);
    let uneven = stream.process_planar_into(&[&[0.0], &[]], &mut [&mut [], &mut []]);
    assert_eq!(uneven, Err(Error::ChannelLen { channel: 1, expected: 1, actual: 0 }));
    assert_eq!(stream.finish_planar_into(&mut [&mut []]), refused);
}

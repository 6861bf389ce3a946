//! Streams: any chunking gives the whole output, in memory that is allocated in advance.

use polyphase::{CpuResampler, Error, OutputLength, Padding, Plan, Preset, ResampleOptions, Stream, Window};

use crate::signals::{noise, noise_f32};

/// Lengths of python-soxr's tests.
const LENGTHS: [usize; 10] = [0, 1, 2, 99, 100, 101, 31_999, 32_000, 32_001, 266_151];
/// Chunks of python-soxr's tests.
const CHUNKS: [usize; 4] = [1, 17, 509, 44_100];

fn streamed(plan: &Plan, clip: &[f32], chunks: impl IntoIterator<Item = usize>) -> Vec<f32> {
    let mut stream = Stream::new(plan, 1).unwrap();
    let (mut rest, mut output) = (clip, Vec::new());
    for chunk in chunks {
        let (now, later) = rest.split_at(chunk.min(rest.len()));
        stream.push(now, &mut output).unwrap();
        rest = later;
    }
    stream.push(rest, &mut output).unwrap();
    stream.finish(&mut output).unwrap();
    output
}

#[test]
fn lengths_and_chunks_of_python_soxr() {
    for (orig_freq, new_freq) in [(44_100, 32_000), (32_000, 44_100)] {
        for (preset, padding) in [(Preset::Default, Padding::Zero), (Preset::KaiserFast, Padding::Reflect)] {
            let plan = Plan::new(orig_freq, new_freq, preset.options().padding(padding)).unwrap();
            for len in LENGTHS {
                let clip = noise_f32(len as u64, len);
                let whole = CpuResampler::new().resample(&plan, &clip).unwrap();
                for chunk in CHUNKS {
                    let chunks = std::iter::repeat_n(chunk, len / chunk);
                    assert!(streamed(&plan, &clip, chunks) == whole, "{len} in chunks of {chunk}");
                }
            }
        }
    }
}

/// Random rates, options, lengths and chunks, with the seeds 0 to 1,999.
#[test]
fn random_streams_equal_the_whole() {
    let cpu = CpuResampler::new().with_threads(1);
    for seed in 0..2000 {
        let mut random = noise(seed, 4000).into_iter().map(|x| x / 2.0 + 0.5);
        let mut below = |bound: usize| (random.next().unwrap() * bound as f64) as usize;
        let rates = [1, 2, 3, 7, 8_000, 11_025, 44_100, 48_000, 997, 1009, 99_991, 100_003];
        let (orig_freq, new_freq, larger) = std::iter::repeat_with(|| (rates[below(12)], rates[below(12)]))
            .map(|(orig, new)| (orig as u32, new as u32, f64::from(orig.max(new)) / f64::from(orig.min(new))))
            .find(|&(.., larger)| larger <= 200.0)
            .unwrap();
        let width = [0.5, 1.0, 2.5, 6.0, 20.0][below(5)];
        let options = ResampleOptions::default()
            .lowpass_filter_width(width)
            .rolloff([1.0, 0.99, 0.5][below(3)])
            .window([Window::Hann, Window::KAISER, Window::Kaiser { beta: 0.0 }][below(3)])
            .padding(Padding::ALL[below(3)])
            .normalize_phases(below(2) == 0)
            .max_filter_bytes([64 << 20, 2 << 20][below(2)]);
        let output_length = [OutputLength::Ceil, OutputLength::Floor, OutputLength::Exact(below(500))][below(3)];
        let plan = Plan::new(orig_freq, new_freq, options.output_length(output_length)).unwrap();
        let len = below(((3000.0 / larger) as usize).max(10));
        let clip = noise_f32(seed, len);
        let whole = cpu.resample(&plan, &clip).unwrap();
        let chunks: Vec<_> = (0..100).map(|_| below(1 + len / 10)).collect();
        assert!(
            streamed(&plan, &clip, chunks) == whole,
            "seed {seed}: {orig_freq}→{new_freq}, {:?}, {len} samples",
            plan.options()
        );
        if !whole.is_empty() {
            let start = below(whole.len());
            let range = start..(start + below(100)).min(whole.len());
            let excerpt = &clip[plan.input_range_for(len, range.clone()).unwrap()];
            assert!(
                cpu.resample_excerpt(&plan, excerpt, len, range.clone()).unwrap() == whole[range],
                "seed {seed}: a range"
            );
        }
    }
}

/// A filter that reaches less than a sample to each side needs fewer past samples for its next output than padding
/// needs to mirror the end of the clip.
#[test]
fn long_streams_keep_the_samples_that_padding_mirrors() {
    let cpu = CpuResampler::new().with_threads(1);
    for (orig_freq, new_freq) in [(8, 1), (100, 7), (3, 2), (16_000, 15_999), (1, 1)] {
        for width in [0.1, 0.3, 0.5, 0.9, 2.0] {
            for padding in [Padding::Edge, Padding::Reflect] {
                let options = ResampleOptions::default().lowpass_filter_width(width).rolloff(1.0).padding(padding);
                let plan = Plan::new(orig_freq, new_freq, options).unwrap();
                // Lengths around the one at which the stream first drops samples that it no longer needs.
                for len in 32_765..32_795 {
                    let clip = noise_f32(1, len);
                    let whole = cpu.resample(&plan, &clip).unwrap();
                    let chunks = std::iter::once(32_750).chain(std::iter::repeat_n(3, 20));
                    assert!(streamed(&plan, &clip, chunks) == whole, "{orig_freq}→{new_freq}, width {width}, {len}");
                }
            }
        }
    }
}

/// The stream keeps the samples of outputs that are still to come, and none after the last output.
#[test]
fn long_signals_give_any_exact_length() {
    let cpu = CpuResampler::new().with_threads(1);
    let clip = noise_f32(1, 100_000);
    for padding in Padding::ALL {
        for frames in [10, 50_000, 66_000, 67_000, 70_000] {
            let options = ResampleOptions::default().padding(padding).output_length(OutputLength::Exact(frames));
            let plan = Plan::new(3, 2, options).unwrap();
            let whole = cpu.resample(&plan, &clip).unwrap();
            assert!(streamed(&plan, &clip, std::iter::repeat_n(999, 100)) == whole, "{frames}, {padding}");
        }
    }
}

#[test]
fn planar_and_interleaved_are_equal() {
    let plan = Plan::new(44_100, 48_000, ResampleOptions::default().padding(Padding::Edge)).unwrap();
    let channels = [noise_f32(1, 3000), noise_f32(2, 3000), noise_f32(3, 3000)];
    let interleaved: Vec<_> = (0..3000).flat_map(|i| channels.each_ref().map(|channel| channel[i])).collect();
    let mut stream = Stream::new(&plan, 3).unwrap();
    let mut output = Vec::new();
    stream.push(&interleaved[..3 * 1234], &mut output).unwrap();
    stream.push(&interleaved[3 * 1234..], &mut output).unwrap();
    stream.finish(&mut output).unwrap();
    // The same stream, which starts over after `finish`.
    let mut outputs = vec![Vec::new(); 3];
    for part in [0..7, 7..7, 7..2000, 2000..3000] {
        let chunks = channels.each_ref().map(|channel| &channel[part.clone()]);
        stream.push_planar(&chunks, &mut outputs).unwrap();
    }
    stream.finish_planar(&mut outputs).unwrap();
    for (channel, planar) in outputs.iter().enumerate() {
        assert!(output.iter().skip(channel).step_by(3).eq(planar));
        assert!(*planar == CpuResampler::new().resample(&plan, &channels[channel]).unwrap());
    }
}

/// A stream allocates memory for its filter and two blocks when it is made, and none afterwards, however long the
/// signal.
#[test]
fn streams_allocate_nothing_after_construction() {
    for (orig_freq, new_freq, preset) in [
        (48_000, 16_000, Preset::Default),
        (44_100, 48_000, Preset::KaiserBest),
        (1, 100, Preset::Default),
        (100, 1, Preset::KaiserFast),
        (99_991, 100_003, Preset::Default),
    ] {
        for (padding, output_length) in [
            (Padding::Zero, OutputLength::Ceil),
            (Padding::Reflect, OutputLength::Ceil),
            // All outputs come early: the rest of the signal must not be kept.
            (Padding::Edge, OutputLength::Exact(100)),
        ] {
            let options = preset.options().padding(padding).output_length(output_length).max_filter_bytes(4_000_000);
            let plan = Plan::new(orig_freq, new_freq, options).unwrap();
            let built = allocation_counter::measure(|| drop(Stream::<f32>::new(&plan, 2).unwrap()));
            assert!(built.bytes_max < 800_000 + 48 * plan.look_ahead() as u64 * 2, "{} bytes", built.bytes_max);
            let mut stream = Stream::<f32>::new(&plan, 2).unwrap();
            for (len, chunk) in [(300_000, 1000), (3_000, 1), (70_000, 70_000)] {
                let signal = noise_f32(1, 2 * chunk);
                let frames = stream.max_output_frames(chunk.max(stream.look_ahead())).max(100);
                let mut output = Vec::with_capacity(2 * frames);
                let rounds = len.min(30_000_000 * u64::from(orig_freq) as usize / u64::from(new_freq) as usize) / chunk;
                let used = allocation_counter::measure(|| {
                    for _ in 0..rounds {
                        output.clear();
                        stream.push(&signal, &mut output).unwrap();
                    }
                    output.clear();
                    stream.finish(&mut output).unwrap();
                });
                assert_eq!(
                    used.count_total, 0,
                    "{orig_freq}→{new_freq}, chunks of {chunk}: {} bytes",
                    used.bytes_total
                );
            }
        }
    }
}

#[test]
fn invalid_chunks_are_refused_with_the_reason() {
    let plan = Plan::new(3, 2, ResampleOptions::default()).unwrap();
    let mut stream = Stream::<f32>::new(&plan, 2).unwrap();
    let mut outputs = vec![Vec::new(); 2];
    assert_eq!(stream.push(&[0.0; 3], &mut Vec::new()), Err(Error::Interleaving { len: 3, channels: 2 }));
    let refused = stream.push_planar(&[&[0.0; 3]], &mut outputs);
    assert_eq!(refused, Err(Error::Channels { expected: 2, actual: 1 }));
    let refused = stream.push_planar(&[&[0.0; 3], &[0.0; 2]], &mut outputs);
    assert_eq!(refused, Err(Error::ChannelLen { channel: 1, expected: 3, actual: 2 }));
    assert_eq!(stream.finish_planar(&mut outputs[..1]), Err(Error::Channels { expected: 2, actual: 1 }));
    assert_eq!(Stream::<f32>::new(&plan, 0).unwrap_err(), Error::NoChannels);
}

//! Fuzz target: streams in chunks of any lengths against whole outputs.

use arbitrary::{Result, Unstructured};
use polyphase::{Clamped, CpuResampler, Sample, Stream};

use super::case::Case;
use crate::signals::noise;

/// Compares the output of a stream in chunks of any lengths with the whole output, bit for bit.
pub fn streams(bytes: &[u8]) {
    let _ = try_streams(&mut Unstructured::new(bytes));
}

fn try_streams(bytes: &mut Unstructured<'_>) -> Result<()> {
    let case = Case::new(bytes)?;
    match bytes.int_in_range(0..=3)? {
        0 => stream(bytes, &case, |x| x),
        1 => stream(bytes, &case, |x| (x * 40_000.0) as i16),
        2 => stream(bytes, &case, |x| polyphase::num_complex::Complex { re: x as f32, im: -x as f32 }),
        _ => stream(bytes, &case, |x| x as f32),
    }
}

fn stream<T: Sample + PartialEq>(bytes: &mut Unstructured<'_>, case: &Case, sample: impl Fn(f64) -> T) -> Result<()> {
    let (plan, cpu) = (&case.plan, CpuResampler::new().with_threads(1));
    let channels = bytes.int_in_range(1..=3)?;
    let signals: Vec<Vec<T>> = (0..channels)
        .map(|channel| noise(case.seed + channel as u64, case.len).into_iter().map(&sample).collect())
        .collect();
    let mut clamped = Clamped::default();
    let wholes: Vec<_> = signals
        .iter()
        .map(|signal| {
            let mut whole = vec![T::default(); plan.output_len(case.len)];
            clamped += cpu.resample_into(plan, signal, &mut whole).expect("a buffer of its length");
            whole
        })
        .collect();
    let mut stream = Stream::new(plan, channels).expect("memory");
    if bytes.arbitrary()? {
        // A reset leaves no trace of earlier samples.
        stream.push(&vec![sample(0.5); channels * bytes.int_in_range(0..=5000)?], &mut Vec::new()).expect("memory");
        stream.reset();
    }
    let planar = bytes.arbitrary()?;
    let mut outputs: Vec<Vec<T>> = vec![Vec::new(); channels];
    let (mut from, mut given) = (0, 0);
    while from < case.len {
        let most = if bytes.arbitrary()? { 20 } else { case.len };
        let to = (from + bytes.int_in_range(0..=most)?.max(usize::from(bytes.is_empty()))).min(case.len);
        if planar {
            let chunks: Vec<_> = signals.iter().map(|signal| &signal[from..to]).collect();
            stream.push_planar(&chunks, &mut outputs).expect("memory");
        } else {
            let chunk: Vec<_> = (from..to).flat_map(|i| signals.iter().map(move |signal| signal[i])).collect();
            let mut output = Vec::new();
            stream.push(&chunk, &mut output).expect("memory");
            assert_eq!(output.len() % channels, 0);
            output.iter().enumerate().for_each(|(i, &value)| outputs[i % channels].push(value));
        }
        assert!(outputs[0].len() - given <= stream.max_output_frames(to - from), "{case:?}");
        // No output is delayed by more than the look-ahead.
        let known = plan.ratio().output_len(to.saturating_sub(stream.look_ahead())).min(plan.output_len(to));
        assert!(outputs[0].len() >= known, "{case:?}: {} at {to}", outputs[0].len());
        (from, given) = (to, outputs[0].len());
    }
    if planar {
        stream.finish_planar(&mut outputs).expect("memory");
    } else {
        let mut output = Vec::new();
        stream.finish(&mut output).expect("memory");
        output.iter().enumerate().for_each(|(i, &value)| outputs[i % channels].push(value));
    }
    assert_eq!(stream.clamped(), clamped, "{case:?}");
    assert!(outputs == wholes, "{case:?}, {channels} channels: {:?}", outputs.iter().map(Vec::len));
    Ok(())
}

//! The library's ways in, for any bytes: each function makes of them what a caller may ask for, and panics only where the
//! library is wrong. `fuzz` searches for such bytes; the tests here try those that it has found, and many at random.

use arbitrary::{Result, Unstructured};
use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis, Dimension, IxDyn, Slice};
use polyphase::{
    Batch, CpuResampler, FilterForm, OutputLength, Padding, Plan, Ratio, ResampleOptions, Sample, Stream, Window,
};

use crate::compare::{DOUBLE, Tolerance, compare, single};
use crate::oracle::{Filter, Oracle};
use crate::signals::{noise, to_f32, to_f64};

/// Options and rates of any value. Plans are refused with a reason, or take no more memory than they were allowed, and know
/// lengths and ranges exactly, at any length.
pub fn plans(bytes: &[u8]) {
    let _ = try_plans(&mut Unstructured::new(bytes));
}

fn try_plans(bytes: &mut Unstructured<'_>) -> Result<()> {
    let (orig_freq, new_freq) = (any_term(bytes)?, any_term(bytes)?);
    let number = |bytes: &mut Unstructured<'_>| -> Result<f64> {
        Ok(match bytes.int_in_range(0..=3)? {
            0 => bytes.arbitrary::<f64>()?,
            1 => f64::from(bytes.arbitrary::<u16>()?),
            _ => f64::from(bytes.arbitrary::<u16>()?) / 65_536.0,
        })
    };
    let width = if bytes.arbitrary()? { f64::from(bytes.arbitrary::<u8>()?) / 4.0 } else { number(bytes)? };
    // At most 16 MiB: that is designed in a second.
    let limit = u64::from(bytes.arbitrary::<u32>()? >> 8 >> bytes.int_in_range(0..=20)?);
    let options = ResampleOptions::default()
        .lowpass_filter_width(width)
        .rolloff(number(bytes)?)
        .window(if bytes.arbitrary()? { Window::Hann } else { Window::Kaiser { beta: number(bytes)? } })
        .normalize_phases(bytes.arbitrary()?)
        .padding(*bytes.choose(&Padding::ALL)?)
        .output_length(match bytes.int_in_range(0..=2)? {
            0 => OutputLength::Ceil,
            1 => OutputLength::Floor,
            _ => OutputLength::Exact(bytes.arbitrary()?),
        })
        .max_filter_bytes(limit)
        .max_ratio(if bytes.arbitrary()? { bytes.arbitrary()? } else { 1024 })
        .max_lowpass_filter_width(if bytes.arbitrary()? { bytes.arbitrary()? } else { 4096 });
    let Ok(ratio) = Ratio::new(orig_freq, new_freq) else {
        assert!(orig_freq == 0 || new_freq == 0);
        return Ok(());
    };
    let mut plan = None;
    let used = allocation_counter::measure(|| plan = Some(Plan::with_ratio(ratio, &options)));
    // A small bank is made of its float64 prototype, and tables beside it are small.
    assert!(used.bytes_max <= 4 * limit + 10_000, "{used:?} for {limit} bytes: {ratio:?}, {options:?}");
    let plan = match plan.expect("measured once") {
        Ok(plan) => plan,
        Err(refused) => {
            let reason = refused.to_string();
            assert!(!reason.is_empty() && !reason.contains('\n'));
            return Ok(());
        }
    };
    assert!(plan.filter_bytes() as u64 <= limit, "{} of {limit} bytes", plan.filter_bytes());
    for _ in 0..4 {
        let len = any_term(bytes)? as usize;
        let scaled = len as u128 * u128::from(new_freq);
        let expected = match options.output_length {
            OutputLength::Ceil => scaled.div_ceil(u128::from(orig_freq)),
            OutputLength::Floor => scaled / u128::from(orig_freq),
            OutputLength::Exact(len) => len as u128,
            _ => return Ok(()),
        };
        let outputs = plan.output_len(len);
        assert_eq!(outputs, usize::try_from(expected).unwrap_or(usize::MAX), "{len} at {orig_freq}→{new_freq}");
        let (start, end) = (any_term(bytes)? as usize, any_term(bytes)? as usize);
        let start = if bytes.arbitrary()? { start } else { outputs.saturating_sub(start) };
        let end = if bytes.arbitrary()? { end } else { start.saturating_add(end % 1000) };
        match plan.input_range_for(len, start..end) {
            Ok(range) => {
                assert!(start <= end && end <= outputs && range.start <= range.end && range.end <= len);
                // Not the whole of a clip for a few outputs in its middle.
                let reach = (plan.look_ahead() as u128 + 2) * 2;
                let apart = ((end - start) as u128 * u128::from(orig_freq)).div_ceil(u128::from(new_freq));
                let most = if options.padding == Padding::Zero { apart + reach } else { apart + 2 * reach };
                assert!(range.len() as u128 <= most, "{range:?} for {start}..{end} of {len}: {ratio:?}, {options:?}");
            }
            Err(_) => assert!(start > end || end > outputs),
        }
    }
    Ok(())
}

/// Any number, small ones and those about powers of two more often.
fn any_term(bytes: &mut Unstructured<'_>) -> Result<u64> {
    Ok(match bytes.int_in_range(0..=4)? {
        0 => bytes.arbitrary()?,
        1 => u64::from(bytes.arbitrary::<u32>()?),
        2 => u64::from(bytes.arbitrary::<u16>()?),
        3 => (1_u64 << bytes.int_in_range(0..=63)?).wrapping_add_signed(bytes.arbitrary::<i8>()?.into()),
        _ => *bytes.choose(&[1, 2, 3, 147, 160, 8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])?,
    })
}

/// A plan that is small enough to be used, and what it was made of.
#[derive(Debug)]
struct Case {
    orig_freq: u32,
    new_freq: u32,
    options: ResampleOptions,
    plan: Plan,
    /// A clip's length that takes little time.
    len: usize,
    seed: u64,
}

impl Case {
    fn new(bytes: &mut Unstructured<'_>) -> Result<Self> {
        const RATES: [u32; 8] = [8_000, 11_025, 16_000, 44_100, 48_000, 997, 99_991, 100_003];
        let rate = |bytes: &mut Unstructured<'_>| match bytes.int_in_range(0..=2)? {
            0 => bytes.int_in_range(1..=20),
            1 => bytes.int_in_range(1..=2000),
            _ => bytes.choose(&RATES).copied(),
        };
        let (orig_freq, mut new_freq) = (rate(bytes)?, rate(bytes)?);
        let larger = f64::from(orig_freq.max(new_freq)) / f64::from(orig_freq.min(new_freq));
        if larger > 100.0 {
            new_freq = orig_freq.div_ceil(7);
        }
        let larger = larger.min(100.0);
        let window = match bytes.int_in_range(0..=3)? {
            0 | 1 => Window::Hann,
            2 => Window::KAISER,
            _ => Window::Kaiser { beta: f64::from(bytes.int_in_range(0..=400_u16)?) / 10.0 },
        };
        let mut options = ResampleOptions::default()
            .lowpass_filter_width(match bytes.int_in_range(0..=2)? {
                0 => f64::from(bytes.int_in_range(1..=20_u16)?),
                _ => f64::from(bytes.int_in_range(1..=1500_u16)?) / 64.0,
            })
            .rolloff(match bytes.int_in_range(0..=2)? {
                0 => 1.0,
                1 => 0.99,
                _ => f64::from(bytes.int_in_range(20..=256_u16)?) / 256.0,
            })
            .window(window)
            .padding(*bytes.choose(&Padding::ALL)?)
            .normalize_phases(bytes.arbitrary()?);
        let widest = 4000.0 / larger * options.rolloff;
        options = options.lowpass_filter_width(options.lowpass_filter_width.min(widest));
        let longest = if bytes.arbitrary()? { 40 } else { (4000.0 / larger) as usize + 10 };
        let len = bytes.int_in_range(0..=longest)?;
        let options = options.output_length(match bytes.int_in_range(0..=3)? {
            0 | 1 => OutputLength::Ceil,
            2 => OutputLength::Floor,
            _ => OutputLength::Exact(bytes.int_in_range(0..=2000)?),
        });
        // The interpolated bank, where it is smaller.
        let interpolated = bytes.arbitrary()?;
        let options = options.max_filter_bytes(if interpolated { 300_000 } else { 64 << 20 });
        let plan = Plan::new(orig_freq, new_freq, &options)
            .or_else(|_| Plan::new(orig_freq, new_freq, &options.max_filter_bytes(64 << 20)))
            .expect("far within the limits");
        Ok(Self { orig_freq, new_freq, options, plan, len, seed: bytes.arbitrary::<u16>()?.into() })
    }

    fn oracle(&self) -> Oracle {
        let beta = match self.options.window {
            Window::Kaiser { beta } => Some(beta),
            _ => None,
        };
        let filter = Filter { width: self.options.lowpass_filter_width, rolloff: self.options.rolloff, beta };
        Oracle::new(self.orig_freq.into(), self.new_freq.into(), filter)
    }

    /// Whether the window ends so close to a tap that rounding decides whether it is in, at a height where that shows.
    fn is_on_edge(&self) -> bool {
        let Window::Kaiser { beta } = self.options.window else { return false };
        let step = self.options.rolloff / self.plan.ratio().stride().max(self.plan.ratio().phases()) as f64;
        let last = self.options.lowpass_filter_width / step;
        beta < 35.0 && (last - last.round()).abs() < 1e-9 * last
    }

    /// The definition, with everything that the options change about it: the outputs, and what the taps of each are divided
    /// by, and the sum of their sizes.
    fn expected(&self, clip: &[f64]) -> (Vec<f64>, Vec<(f64, f64)>) {
        let (oracle, reach) = (self.oracle(), self.plan.look_ahead() as i64);
        let (len, outputs) = (clip.len() as i64, self.plan.output_len(clip.len()));
        if oracle.orig == oracle.new {
            let sample = |n: usize| match self.padded(n as i64, len, 0) {
                Some(i) => clip[i as usize],
                None => 0.0,
            };
            return ((0..outputs).map(sample).collect(), vec![(1.0, 1.0); outputs]);
        }
        let output = |n: i64| {
            let centre = n * oracle.orig / oracle.new;
            let (mut sum, mut taps, mut sizes) = (0.0, 0.0, 0.0_f64);
            for i in centre - reach - 2..=centre + reach + 2 {
                let tap = oracle.tap(i, n);
                taps += tap;
                sizes += tap.abs();
                sum += self.padded(i, len, reach).map_or(0.0, |i| clip[i as usize]) * tap;
            }
            // A window between two samples holds no taps.
            let divisor = if self.options.normalize_phases && taps != 0.0 { taps } else { 1.0 };
            (sum / divisor, (divisor.abs(), sizes))
        };
        (0..outputs as i64).map(output).unzip()
    }

    /// The sample that stands at a position.
    fn padded(&self, position: i64, len: i64, reach: i64) -> Option<i64> {
        if (0..len).contains(&position) {
            return Some(position);
        }
        let is_near = (-reach..len + reach).contains(&position) && len > 0;
        match self.options.padding {
            Padding::Edge if is_near => Some(position.clamp(0, len - 1)),
            Padding::Reflect if is_near => {
                let (mut at, last) = (position, len - 1);
                while !(0..=last).contains(&at) {
                    at = if last == 0 {
                        0
                    } else if at < 0 {
                        -at
                    } else {
                        2 * last - at
                    };
                }
                Some(at)
            }
            _ => None,
        }
    }
}

/// What comes out, against the definition.
pub fn outputs(bytes: &[u8]) {
    let _ = try_outputs(&mut Unstructured::new(bytes));
}

fn try_outputs(bytes: &mut Unstructured<'_>) -> Result<()> {
    let case = Case::new(bytes)?;
    // The oracle is slow, and no judge where it rounds on the edge of a cliff.
    if case.is_on_edge() || case.plan.taps() * case.plan.output_len(case.len) > 200_000 {
        return Ok(());
    }
    // As float32 holds them.
    let clip = to_f64(&to_f32(&noise(case.seed, case.len)));
    let (expected, taps) = case.expected(&clip);
    // Where the taps of a phase all but cancel, what is divided by their sum is rounding.
    if taps.iter().any(|&(divisor, sizes)| divisor < 0.1 * sizes.min(1.0)) {
        return Ok(());
    }
    // And errors are divided with what they are errors of.
    let least = taps.iter().fold(1.0, |least, &(divisor, _)| f64::min(least, divisor));
    let divided = if matches!(case.plan.filter_form(), FilterForm::Interpolated { .. }) { least } else { 1.0 };
    // The relative bound is for outputs of some number and size: a few may cancel by chance.
    let many = expected.len() >= 200 && expected.iter().map(|y| y * y).sum::<f64>() > 0.01 * expected.len() as f64;
    let within = |actual: &[f64], tolerance: Tolerance, divided: f64| {
        let tolerance = Tolerance { max_abs: tolerance.max_abs / divided, ..tolerance };
        let tolerance = if many { tolerance } else { Tolerance { rms_db: f64::INFINITY, ..tolerance } };
        compare(actual, &expected, 1.0, tolerance).unwrap_or_else(|wrong| panic!("{case:?}: {wrong}"));
    };
    let cpu = CpuResampler::new();
    within(&cpu.resample(&case.plan, &clip).expect("memory"), DOUBLE, 1.0);
    within(&to_f64(&cpu.resample(&case.plan, &to_f32(&clip)).expect("memory")), single(case.plan.taps()), divided);
    Ok(())
}

/// Chunks of any lengths, against the whole, in every bit.
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
    let mut clipped = 0;
    let wholes: Vec<_> = signals
        .iter()
        .map(|signal| {
            let mut whole = vec![T::default(); plan.output_len(case.len)];
            clipped += cpu.resample_into(plan, signal, &mut whole).expect("a buffer of its length");
            whole
        })
        .collect();
    let mut stream = Stream::new(plan, channels).expect("memory");
    if bytes.arbitrary()? {
        // What came before and was given up leaves no trace.
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
        // What is given had to wait for no more than the delay.
        let known = plan.ratio().output_len(to.saturating_sub(stream.delay()));
        assert!(outputs[0].len() >= known.min(wholes[0].len()), "{case:?}: {} at {to}", outputs[0].len());
        (from, given) = (to, outputs[0].len());
    }
    // It begins anew, and counts anew.
    let before_end = stream.clipped();
    assert!(before_end <= clipped);
    if planar {
        stream.finish_planar(&mut outputs).expect("memory");
    } else {
        let mut output = Vec::new();
        stream.finish(&mut output).expect("memory");
        output.iter().enumerate().for_each(|(i, &value)| outputs[i % channels].push(value));
    }
    assert!(outputs == wholes, "{case:?}, {channels} channels: {:?}", outputs.iter().map(Vec::len));
    Ok(())
}

/// Ranges of the output, pieces of the input, and clips in company, against the whole, in every bit.
pub fn ranges(bytes: &[u8]) {
    let _ = try_ranges(&mut Unstructured::new(bytes));
}

fn try_ranges(bytes: &mut Unstructured<'_>) -> Result<()> {
    let case = Case::new(bytes)?;
    match bytes.int_in_range(0..=3)? {
        0 => range(bytes, &case, |x| x),
        1 => range(bytes, &case, |x| (x * 40_000.0) as i16),
        // Where the input is not a number, the same outputs are not.
        2 => range(bytes, &case, |x| if x > 0.99 { f32::INFINITY } else { x as f32 }),
        _ => range(bytes, &case, |x| x as f32),
    }
}

fn range<T: Sample + PartialEq>(bytes: &mut Unstructured<'_>, case: &Case, sample: impl Fn(f64) -> T) -> Result<()> {
    let (plan, cpu) = (&case.plan, CpuResampler::new());
    let clip: Vec<T> = noise(case.seed, case.len).into_iter().map(&sample).collect();
    let whole = cpu.with_threads(1).resample(plan, &clip).expect("memory");
    // NaN is not equal to itself, but prints alike.
    let equal = |a: &[T], b: &[T]| a == b || format!("{a:?}") == format!("{b:?}");
    for _ in 0..4 {
        let start = bytes.int_in_range(0..=whole.len())?;
        let most = if bytes.arbitrary()? { whole.len() } else { whole.len().min(start + 40) };
        let range = start..bytes.int_in_range(start..=most)?;
        let expected = &whole[range.clone()];
        assert!(
            equal(&cpu.resample_range(plan, &clip, range.clone()).expect("memory"), expected),
            "{case:?}, {range:?}"
        );
        let piece = &clip[plan.input_range_for(case.len, range.clone()).expect("within the output")];
        let output = cpu.resample_piece(plan, piece, case.len, range.clone()).expect("the samples asked for");
        assert!(equal(&output, expected), "{case:?}, {range:?} from its piece");
    }
    let mut batch = Batch::new();
    let cut = bytes.int_in_range(0..=case.len)?;
    [&clip[..cut], &clip, &[], &clip[cut..]].into_iter().for_each(|clip| batch.push(plan, clip));
    let output = cpu.with_threads(bytes.int_in_range(0..=3)?).resample_batch(&batch).expect("memory");
    assert!(equal(output.clip(1).expect("four clips"), &whole), "{case:?} in a batch");
    let alone = cpu.resample(plan, &clip[cut..]).expect("memory");
    assert!(equal(output.clip(3).expect("four clips"), &alone), "{case:?} in a batch");
    Ok(())
}

/// Tensors of any shape and strides, into tensors of any strides, against their signals one by one.
pub fn tensors(bytes: &[u8]) {
    let _ = try_tensors(&mut Unstructured::new(bytes));
}

fn try_tensors(bytes: &mut Unstructured<'_>) -> Result<()> {
    let case = Case::new(bytes)?;
    let (plan, cpu) = (&case.plan, CpuResampler::new());
    let ndim = bytes.int_in_range(1..=4)?;
    let axis = Axis(bytes.int_in_range(0..=ndim - 1)?);
    let mut shape: Vec<_> = (0..ndim).map(|_| bytes.int_in_range(0..=3_usize)).collect::<Result<_>>()?;
    shape[axis.index()] = case.len.min(300);
    let strided = |bytes: &mut Unstructured<'_>, shape: &[usize]| Strided::new(bytes, shape);
    let layout = strided(bytes, &shape)?;
    let samples = ArrayD::from_shape_vec(layout.whole(), to_f32(&noise(case.seed, layout.len()))).expect("its length");
    let mut tensor = layout.view(samples.view());
    let repeated;
    // One signal again and again, by a stride of 0.
    let other = (0..ndim).find(|&other| other != axis.index() && shape[other] == 1);
    if let Some(other) = other
        && bytes.arbitrary()?
    {
        shape[other] = 3;
        repeated = tensor;
        tensor = repeated.broadcast(IxDyn(&shape)).expect("an axis of one");
    }
    assert_eq!(tensor.shape(), shape);
    let output = cpu.resample_axis(plan, &tensor, axis).expect("memory");
    shape[axis.index()] = plan.output_len(shape[axis.index()]);
    assert_eq!(output.shape(), shape);
    let layout = strided(bytes, &shape)?;
    let mut buffer = ArrayD::from_elem(layout.whole(), f32::NAN);
    cpu.resample_axis_into(plan, &tensor, axis, layout.view_mut(buffer.view_mut())).expect("its shape");
    // What is not of the output is left alone.
    let written = buffer.iter().filter(|value| !value.is_nan()).count();
    assert_eq!(written, output.len(), "{case:?}");
    assert_eq!(layout.view(buffer.view()), output, "{case:?}");
    for (input, output) in tensor.lanes(axis).into_iter().zip(output.lanes(axis)) {
        assert_eq!(cpu.resample(plan, &input.to_vec()).expect("memory"), output.to_vec(), "{case:?}");
    }
    Ok(())
}

/// A tensor that is part of a larger one: its axes in another order, some samples left out, some axes backwards.
struct Strided {
    shape: Vec<usize>,
    order: Vec<usize>,
    steps: Vec<isize>,
}

impl Strided {
    fn new(bytes: &mut Unstructured<'_>, shape: &[usize]) -> Result<Self> {
        let mut order: Vec<_> = (0..shape.len()).collect();
        for i in 1..order.len() {
            order.swap(i, bytes.int_in_range(0..=i)?);
        }
        let steps = shape.iter().map(|_| bytes.choose(&[1, 1, -1, 2, -3]).copied()).collect::<Result<_>>()?;
        Ok(Self { shape: shape.to_vec(), order, steps })
    }

    /// The shape of the whole, whose axis k is the tensor's axis `order[k]`.
    fn whole(&self) -> IxDyn {
        let len = |&axis: &usize| self.shape[axis] * self.steps[axis].unsigned_abs();
        IxDyn(&self.order.iter().map(len).collect::<Vec<_>>())
    }

    fn len(&self) -> usize {
        self.whole().size()
    }

    fn places(&self) -> Vec<usize> {
        (0..self.order.len()).map(|axis| self.order.iter().position(|&at| at == axis).expect("all axes")).collect()
    }

    fn view<'a>(&self, whole: ArrayViewD<'a, f32>) -> ArrayViewD<'a, f32> {
        let mut view = whole.permuted_axes(self.places());
        self.steps
            .iter()
            .enumerate()
            .for_each(|(axis, &step)| view.slice_axis_inplace(Axis(axis), Slice::new(0, None, step)));
        view
    }

    fn view_mut<'a>(&self, whole: ArrayViewMutD<'a, f32>) -> ArrayViewMutD<'a, f32> {
        let mut view = whole.permuted_axes(self.places());
        self.steps
            .iter()
            .enumerate()
            .for_each(|(axis, &step)| view.slice_axis_inplace(Axis(axis), Slice::new(0, None, step)));
        view
    }
}

/// The adjoint: ⟨Ax, y⟩ = ⟨x, Aᵀy⟩.
pub fn adjoints(bytes: &[u8]) {
    let _ = try_adjoints(&mut Unstructured::new(bytes));
}

fn try_adjoints(bytes: &mut Unstructured<'_>) -> Result<()> {
    let case = Case::new(bytes)?;
    let (plan, cpu) = (&case.plan, CpuResampler::new());
    let x = to_f64(&to_f32(&noise(case.seed, case.len)));
    let y = to_f64(&to_f32(&noise(case.seed + 1, plan.output_len(case.len))));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let norm = |a: &[f64]| dot(a, a).sqrt();
    let (output, gradient) =
        (cpu.resample(plan, &x).expect("memory"), cpu.adjoint(plan, &y, case.len).expect("its length"));
    assert_eq!(gradient.len(), case.len);
    // Normalised phases may be as large as their sum is small.
    let scale = norm(&x) * norm(&y) + norm(&output) * norm(&y) + norm(&x) * norm(&gradient) + 1.0;
    let apart = (dot(&output, &y) - dot(&x, &gradient)).abs();
    assert!(apart <= 1e-11 * scale, "{case:?}: {apart:e} of {scale}");
    let output = to_f64(&cpu.resample(plan, &to_f32(&x)).expect("memory"));
    let gradient = to_f64(&cpu.adjoint(plan, &to_f32(&y), case.len).expect("its length"));
    let apart = (dot(&output, &y) - dot(&x, &gradient)).abs();
    let form = if plan.filter_form() == FilterForm::Exact { 1.0 } else { 2.0 };
    assert!(apart <= 1e-6 * form * scale, "{case:?}, float32: {apart:e} of {scale}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tries what has been found to fail, and so many inputs at random, or as many as `POLYPHASE_FUZZ` says; the number of one
    /// that fails is shown.
    fn try_many(name: &str, target: fn(&[u8]), count: u64) {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
        let mut seeds: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        seeds.sort();
        assert!(!seeds.is_empty());
        for seed in seeds {
            println!("{}", seed.display());
            target(&std::fs::read(seed).unwrap());
        }
        let count = std::env::var("POLYPHASE_FUZZ").map_or(count, |count| count.parse().unwrap());
        for number in 0..count {
            println!("{name}, number {number}");
            let bytes: Vec<_> = noise(number, 200).into_iter().map(|x| (x * 128.0).floor() as i8 as u8).collect();
            target(&bytes);
        }
    }

    #[test]
    fn plans_of_anything() {
        try_many("plans", plans, 800);
    }

    #[test]
    fn outputs_of_anything() {
        try_many("outputs", outputs, 300);
    }

    #[test]
    fn streams_of_anything() {
        try_many("streams", streams, 300);
    }

    #[test]
    fn ranges_of_anything() {
        try_many("ranges", ranges, 600);
    }

    #[test]
    fn tensors_of_anything() {
        try_many("tensors", tensors, 600);
    }

    #[test]
    fn adjoints_of_anything() {
        try_many("adjoints", adjoints, 300);
    }
}

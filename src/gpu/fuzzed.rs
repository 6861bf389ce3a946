//! [`pieces`]: any clips, cut for any device and laid out in tables, without a device. `fuzz` searches for inputs that
//! break this; the test here tries the inputs that it has found, and many random ones.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "numbers that are drawn to fit"
)]

use super::host::adjoint::Adjoint;
use super::host::pieces::{Capacity, ClipWork, Cursor, Portion, next_piece, packed};
use super::layout::abi::{ClipEntry, halves};
use super::layout::banded::check_tile;
use super::layout::bank::Recipe;
use super::layout::cache::BankCache;
use super::layout::shader::{BLOCK_PHASES, GpuKernel as Kernel, SampleFormat, Shader, WORKGROUP};
use super::layout::tables::{Dispatch, DispatchLimits, Kind, Plans, Tables};
use crate::error::Error;
use crate::options::{OutputLength, Padding, ResampleOptions, Window};
use crate::plan::Plan;

/// A source of numbers, each below the bound that it is given.
type Below<'a> = &'a mut dyn FnMut(u64) -> u64;

/// Cuts clips with every option, and gradients for the adjoint, for a device of any size.
///
/// # Panics
/// If the library is wrong, that is, unless
/// - every output within reach of its clip is in exactly one portion,
/// - every portion holds the samples under its outputs,
/// - no piece is larger than the device's capacity, except one of a single granule,
/// - the tables lead every output to its samples.
pub fn pieces(below: Below<'_>) {
    let kernel = [Kernel::Banded, Kernel::Plain][index(below, 2)];
    let plans: Vec<_> = (0..below(5)).filter_map(|_| any_plan(below)).collect();
    let clips: Vec<_> = plans.iter().filter_map(|plan| any_clip(below, plan, kernel)).collect();
    let limits = wgpu::Limits {
        max_buffer_size: any_length(below),
        max_storage_buffer_binding_size: any_length(below),
        max_compute_workgroups_per_dimension: [65_535, 1 + index(below, 65_535) as u32][index(below, 2)],
        ..wgpu::Limits::default()
    };
    let format = [SampleFormat::I16, SampleFormat::F32][index(below, 2)];
    let mut capacity = Capacity::new(&limits, format, format);
    if below(2) == 0 {
        capacity.multiply_adds = any_length(below);
    }
    // Cutting begins anywhere in the first clip, since a long clip has very many pieces.
    let periods = clips.first().map_or(0, |clip| clip.output_len() / clip.granularity);
    let output = clips.first().map_or(0, |clip| (below(periods + 1) * clip.granularity) as usize);
    let mut cursor = Cursor { clip: 0, output };
    let mut reached = cursor;
    for _ in 0..20 {
        let piece = next_piece(&clips, &mut cursor, capacity);
        for portion in &piece {
            pass_ended(&clips, &mut reached);
            let clip = &clips[portion.run.clip];
            assert_eq!((portion.run.clip, clip.index_of(portion.run.outputs.start)), (reached.clip, reached.output));
            assert_eq!(reached.output as u64 % clip.granularity, 0);
            assert!(portion.output_len() > 0);
            reached.output += portion.output_len();
            check_samples(clip, portion);
        }
        if piece.is_empty() {
            pass_ended(&clips, &mut reached);
            assert_eq!(reached, Cursor { clip: clips.len(), output: 0 }, "ended early");
            return;
        }
        let fits = check_size(&clips, &piece, capacity);
        let max_multiply_adds = [u64::MAX, any_length(below)][index(below, 2)];
        check_tables(&clips, &piece, kernel, limits.max_compute_workgroups_per_dimension, max_multiply_adds, fits);
    }
}

fn index(below: Below<'_>, bound: usize) -> usize {
    below(bound as u64) as usize
}

/// A length of any order of magnitude up to 2^40.
fn any_length(below: Below<'_>) -> u64 {
    let bound = 1 << below(41);
    below(bound)
}

fn any_plan(below: Below<'_>) -> Option<Plan> {
    const RATES: [u32; 12] = [1, 2, 3, 147, 160, 997, 8_000, 11_025, 16_000, 44_100, 48_000, 100_003];
    let mut rate = || match below(4) {
        0 => 1 + below(200_000) as u32,
        _ => RATES[index(below, RATES.len())],
    };
    let (orig_freq, new_freq) = (rate(), rate());
    let options = ResampleOptions::default()
        .lowpass_filter_width((1 + below(640)) as f64 / 8.0)
        .rolloff((1 + below(64)) as f64 / 64.0)
        .window([Window::Hann, Window::KAISER][index(below, 2)])
        .padding(Padding::ALL[index(below, 3)])
        .normalize_phases(below(2) == 1)
        .output_length(
            [OutputLength::Ceil, OutputLength::Floor, OutputLength::Exact(any_length(below) as usize)][index(below, 3)],
        )
        // A small limit is quick, and makes many banks interpolated ones.
        .max_filter_bytes(1 << (10 + below(9)))
        .max_ratio(1 << 20);
    Plan::new(orig_freq, new_freq, options).ok()
}

/// A whole clip, or the gradient of one for the adjoint.
fn any_clip<'a>(below: Below<'_>, plan: &'a Plan, kernel: Kernel) -> Option<ClipWork<'a>> {
    let clip_len = any_length(below) as usize;
    let granularity = |plan| match Recipe::new(plan, kernel) {
        Ok(recipe) => Some(recipe.granularity),
        Err(error) => {
            assert!(matches!(error, Error::GpuLimit { needed, limit, .. } if needed > limit), "{error}");
            None
        }
    };
    if below(2) == 0 {
        return Some(ClipWork::whole(plan, granularity(plan)?, clip_len));
    }
    let adjoint = Adjoint::new(plan, plan.output_len(clip_len), clip_len).ok()?;
    Some(adjoint.work(granularity(adjoint.transposed)?))
}

/// Moves on to the next clip that has outputs left.
fn pass_ended(clips: &[ClipWork<'_>], cursor: &mut Cursor) {
    while clips.get(cursor.clip).is_some_and(|clip| clip.output_len() == cursor.output as u64) {
        *cursor = Cursor { clip: cursor.clip + 1, output: 0 };
    }
}

/// Checks that the portion holds the samples under its first and its last output; about 64 samples of a long window.
fn check_samples(clip: &ClipWork<'_>, portion: &Portion) {
    assert!(portion.samples.end <= clip.clip_len, "{portion:?} of {clip:?}");
    for n in [portion.run.outputs.start, portion.run.outputs.end - 1] {
        let window = clip.plan.shape().window(n);
        let step = (window.end - window.start) as usize / 64 + 1;
        for position in window.clone().step_by(step).chain(window.clone().next_back()) {
            if let Some(source) = sample_at(clip, position) {
                assert!(portion.samples.contains(&source), "{source} for {n} of {portion:?}, {clip:?}");
            }
        }
    }
}

/// Index of the clip's sample at a position, or of the sample that padding repeats there.
fn sample_at(clip: &ClipWork<'_>, position: i64) -> Option<usize> {
    let (padding, reach) = (clip.plan.shape().padding(), clip.plan.look_ahead() as i64);
    if padding == Padding::Zero {
        let source = i128::from(position) - i128::from(clip.origin);
        return usize::try_from(source).ok().filter(|&source| source < clip.clip_len);
    }
    let is_near = (-reach..clip.clip_len as i64 + reach).contains(&position);
    padding.source(position, clip.clip_len).filter(|_| is_near)
}

/// Checks that the piece is within the capacity, or a single granule that is beyond it. Returns true if its buffers are
/// within the capacity.
fn check_size(clips: &[ClipWork<'_>], piece: &[Portion], capacity: Capacity) -> bool {
    let first = &piece[0];
    let is_granule = first.output_len() as u64 <= clips[first.run.clip].granularity;
    let sizes = |part: &Portion| {
        let outputs = part.output_len() as u64;
        let with_counter = outputs + capacity.counter as u64;
        [part.samples.len() as u64, with_counter, outputs * clips[part.run.clip].plan.multiply_adds()]
    };
    let limits = [capacity.samples as u64, capacity.outputs as u64, capacity.multiply_adds];
    let totals: [u64; 3] = std::array::from_fn(|i| piece.iter().map(|part| sizes(part)[i]).sum());
    for ((total, limit), of_first) in totals.into_iter().zip(limits).zip(sizes(first)) {
        assert!(total <= limit || is_granule && total == of_first, "{total} of {limit}: {piece:?}");
    }
    totals[0] <= limits[0] && totals[1] <= limits[1]
}

/// Checks that the tables of the piece lead outputs to their windows.
fn check_tables(
    clips: &[ClipWork<'_>],
    piece: &[Portion],
    kernel: Kernel,
    max_workgroups: u32,
    max_multiply_adds: u64,
    fits: bool,
) {
    let runs = packed(clips, piece);
    let limits = DispatchLimits { workgroups: max_workgroups, multiply_adds: max_multiply_adds };
    let tables = match Tables::new(&runs, kernel, limits, &BankCache::default()) {
        Ok(tables) => tables,
        Err(Error::GpuLimit { what, needed, limit }) => {
            assert!(needed > limit && (!fits || what == "workgroups of a dispatch"), "{needed} {what}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let total = |f: fn(&Portion) -> usize| piece.iter().map(f).sum::<usize>() as u64;
    assert_eq!((tables.input_end, tables.output_end), (total(|part| part.samples.len()), total(Portion::output_len)));
    let mut laid_out = 0;
    for dispatch in &tables.dispatches {
        let mut end = 0;
        for part in &dispatch.parts {
            let (width, height) = part.grid;
            assert!(width <= max_workgroups && height <= max_workgroups);
            assert!(u64::from(width) * u64::from(height) >= part.tiles.len() as u64);
            assert!(part.tiles.start == end && !part.tiles.is_empty());
            end = part.tiles.end;
        }
        assert_eq!(end as usize, dispatch.tiles.len());
        let recipe = |portion: &Portion| Recipe::new(clips[portion.run.clip].plan, kernel).expect("as before");
        let portions = piece.iter().zip(&runs).filter(|(portion, _)| Kind::of(&recipe(portion)) == dispatch.kind);
        let (mut tiles, mut entries) = (dispatch.tiles.iter(), dispatch.clips.iter());
        for (i, (portion, run)) in portions.enumerate() {
            let clip = &clips[portion.run.clip];
            let entry = entries.next().expect("an entry for each clip");
            let first_tile = dispatch.tiles.len() - tiles.len();
            for number in 0..recipe(portion).tiles(portion.output_len() as u64) {
                let tile = tiles.next().expect("a tile for each place");
                assert_eq!((tile.clip as usize, u64::from(tile.tile)), (i, number));
            }
            assert_eq!(u64::from(entry.input_offset), run.input_offset);
            assert_eq!(u64::from(entry.output_offset), run.output_offset);
            let lens = (portion.samples.len(), portion.output_len());
            assert_eq!((entry.input_len as usize, entry.output_len as usize), lens);
            let origin = i128::from(clip.origin) + portion.samples.start as i128;
            let ends = [-origin, clip.clip_len as i128 - 1 - origin];
            for (given, end) in [entry.first, entry.last].map(i128::from).into_iter().zip(ends) {
                // An end that no window reaches may be clamped to a nearer position.
                assert!(
                    given == end || given.abs() >= (1 << 30) - 1 && given.signum() == end.signum(),
                    "{given}: {end}"
                );
            }
            for n in [0, portion.output_len() / 2, portion.output_len() - 1] {
                check_place(dispatch, entry, first_tile, clip, portion, n);
            }
            laid_out += 1;
        }
        assert!(tiles.next().is_none() && entries.next().is_none());
    }
    assert_eq!(laid_out, piece.len());
}

/// Checks that the entry leads output `n` of the portion to the samples under it.
fn check_place(
    dispatch: &Dispatch,
    entry: &ClipEntry,
    first_tile: usize,
    clip: &ClipWork<'_>,
    portion: &Portion,
    n: usize,
) {
    let window = clip.plan.shape().window(portion.run.outputs.start + n as u64);
    let origin = i128::from(clip.origin) + portion.samples.start as i128;
    let (start, end) = (i128::from(window.start) - origin, i128::from(window.end) - origin);
    match &dispatch.plans {
        Plans::Phases { plans, starts } => {
            let plan = &plans[entry.plan as usize];
            let (period, phase) = (n as u32 / plan.phases, n as u32 % plan.phases);
            let at = entry.shift + (period * plan.stride).cast_signed();
            if clip.plan.ratio().is_identity() {
                assert_eq!((plan.span, i128::from(at)), (0, start));
                return;
            }
            let starts = &starts[plan.starts as usize..];
            let is_banded = dispatch.kind.shader == Shader::Banded;
            let first = i128::from(at + starts[if is_banded { phase / BLOCK_PHASES } else { phase } as usize]);
            assert!(
                first <= start && end <= first + i128::from(plan.span * plan.components.max(1)),
                "{start}..{end} for {first}: {plan:?}"
            );
            if is_banded {
                check_tile(plan, &starts[..plan.blocks as usize], Shader::Banded);
            } else {
                assert_eq!(first, start);
            }
        }
        Plans::Interpolated { places, .. } => {
            let tile = n as u64 / u64::from(WORKGROUP);
            let output = portion.run.outputs.start + tile * u64::from(WORKGROUP);
            let centre = i128::from(output) * i128::from(clip.plan.ratio().stride());
            let phases = i128::from(clip.plan.ratio().phases());
            let place = &places[first_tile + tile as usize];
            assert_eq!(i128::from(place.sample) + origin, centre / phases);
            assert_eq!(place.rest, halves((centre % phases) as u64));
        }
    }
}

#[cfg(test)]
mod tests {
    use arbitrary::Unstructured;

    use super::*;

    /// Tries the seeds that once failed, and 10,000 random batches, or as many as `POLYPHASE_FUZZ` says.
    #[test]
    fn any_clips_are_cut_for_any_device() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/pieces");
        let seeds = std::fs::read_dir(&folder).expect("the seeds").map(|entry| entry.expect("a seed").path());
        let seeds: Vec<_> = seeds.map(|path| std::fs::read(path).expect("a seed")).collect();
        assert!(!seeds.is_empty());
        for seed in seeds {
            let mut bytes = Unstructured::new(&seed);
            pieces(&mut |bound| bytes.int_in_range(0..=bound - 1).expect("not empty"));
        }
        let count = std::env::var("POLYPHASE_FUZZ").map_or(10_000, |count| count.parse().expect("a number"));
        for number in 0..count {
            let mut state = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number + 1);
            pieces(&mut |bound| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                u64::try_from((u128::from(state) * u128::from(bound)) >> 64).expect("below the bound")
            });
        }
    }
}

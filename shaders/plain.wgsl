// One output per thread, straight from memory: the reference for `banded.wgsl`. With filters of up to 256 taps, both
// sum in the same order, one polyphase component of the samples after the other; the chains of longer filters end at
// other taps.
//
//   lane              0       1       2     …    63
//   output            n     n + 1   n + 2   …  n + 63          n = 64 · tile
//   phase = output mod phases, period = output / phases
//
//   start             = shift + period · stride + starts[phase]            position of the first sample of the window
//   samples             x0    x1    x2   …  x(span-1)
//   taps[phase]         h0    h1    h2   …  h(span-1)
//   sum               = x0·h0 + x1·h1 + …                       added to `total` every `taps_per_sum` taps
//                       with 3 components, x0·h0 + x3·h3 + … + x1·h1 + x4·h4 + … + x2·h2 + …, or from x1 or x2 on
//
// Threads share nothing: each reads its samples and taps from the buffers. That is slow, but quick to compile.
//
// | binding     | holds                                                                                  |
// |-------------|----------------------------------------------------------------------------------------|
// | 0/3 plans   | ratio and number of taps of each plan, and the indices of its first start and tap       |
// | 0/4 starts  | for each phase, the position of its first sample relative to the period's                |
// | 0/5 taps    | taps[phase][k] for k in 0..span                                                         |
// | others      | as in `common.wgsl`, which stands before this text                                      |

@group(0) @binding(3) var<storage, read> plans: array<Plan>;
@group(0) @binding(4) var<storage, read> starts: array<i32>;
@group(0) @binding(5) var<storage, read> taps: array<f32>;

// Number of lanes of a workgroup.
override WORKGROUP: u32 = 64u;

@compute @workgroup_size(WORKGROUP)
fn plain(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let index = tile_index(workgroup);
    if index >= job.end_tile {
        return;
    }
    let tile = tiles[index];
    let clip = clips[tile.x];
    let plan = plans[clip.plan];
    let n = tile.y * WORKGROUP + lane;
    if n >= clip.output_len {
        return;
    }
    let phase = n % plan.phases;
    let period_start = clip.shift + i32(n / plan.phases * plan.stride);
    let start = period_start + starts[plan.starts + phase];
    // Part of the window that has samples or padding under it. All other samples are zeros.
    var low = 0;
    var high = i32(clip.input_len);
    if PADS {
        if plan.padding != PADDING_ZERO {
            low = clip.first - i32(plan.margin);
            high = clip.last + i32(plan.margin) + 1;
        }
    }
    let begin = u32(clamp(low - start, 0, i32(plan.span)));
    let end = u32(clamp(high - start, 0, i32(plan.span)));
    let tap = plan.taps + phase * plan.span;
    // Component of sample `begin`. A period begins with component 0.
    let components = i32(plan.components);
    let first_component = ((starts[plan.starts + phase] + i32(begin)) % components + components) % components;
    var total = 0.0;
    var sum = 0.0;
    var summed = 0u;
    for (var component = 0; component < components; component += 1) {
        let skipped = (component - first_component + components) % components;
        for (var k = begin + u32(skipped); k < end; k += plan.components) {
            let position = start + i32(k);
            var x: f32;
            if PADS {
                x = load_padded(clip, plan.padding, plan.margin, position);
            } else {
                x = sample_at(clip, position);
            }
            sum = fma(x, taps[tap + k], sum);
            summed += 1u;
            if summed == plan.taps_per_sum {
                total += sum;
                sum = 0.0;
                summed = 0u;
            }
        }
    }
    store(clip, n, total + sum);
}

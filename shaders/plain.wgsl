// One output per thread, straight from memory: the reference for `banded.wgsl`. With filters of up to 256 taps, both
// sum in the same order; the chains of longer filters end at other taps.
//
//   lane              0       1       2     …    63
//   output            n     n + 1   n + 2   …  n + 63          n = 64 · tile
//   phase = output mod phases, period = output / phases
//
//   start             = shift + period · stride + starts[phase]            position of the first sample of the window
//   samples             x0    x1    x2   …  x(span-1)
//   taps[phase]         h0    h1    h2   …  h(span-1)
//   sum               = x0·h0 + x1·h1 + …                       added to `total` every `taps_per_sum` taps
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
    var position = start + i32(begin);
    var total = 0.0;
    var sum = 0.0;
    for (var k = begin; k < end; k += 1u) {
        var x: f32;
        if PADS {
            x = load_padded(clip, plan.padding, plan.margin, position);
        } else {
            x = sample_at(clip, position);
        }
        sum = fma(x, taps[tap + k], sum);
        position += 1;
        if plan.taps_per_sum != 0u && (k + 1u) % plan.taps_per_sum == 0u {
            total += sum;
            sum = 0.0;
        }
    }
    store(clip, n, total + sum);
}

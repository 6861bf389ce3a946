// The plain reference: each thread computes one output, straight from memory.
//
// The sum runs over the same taps in the same order as in banded.wgsl. For adapters that take seconds to compile anything
// larger, and to measure the other kernels by.
//
// | binding     | holds                                                                            |
// |-------------|----------------------------------------------------------------------------------|
// | 0/0 job     | how many tiles there are, and the width of the grid                              |
// | 0/1 tiles   | (clip, tile in the clip) for each workgroup: a tile is WORKGROUP outputs         |
// | 0/2 clips   | where each clip's samples and outputs lie, and its plan                          |
// | 0/3 plans   | each plan's ratio, and where its starts and taps lie                             |
// | 0/4 starts  | for each phase, the first sample of its window, relative to the frame            |
// | 0/5 taps    | taps[phase][k]                                                                   |
// | 1/0 input   | float32 samples, or pairs of 16-bit integers                                     |
// | 1/1 output  | float32 samples                                                                  |

struct Job {
    tiles: u32,
    grid_width: u32,
}

struct Clip {
    input_offset: u32,
    input_len: u32,
    output_offset: u32,
    output_len: u32,
    // Position of frame 0, relative to the first sample.
    shift: i32,
    plan: u32,
}

// The fields of banded.wgsl; those that are not used here are not named.
struct Plan {
    phases: u32,
    stride: u32,
    unused_2: u32,
    unused_3: u32,
    unused_4: u32,
    unused_5: u32,
    unused_6: u32,
    unused_7: u32,
    // Taps of a phase; none: the samples come back unchanged.
    band: u32,
    unused_9: u32,
    // Taps after which the sum is added to the output and begun anew; 0 for never.
    fold: u32,
    starts: u32,
    taps: u32,
}

@group(0) @binding(0) var<uniform> job: Job;
@group(0) @binding(1) var<storage, read> tiles: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> clips: array<Clip>;
@group(0) @binding(3) var<storage, read> plans: array<Plan>;
@group(0) @binding(4) var<storage, read> starts: array<i32>;
@group(0) @binding(5) var<storage, read> taps: array<f32>;
@group(1) @binding(0) var<storage, read> input: array<u32>;
@group(1) @binding(1) var<storage, read_write> output: array<f32>;

// Samples are 16-bit integers, scaled by 2^-15, instead of float32.
override INPUT_I16: bool = false;
override WORKGROUP: u32 = 64;

fn sample(index: u32) -> f32 {
    if INPUT_I16 {
        let pair = input[index >> 1u];
        let half = select(pair << 16u, pair, (index & 1u) == 1u);
        return f32(bitcast<i32>(half) >> 16u) * 0x1p-15;
    }
    return bitcast<f32>(input[index]);
}

@compute @workgroup_size(WORKGROUP)
fn simple(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let index = workgroup.y * job.grid_width + workgroup.x;
    if index >= job.tiles {
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
    let frame = clip.shift + i32(n / plan.phases * plan.stride);
    if plan.band == 0u {
        output[clip.output_offset + n] = sample(clip.input_offset + u32(frame));
        return;
    }
    let start = frame + starts[plan.starts + phase];
    // The part of the window that lies within the clip.
    let begin = u32(max(-start, 0));
    let end = u32(clamp(i32(clip.input_len) - start, 0, i32(plan.band)));
    var tap = plan.taps + phase * plan.band;
    var at = clip.input_offset + u32(start + i32(begin));
    var total = 0.0;
    var y = 0.0;
    for (var k = begin; k < end; k += 1u) {
        y = fma(sample(at), taps[tap + k], y);
        at += 1u;
        if plan.fold != 0u && (k + 1u) % plan.fold == 0u {
            total += y;
            y = 0.0;
        }
    }
    output[clip.output_offset + n] = total + y;
}

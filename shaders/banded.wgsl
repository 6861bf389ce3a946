// The main kernel: each thread computes 4 periods × 8 phases, in registers, over the samples that the 8 phases share.
//
// A workgroup computes a tile: `quads` × 4 periods of `blocks_in_tile` × 8 phases of one clip. Its samples are staged in
// workgroup memory as columns: xs[quad * pitch + row] holds, for 4 consecutive periods (`stride` samples apart), the sample
// `row` after the first that the tile's phases reach. One vec4 of it and 8 taps make 32 multiply-adds: an eighth of a word of
// workgroup memory for each.
//
// Each output is one chain of multiply-adds in the order of its taps, whatever the tile, the batch and the device's limits.
//
// | binding     | holds                                                                            |
// |-------------|----------------------------------------------------------------------------------|
// | 0/0 job     | how many tiles there are, and the width of the grid                              |
// | 0/1 tiles   | (clip, tile in the clip) for each workgroup                                      |
// | 0/2 clips   | where each clip's samples and outputs lie, and its plan                          |
// | 0/3 plans   | the shape of each plan's tiles, and where its starts and taps lie                |
// | 0/4 starts  | for each block of 8 phases, the first sample under it, relative to the period  |
// | 0/5 taps    | taps[block][k][8], zero outside a phase's window                                 |
// | 1/0 input   | float32 samples, or pairs of 16-bit integers or floats                           |
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
    // Position of period 0, relative to the first sample.
    shift: i32,
    plan: u32,
    // Where the clip, of which these samples may be a part, begins and ends: positions of its first and its last sample.
    first: i32,
    last: i32,
}

struct Plan {
    phases: u32,
    stride: u32,
    blocks: u32,
    blocks_in_tile: u32,
    tiles_across: u32,
    quads: u32,
    pitch: u32,
    // Lanes that run along a pitch while staging: 2^log2_rows_in_flight.
    log2_rows_in_flight: u32,
    // Samples under a block, and samples that are staged at a time; both multiples of 4. No taps: the samples come back unchanged.
    span: u32,
    chunk: u32,
    // Chunks after which the sums are added to the output and begun anew; 0 for never.
    taps_per_sum: u32,
    starts: u32,
    taps: u32,
    // What lies beyond the ends of a clip, for `margin` samples: 0 silence, 1 the last sample, 2 the clip in a mirror.
    padding: u32,
    margin: u32,
}

@group(0) @binding(0) var<uniform> job: Job;
@group(0) @binding(1) var<storage, read> tiles: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> clips: array<Clip>;
@group(0) @binding(3) var<storage, read> plans: array<Plan>;
@group(0) @binding(4) var<storage, read> starts: array<i32>;
@group(0) @binding(5) var<storage, read> taps: array<vec4<f32>>;
@group(1) @binding(0) var<storage, read> input: array<u32>;
@group(1) @binding(1) var<storage, read_write> output: array<f32>;

// Samples are 0: float32; 1: 16-bit integers, scaled by 2^-15; 2: 16-bit floats.
override INPUT: u32 = 0;
// Some plan of the job pads its clips with anything but silence.
override PADS: bool = false;
// Some plan of the job has filters long enough to be summed in several parts.
override SPLITS_SUMS: bool = false;
override WORKGROUP: u32 = 64;
// vec4s of workgroup memory.
override STAGED: u32 = 1024;

// Outputs in a tile of a clip that is only copied.
override COPIED: u32 = 2048;

var<workgroup> xs: array<vec4<f32>, STAGED>;

fn sample(index: u32) -> f32 {
    if INPUT == 0u {
        return bitcast<f32>(input[index]);
    }
    let pair = input[index >> 1u];
    let bits = select(pair & 0xffffu, pair >> 16u, (index & 1u) == 1u);
    if INPUT == 1u {
        return f32(bitcast<i32>(bits << 16u) >> 16u) * 0x1p-15;
    }
    return half(bits);
}

// A 16-bit float, in integers: `unpack2x16float` may take the smallest ones for zero.
fn half(bits: u32) -> f32 {
    let exponent = bits & 0x7c00u;
    // The exponent's bias is 127 for 15; infinities and NaN have the highest in both.
    let bias = select(112u, 224u, exponent == 0x7c00u) << 23u;
    let normal = ((bits & 0x7fffu) << 13u) + bias;
    let magnitude = select(normal, bitcast<u32>(f32(bits & 0x3ffu) * 0x1p-24), exponent == 0u);
    return bitcast<f32>(magnitude | ((bits & 0x8000u) << 16u));
}

// The position of the sample that stands at this one: itself, or for padding another. Positions that nothing is padded to
// stay outside the clip.
fn source(clip: Clip, padding: u32, margin: u32, position: i32) -> i32 {
    let far = position < clip.first - i32(margin) || position > clip.last + i32(margin);
    if padding == 0u || far {
        return position;
    }
    if padding == 1u {
        return clamp(position, clip.first, clip.last);
    }
    // The mirrored clip repeats after 2 (len - 1) samples and is symmetric about its first sample.
    let cycle = u32(clip.last - clip.first) * 2u;
    let within = u32(abs(position - clip.first)) % max(cycle, 1u);
    return clip.first + i32(min(within, cycle - within));
}

// The clip is zero where there are no samples. Positions before them wrap to beyond them, and an index outside the buffer reads
// something that is not taken: no branch.
fn sample_or_zero(clip: Clip, position: i32) -> f32 {
    return select(0.0, sample(clip.input_offset + u32(position)), u32(position) < clip.input_len);
}

// What stands at a position; `inside` if it and those around it are the clip's own.
fn load_padded(clip: Clip, plan: Plan, inside: bool, position: i32) -> f32 {
    var from_position = position;
    if PADS {
        if !inside {
            from_position = source(clip, plan.padding, plan.margin, position);
        }
    }
    return sample_or_zero(clip, from_position);
}

// Stores output `n` of the clip, or adds it to what was stored.
fn store_one(clip: Clip, n: u32, y: f32, add: bool) {
    if n < clip.output_len {
        let to = clip.output_offset + n;
        var sum = y;
        if SPLITS_SUMS {
            sum = select(y, output[to] + y, add);
        }
        output[to] = sum;
    }
}

// Stores phase j of four periods, of which the first is output `n`.
fn store(clip: Clip, plan: Plan, n: u32, j: u32, y: vec4<f32>, add: bool) {
    if j < plan.phases {
        store_one(clip, n, y.x, add);
        store_one(clip, n + plan.phases, y.y, add);
        store_one(clip, n + 2u * plan.phases, y.z, add);
        store_one(clip, n + 3u * plan.phases, y.w, add);
    }
}

// Stores the thread's block of phases.
fn store_block(
    clip: Clip,
    plan: Plan,
    n: u32,
    j: u32,
    add: bool,
    y0: vec4<f32>,
    y1: vec4<f32>,
    y2: vec4<f32>,
    y3: vec4<f32>,
    y4: vec4<f32>,
    y5: vec4<f32>,
    y6: vec4<f32>,
    y7: vec4<f32>,
) {
    store(clip, plan, n, j, y0, add);
    store(clip, plan, n + 1u, j + 1u, y1, add);
    store(clip, plan, n + 2u, j + 2u, y2, add);
    store(clip, plan, n + 3u, j + 3u, y3, add);
    store(clip, plan, n + 4u, j + 4u, y4, add);
    store(clip, plan, n + 5u, j + 5u, y5, add);
    store(clip, plan, n + 6u, j + 6u, y6, add);
    store(clip, plan, n + 7u, j + 7u, y7, add);
}

@compute @workgroup_size(WORKGROUP)
fn banded(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    // All of this is the same for the whole workgroup.
    let index = workgroup.y * job.grid_width + workgroup.x;
    if index >= job.tiles {
        return;
    }
    let tile = tiles[index];
    let clip = clips[tile.x];
    let plan = plans[clip.plan];
    if plan.span == 0u {
        // Equal rates: the samples themselves.
        let first = tile.y * COPIED;
        for (var n = first + lane; n < min(first + COPIED, clip.output_len); n += WORKGROUP) {
            output[clip.output_offset + n] = sample_or_zero(clip, clip.shift + i32(n));
        }
        return;
    }
    let first_period = tile.y / plan.tiles_across * plan.quads * 4u;
    let first_block = tile.y % plan.tiles_across * plan.blocks_in_tile;
    let last_block = min(first_block + plan.blocks_in_tile, plan.blocks) - 1u;
    let first_start = starts[plan.starts + first_block];
    let rows = plan.chunk + u32(starts[plan.starts + last_block] - first_start);
    let origin = clip.shift + i32(first_period * plan.stride) + first_start;

    // This thread's quad of periods and block of phases. Threads beyond the last block only stage.
    let quad = lane % plan.quads;
    let block = first_block + lane / plan.quads;
    let used_block = min(block, last_block);
    let at = quad * plan.pitch + u32(starts[plan.starts + used_block] - first_start);
    var tap = plan.taps + used_block * plan.span * 2u;

    let lane_row = lane & ((1u << plan.log2_rows_in_flight) - 1u);
    let lane_quad = lane >> plan.log2_rows_in_flight;

    var y0 = vec4<f32>();
    var y1 = vec4<f32>();
    var y2 = vec4<f32>();
    var y3 = vec4<f32>();
    var y4 = vec4<f32>();
    var y5 = vec4<f32>();
    var y6 = vec4<f32>();
    var y7 = vec4<f32>();
    var has_partial_sums = false;

    let stores = block <= last_block && lane < plan.quads * plan.blocks_in_tile;
    let j = block * 8u;
    let n = (first_period + quad * 4u) * plan.phases + j;

    for (var k = 0u; k < plan.span; k += plan.chunk) {
        workgroupBarrier();
        let last_row = origin + i32((plan.quads * 4u - 1u) * plan.stride + k + rows - 1u);
        let inside = origin + i32(k) >= clip.first && last_row <= clip.last;
        for (var q = lane_quad; q < plan.quads; q += WORKGROUP >> plan.log2_rows_in_flight) {
            let from_period = origin + i32(q * 4u * plan.stride + k);
            let stride = i32(plan.stride);
            for (var row = lane_row; row < rows; row += 1u << plan.log2_rows_in_flight) {
                let position = from_period + i32(row);
                let x = vec4(
                    load_padded(clip, plan, inside, position),
                    load_padded(clip, plan, inside, position + stride),
                    load_padded(clip, plan, inside, position + 2 * stride),
                    load_padded(clip, plan, inside, position + 3 * stride),
                );
                xs[q * plan.pitch + row] = x;
            }
        }
        workgroupBarrier();

        let end = at + select(0u, min(plan.chunk, plan.span - k), stores);
        for (var row = at; row < end; row += 4u) {
            var x = xs[row];
            var h = taps[tap];
            y0 = fma(x, vec4(h.x), y0);
            y1 = fma(x, vec4(h.y), y1);
            y2 = fma(x, vec4(h.z), y2);
            y3 = fma(x, vec4(h.w), y3);
            h = taps[tap + 1u];
            y4 = fma(x, vec4(h.x), y4);
            y5 = fma(x, vec4(h.y), y5);
            y6 = fma(x, vec4(h.z), y6);
            y7 = fma(x, vec4(h.w), y7);
            x = xs[row + 1u];
            h = taps[tap + 2u];
            y0 = fma(x, vec4(h.x), y0);
            y1 = fma(x, vec4(h.y), y1);
            y2 = fma(x, vec4(h.z), y2);
            y3 = fma(x, vec4(h.w), y3);
            h = taps[tap + 3u];
            y4 = fma(x, vec4(h.x), y4);
            y5 = fma(x, vec4(h.y), y5);
            y6 = fma(x, vec4(h.z), y6);
            y7 = fma(x, vec4(h.w), y7);
            x = xs[row + 2u];
            h = taps[tap + 4u];
            y0 = fma(x, vec4(h.x), y0);
            y1 = fma(x, vec4(h.y), y1);
            y2 = fma(x, vec4(h.z), y2);
            y3 = fma(x, vec4(h.w), y3);
            h = taps[tap + 5u];
            y4 = fma(x, vec4(h.x), y4);
            y5 = fma(x, vec4(h.y), y5);
            y6 = fma(x, vec4(h.z), y6);
            y7 = fma(x, vec4(h.w), y7);
            x = xs[row + 3u];
            h = taps[tap + 6u];
            y0 = fma(x, vec4(h.x), y0);
            y1 = fma(x, vec4(h.y), y1);
            y2 = fma(x, vec4(h.z), y2);
            y3 = fma(x, vec4(h.w), y3);
            h = taps[tap + 7u];
            y4 = fma(x, vec4(h.x), y4);
            y5 = fma(x, vec4(h.y), y5);
            y6 = fma(x, vec4(h.z), y6);
            y7 = fma(x, vec4(h.w), y7);
            tap += 8u;
        }

        if SPLITS_SUMS {
            let more = k + plan.chunk < plan.span;
            if more && plan.taps_per_sum != 0u && (k + plan.chunk) % plan.taps_per_sum == 0u {
                if stores {
                    store_block(clip, plan, n, j, has_partial_sums, y0, y1, y2, y3, y4, y5, y6, y7);
                }
                has_partial_sums = true;
                y0 = vec4<f32>();
                y1 = vec4<f32>();
                y2 = vec4<f32>();
                y3 = vec4<f32>();
                y4 = vec4<f32>();
                y5 = vec4<f32>();
                y6 = vec4<f32>();
                y7 = vec4<f32>();
            }
        }
    }
    if stores {
        store_block(clip, plan, n, j, has_partial_sums, y0, y1, y2, y3, y4, y5, y6, y7);
    }
}

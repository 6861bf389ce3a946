// The main kernel: each thread computes 4 periods × 8 phases in registers, from the samples that its 8 phases share.
//
//   clip      |-- period 0 --|-- period 1 --|-- period 2 --|-- period 3 --|-- period 4 --| …
//   quad 0     x[r]           x[r + M]       x[r + 2M]      x[r + 3M]                         M = stride
//   xs[r]   =  vec4 of these four: row r of the quad, staged in workgroup memory
//
//   workgroup memory                                  threads of a tile
//   xs[0 · pitch + row]  rows of quad 0               block 0   block 1       …  (8 phases each)
//   xs[1 · pitch + row]  rows of quad 1      quad 0   lane 0    lane quads
//   …                                        quad 1   lane 1    lane quads + 1
//
//   sums[j] (vec4) += xs[quad · pitch + start of the block + k] · taps[block][k][j]     j = 0 … 7, k = 0 … span - 1
//
// One vec4 of samples and 8 taps make 32 multiply-adds, each of which reads an eighth of a word of workgroup memory.
// The rows of a tile are staged for `chunk` values of k at a time, as many as workgroup memory holds. The blocks of the
// tile share them:
//
//   row          0                                        rows - 1
//   block 0      |—————— chunk ——————|
//   block 1            |—————— chunk ——————|               begins starts[block 1] - starts[block 0] rows later
//
// Each output is one chain of multiply-adds in the order of its taps or, with a long filter, one chain for every
// `taps_per_sum` values of k. The order depends on the plan alone, not on the batch or the device.
//
// A lane's outputs lie far apart: neighbouring phases are neighbours in the output, and neighbouring periods lie
// `phases` outputs apart. So the sums are transposed in workgroup memory, where the samples were, and neighbouring lanes
// store neighbouring outputs:
//
//   xs[j · (quads | 1) + quad] = sums of phase j of the tile and four periods
//
//   lane                       0      1      2      …           then the same phases of the next quad
//   output of period p       p·L+0  p·L+1  p·L+2    …           L = phases, p = 0 … 3 of the quad, one store each
//
// | binding     | holds                                                                                  |
// |-------------|----------------------------------------------------------------------------------------|
// | 0/3 plans   | ratio and tiling of each plan, and the indices of its first start and tap               |
// | 0/4 starts  | for each block of 8 phases, the position of its first sample relative to the period's    |
// | 0/5 taps    | taps[block][k][8] in two vec4s, zero outside a phase's window                           |
// | others      | as in `common.wgsl`, which stands before this text                                      |
//
// Machine code for RDNA2 (RADV of Mesa 22.3.6, with the bounds checks that wgpu adds), 2026-11. In all variants the hot
// block has 128 fma, 77 % of its vector instructions, 0.125 words of workgroup memory per fma, and nothing is spilled.
//
// | variant                              | instructions | VGPRs | waves per SIMD with STAGED = 512, 640 / 768 / 1024 |
// |--------------------------------------|--------------|-------|-----------------------------------------------------|
// | float32                              | 614          | 96    | 8 / 6 / 4                                           |
// | SPLITS_SUMS                          | 717          | 128   | 8 / 6 / 4                                           |
// | INPUT = 1 (i16)                      | 649          | 96    | 8 / 6 / 4                                           |
// | INPUT = 2 (f16)                      | 698          | 96    | 8 / 6 / 4                                           |
// | PADS                                 | 800          | 96    | 8 / 6 / 4                                           |
// | STRIDES                              | 706          | 96    | 8 / 6 / 4                                           |
// | INPUT = 1, OUTPUT = 1 (i16 to i16)   | 1410         | 96    | 8 / 6 / 4                                           |
// | INPUT = 2, OUTPUT = 2 (f16 to f16)   | 1376         | 96    | 8 / 6 / 4                                           |
//
// A wave of 32 lanes stores 0.125 to 0.154 sectors of 32 bytes per float32 output: `layout/traffic.rs` counts them.

@group(0) @binding(3) var<storage, read> plans: array<Plan>;
@group(0) @binding(4) var<storage, read> starts: array<i32>;
@group(0) @binding(5) var<storage, read> taps: array<vec4<f32>>;

// Numbers of periods and phases of a thread, and of rows that its loop takes in one step. The code below is unrolled
// for these values.
const QUAD_PERIODS: u32 = 4u;
const BLOCK_PHASES: u32 = 8u;
const STEP: u32 = 4u;

// True if a plan of the job has a filter that is long enough to be summed in several chains.
override SPLITS_SUMS: bool = false;
// Number of vec4s of workgroup memory: enough for the staged rows and for the sums of a tile.
override STAGED: u32 = 1024u;

var<workgroup> xs: array<vec4<f32>, STAGED>;

// Adds x · taps to the sums of four phases. The columns have constant indices, so that they stay in registers.
fn multiply_add(x: vec4<f32>, taps: vec4<f32>, sums: mat4x4<f32>) -> mat4x4<f32> {
    return mat4x4(
        fma(x, vec4(taps.x), sums[0]),
        fma(x, vec4(taps.y), sums[1]),
        fma(x, vec4(taps.z), sums[2]),
        fma(x, vec4(taps.w), sums[3]),
    );
}

// Stores one or two neighbours of a period: phases `j` and `j + 1` of the tile, or `j - 1` and `j`, whichever share a word
// of 16-bit outputs. `n` is the output of phase j, and `count` the number of the tile's phases.
fn store_word(clip: Clip, n: u32, j: u32, count: u32, before: f32, y: f32, after: f32) {
    let odd = (clip.output_offset + n) & 1u;
    let pair = select(vec2(y, after), vec2(before, y), odd == 1u);
    // Phase -1 wraps to a large number.
    store_pair(clip, n - odd, pair, vec2(j - odd, j - odd + 1u) < vec2(count));
}

// Stores the sums of the tile, transposed in `xs`: `count` phases, of which the first is output `first_n` in the first
// period. Lanes run along the phases of a quad and on into the next quad.
fn store_tile(clip: Clip, plan: Plan, first_n: u32, count: u32, lane: u32) {
    let pitch = plan.quads | 1u;
    let steps = select(count / 2u + 1u, count, OUTPUT == SAMPLES_F32);
    // Integer division in float32: the added 0.5 keeps the quotient away from integers, so that rounding cannot cross one.
    let quads_on = u32((f32(WORKGROUP) + 0.5) / f32(steps));
    let steps_on = WORKGROUP - quads_on * steps;
    var q = u32((f32(lane) + 0.5) / f32(steps));
    var step = lane - q * steps;
    while q < plan.quads {
        let j = select(step * 2u, step, OUTPUT == SAMPLES_F32);
        let n = first_n + q * QUAD_PERIODS * plan.phases + j;
        let at = j * pitch + q;
        let y = xs[min(at, STAGED - 1u)];
        if OUTPUT == SAMPLES_F32 {
            store(clip, n, y.x);
            store(clip, n + plan.phases, y.y);
            store(clip, n + 2u * plan.phases, y.z);
            store(clip, n + 3u * plan.phases, y.w);
        } else {
            let before = xs[max(at, pitch) - pitch];
            let after = xs[min(at + pitch, STAGED - 1u)];
            store_word(clip, n, j, count, before.x, y.x, after.x);
            store_word(clip, n + plan.phases, j, count, before.y, y.y, after.y);
            store_word(clip, n + 2u * plan.phases, j, count, before.z, y.z, after.z);
            store_word(clip, n + 3u * plan.phases, j, count, before.w, y.w, after.w);
        }
        step += steps_on;
        q += quads_on;
        if step >= steps {
            step -= steps;
            q += 1u;
        }
    }
}

@compute @workgroup_size(WORKGROUP)
fn banded(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    // The tile: the same for all threads of the workgroup.
    let index = tile_index(workgroup);
    if index >= job.end_tile {
        return;
    }
    let tile = tiles[index];
    let clip = clips[tile.x];
    let plan = plans[clip.plan];
    let first_period = tile.y / plan.tiles_across * plan.quads * QUAD_PERIODS;
    let first_block = tile.y % plan.tiles_across * plan.blocks_in_tile;
    let last_block = min(first_block + plan.blocks_in_tile, plan.blocks) - 1u;
    let first_start = starts[plan.starts + first_block];
    let rows = plan.chunk + u32(starts[plan.starts + last_block] - first_start);
    let origin = clip.shift + i32(first_period * plan.stride) + first_start;

    // The thread: its quad of periods and block of phases. Threads beyond the last block only stage samples.
    let quad = lane % plan.quads;
    let block = first_block + lane / plan.quads;
    let has_outputs = block <= last_block && lane < plan.quads * plan.blocks_in_tile;
    let used_block = min(block, last_block);
    let first_row = quad * plan.pitch + u32(starts[plan.starts + used_block] - first_start);
    var tap = plan.taps + used_block * plan.span * 2u;

    // Lanes that stage: 2^log2_rows_in_flight of them run along the rows of one quad.
    let lane_row = lane & ((1u << plan.log2_rows_in_flight) - 1u);
    let lane_quad = lane >> plan.log2_rows_in_flight;

    // Sums of phases 0 to 3 and 4 to 7 of the block: a column for each phase, a row for each period.
    var low = mat4x4<f32>();
    var high = mat4x4<f32>();
    // Totals of the chains that have ended.
    var low_total = mat4x4<f32>();
    var high_total = mat4x4<f32>();

    for (var c = 0u; c < job.chunks; c += 1u) {
        // A plan with fewer than `job.chunks` chunks stages and sums nothing in the remaining iterations.
        let k = c * plan.chunk;
        let taken = min(plan.chunk, plan.span - min(k, plan.span));

        // Stage the rows of the chunk.
        workgroupBarrier();
        let stride = i32(plan.stride);
        let last_position = origin + i32((plan.quads * QUAD_PERIODS - 1u) * plan.stride + k + rows - 1u);
        let is_inside = origin + i32(k) >= clip.first && last_position <= clip.last;
        let padding = select(plan.padding, PADDING_ZERO, is_inside);
        let staged_rows = select(rows, 0u, taken == 0u);
        for (var q = lane_quad; q < plan.quads; q += WORKGROUP >> plan.log2_rows_in_flight) {
            let quad_start = origin + i32(q * QUAD_PERIODS * plan.stride + k);
            for (var row = lane_row; row < staged_rows; row += 1u << plan.log2_rows_in_flight) {
                let position = quad_start + i32(row);
                xs[q * plan.pitch + row] = vec4(
                    load_padded(clip, padding, plan.margin, position),
                    load_padded(clip, padding, plan.margin, position + stride),
                    load_padded(clip, padding, plan.margin, position + 2 * stride),
                    load_padded(clip, padding, plan.margin, position + 3 * stride),
                );
            }
        }
        workgroupBarrier();

        // Multiply and add, STEP rows at a time.
        let end = first_row + select(0u, taken, has_outputs);
        for (var row = first_row; row < end; row += STEP) {
            var x = xs[row];
            low = multiply_add(x, taps[tap], low);
            high = multiply_add(x, taps[tap + 1u], high);
            x = xs[row + 1u];
            low = multiply_add(x, taps[tap + 2u], low);
            high = multiply_add(x, taps[tap + 3u], high);
            x = xs[row + 2u];
            low = multiply_add(x, taps[tap + 4u], low);
            high = multiply_add(x, taps[tap + 5u], high);
            x = xs[row + 3u];
            low = multiply_add(x, taps[tap + 6u], low);
            high = multiply_add(x, taps[tap + 7u], high);
            tap += STEP * 2u;
        }

        // At the end of a chain, add its sums to the totals and begin a new one.
        if SPLITS_SUMS {
            if plan.taps_per_sum != 0u && (k + plan.chunk) % plan.taps_per_sum == 0u {
                low_total += low;
                high_total += high;
                low = mat4x4<f32>();
                high = mat4x4<f32>();
            }
        }
    }
    if SPLITS_SUMS {
        low += low_total;
        high += high_total;
    }

    workgroupBarrier();
    if has_outputs {
        let pitch = plan.quads | 1u;
        let at = (block - first_block) * BLOCK_PHASES * pitch + quad;
        xs[at] = low[0];
        xs[at + pitch] = low[1];
        xs[at + 2u * pitch] = low[2];
        xs[at + 3u * pitch] = low[3];
        xs[at + 4u * pitch] = high[0];
        xs[at + 5u * pitch] = high[1];
        xs[at + 6u * pitch] = high[2];
        xs[at + 7u * pitch] = high[3];
    }
    workgroupBarrier();
    let first_phase = first_block * BLOCK_PHASES;
    let count = min((last_block + 1u) * BLOCK_PHASES, plan.phases) - first_phase;
    store_tile(clip, plan, first_period * plan.phases + first_phase, count, lane);
}

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
// | binding     | holds                                                                                  |
// |-------------|----------------------------------------------------------------------------------------|
// | 0/3 plans   | ratio and tiling of each plan, and the indices of its first start and tap               |
// | 0/4 starts  | for each block of 8 phases, the position of its first sample relative to the period's    |
// | 0/5 taps    | taps[block][k][8] in two vec4s, zero outside a phase's window                           |
// | others      | as in `common.wgsl`, which stands before this text                                      |

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
// Number of vec4s of workgroup memory.
override STAGED: u32 = 1024u;
// Number of outputs of a tile at equal rates, where samples are copied.
override COPIED: u32 = 2048u;

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

// Stores output `n` of the clip, or adds to it.
fn store_one(clip: Clip, n: u32, y: f32, add: bool) {
    if n < clip.output_len {
        let to = clip.output_offset + n;
        var total = y;
        if SPLITS_SUMS {
            total = select(y, output[to] + y, add);
        }
        output[to] = total;
    }
}

// Stores one phase of four periods, of which the first is output `n`.
fn store_phase(clip: Clip, plan: Plan, n: u32, phase: u32, sums: vec4<f32>, add: bool) {
    if phase < plan.phases {
        store_one(clip, n, sums.x, add);
        store_one(clip, n + plan.phases, sums.y, add);
        store_one(clip, n + 2u * plan.phases, sums.z, add);
        store_one(clip, n + 3u * plan.phases, sums.w, add);
    }
}

// Stores four phases of four periods.
fn store(clip: Clip, plan: Plan, n: u32, phase: u32, sums: mat4x4<f32>, add: bool) {
    store_phase(clip, plan, n, phase, sums[0], add);
    store_phase(clip, plan, n + 1u, phase + 1u, sums[1], add);
    store_phase(clip, plan, n + 2u, phase + 2u, sums[2], add);
    store_phase(clip, plan, n + 3u, phase + 3u, sums[3], add);
}

@compute @workgroup_size(WORKGROUP)
fn banded(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    // The tile: the same for all threads of the workgroup.
    let index = tile_index(workgroup);
    if index >= job.tiles {
        return;
    }
    let tile = tiles[index];
    let clip = clips[tile.x];
    let plan = plans[clip.plan];
    if plan.span == 0u {
        let first = tile.y * COPIED;
        for (var n = first + lane; n < min(first + COPIED, clip.output_len); n += WORKGROUP) {
            output[clip.output_offset + n] = sample_or_zero(clip, clip.shift + i32(n));
        }
        return;
    }
    let first_period = tile.y / plan.tiles_across * plan.quads * QUAD_PERIODS;
    let first_block = tile.y % plan.tiles_across * plan.blocks_in_tile;
    let last_block = min(first_block + plan.blocks_in_tile, plan.blocks) - 1u;
    let first_start = starts[plan.starts + first_block];
    let rows = plan.chunk + u32(starts[plan.starts + last_block] - first_start);
    let origin = clip.shift + i32(first_period * plan.stride) + first_start;

    // The thread: its quad of periods and block of phases. Threads beyond the last block only stage samples.
    let quad = lane % plan.quads;
    let block = first_block + lane / plan.quads;
    let stores = block <= last_block && lane < plan.quads * plan.blocks_in_tile;
    let used_block = min(block, last_block);
    let first_row = quad * plan.pitch + u32(starts[plan.starts + used_block] - first_start);
    let phase = block * BLOCK_PHASES;
    let n = (first_period + quad * QUAD_PERIODS) * plan.phases + phase;
    var tap = plan.taps + used_block * plan.span * 2u;

    // Lanes that stage: 2^log2_rows_in_flight of them run along the rows of one quad.
    let lane_row = lane & ((1u << plan.log2_rows_in_flight) - 1u);
    let lane_quad = lane >> plan.log2_rows_in_flight;

    // Sums of phases 0 to 3 and 4 to 7 of the block: a column for each phase, a row for each period.
    var low = mat4x4<f32>();
    var high = mat4x4<f32>();
    var has_partial_sums = false;

    for (var k = 0u; k < plan.span; k += plan.chunk) {
        // Stage the rows of the chunk.
        workgroupBarrier();
        let stride = i32(plan.stride);
        let last_position = origin + i32((plan.quads * QUAD_PERIODS - 1u) * plan.stride + k + rows - 1u);
        let is_inside = origin + i32(k) >= clip.first && last_position <= clip.last;
        let padding = select(plan.padding, PADDING_ZERO, is_inside);
        for (var q = lane_quad; q < plan.quads; q += WORKGROUP >> plan.log2_rows_in_flight) {
            let quad_start = origin + i32(q * QUAD_PERIODS * plan.stride + k);
            for (var row = lane_row; row < rows; row += 1u << plan.log2_rows_in_flight) {
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
        let end = first_row + select(0u, min(plan.chunk, plan.span - k), stores);
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

        // At the end of a chain, add its sums to the outputs and begin a new one.
        if SPLITS_SUMS {
            let taken = k + plan.chunk;
            if taken < plan.span && plan.taps_per_sum != 0u && taken % plan.taps_per_sum == 0u {
                if stores {
                    store(clip, plan, n, phase, low, has_partial_sums);
                    store(clip, plan, n + 4u, phase + 4u, high, has_partial_sums);
                }
                has_partial_sums = true;
                low = mat4x4<f32>();
                high = mat4x4<f32>();
            }
        }
    }
    if stores {
        store(clip, plan, n, phase, low, has_partial_sums);
        store(clip, plan, n + 4u, phase + 4u, high, has_partial_sums);
    }
}

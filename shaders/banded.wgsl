// The main kernel: each thread computes 4 periods × 8 phases in registers, from the samples that its 8 phases share.
//
//   clip      |-- period 0 --|-- period 1 --|-- period 2 --|-- period 3 --|-- period 4 --| …
//   quad 0     x[r]           x[r + M]       x[r + 2M]      x[r + 3M]                         M = stride
//   row r   =  vec4 of these four, staged in workgroup memory
//
//   workgroup memory                                        threads of a tile
//   xs[0 · pitch + r]  row r of quad 0                      block 0   block 1       …  (8 phases each)
//   xs[1 · pitch + r]  row r of quad 1            quad 0    lane 0    lane quads
//   …                                             quad 1    lane 1    lane quads + 1
//
//   sums[j] (vec4) += xs[quad · pitch + start of the block + k] · taps[block][k][j]     j = 0 … 7, k = 0 … span - 1
//
// One vec4 of samples and 8 taps make 32 multiply-adds, each of which reads an eighth of a word of workgroup memory.
//
// With `PAIRS` each thread also computes the same phases of a second quad, half a tile later, from the same taps. This is
// for devices that compute in software, whose loads cost much more than their multiply-adds.
//
// `chunk` values of k are computed at a time. The blocks of the tile share the rows that are staged for them:
//
//   row          0                                        rows - 1
//   block 0      |—————— chunk ——————|
//   block 1            |—————— chunk ——————|               begins starts[block 1] - starts[block 0] rows later
//
// The rows of each quad are a ring. While a chunk is computed, each thread loads one row that the next chunk needs, into
// registers. The new rows then take the places of those that no block needs any more:
//
//   chunk 0      |■■■■■■■■■■■■|               all `rows` are loaded at once
//   chunk 1      |□□□□■■■■■■■■|               the first `chunk` rows (□) were loaded ahead
//   chunk 2      |□□□□□□□□■■■■|               …
//
// Workgroup memory decides how many threads a GPU runs at a time, so tiles are chosen to need little for each thread. A
// filter that decimates by 2 or more would need much: neighbouring blocks begin 8 · M / L samples apart. Its samples are
// therefore divided into polyphase components, which are summed one after the other:
//
//   component 0      x[0]            x[3]            x[6]          …        components = 3, the divisor of M nearest to M / L
//   component 1           x[1]            x[4]            x[7]
//   component 2                x[2]            x[5]            x[8]
//
// Row r of component c holds the samples at positions r · components + c. At 3 to 1, blocks begin 8 rows apart instead of
// 24. Other filters have one component, whose rows are the samples.
//
// Each output is one chain of multiply-adds in the order of these taps or, with a long filter, one chain for every
// `taps_per_sum` values of k. The order depends on the plan alone, not on the batch or the device.
//
// A lane's outputs lie far apart: neighbouring phases are neighbours in the output, and neighbouring periods lie
// `phases` outputs apart. So the sums are transposed in workgroup memory, where the samples were, one half of the quads
// after the other, and neighbouring lanes store neighbouring outputs:
//
//   xs[j · (half | 1) + quad] = sums of phase j of the tile and four periods
//
//   lane                       0      1      2      …           then the same phases of the next quad
//   output of period p       p·L+0  p·L+1  p·L+2    …           L = phases, p = 0 … 3 of the quad, one store each
//
// | binding     | holds                                                                                  |
// |-------------|----------------------------------------------------------------------------------------|
// | 0/3 plans   | ratio and tiling of each plan, and the indices of its first start and tap               |
// | 0/4 starts  | for each block of 8 phases, the position of its first sample relative to the period's    |
// | 0/5 taps    | taps[block][component][k][8] in two vec4s, zero outside a phase's window                |
// | others      | as in `common.wgsl`, which stands before this text                                      |
//
// Machine code for RDNA2 (RADV of Mesa 22.3.6, with the bounds checks that wgpu adds), 2026-11. In all variants the hot
// block has 128 fma, 74 % of its instructions without waits, 0.125 words of workgroup memory per fma, and nothing is
// spilled.
//
// | variant                              | instructions | VGPRs and waves per SIMD, STAGED = 512, 640 / 768, 1024 |
// |--------------------------------------|--------------|----------------------------------------------------------|
// | float32                              | 856          | 80, 12 / 112, 8                                          |
// | SPLITS_SUMS                          | 981          | 128, 8 / 128, 8                                          |
// | INPUT = 1 (i16)                      | 993          | 80, 12 / 112, 8                                          |
// | INPUT = 2 (f16)                      | 1189         | 80, 12 / 112, 8                                          |
// | PADS                                 | 1549         | 80, 12 / 112, 8                                          |
// | STRIDES                              | 879          | 80, 12 / 112, 8                                          |
// | INPUT = 1, OUTPUT = 1 (i16 to i16)   | 1745         | 80, 12 / 112, 8                                          |
// | INPUT = 2, OUTPUT = 2 (f16 to f16)   | 1864         | 80, 12 / 112, 8                                          |
//
// A wave of 32 lanes stores 0.125 to 0.158 sectors of 32 bytes per float32 output: `layout/traffic.rs` counts them.
//
// On an H100 (driver 580, Vulkan), 2026-11, these were slower: loading four rows at a time before any is staged, or all
// taps of a step before its multiply-adds (more registers: 1.3 and 2.4 times the time), 8 periods in each thread (1.3 to
// 2 times, for want of workgroup memory), and two rows ahead for each thread (0.95 to 1.4 times).

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
// True if each thread computes two quads of the tile instead of one.
override PAIRS: bool = false;
// Number of lanes of a workgroup.
override WORKGROUP: u32 = 128u;
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

// Stores the sums of `quads` quads, transposed in `xs`: `count` phases, of which the first is output `first_n` in the
// first period. Lanes run along the phases of a quad and on into the next quad.
fn store_tile(clip: Clip, plan: Plan, quads: u32, pitch: u32, first_n: u32, count: u32, lane: u32) {
    let steps = select(count / 2u + 1u, count, OUTPUT == SAMPLES_F32);
    // Integer division in float32: the added 0.5 keeps the quotient away from integers, so that rounding cannot cross one.
    let quads_on = u32((f32(WORKGROUP) + 0.5) / f32(steps));
    let steps_on = WORKGROUP - quads_on * steps;
    var q = u32((f32(lane) + 0.5) / f32(steps));
    var step = lane - q * steps;
    while q < quads {
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

// Loads a row of quad `q` of the tile whose first row is at position `origin`: the samples of its four periods.
fn load_row(clip: Clip, plan: Plan, padding: u32, origin: i32, q: u32, row: u32) -> vec4<f32> {
    let stride = i32(plan.stride);
    let position = origin + i32(q * QUAD_PERIODS * plan.stride + row * plan.components);
    return vec4(
        load_padded(clip, padding, plan.margin, position),
        load_padded(clip, padding, plan.margin, position + stride),
        load_padded(clip, padding, plan.margin, position + 2 * stride),
        load_padded(clip, padding, plan.margin, position + 3 * stride),
    );
}

// Place of a row in a ring of `rows` rows, for rows below 2 · rows.
fn place(row: u32, rows: u32) -> u32 {
    return row - select(0u, rows, row >= rows);
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
    let rows = plan.chunk + u32(starts[plan.starts + last_block] - first_start) / plan.components;
    let origin = clip.shift + i32(first_period * plan.stride) + first_start;
    // Padding is needed only by tiles that reach beyond the clip.
    let reach = (plan.quads * QUAD_PERIODS - 1u) * plan.stride + (rows - plan.chunk + plan.span) * plan.components;
    let is_inside = origin >= clip.first && origin + i32(reach) <= clip.last;
    let padding = select(plan.padding, PADDING_ZERO, is_inside);

    // The thread: its quad of periods, or the first of two, and its block of phases. Threads beyond the last block only
    // stage samples. The number of quads is even.
    let lane_quads = select(plan.quads, plan.quads / 2u, PAIRS);
    let quad = lane % lane_quads;
    let block = first_block + lane / lane_quads;
    let has_outputs = block <= last_block && lane < lane_quads * plan.blocks_in_tile;
    let used_block = min(block, last_block);
    let first_row = u32(starts[plan.starts + used_block] - first_start) / plan.components;
    let ring = quad * plan.pitch;
    // Distance to the second quad of the thread.
    let second = lane_quads * plan.pitch;
    var tap = plan.taps + used_block % plan.tap_blocks * plan.components * plan.span * 2u;

    // Lanes that stage all rows: 2^log2_rows_in_flight of them run along the rows of one quad.
    let lane_row = lane & ((1u << plan.log2_rows_in_flight) - 1u);
    let lane_quad = lane >> plan.log2_rows_in_flight;
    // The row that this lane loads ahead. Integer division in float32: the added 0.5 keeps the quotient away from
    // integers, so that rounding cannot cross one.
    let ahead_quad = u32((f32(lane) + 0.5) / f32(plan.chunk));
    let ahead_row = lane - ahead_quad * plan.chunk;
    var ahead = vec4<f32>();

    // Sums of phases 0 to 3 and 4 to 7 of the block: a column for each phase, a row for each period.
    var low = mat4x4<f32>();
    var high = mat4x4<f32>();
    // The same of the second quad.
    var second_low = mat4x4<f32>();
    var second_high = mat4x4<f32>();
    // Totals of the chains that have ended.
    var low_total = mat4x4<f32>();
    var high_total = mat4x4<f32>();
    var second_low_total = mat4x4<f32>();
    var second_high_total = mat4x4<f32>();

    // The chunk: its polyphase component, its first value of k, and the place of that row of block 0 in the ring.
    var component = 0u;
    var k = 0u;
    var first_place = 0u;
    for (var c = 0u; c < job.chunks; c += 1u) {
        // A plan with fewer than `job.chunks` chunks stages and sums nothing in the remaining iterations.
        let is_used = component < plan.components;
        let component_origin = origin + i32(component);

        workgroupBarrier();
        if k == 0u {
            // Stage all rows, two at a time, so that more loads are in flight.
            let staged_rows = select(0u, rows, is_used);
            let step = 1u << plan.log2_rows_in_flight;
            for (var q = lane_quad; q < plan.quads; q += WORKGROUP >> plan.log2_rows_in_flight) {
                var row = lane_row;
                for (; row + step < staged_rows; row += 2u * step) {
                    let x = load_row(clip, plan, padding, component_origin, q, row);
                    let next = load_row(clip, plan, padding, component_origin, q, row + step);
                    xs[q * plan.pitch + row] = x;
                    xs[q * plan.pitch + row + step] = next;
                }
                if row < staged_rows {
                    xs[q * plan.pitch + row] = load_row(clip, plan, padding, component_origin, q, row);
                }
            }
            first_place = 0u;
        } else {
            if ahead_quad < plan.quads {
                xs[ahead_quad * plan.pitch + place(first_place + ahead_row, rows)] = ahead;
            }
            first_place = place(first_place + plan.chunk, rows);
        }
        workgroupBarrier();

        if is_used && k + plan.chunk < plan.span && ahead_quad < plan.quads {
            ahead = load_row(clip, plan, padding, component_origin, ahead_quad, k + rows + ahead_row);
        }

        // Multiply and add, STEP rows at a time. A step does not cross the end of the ring: with several chunks, all
        // numbers of rows are multiples of STEP.
        let taken = select(0u, min(plan.chunk, plan.span - k), is_used && has_outputs);
        var row = place(first_place + first_row, rows);
        for (var done = 0u; done < taken; done += STEP) {
            let at = ring + row;
            var x = xs[at];
            var low_taps = taps[tap];
            var high_taps = taps[tap + 1u];
            low = multiply_add(x, low_taps, low);
            high = multiply_add(x, high_taps, high);
            if PAIRS {
                x = xs[at + second];
                second_low = multiply_add(x, low_taps, second_low);
                second_high = multiply_add(x, high_taps, second_high);
            }
            x = xs[at + 1u];
            low_taps = taps[tap + 2u];
            high_taps = taps[tap + 3u];
            low = multiply_add(x, low_taps, low);
            high = multiply_add(x, high_taps, high);
            if PAIRS {
                x = xs[at + second + 1u];
                second_low = multiply_add(x, low_taps, second_low);
                second_high = multiply_add(x, high_taps, second_high);
            }
            x = xs[at + 2u];
            low_taps = taps[tap + 4u];
            high_taps = taps[tap + 5u];
            low = multiply_add(x, low_taps, low);
            high = multiply_add(x, high_taps, high);
            if PAIRS {
                x = xs[at + second + 2u];
                second_low = multiply_add(x, low_taps, second_low);
                second_high = multiply_add(x, high_taps, second_high);
            }
            x = xs[at + 3u];
            low_taps = taps[tap + 6u];
            high_taps = taps[tap + 7u];
            low = multiply_add(x, low_taps, low);
            high = multiply_add(x, high_taps, high);
            if PAIRS {
                x = xs[at + second + 3u];
                second_low = multiply_add(x, low_taps, second_low);
                second_high = multiply_add(x, high_taps, second_high);
            }
            tap += STEP * 2u;
            row = place(row + STEP, rows);
        }
        k += plan.chunk;
        let ends_component = k >= plan.span;

        // At the end of a chain, add its sums to the totals and begin a new one.
        if SPLITS_SUMS {
            if plan.taps_per_sum != 0u && (ends_component || k % plan.taps_per_sum == 0u) {
                low_total += low;
                high_total += high;
                low = mat4x4<f32>();
                high = mat4x4<f32>();
                second_low_total += second_low;
                second_high_total += second_high;
                second_low = mat4x4<f32>();
                second_high = mat4x4<f32>();
            }
        }
        if ends_component {
            component += 1u;
            k = 0u;
        }
    }
    if SPLITS_SUMS {
        low += low_total;
        high += high_total;
        second_low += second_low_total;
        second_high += second_high_total;
    }

    let first_phase = first_block * BLOCK_PHASES;
    let count = min((last_block + 1u) * BLOCK_PHASES, plan.phases) - first_phase;
    let half = (plan.quads + 1u) / 2u;
    let pitch = half | 1u;
    for (var part = 0u; part < 2u; part += 1u) {
        let first_quad = part * half;
        workgroupBarrier();
        if PAIRS && part == 1u {
            low = second_low;
            high = second_high;
        }
        // The quad of these sums, counted from the first of the part. Earlier ones wrap to large numbers.
        let part_quad = select(quad - first_quad, quad, PAIRS);
        if has_outputs && part_quad < half {
            let at = (block - first_block) * BLOCK_PHASES * pitch + part_quad;
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
        let first_n = (first_period + first_quad * QUAD_PERIODS) * plan.phases + first_phase;
        store_tile(clip, plan, min(half, plan.quads - first_quad), pitch, first_n, count, lane);
    }
}

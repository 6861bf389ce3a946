// Filters with too many phases for a table of all: taps are interpolated between evenly spaced phases, the nodes.
//
//   nodes               |-------|-------|-------|-------|        `nodes` of them from one input sample to the next
//                     node0   node1 ↑ node2   node3
//                                   output, x nodes after node1
//
//   sums = (Σ x[i]·node0[i], Σ x[i]·node1[i], Σ x[i]·node2[i], Σ x[i]·node3[i])     four sums over the same samples
//   output = the cubic through the four sums, at x
//
// One thread computes one output. Places are exact: output n lies at n·M/L samples, held as a sample and a 64-bit
// remainder, `rest`, in units of 1/L sample:
//
//   places[tile]                 place of the tile's first output                            (from the host, exact)
//   places[first_place + lane]   distance of the lane's output from the tile's first         (from the host, exact)
//   their sum                    place of the output; if the rests sum to L or more, one sample is carried
//
// | binding     | holds                                                                                  |
// |-------------|----------------------------------------------------------------------------------------|
// | 0/3 plans   | ratio of each plan, its grid of nodes, and the indices of its first place and node      |
// | 0/4 places  | the place of each tile's first output, then for each plan the distances of the lanes     |
// | 0/5 nodes   | for each node a vec4 of the taps at the ends of its window, then its taps, in vec4s      |
// | others      | as in `common.wgsl`, which stands before this text                                      |

// Integers of 64 bits are vec2s, the low half first.
struct InterpolatedPlan {
    // L. An output lies rest/L samples after a sample, with rest < L.
    phases: vec2<u32>,
    // Largest rest of an output whose window holds the sample before those under the nodes.
    before: vec2<u32>,
    // Smallest rest of an output whose window holds the sample after those under the nodes.
    after: vec2<u32>,
    // Number of nodes from one sample to the next.
    nodes: u32,
    // Number of taps of a node. It is even: half of the taps are for samples up to `nearest`, the sample at or before
    // the output.
    taps: u32,
    // Indices of the plan's first node and of the distance of its first lane.
    first_tap: u32,
    first_place: u32,
    // 1 if outputs are divided by the sum of their taps.
    normalized: u32,
    // One of the PADDING codes, for `margin` samples on each side of the clip.
    padding: u32,
    margin: u32,
}

struct Place {
    // Position of a sample.
    sample: i32,
    // Distance from that sample, rest/L samples: as the exact rest, and in units of 2^-64 sample, rounded down.
    rest_low: u32,
    rest_high: u32,
    fraction_low: u32,
    fraction_high: u32,
}

@group(0) @binding(3) var<storage, read> plans: array<InterpolatedPlan>;
@group(0) @binding(4) var<storage, read> places: array<Place>;
@group(0) @binding(5) var<storage, read> nodes: array<vec4<f32>>;

// Number of vec4s of taps after which the sums are added to the totals and new sums begin.
override SEGMENT: u32 = 32u;
// Number of lanes of a workgroup.
override WORKGROUP: u32 = 64u;

// Sum of two 64-bit integers in x and y, and the carry in z.
fn add(a: vec2<u32>, b: vec2<u32>) -> vec3<u32> {
    let low = a.x + b.x;
    let carry = u32(low < a.x);
    let high = a.y + b.y;
    return vec3(low, high + carry, u32(high < a.y || high + carry < carry));
}

// Difference of two 64-bit integers.
fn subtract(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return vec2(a.x - b.x, a.y - b.y - u32(a.x < b.x));
}

// True if a < b, for 64-bit integers.
fn less(a: vec2<u32>, b: vec2<u32>) -> bool {
    return a.y < b.y || (a.y == b.y && a.x < b.x);
}

// Product of two 32-bit integers, in 64 bits.
fn multiply(a: u32, b: u32) -> vec2<u32> {
    let middle = (a >> 16u) * (b & 0xffffu) + (((a & 0xffffu) * (b & 0xffffu)) >> 16u);
    let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
    return vec2(a * b, (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u));
}

// Sum of the four lanes.
fn across(sums: vec4<f32>) -> f32 {
    return (sums.x + sums.y) + (sums.z + sums.w);
}

@compute @workgroup_size(WORKGROUP)
fn interpolated(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
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
    let first = places[index];
    let distance = places[plan.first_place + lane];
    let rest_sum = add(vec2(first.rest_low, first.rest_high), vec2(distance.rest_low, distance.rest_high));
    let fraction_sum =
        add(vec2(first.fraction_low, first.fraction_high), vec2(distance.fraction_low, distance.fraction_high));
    var nearest = first.sample + distance.sample;
    var rest = rest_sum.xy;
    var fraction = fraction_sum.xy;
    // The rests decide on the carry, because they are exact: the sum of the rounded fractions may be just below 1.
    if rest_sum.z == 1u || !less(rest, plan.phases) {
        nearest += 1;
        rest = subtract(rest, plan.phases);
        fraction = select(vec2(0u), fraction, fraction_sum.z == 1u);
    }

    // fraction · nodes: its integer part is the node before the output, its fractional part is x.
    let high = multiply(fraction.y, plan.nodes);
    let within = high.x + multiply(fraction.x, plan.nodes).y;
    let node = high.y + u32(within < high.x);
    let x = f32(within) * 0x1p-32;

    let vectors = (plan.taps + 3u) / 4u;
    let node0 = plan.first_tap + node * (vectors + 1u);
    let node1 = node0 + vectors + 1u;
    let node2 = node1 + vectors + 1u;
    let node3 = node2 + vectors + 1u;
    let start = nearest + 1 - i32(plan.taps / 2u);
    let end = start + i32(plan.taps);
    var totals = vec4<f32>();
    for (var begin = 0u; begin < vectors; begin += SEGMENT) {
        var sum0 = vec4<f32>();
        var sum1 = vec4<f32>();
        var sum2 = vec4<f32>();
        var sum3 = vec4<f32>();
        for (var k = begin; k < min(begin + SEGMENT, vectors); k += 1u) {
            let position = start + i32(k * 4u);
            // The last vector may hold two taps and two zeros: samples under zeros must not count, not even a NaN.
            let after = vec2(position + 2, position + 3) < vec2(end);
            let samples = vec4(
                load_padded(clip, plan.padding, plan.margin, position),
                load_padded(clip, plan.padding, plan.margin, position + 1),
                select(0.0, load_padded(clip, plan.padding, plan.margin, position + 2), after.x),
                select(0.0, load_padded(clip, plan.padding, plan.margin, position + 3), after.y),
            );
            sum0 = fma(samples, nodes[node0 + 1u + k], sum0);
            sum1 = fma(samples, nodes[node1 + 1u + k], sum1);
            sum2 = fma(samples, nodes[node2 + 1u + k], sum2);
            sum3 = fma(samples, nodes[node3 + 1u + k], sum3);
        }
        totals += vec4(across(sum0), across(sum1), across(sum2), across(sum3));
    }

    // Lagrange's cubic through the totals at -1, 0, 1 and 2, as the total at 0 plus weighted differences from it. The
    // differences are small, and so is the rounding of their products with the weights.
    let weights = vec3(
        x * (x - 1.0) * (x - 2.0) / -6.0,
        (x + 1.0) * x * (x - 2.0) / -2.0,
        (x + 1.0) * x * (x - 1.0) / 6.0,
    );
    var y = totals.y + dot(weights, totals.xzw - totals.y);
    let middle = nodes[node1];
    var ends = middle + weights.x * (nodes[node0] - middle);
    ends += weights.y * (nodes[node2] - middle) + weights.z * (nodes[node3] - middle);
    var taps_sum = ends.z;
    if !less(plan.before, rest) {
        y = fma(ends.x, load_padded(clip, plan.padding, plan.margin, start - 1), y);
        taps_sum += ends.x;
    }
    if !less(rest, plan.after) {
        y = fma(ends.y, load_padded(clip, plan.padding, plan.margin, end), y);
        taps_sum += ends.y;
    }
    // A window between two samples has no taps, and the sum of 0 must not divide.
    store(clip, n, select(y, y / taps_sum, plan.normalized == 1u && taps_sum != 0.0));
}

// One output a thread, straight from memory.
//
// `simple` is the plain reference: the sum runs over the same taps in the same order as in banded.wgsl. For adapters that take
// seconds to compile anything larger, and to measure the other kernels by.
//
// `interpolated` is for plans with too many phases to hold the taps of each: it sums the samples under four lists of taps, at
// evenly spaced phases, and takes the cubic through the four sums. Where an output lies is computed in integers.
//
// | binding     | holds for `simple`                           | and for `interpolated`                          |
// |-------------|----------------------------------------------|-------------------------------------------------|
// | 0/0 job     | how many tiles there are, and the width of the grid                                            |
// | 0/1 tiles   | (clip, tile in the clip) for each workgroup: a tile is WORKGROUP outputs                       |
// | 0/2 clips   | where each clip's samples and outputs lie, and its plan                                        |
// | 0/3 plans   | each plan's ratio, and where its taps lie    | the same                                        |
// | 0/4 starts  | for each phase, the first sample of its      | `places`: where each tile's first output lies,  |
// |             | window, relative to the period                | and for each plan what each thread adds to that |
// | 0/5 taps    | taps[phase][k]                               | for each node a vec4 of its ends, then its taps |
// | 1/0 input   | float32 samples, or pairs of 16-bit integers or floats                                         |
// | 1/1 output  | float32 samples                                                                                |

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
    span: u32,
    unused_9: u32,
    // Taps after which the sum is added to the output and begun anew; 0 for never.
    taps_per_sum: u32,
    starts: u32,
    taps: u32,
    // What lies beyond the ends of a clip, for `margin` samples: 0 silence, 1 the last sample, 2 the clip in a mirror.
    padding: u32,
    margin: u32,
}

// Integers of 64 bits are vec2s, the low half first.
struct InterpolatedPlan {
    // L. An output lies rest/L samples after a sample, with rest < L.
    phases: vec2<u32>,
    // Rests up to this one: the window holds the sample before those under the nodes.
    before: vec2<u32>,
    // Rests from this one on: it holds the sample after them.
    after: vec2<u32>,
    // Nodes from one sample to the next.
    nodes: u32,
    // Taps of a node, an even number: half of them lie up to the output's sample.
    taps: u32,
    // Where the plan's nodes and the threads' places begin.
    first_tap: u32,
    first_place: u32,
    // 1: outputs are divided by the sum of their taps.
    normalized: u32,
    padding: u32,
    margin: u32,
}

struct Place {
    // A sample, relative to the clip's first in the buffer.
    sample: i32,
    // How far after it: rest/L samples, as an exact rest, and as a fraction of 2^64, rounded down.
    rest_low: u32,
    rest_high: u32,
    fraction_low: u32,
    fraction_high: u32,
}

@group(0) @binding(0) var<uniform> job: Job;
@group(0) @binding(1) var<storage, read> tiles: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> clips: array<Clip>;
@group(0) @binding(3) var<storage, read> plans: array<Plan>;
@group(0) @binding(4) var<storage, read> starts: array<i32>;
@group(0) @binding(5) var<storage, read> taps: array<f32>;
@group(1) @binding(0) var<storage, read> input: array<u32>;
@group(1) @binding(1) var<storage, read_write> output: array<f32>;

// In the place of those three, for `interpolated`.
@group(0) @binding(3) var<storage, read> interpolated_plans: array<InterpolatedPlan>;
@group(0) @binding(4) var<storage, read> places: array<Place>;
@group(0) @binding(5) var<storage, read> nodes: array<vec4<f32>>;

// Samples are 0: float32; 1: 16-bit integers, scaled by 2^-15; 2: 16-bit floats.
override INPUT: u32 = 0;
// Some plan of the job pads its clips with anything but silence.
override PADS: bool = false;
override WORKGROUP: u32 = 64;
// vec4s of taps after which the sums of `interpolated` are added up and begun anew.
override SEGMENT: u32 = 32;

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
    let period = clip.shift + i32(n / plan.phases * plan.stride);
    if plan.span == 0u {
        output[clip.output_offset + n] = sample_or_zero(clip, period);
        return;
    }
    let start = period + starts[plan.starts + phase];
    // The part of the window under which there is anything but silence.
    var low = 0;
    var high = i32(clip.input_len);
    if PADS {
        if plan.padding != 0u {
            low = clip.first - i32(plan.margin);
            high = clip.last + i32(plan.margin) + 1;
        }
    }
    let begin = u32(clamp(low - start, 0, i32(plan.span)));
    let end = u32(clamp(high - start, 0, i32(plan.span)));
    let tap = plan.taps + phase * plan.span;
    var position = start + i32(begin);
    var total = 0.0;
    var y = 0.0;
    for (var k = begin; k < end; k += 1u) {
        var x: f32;
        if PADS {
            x = sample_or_zero(clip, source(clip, plan.padding, plan.margin, position));
        } else {
            x = sample(clip.input_offset + u32(position));
        }
        y = fma(x, taps[tap + k], y);
        position += 1;
        if plan.taps_per_sum != 0u && (k + 1u) % plan.taps_per_sum == 0u {
            total += y;
            y = 0.0;
        }
    }
    output[clip.output_offset + n] = total + y;
}

// The sum of two 64-bit integers; z is 1 if it is beyond them.
fn add(a: vec2<u32>, b: vec2<u32>) -> vec3<u32> {
    let low = a.x + b.x;
    let carry = u32(low < a.x);
    let high = a.y + b.y;
    return vec3(low, high + carry, u32(high < a.y || high + carry < carry));
}

fn subtract(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return vec2(a.x - b.x, a.y - b.y - u32(a.x < b.x));
}

fn less(a: vec2<u32>, b: vec2<u32>) -> bool {
    return a.y < b.y || (a.y == b.y && a.x < b.x);
}

// The product of two 32-bit integers.
fn multiply(a: u32, b: u32) -> vec2<u32> {
    let middle = (a >> 16u) * (b & 0xffffu) + ((a & 0xffffu) * (b & 0xffffu) >> 16u);
    let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
    return vec2(a * b, (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u));
}

// What stands at a position.
fn padded(clip: Clip, plan: InterpolatedPlan, position: i32) -> f32 {
    if PADS {
        return sample_or_zero(clip, source(clip, plan.padding, plan.margin, position));
    }
    return sample_or_zero(clip, position);
}

fn sum(y: vec4<f32>) -> f32 {
    return (y.x + y.y) + (y.z + y.w);
}

@compute @workgroup_size(WORKGROUP)
fn interpolated(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let index = workgroup.y * job.grid_width + workgroup.x;
    if index >= job.tiles {
        return;
    }
    let tile = tiles[index];
    let clip = clips[tile.x];
    let plan = interpolated_plans[clip.plan];
    let n = tile.y * WORKGROUP + lane;
    if n >= clip.output_len {
        return;
    }
    let from_place = places[index];
    let step = places[plan.first_place + lane];
    let rest_sum = add(vec2(from_place.rest_low, from_place.rest_high), vec2(step.rest_low, step.rest_high));
    let fraction_sum =
        add(vec2(from_place.fraction_low, from_place.fraction_high), vec2(step.fraction_low, step.fraction_high));
    var nearest = from_place.sample + step.sample;
    var rest = rest_sum.xy;
    var fraction = fraction_sum.xy;
    // The rests are exact, and decide; the sum of the fractions may fall just short of 1.
    if rest_sum.z == 1u || !less(rest, plan.phases) {
        nearest += 1;
        rest = subtract(rest, plan.phases);
        fraction = select(vec2(0u), fraction, fraction_sum.z == 1u);
    }

    // The node before the output, and how far it is from there to the next: fraction · nodes.
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
    var sums = vec4<f32>();
    for (var begin = 0u; begin < vectors; begin += SEGMENT) {
        var y0 = vec4<f32>();
        var y1 = vec4<f32>();
        var y2 = vec4<f32>();
        var y3 = vec4<f32>();
        for (var k = begin; k < min(begin + SEGMENT, vectors); k += 1u) {
            let position = start + i32(k * 4u);
            // Two taps of the last vector may be none: what lies under them does not count, not even a NaN.
            let after = vec2(position + 2, position + 3) < vec2(end);
            let samples = vec4(
                padded(clip, plan, position),
                padded(clip, plan, position + 1),
                select(0.0, padded(clip, plan, position + 2), after.x),
                select(0.0, padded(clip, plan, position + 3), after.y),
            );
            y0 = fma(samples, nodes[node0 + 1u + k], y0);
            y1 = fma(samples, nodes[node1 + 1u + k], y1);
            y2 = fma(samples, nodes[node2 + 1u + k], y2);
            y3 = fma(samples, nodes[node3 + 1u + k], y3);
        }
        sums += vec4(sum(y0), sum(y1), sum(y2), sum(y3));
    }

    // Lagrange's cubic through the values at -1, 0, 1 and 2, from their differences to the second: they are small, and what
    // the weights round is as much smaller.
    let weights = vec3(x * (x - 1.0) * (x - 2.0) / -6.0, (x + 1.0) * x * (x - 2.0) / -2.0, (x + 1.0) * x * (x - 1.0) / 6.0);
    var y = sums.y + dot(weights, sums.xzw - sums.y);
    let middle = nodes[node1];
    var ends = middle + weights.x * (nodes[node0] - middle);
    ends += weights.y * (nodes[node2] - middle) + weights.z * (nodes[node3] - middle);
    var taps_sum = ends.z;
    if !less(plan.before, rest) {
        y = fma(ends.x, padded(clip, plan, start - 1), y);
        taps_sum += ends.x;
    }
    if !less(rest, plan.after) {
        y = fma(ends.y, padded(clip, plan, end), y);
        taps_sum += ends.y;
    }
    // A window so short that it lies between two samples has no taps, and nothing to divide.
    output[clip.output_offset + n] = select(y, y / taps_sum, plan.normalized == 1u && taps_sum != 0.0);
}

// Shared by all kernels. A module is this text, the declaration of the input, `output_f32.wgsl` or `output_16.wgsl`, and
// the text of a kernel: `copied.wgsl`, `plain.wgsl`, `banded.wgsl` or `interpolated.wgsl`.
//
// Tables of a job, decoding of samples, padding of clips. One workgroup computes one tile:
//
//   workgroup (x, y) -> index = first_tile + y · grid_width + x -> tiles[index] = (clip, number of the tile in the clip)
//                                                           |
//                      clips[clip] = offsets and lengths in input and output, position of the clip, index of its plan
//                                                                                                        |
//                                                              plans[plan] = ratio, tiling, first start, first tap
//
// | binding     | holds                                                                                  |
// |-------------|----------------------------------------------------------------------------------------|
// | 0/0 job     | range of tiles, width of the grid of workgroups                                        |
// | 0/1 tiles   | (clip, number of the tile in the clip) for each workgroup                              |
// | 0/2 clips   | offsets and lengths of each clip's samples and outputs, and its plan                   |
// | 0/3 to 0/5  | plans, starts or places, and taps: declared by each kernel                             |
// | 1/0 input   | float32 samples, or pairs of 16-bit integers or floats                                 |
// | 1/1 output  | float32 samples, or pairs of 16-bit integers or floats                                 |
//
// Positions count samples; position 0 is the first sample of the clip that is in the input buffer.

struct Job {
    // Range of the tiles of this dispatch.
    first_tile: u32,
    end_tile: u32,
    grid_width: u32,
    // Largest number of chunks of a plan of `banded.wgsl`. Barriers depend on this member and not on a plan's, because
    // some compilers refuse a barrier that depends on a storage buffer.
    chunks: u32,
}

struct Clip {
    input_offset: u32,
    input_len: u32,
    output_offset: u32,
    output_len: u32,
    // Position at which the period of the clip's first output begins. Outputs are counted from there.
    shift: i32,
    plan: u32,
    // Positions of the first and the last sample of the whole clip, of which the input may hold a part.
    first: i32,
    last: i32,
    // Index of the u32 of the output that counts clamped integers, or NO_COUNTER.
    counter: u32,
    // Distances from one sample to the next in the input and in the output, in samples: 1 without STRIDES.
    input_stride: i32,
    output_stride: i32,
    // Number of channels whose mean is resampled, 1 without MIXES, and the distance from one channel to the next.
    channels: u32,
    channel_stride: i32,
}

// A plan with the taps of every phase, for `plain.wgsl` and `banded.wgsl`.
struct Plan {
    // Numbers of outputs of a period, and of input samples from one period to the next.
    phases: u32,
    stride: u32,
    // Tiling of `banded.wgsl`: numbers of blocks of a period, blocks of a tile, tiles across a period, quads of a tile,
    // and blocks after which the taps repeat.
    blocks: u32,
    blocks_in_tile: u32,
    tiles_across: u32,
    quads: u32,
    tap_blocks: u32,
    // Staging of `banded.wgsl`: vec4s of workgroup memory for each quad, log2 of the number of lanes along a quad, and
    // number of polyphase components of the samples.
    pitch: u32,
    log2_rows_in_flight: u32,
    components: u32,
    // Number of samples under a phase in `plain.wgsl`; of rows of a component under a block in `banded.wgsl`. 0 for
    // equal rates, where samples are copied.
    span: u32,
    // Number of rows of the span that are computed at a time.
    chunk: u32,
    // Number of taps after which a chain of multiply-adds ends and a new one begins; 0 for a single chain.
    taps_per_sum: u32,
    // Indices of the plan's first start and first tap.
    starts: u32,
    taps: u32,
    // One of the PADDING codes, for `margin` samples on each side of the clip.
    padding: u32,
    margin: u32,
}

@group(0) @binding(0) var<uniform> job: Job;
@group(0) @binding(1) var<storage, read> tiles: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> clips: array<Clip>;

// Formats of samples: float32; 16-bit integers, scaled by 2^-15; 16-bit floats.
const SAMPLES_F32: u32 = 0u;
const SAMPLES_I16: u32 = 1u;
const SAMPLES_F16: u32 = 2u;

// Values beyond the ends of a clip: zeros, the outermost sample, the clip mirrored.
const PADDING_ZERO: u32 = 0u;
const PADDING_EDGE: u32 = 1u;
const PADDING_REFLECT: u32 = 2u;

const NO_COUNTER: u32 = 0xffffffffu;

// Format of the input, one of the SAMPLES codes.
override INPUT: u32 = 0u;
// True if a plan of the job pads with something other than zeros.
override PADS: bool = false;
// True if a clip of the job has a stride other than 1.
override STRIDES: bool = false;
// True if a clip of the job is the mean of several channels.
override MIXES: bool = false;

// Index of a workgroup in `tiles`. Indices from `job.end_tile` on fill the last row of the grid and have no tile.
fn tile_index(workgroup: vec3<u32>) -> u32 {
    return job.first_tile + workgroup.y * job.grid_width + workgroup.x;
}

// Sample of the input buffer, as float32.
fn sample(index: u32) -> f32 {
    if INPUT == SAMPLES_F32 {
        return bitcast<f32>(input[index]);
    }
    let pair = input[index >> 1u];
    let bits = select(pair & 0xffffu, pair >> 16u, (index & 1u) == 1u);
    if INPUT == SAMPLES_I16 {
        return f32(bitcast<i32>(bits << 16u) >> 16u) * 0x1p-15;
    }
    return half_to_float(bits);
}

// Value of a 16-bit float. Integer arithmetic, because `unpack2x16float` may flush subnormal numbers to zero.
fn half_to_float(bits: u32) -> f32 {
    let exponent = bits & 0x7c00u;
    // The exponent's bias is 15 for 16 bits and 127 for 32. Infinities and NaN have the highest exponent in both.
    let bias = select(112u, 224u, exponent == 0x7c00u) << 23u;
    let normal = ((bits & 0x7fffu) << 13u) + bias;
    let magnitude = select(normal, bitcast<u32>(f32(bits & 0x3ffu) * 0x1p-24), exponent == 0u);
    return bitcast<f32>(magnitude | ((bits & 0x8000u) << 16u));
}

// Position of the sample that padding repeats at a position. Positions inside the clip, and those more than `margin`
// samples outside it, stay as they are.
fn padded_position(clip: Clip, padding: u32, margin: u32, position: i32) -> i32 {
    let is_beyond_margin = position < clip.first - i32(margin) || position > clip.last + i32(margin);
    if padding == PADDING_ZERO || is_beyond_margin {
        return position;
    }
    if padding == PADDING_EDGE {
        return clamp(position, clip.first, clip.last);
    }
    // The mirrored clip repeats after 2 (len - 1) samples and is symmetric about its first sample.
    let cycle = u32(clip.last - clip.first) * 2u;
    let within = u32(abs(position - clip.first)) % max(cycle, 1u);
    return clip.first + i32(min(within, cycle - within));
}

// Sample at a position: of the clip's only channel, or the mean of its channels. Strides may be negative: positions and
// offsets are summed modulo 2^32.
fn sample_at(clip: Clip, position: i32) -> f32 {
    var index = clip.input_offset;
    if STRIDES {
        index += u32(position * clip.input_stride);
    } else {
        index += u32(position);
    }
    if !MIXES {
        return sample(index);
    }
    var sum = sample(index);
    for (var channel = 1u; channel < clip.channels; channel += 1u) {
        index += u32(clip.channel_stride);
        sum += sample(index);
    }
    return sum / f32(clip.channels);
}

// Sample at a position, or 0 outside the samples of the input buffer. There is no branch: negative positions wrap to
// large u32, which fail the length test, and `select` discards what was loaded. These loads may be out of bounds, which
// is defined only in shader modules with runtime checks (not those of `create_shader_module_trusted`).
fn sample_or_zero(clip: Clip, position: i32) -> f32 {
    return select(0.0, sample_at(clip, position), u32(position) < clip.input_len);
}

// Sample at a position, with the clip's padding outside it.
fn load_padded(clip: Clip, padding: u32, margin: u32, position: i32) -> f32 {
    if PADS {
        return sample_or_zero(clip, padded_position(clip, padding, margin, position));
    }
    return sample_or_zero(clip, position);
}

// Index in the output of output `n` of the clip.
fn output_index(clip: Clip, n: u32) -> u32 {
    if STRIDES {
        return clip.output_offset + n * u32(clip.output_stride);
    }
    return clip.output_offset + n;
}

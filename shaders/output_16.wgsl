
// Outputs of 16 bits: the part of a module between `common.wgsl` and a kernel.
//
// Two outputs share a word, and different workgroups may compute them, or one may belong to another clip. A lane that
// has both stores the word. A lane that has one replaces that half by two atomic operations, which leave the other half
// as it is whatever other lanes do meanwhile:
//
//   word        | b | a |            a: even index, b: odd index
//   and 0xffff  | 0 | a |            the half of b is cleared
//   or  b << 16 | b | a |

@group(1) @binding(1) var<storage, read_write> output: array<atomic<u32>>;

// Format of the outputs: SAMPLES_I16 or SAMPLES_F16.
override OUTPUT: u32 = 1u;

// Bits of an output, in the low half.
fn encode(clip: Clip, y: f32) -> u32 {
    if OUTPUT == SAMPLES_I16 {
        return integer(clip, y);
    }
    return float_to_half(y);
}

// y · 2^15 rounded to nearest, ties to even, and clamped to 16 bits, which is counted. A NaN becomes 0 and is not
// counted.
fn integer(clip: Clip, y: f32) -> u32 {
    let rounded = round(y * 0x1p15);
    let is_nan = (bitcast<u32>(y) & 0x7fffffffu) > 0x7f800000u;
    if clip.counter != NO_COUNTER && !is_nan && (rounded < -32768.0 || rounded > 32767.0) {
        atomicAdd(&output[clip.counter], 1u);
    }
    return bitcast<u32>(select(i32(clamp(rounded, -32768.0, 32767.0)), 0, is_nan)) & 0xffffu;
}

// y rounded to the nearest 16-bit float, ties to even. Integer arithmetic, because `pack2x16float` may round in another way
// and may flush subnormal numbers to zero.
fn float_to_half(y: f32) -> u32 {
    let bits = bitcast<u32>(y);
    let sign = (bits >> 16u) & 0x8000u;
    let magnitude = bits & 0x7fffffffu;
    if magnitude > 0x7f800000u {
        // A quiet NaN with the leading bits of its payload.
        return sign | 0x7e00u | ((magnitude >> 13u) & 0x3ffu);
    }
    // 2^16 and more are infinite. The sum below rounds 65520 and more up to infinity.
    if magnitude >= 0x47800000u {
        return sign | 0x7c00u;
    }
    // Below 2^-14 the result is a number of units of 2^-24.
    if magnitude < 0x38800000u {
        return sign | u32(round(bitcast<f32>(magnitude) * 0x1p24));
    }
    // The exponent's bias is 127 for 32 bits and 15 for 16. Half of the last place is added, less one for ties to even.
    let is_odd = (magnitude >> 13u) & 1u;
    return sign | ((magnitude - (112u << 23u) + 0xfffu + is_odd) >> 13u);
}

// Replaces one half of a word.
fn store_half(index: u32, bits: u32) {
    let shift = (index & 1u) * 16u;
    atomicAnd(&output[index >> 1u], 0xffff0000u >> shift);
    atomicOr(&output[index >> 1u], bits << shift);
}

// Stores output `n` of the clip, if the clip has it.
fn store(clip: Clip, n: u32, y: f32) {
    if n < clip.output_len {
        store_half(output_index(clip, n), encode(clip, y));
    }
}

// Stores two neighbours, of which the first has an even index unless STRIDES. Either may be left out.
fn store_pair(clip: Clip, n: u32, y: vec2<f32>, is_stored: vec2<bool>) {
    let index = output_index(clip, n);
    let has_both = is_stored.x && is_stored.y && n + 1u < clip.output_len;
    if !STRIDES && has_both {
        atomicStore(&output[index >> 1u], encode(clip, y.x) | (encode(clip, y.y) << 16u));
        return;
    }
    if is_stored.x {
        store(clip, n, y.x);
    }
    if is_stored.y {
        store(clip, n + 1u, y.y);
    }
}


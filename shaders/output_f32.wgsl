
// Outputs in float32: the part of a module between `common.wgsl` and a kernel.

@group(1) @binding(1) var<storage, read_write> output: array<f32>;

// Format of the outputs, one of the SAMPLES codes.
override OUTPUT: u32 = 0u;

// Stores output `n` of the clip, if the clip has it.
fn store(clip: Clip, n: u32, y: f32) {
    if n < clip.output_len {
        output[output_index(clip, n)] = y;
    }
}

// Stores two neighbours. Either may be left out.
fn store_pair(clip: Clip, n: u32, y: vec2<f32>, is_stored: vec2<bool>) {
    if is_stored.x {
        store(clip, n, y.x);
    }
    if is_stored.y {
        store(clip, n + 1u, y.y);
    }
}


// Shaders of `polyphase bench --gpu`: the peak rates of the device, and the noise that is resampled.

@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> copied: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> noise: array<u32>;

// Number of workgroups in a row of the grid.
override ROW: u32;

fn thread(workgroup: vec3<u32>, lane: u32) -> u32 {
    return (workgroup.y * ROW + workgroup.x) * 256u + lane;
}

// Copies 16 bytes in each thread.
@compute @workgroup_size(256)
fn stream(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = thread(workgroup, lane);
    if i < arrayLength(&copied) {
        copied[i] = source[i];
    }
}

// Computes 32 independent chains of 2048 multiply-adds in each thread, which is as many chains as the banded kernel has.
@compute @workgroup_size(256)
fn multiply_adds(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let x = source[lane];
    let h = source[lane + 1u];
    var y0 = x; var y1 = x + 1.0; var y2 = x + 2.0; var y3 = x + 3.0;
    var y4 = x + 4.0; var y5 = x + 5.0; var y6 = x + 6.0; var y7 = x + 7.0;
    for (var k = 0u; k < 512u; k += 1u) {
        y0 = fma(y0, x, h); y1 = fma(y1, x, h); y2 = fma(y2, x, h); y3 = fma(y3, x, h);
        y4 = fma(y4, x, h); y5 = fma(y5, x, h); y6 = fma(y6, x, h); y7 = fma(y7, x, h);
        y0 = fma(y0, x, h); y1 = fma(y1, x, h); y2 = fma(y2, x, h); y3 = fma(y3, x, h);
        y4 = fma(y4, x, h); y5 = fma(y5, x, h); y6 = fma(y6, x, h); y7 = fma(y7, x, h);
        y0 = fma(y0, x, h); y1 = fma(y1, x, h); y2 = fma(y2, x, h); y3 = fma(y3, x, h);
        y4 = fma(y4, x, h); y5 = fma(y5, x, h); y6 = fma(y6, x, h); y7 = fma(y7, x, h);
        y0 = fma(y0, x, h); y1 = fma(y1, x, h); y2 = fma(y2, x, h); y3 = fma(y3, x, h);
        y4 = fma(y4, x, h); y5 = fma(y5, x, h); y6 = fma(y6, x, h); y7 = fma(y7, x, h);
    }
    copied[thread(workgroup, lane) % arrayLength(&copied)] = y0 + y1 + y2 + y3 + y4 + y5 + y6 + y7;
}

// Random bits of sample `n`: M. E. O'Neill's PCG-RXS-M-XS-32. `noise.rs` has the same function.
fn random(n: u32) -> u32 {
    let state = n * 747796405u + 2891336453u;
    let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
    return (word >> 22u) ^ word;
}

// Writes uniform noise in [-1, 1) in float32. All steps are exact.
@compute @workgroup_size(256)
fn noise_f32(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let n = thread(workgroup, lane);
    if n < arrayLength(&noise) {
        let integer = i32(random(n) >> 8u) - 8388608;
        noise[n] = bitcast<u32>(f32(integer) * 0x1p-23f);
    }
}

// Writes two 16-bit integers of noise: the upper halves of the random bits of samples 2n and 2n + 1.
@compute @workgroup_size(256)
fn noise_i16(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let n = thread(workgroup, lane);
    if n < arrayLength(&noise) {
        noise[n] = (random(2u * n) >> 16u) | (random(2u * n + 1u) & 0xffff0000u);
    }
}

// Equal rates: outputs are the clip's samples. Nothing is computed, but samples may change their format, their stride
// and their channels.
//
// One workgroup copies COPIED outputs, of which each lane copies every WORKGROUP-th:
//
//   lane              0    1    …    63    0    1    …
//   output            n   n+1   …   n+63  n+64 n+65  …         n = COPIED · tile
//
// | binding     | holds                                                                                  |
// |-------------|----------------------------------------------------------------------------------------|
// | 0/3 to 0/5  | not used                                                                                |
// | others      | as in `common.wgsl`, which stands before this text                                      |

// Number of outputs of a tile.
override COPIED: u32 = 2048u;
// Number of lanes of a workgroup.
override WORKGROUP: u32 = 64u;

@compute @workgroup_size(WORKGROUP)
fn copied(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let index = tile_index(workgroup);
    if index >= job.end_tile {
        return;
    }
    let tile = tiles[index];
    let clip = clips[tile.x];
    let first = tile.y * COPIED;
    for (var n = first + lane; n < min(first + COPIED, clip.output_len); n += WORKGROUP) {
        store(clip, n, sample_or_zero(clip, clip.shift + i32(n)));
    }
}

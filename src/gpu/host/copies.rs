//! Copies between the caller's memory and mapped buffers: in blocks, on the threads of the rayon pool.
//!
//! ```text
//! parts    | clip 0 | clip 1 .......................... | clip 2 |     in the caller's memory
//! buffer   | clip 0   clip 1 ..........................   clip 2 |     packed
//! blocks   |           |           |           |           |    |
//! ```

use super::sample::GpuSample;

/// Size of a block. One thread copies it in about 10 µs, long compared with the time in which it takes the next one.
const BLOCK_BYTES: usize = 64 << 10;

/// Least number of bytes that are copied on several threads. One thread copies them in 0.1 ms, and waking another takes
/// some tens of microseconds.
const MIN_PARALLEL_BYTES: usize = 1 << 20;

/// Number of samples that are tested and then copied: they stay in the first-level cache in between.
const STRIP: usize = 2048;

/// Copies parts to the beginning of a mapped buffer. Returns for each part whether it is finite.
pub(super) fn upload<T: GpuSample>(parts: &[&[T]], buffer: wgpu::WriteOnly<'_, [u8]>, threads: usize) -> Vec<bool> {
    let starts: Vec<usize> =
        parts.iter().scan(0, |end, samples| Some(std::mem::replace(end, *end + size_of_val(*samples)))).collect();
    let bytes = parts.iter().map(|samples| size_of_val(*samples)).sum();
    // Only views of arrays can go to other threads. The rest is shorter than a block.
    let (blocks, rest) = buffer.into_slice(..bytes).into_chunks::<BLOCK_BYTES>();
    let rest_start = blocks.len() * BLOCK_BYTES;
    let copy = |(index, block): (usize, wgpu::WriteOnly<'_, [u8; BLOCK_BYTES]>)| {
        copy(parts, &starts, index * BLOCK_BYTES, block.into())
    };
    let mut finite = vec![true; parts.len()];
    let blocks = blocks.into_iter().enumerate().collect();
    let not_finite = on_threads(blocks, threads_for(bytes, threads), copy);
    for part in not_finite.into_iter().flatten().chain(self::copy(parts, &starts, rest_start, rest)) {
        finite[part] = false;
    }
    finite
}

/// Copies the samples that belong to a block of the buffer, which begins at byte `start` of it. Returns the parts that
/// are not finite there.
fn copy<T: GpuSample>(
    parts: &[&[T]],
    starts: &[usize],
    start: usize,
    mut block: wgpu::WriteOnly<'_, [u8]>,
) -> Vec<usize> {
    let mut not_finite = Vec::new();
    // The last part that begins at or before the block. Parts before it end there at the latest.
    let mut part = starts.partition_point(|&part_start| part_start <= start).saturating_sub(1);
    let mut skipped = starts.get(part).map_or(0, |part_start| (start - part_start) / size_of::<T>());
    while !block.is_empty() {
        let samples = &parts[part][skipped..];
        let samples = &samples[..samples.len().min(block.len() / size_of::<T>())];
        let mut is_finite = true;
        for strip in samples.chunks(STRIP) {
            is_finite &= (T::CONVERSIONS.are_finite)(strip);
            let bytes = (T::CONVERSIONS.bytes)(strip);
            block.split_off(..bytes.len()).unwrap_or_default().copy_from_slice(bytes);
        }
        if !is_finite {
            not_finite.push(part);
        }
        (part, skipped) = (part + 1, 0);
    }
    not_finite
}

/// Copies outputs, which are packed in a mapped buffer, to parts.
pub(super) fn download<T: GpuSample>(mut buffer: &[u8], parts: Vec<&mut [T]>, threads: usize) {
    let threads = threads_for(buffer.len(), threads);
    let mut blocks = Vec::with_capacity(parts.len());
    for samples in parts {
        for samples in (T::CONVERSIONS.bytes_mut)(samples).chunks_mut(BLOCK_BYTES) {
            blocks.push((buffer.split_off(..samples.len()).unwrap_or_default(), samples));
        }
    }
    on_threads(blocks, threads, |(bytes, samples)| samples.copy_from_slice(bytes));
}

/// Number of threads, of at most this many, that copy this number of bytes.
fn threads_for(bytes: usize, threads: usize) -> usize {
    if bytes < MIN_PARALLEL_BYTES { 1 } else { threads }
}

/// Results of `f` for the blocks, in order, on at most this many threads of the current rayon pool.
#[cfg(feature = "parallel")]
fn on_threads<B: Send, R: Send>(blocks: Vec<B>, threads: usize, f: impl Fn(B) -> R + Sync + Send) -> Vec<R> {
    use rayon::prelude::*;
    if threads <= 1 {
        return blocks.into_iter().map(f).collect();
    }
    // Without a limit, threads that finish early take more blocks.
    let least = if threads < rayon::current_num_threads() { blocks.len().div_ceil(threads) } else { 1 };
    blocks.into_par_iter().with_min_len(least).map(f).collect()
}

/// Results of `f` for the blocks, in order.
#[cfg(not(feature = "parallel"))]
fn on_threads<B, R>(blocks: Vec<B>, _threads: usize, f: impl Fn(B) -> R) -> Vec<R> {
    blocks.into_iter().map(f).collect()
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::*;

    /// Lengths around those of strips and blocks.
    const LENS: [usize; 12] = [0, 1, STRIP, 0, STRIP + 1, 3, 16_384, 16_383, 100_000, 0, 7, 0];

    fn assert_copied<T: GpuSample + PartialEq + std::fmt::Debug>(sample: fn(usize) -> T) {
        let clips = LENS.map(|len| (0..len).map(sample).collect::<Vec<_>>());
        let parts: Vec<_> = clips.iter().map(Vec::as_slice).collect();
        let samples: usize = LENS.iter().sum();
        // Large enough for copies on several threads, several times over.
        let parts = parts.repeat(8);
        for threads in [1, 2, 3, 64] {
            let mut buffer = vec![0; 8 * samples * size_of::<T>() + 4];
            let finite = upload(&parts, wgpu::WriteOnly::from(&mut buffer[..]), threads);
            assert!(finite.iter().all(|&is_finite| is_finite));
            let packed: Vec<_> = parts.concat();
            assert!(buffer[..buffer.len() - 4] == *(T::CONVERSIONS.bytes)(&packed));
            let mut clips = parts.iter().map(|part| vec![T::default(); part.len()]).collect::<Vec<_>>();
            let bytes = buffer.len() - 4;
            download(&buffer[..bytes], clips.iter_mut().map(Vec::as_mut_slice).collect(), threads);
            assert!(clips == parts);
        }
    }

    #[test]
    fn parts_are_packed_and_unpacked() {
        assert_copied(|i| i as f32);
        assert_copied(|i| f16::from_f32((i % 1000) as f32));
        assert_copied(|i| i16::try_from(i % 30_000).expect("small"));
    }

    #[test]
    fn parts_that_are_not_finite_are_found_wherever_they_are() {
        let clips = LENS.map(|len| vec![0.0_f32; len]);
        for (part, len) in LENS.into_iter().enumerate().filter(|&(_, len)| len > 0) {
            for at in [0, len / 2, len - 1] {
                let mut clips = clips.clone();
                clips[part][at] = f32::NAN;
                let parts: Vec<_> = clips.iter().map(Vec::as_slice).collect();
                let mut buffer = vec![0; 4 * LENS.iter().sum::<usize>()];
                for threads in [1, 4] {
                    let finite = upload(&parts, wgpu::WriteOnly::from(&mut buffer[..]), threads);
                    let expected: Vec<_> = (0..LENS.len()).map(|other| other != part).collect();
                    assert_eq!(finite, expected, "{part}, {at}");
                }
            }
        }
    }
}

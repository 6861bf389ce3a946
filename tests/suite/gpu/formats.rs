//! Jobs with 16-bit outputs, with one buffer for input and output, with strides, and jobs that are updated or submitted
//! in parts.

use half::f16;
use ndarray::{Array3, ArrayView3, Axis, s};
use polyphase::{
    CpuResampler, Error, GpuClip, GpuResampler, GpuTensor, JobOptions, Padding, Plan, Preset, ResampleOptions,
    SampleFormat, wgpu,
};

use super::device::{device, filled, read};
use super::kernels::KERNELS;
use crate::signals::noise_f32;

/// Plans of every shader, with odd and even numbers of phases and filters of one and of several chains.
fn plans() -> Vec<Plan> {
    let options = ResampleOptions::default();
    [
        (48_000, 44_100, options),
        (44_100, 48_000, options.padding(Padding::Reflect)),
        (3, 1, options),
        (2, 3, Preset::KaiserFast.options()),
        (44_100, 16_000, Preset::KaiserBest.options()),
        (5, 5, options),
        (999_983, 999_979, options.max_filter_bytes(1_200_000)),
    ]
    .map(|(orig, new, options)| Plan::new(orig, new, options).unwrap())
    .into()
}

/// Clips that follow each other in the input, with outputs `gap` samples apart.
fn layout(plans: &[Plan], gap: u64) -> (Vec<GpuClip>, Vec<f32>) {
    let (mut clips, mut samples, mut to) = (Vec::new(), Vec::new(), gap);
    for (i, plan) in plans.iter().cycle().take(40).enumerate() {
        let clip = noise_f32(i as u64, 1 + i * i * 7 % 3000);
        clips.push(GpuClip::new(plan, samples.len() as u64, clip.len() as u64, to));
        to += clips[i].output_len() + gap;
        // Loud enough to be clamped now and then.
        samples.extend(clip.iter().map(|x| x * 1.5));
    }
    (clips, samples)
}

struct Runner {
    device: wgpu::Device,
    queue: wgpu::Queue,
}

impl Runner {
    fn new() -> Option<Self> {
        device().map(|(device, queue)| Self { device, queue })
    }

    /// Runs a job, and returns the words of the output, which were filled with `fill`.
    fn run(&self, gpu: &GpuResampler, options: JobOptions, clips: &[GpuClip], input: &[u8], fill: u8) -> Vec<u32> {
        let job = gpu.prepare(clips, options).unwrap();
        let input = filled(&self.device, &self.queue, input);
        let bytes = usize::try_from(job.output_bytes()).unwrap();
        let output = filled(&self.device, &self.queue, &vec![fill; bytes]);
        self.submit(|pass| {
            gpu.record(pass, &job, input.as_entire_buffer_binding(), output.as_entire_buffer_binding()).unwrap();
        });
        self.words(&output)
    }

    fn submit(&self, record: impl FnOnce(&mut wgpu::ComputePass<'_>)) {
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        record(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()));
        self.queue.submit([encoder.finish()]);
    }

    fn words(&self, buffer: &wgpu::Buffer) -> Vec<u32> {
        read(&self.device, &self.queue, buffer).into_iter().map(f32::to_bits).collect()
    }
}

fn to_i16(y: f32) -> u16 {
    #[expect(clippy::cast_possible_truncation, reason = "`as` clamps")]
    let integer = (y * 32_768.0).round_ties_even() as i16;
    integer.cast_unsigned()
}

/// Outputs of 16 bits are the rounded outputs of 32, at any offset, and nothing between them changes.
#[test]
fn outputs_of_16_bits_are_the_rounded_ones_and_leave_their_neighbours() {
    let Some(runner) = Runner::new() else { return };
    for kernel in KERNELS {
        let gpu = GpuResampler::new(&runner.device, &runner.queue).unwrap().with_kernel(kernel);
        for gap in [0, 1, 3] {
            let (clips, samples) = layout(&plans(), gap);
            let input = bytemuck::cast_slice(&samples);
            let floats = runner.run(&gpu, JobOptions::default(), &clips, input, 0);
            for (format, round) in [
                (SampleFormat::I16, to_i16 as fn(f32) -> u16),
                (SampleFormat::F16, |y: f32| f16::from_f32(y).to_bits()),
            ] {
                let options = JobOptions::default().output(format);
                let words = runner.run(&gpu, options, &clips, input, 0xa5);
                let halves: &[u16] = bytemuck::cast_slice(&words);
                let mut expected = vec![0xa5a5; halves.len()];
                for clip in &clips {
                    for n in clip.output_offset()..clip.output_offset() + clip.output_len() {
                        expected[n as usize] = round(f32::from_bits(floats[n as usize]));
                    }
                }
                let wrong = halves.iter().zip(&expected).position(|(a, b)| a != b);
                assert_eq!(wrong, None, "{kernel:?}, {format:?}, gap {gap}");
            }
        }
    }
}

/// Every rounding of a float to 16 bits, at equal rates, where the shader only converts.
#[test]
fn floats_are_rounded_to_the_nearest_half() {
    let Some(runner) = Runner::new() else { return };
    let gpu = GpuResampler::new(&runner.device, &runner.queue).unwrap();
    // Each half, the ties on both sides of it, and their neighbours.
    let samples: Vec<f32> = (0..=u16::MAX)
        .map(|bits| f16::from_bits(bits).to_f32())
        .filter(|x| !x.is_nan())
        .flat_map(|x| [-4096, -4095, -1, 0, 1, 4095, 4096, 4097].map(|step: i32| x.to_bits().wrapping_add_signed(step)))
        .map(f32::from_bits)
        // Subnormal floats may be flushed to zero, and are zero in 16 bits.
        .filter(|x| x.is_finite() && (*x == 0.0 || x.is_normal()))
        .collect();
    let clip = GpuClip::new(&Plan::new(1, 1, Preset::Default).unwrap(), 0, samples.len() as u64, 0);
    let options = JobOptions::default().output(SampleFormat::F16);
    let words = runner.run(&gpu, options, &[clip], bytemuck::cast_slice(&samples), 0);
    let halves: &[u16] = bytemuck::cast_slice(&words);
    for (&x, &bits) in samples.iter().zip(halves) {
        assert_eq!(bits, f16::from_f32(x).to_bits(), "{x:e}");
    }
}

#[test]
fn input_and_output_may_be_ranges_of_one_buffer() {
    let Some(runner) = Runner::new() else { return };
    let gpu = GpuResampler::new(&runner.device, &runner.queue).unwrap();
    let (clips, samples) = layout(&plans(), 0);
    for format in [SampleFormat::F32, SampleFormat::I16] {
        let input = bytemuck::cast_slice(&samples);
        let expected = runner.run(&gpu, JobOptions::default().output(format), &clips, input, 0);
        let options = JobOptions::default().output(format).shared_buffer(true);
        let job = gpu.prepare(&clips, options).unwrap();
        let start = job.input_bytes().next_multiple_of(256);
        let mut bytes = input.to_vec();
        bytes.resize(usize::try_from(start + job.output_bytes()).unwrap(), 0);
        let buffer = filled(&runner.device, &runner.queue, &bytes);
        let range = |offset, size| wgpu::BufferBinding { buffer: &buffer, offset, size: wgpu::BufferSize::new(size) };
        let (from, to) = (range(0, job.input_bytes()), range(start, job.output_bytes()));
        runner.submit(|pass| gpu.record(pass, &job, from.clone(), to.clone()).unwrap());
        assert!(runner.words(&buffer)[usize::try_from(start).unwrap() / 4..] == expected);

        let refusal = |job: &polyphase::Job, from: wgpu::BufferBinding<'_>| {
            let mut refused = Ok(());
            runner.submit(|pass| refused = gpu.record(pass, job, from, to.clone()));
            refused.unwrap_err().to_string()
        };
        let overlapping = range(0, start + 256);
        assert!(refusal(&job, overlapping).contains("overlap"));
        let separate = gpu.prepare(&clips, JobOptions::default().output(format)).unwrap();
        assert!(refusal(&separate, from.clone()).contains("shared_buffer"));
    }
}

/// An updated job computes the new clips, in the places of the old tables or in new ones, as a job that is prepared for
/// them.
#[test]
fn updated_jobs_are_those_that_are_prepared_anew() {
    let Some(runner) = Runner::new() else { return };
    let gpu = GpuResampler::new(&runner.device, &runner.queue).unwrap();
    let (all, samples) = layout(&plans(), 2);
    let input = filled(&runner.device, &runner.queue, bytemuck::cast_slice(&samples));
    let mut job = gpu.prepare(&all, SampleFormat::F32).unwrap();
    let bytes = usize::try_from(job.output_bytes()).unwrap();
    let run = |job: &polyphase::Job, encoder: Option<wgpu::CommandEncoder>| {
        let output = filled(&runner.device, &runner.queue, &vec![0; bytes]);
        let new = || runner.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut encoder = encoder.unwrap_or_else(new);
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        gpu.record(&mut pass, job, input.as_entire_buffer_binding(), output.as_entire_buffer_binding()).unwrap();
        drop(pass);
        runner.queue.submit([encoder.finish()]);
        runner.words(&output)
    };
    let shorter: Vec<_> = all
        .iter()
        .map(|clip| GpuClip::new(clip.plan(), clip.input_offset(), clip.input_len() / 2, clip.output_offset()))
        .collect();
    // The first seven have every plan.
    for clips in [&shorter[..], &all[..7], &all[..], &[], &all[..3], &shorter[20..]] {
        let expected = run(&gpu.prepare(clips, SampleFormat::F32).unwrap(), None);
        gpu.update(&mut job, clips).unwrap();
        assert!(run(&job, None) == expected, "{} clips", clips.len());
        // Nothing is submitted before the caller's encoder.
        let mut encoder = runner.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let recorded = gpu.prepare_in_encoder(&mut encoder, clips, SampleFormat::F32).unwrap();
        assert!(run(&recorded, Some(encoder)) == expected, "{} clips, recorded", clips.len());
        let fresh = GpuResampler::new(&runner.device, &runner.queue).unwrap();
        let mut encoder = runner.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let recorded = fresh.prepare_in_encoder(&mut encoder, clips, SampleFormat::F32).unwrap();
        assert!(run(&recorded, Some(encoder)) == expected, "{} clips, recorded without resident taps", clips.len());
    }
    let refused = gpu.update(&mut job, &[all[0].clone(), all[0].clone()]).unwrap_err();
    assert!(matches!(refused, Error::GpuBuffer { buffer: "output", .. }), "{refused}");
    assert!(run(&job, None) == run(&gpu.prepare(&shorter[20..], SampleFormat::F32).unwrap(), None));
}

#[test]
fn parts_of_a_job_compute_what_the_job_computes() {
    let Some(runner) = Runner::new() else { return };
    let gpu = GpuResampler::new(&runner.device, &runner.queue).unwrap();
    let (clips, samples) = layout(&plans(), 1);
    let input = filled(&runner.device, &runner.queue, bytemuck::cast_slice(&samples));
    let expected = runner.run(&gpu, JobOptions::default(), &clips, bytemuck::cast_slice(&samples), 0);
    let whole = gpu.prepare(&clips, SampleFormat::F32).unwrap();
    let cost: u64 = clips.iter().map(|clip| clip.output_len() * clip.plan().multiply_adds()).sum();
    assert_eq!(whole.multiply_adds(), cost);
    for limit in [1, 10_000, cost / 3, cost] {
        let job = gpu.prepare(&clips, JobOptions::default().max_multiply_adds(limit)).unwrap();
        let least = usize::try_from(cost.div_ceil(limit)).unwrap().min(whole.parts());
        assert!(job.parts() >= least, "{} parts of {limit}", job.parts());
        // Workgroups compute more than the outputs of short clips.
        assert!(limit < cost / 3 || job.parts() < whole.parts() + 60, "{} parts of {limit}", job.parts());
        let output = filled(&runner.device, &runner.queue, &vec![0; expected.len() * 4]);
        let (from, to) = (input.as_entire_buffer_binding(), output.as_entire_buffer_binding());
        for part in (0..job.parts()).rev() {
            runner.submit(|pass| gpu.record_part(pass, &job, part, from.clone(), to.clone()).unwrap());
        }
        assert!(runner.words(&output) == expected, "parts of {limit}");
        runner.submit(|pass| {
            let refused = gpu.record_part(pass, &job, job.parts(), from.clone(), to.clone()).unwrap_err();
            assert_eq!(refused, Error::GpuPart { part: job.parts(), parts: job.parts() });
        });
    }
    // A clip of 10 ms costs as much as the 2,000 outputs of its workgroup or more.
    let plan = Plan::new(48_000, 44_100, Preset::Default).unwrap();
    let short: Vec<_> = (0..100).map(|i| GpuClip::new(&plan, 480 * i, 480, 441 * i)).collect();
    let cost = 100 * 441 * plan.multiply_adds();
    let job = gpu.prepare(&short, JobOptions::default().max_multiply_adds(cost)).unwrap();
    assert!(job.parts() >= 10, "{} parts", job.parts());
}

/// llvmpipe ends the loops of a thread after 65,535 iterations. Mixes of many channels have more.
#[test]
fn mixes_of_more_steps_than_a_thread_can_take_are_refused() {
    let Some(runner) = Runner::new() else { return };
    // Flat windows: outputs in the middle of a constant are that constant.
    let plans = [(1000, 1, 6.0), (500, 1, 9.0), (48, 1, 64.0), (3, 2, 16.0), (1, 1, 6.0)].map(|(orig, new, width)| {
        Plan::new(orig, new, ResampleOptions::default().lowpass_filter_width(width)).unwrap()
    });
    let (mut refused, mut computed) = (0, 0);
    for plan in &plans {
        let frames = 4 * plan.taps().max(1000);
        for channels in [1, 2, 3, 5, 6, 8, 40, 2000] {
            if frames * channels > 4_000_000 {
                continue;
            }
            let ones = vec![1.0_f32; (frames * channels).max(2 * frames)];
            let clip = GpuClip::new(plan, 0, frames as u64, 0).strided(channels.max(2) as i64, 1);
            let clip = clip.mix(channels as u64, 1).unwrap();
            for kernel in KERNELS {
                let gpu = GpuResampler::new(&runner.device, &runner.queue).unwrap().with_kernel(kernel);
                match gpu.prepare(std::slice::from_ref(&clip), SampleFormat::F32) {
                    Ok(_) => {
                        let input = bytemuck::cast_slice(&ones);
                        let words = runner.run(&gpu, JobOptions::default(), std::slice::from_ref(&clip), input, 0);
                        let middle = f32::from_bits(words[words.len() / 2]);
                        assert!((middle - 1.0).abs() < 2e-3, "{:?}, {kernel:?}: {middle}", plan.ratio());
                        computed += 1;
                    }
                    Err(Error::GpuLimit {
                        what: "loop iterations of a thread, which grow with taps and mixed channels",
                        ..
                    }) => refused += 1,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }
    assert!(computed > 20 && refused > 2, "{computed} computed, {refused} refused");
}

#[test]
fn banks_beyond_a_binding_are_refused_with_the_size() {
    let Some(adapter) = super::device::adapter() else { return };
    let limits = wgpu::Limits { max_storage_buffer_binding_size: 1 << 16, ..adapter.limits() };
    let (device, queue) = super::device::open(&adapter, limits);
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let plan = Plan::new(44_100, 48_000, Preset::KaiserBest).unwrap();
    let refused = gpu.prepare(&[GpuClip::new(&plan, 0, 100, 0)], SampleFormat::F32).unwrap_err();
    let is_refused =
        matches!(refused, Error::GpuLimit { what: "bytes of one table", needed, limit: 65_536 } if needed > 65_536);
    assert!(is_refused, "{refused}");
}

/// Outputs of a clip without samples, and a filter of a single tap, are bound as others are.
#[test]
fn the_smallest_clips_and_filters_have_bindings() {
    let Some(runner) = Runner::new() else { return };
    let padded = ResampleOptions::default().output_length(polyphase::OutputLength::Exact(100));
    let padded = Plan::new(2, 1, padded).unwrap();
    let single = Plan::new(2, 1, ResampleOptions::default().lowpass_filter_width(0.25)).unwrap();
    for kernel in KERNELS {
        let gpu = GpuResampler::new(&runner.device, &runner.queue).unwrap().with_kernel(kernel);
        let clip = GpuClip::new(&padded, 0, 0, 0);
        let job = gpu.prepare(std::slice::from_ref(&clip), SampleFormat::F32).unwrap();
        assert_eq!((job.input_bytes(), job.output_bytes()), (4, 400));
        let silence = runner.run(&gpu, JobOptions::default(), &[clip], &[0; 4], 0xff);
        assert_eq!(silence, vec![0; 100]);
        let samples = [1.0_f32, 2.0, 3.0, 4.0];
        let expected = CpuResampler::new().resample(&single, &samples).unwrap();
        let clip = GpuClip::new(&single, 0, 4, 0);
        let words = runner.run(&gpu, JobOptions::default(), &[clip], bytemuck::cast_slice(&samples), 0);
        let actual: Vec<_> = words.into_iter().map(f32::from_bits).collect();
        assert!(actual.iter().zip(&expected).all(|(a, e)| (a - e).abs() < 2e-6), "{actual:?}, {expected:?}");
    }
}

/// Planar, interleaved, sliced and reversed tensors, and the means of channels, in one job.
#[test]
fn tensors_of_any_strides_are_resampled_in_place() {
    const CLIPS: usize = 3;
    const CHANNELS: usize = 2;
    let Some(runner) = Runner::new() else { return };
    for plan in &plans() {
        let len = 700;
        let outputs = plan.output_len(len);
        let samples = noise_f32(1, CLIPS * CHANNELS * len);
        let planar = ArrayView3::from_shape((CLIPS, CHANNELS, len), &samples).unwrap();
        let expected = CpuResampler::new().resample_axis(plan, &planar, Axis(2)).unwrap();
        let mean = planar.mean_axis(Axis(1)).unwrap();
        let mixed = CpuResampler::new().resample_tensor(plan, &mean).unwrap();

        // Input: (N, C, T), then (N, T, C). Outputs: (N, T, C), (N, C, T) reversed in N and C, a mix.
        let interleaved = planar.permuted_axes([0, 2, 1]).as_standard_layout().into_owned();
        let input: Vec<f32> = planar.iter().chain(&interleaved).copied().collect();
        let size = i64::try_from(outputs).unwrap();
        let (n, c, t) = (CLIPS, CHANNELS, len);
        let from_planar = GpuTensor::contiguous(0, &[n, c, t]);
        let from_interleaved = GpuTensor::contiguous((n * c * t) as u64, &[n, t, c]);
        let total = (n * c * outputs) as u64;
        let to_interleaved = GpuTensor::new(0, &[n, c, outputs], &[2 * size, 1, 2]).unwrap();
        let to_reversed = GpuTensor::new(2 * total - outputs as u64, &[n, outputs, c], &[-2 * size, 1, -size]).unwrap();
        let to_mixed = GpuTensor::contiguous(2 * total, &[n, 1, outputs]);
        let mut clips = from_planar.clips(plan, 2, &to_interleaved).unwrap();
        clips.extend(from_interleaved.clips(plan, 1, &to_reversed).unwrap());
        clips.extend(from_planar.mixed_clips(plan, 2, 1, &to_mixed).unwrap());
        for kernel in KERNELS {
            let gpu = GpuResampler::new(&runner.device, &runner.queue).unwrap().with_kernel(kernel);
            let words = runner.run(&gpu, JobOptions::default(), &clips, bytemuck::cast_slice(&input), 0);
            let actual: Vec<_> = words.into_iter().map(f32::from_bits).collect();
            let (first, rest) = actual.split_at(n * c * outputs);
            let (second, third) = rest.split_at(n * c * outputs);
            let first = ArrayView3::from_shape((n, outputs, c), first).unwrap().permuted_axes([0, 2, 1]);
            let second = Array3::from_shape_vec((n, c, outputs), second.to_vec()).unwrap();
            let second = second.slice(s![..;-1, ..;-1, ..]);
            for (name, actual) in [("interleaved", first), ("reversed", second)] {
                assert!(actual.iter().zip(&expected).all(|(a, e)| (a - e).abs() < 2e-6), "{kernel:?}, {name}");
            }
            assert!(third.iter().zip(&mixed).all(|(a, e)| (a - e).abs() < 2e-6), "{kernel:?}, mixed");
            // 16-bit outputs have the same places.
            let options = JobOptions::default().output(SampleFormat::I16);
            let words = runner.run(&gpu, options, &clips, bytemuck::cast_slice(&input), 0);
            let integers: &[u16] = bytemuck::cast_slice(&words);
            assert!(integers.iter().zip(&actual).all(|(&a, &e)| a == to_i16(e)), "{kernel:?}, integers");
        }
    }
}

#[test]
fn strides_that_leave_the_buffer_or_meet_are_refused() {
    let Some(runner) = Runner::new() else { return };
    let gpu = GpuResampler::new(&runner.device, &runner.queue).unwrap();
    let plan = Plan::new(2, 1, Preset::Default).unwrap();
    let clip = |input, output| GpuClip::new(&plan, 99, 100, 49).strided(input, output);
    let job = gpu.prepare(&[clip(-1, -1)], SampleFormat::F32).unwrap();
    assert_eq!((job.input_bytes(), job.output_bytes()), (400, 200));
    let job = gpu.prepare(&[clip(0, 3)], SampleFormat::F32).unwrap();
    assert_eq!((job.input_bytes(), job.output_bytes()), (400, 4 * (49 + 49 * 3 + 1)));
    for (clip, buffer) in [(clip(-2, 1), "input"), (clip(1, -2), "output"), (clip(1, 0), "output")] {
        let refused = gpu.prepare(&[clip], SampleFormat::F32).unwrap_err();
        assert!(matches!(refused, Error::GpuBuffer { buffer: named, .. } if named == buffer), "{refused}");
    }
    let mono = GpuClip::new(&plan, 0, 100, 0).mix(0, 1).unwrap_err();
    assert_eq!(mono, Error::NoChannels);
}

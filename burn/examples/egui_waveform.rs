//! An application's own device draws a waveform that was resampled on it: a window of egui, rendered without a screen,
//! shows a chirp before and after. The samples stay in the buffer that the resampler wrote.
//!
//! ```sh
//! cd burn && cargo run --example egui_waveform -- waveform.png
//! ```

#![expect(clippy::print_stdout, reason = "an example shows its result")]
#![expect(clippy::cast_precision_loss, reason = "small sizes")]

use std::fs::File;
use std::io::BufWriter;

use egui_wgpu::{Callback, CallbackResources, CallbackTrait, Renderer, RendererOptions, ScreenDescriptor};
use polyphase::wgpu::util::DeviceExt;
use polyphase::{GpuClip, GpuResampler, Plan, Preset, SampleFormat, wgpu};

const SIZE: [u32; 2] = [640, 360];
const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;
const ORIG_FREQ: u32 = 44_100;
const NEW_FREQ: u32 = 8_000;

/// Draws a column of pixels for each pair of vertices, from the least to the largest of its samples and the first of the
/// next column, so that columns meet.
const SHADER: &str = "
@group(0) @binding(0) var<storage, read> samples: array<f32>;
@group(0) @binding(1) var<uniform> columns: u32;

@vertex
fn column(@builtin(vertex_index) vertex: u32) -> @builtin(position) vec4<f32> {
    let column = vertex / 2u;
    let count = arrayLength(&samples);
    let begin = column * count / columns;
    let end = min((column + 1u) * count / columns + 1u, count);
    var least = samples[begin];
    var largest = samples[begin];
    for (var i = begin; i < end; i += 1u) {
        least = min(least, samples[i]);
        largest = max(largest, samples[i]);
    }
    let x = (f32(column) + 0.5) / f32(columns) * 2.0 - 1.0;
    // At least one pixel high.
    return vec4(x, select(least - 0.01, largest + 0.01, vertex % 2u == 1u), 0.0, 1.0);
}

@fragment
fn color() -> @location(0) vec4<f32> {
    return vec4(0.35, 0.75, 1.0, 1.0);
}
";

/// Waveform of a buffer, drawn in a rectangle of the window.
struct Waveform {
    pipeline: wgpu::RenderPipeline,
    bindings: wgpu::BindGroup,
    columns: u32,
}

impl Waveform {
    fn new(device: &wgpu::Device, samples: &wgpu::Buffer, columns: u32) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("waveform"),
            source: wgpu::ShaderSource::Wgsl(SHADER.into()),
        });
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("waveform"),
            layout: None,
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some("column"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                buffers: &[],
            },
            primitive: wgpu::PrimitiveState {
                topology: wgpu::PrimitiveTopology::LineList,
                ..wgpu::PrimitiveState::default()
            },
            depth_stencil: None,
            multisample: wgpu::MultisampleState::default(),
            fragment: Some(wgpu::FragmentState {
                module: &module,
                entry_point: Some("color"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                targets: &[Some(FORMAT.into())],
            }),
            multiview_mask: None,
            cache: None,
        });
        let count = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: Some("columns"),
            contents: &columns.to_le_bytes(),
            usage: wgpu::BufferUsages::UNIFORM,
        });
        let bindings = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("waveform"),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: samples.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: count.as_entire_binding() },
            ],
        });
        Self { pipeline, bindings, columns }
    }
}

impl CallbackTrait for Waveform {
    fn paint(&self, _: egui::PaintCallbackInfo, pass: &mut wgpu::RenderPass<'static>, _: &CallbackResources) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bindings, &[]);
        pass.draw(0..2 * self.columns, 0..1);
    }
}

/// A second of a chirp that grows and fades.
fn chirp() -> Vec<f32> {
    let mut cycles = 0.0_f32;
    (0..ORIG_FREQ)
        .map(|n| {
            let time = n as f32 / ORIG_FREQ as f32;
            cycles += (20.0 + 200.0 * time) / ORIG_FREQ as f32;
            0.9 * (std::f32::consts::PI * time).sin() * (std::f32::consts::TAU * cycles).sin()
        })
        .collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).unwrap_or_else(|| "waveform.png".into());

    // The application's device, its signal, and the resampled signal, on the device alone.
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let adapter = pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default()))?;
    let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default()))?;
    let signal = chirp();
    let plan = Plan::new(ORIG_FREQ, NEW_FREQ, Preset::Default)?;
    let input = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
        label: Some("signal"),
        contents: bytemuck::cast_slice(&signal),
        usage: wgpu::BufferUsages::STORAGE,
    });
    let output = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("resampled"),
        size: 4 * plan.output_len(signal.len()) as u64,
        usage: wgpu::BufferUsages::STORAGE,
        mapped_at_creation: false,
    });
    let gpu = GpuResampler::new(&device, &queue)?;
    let job = gpu.prepare(&[GpuClip::new(&plan, 0, signal.len() as u64, 0)], SampleFormat::F32)?;

    // A frame of the window. egui's first frame learns sizes only.
    let context = egui::Context::default();
    let frame = || {
        let size = egui::vec2(SIZE[0] as f32, SIZE[1] as f32);
        let input_events = egui::RawInput {
            screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, size)),
            ..egui::RawInput::default()
        };
        context.run_ui(input_events, |ui| {
            for (rate, buffer) in [(ORIG_FREQ, &input), (NEW_FREQ, &output)] {
                ui.label(format!("{rate} Hz"));
                let (rect, _) = ui.allocate_exact_size(egui::vec2(size.x - 20.0, 140.0), egui::Sense::hover());
                ui.painter().rect_filled(rect, 0.0, egui::Color32::BLACK);
                let waveform = Waveform::new(&device, buffer, SIZE[0] - 20);
                ui.painter().add(Callback::new_paint_callback(rect, waveform));
            }
        })
    };
    let mut renderer = Renderer::new(&device, FORMAT, RendererOptions::default());
    let mut textures = frame().textures_delta;
    let shown = frame();
    textures.append(shown.textures_delta);
    for (id, deltas) in &textures.set {
        for delta in deltas {
            renderer.update_texture(&device, &queue, *id, delta);
        }
    }
    textures.clear();
    let shapes = context.tessellate(shown.shapes, shown.pixels_per_point);
    let screen = ScreenDescriptor { size_in_pixels: SIZE, pixels_per_point: shown.pixels_per_point };

    let texture = device.create_texture(&wgpu::TextureDescriptor {
        label: Some("window"),
        size: wgpu::Extent3d { width: SIZE[0], height: SIZE[1], depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: FORMAT,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    });
    let view = texture.create_view(&wgpu::TextureViewDescriptor::default());

    // Resampling and drawing in one submission.
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let mut resampling = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
    gpu.record(&mut resampling, &job, input.as_entire_buffer_binding(), output.as_entire_buffer_binding())?;
    drop(resampling);
    let before = renderer.update_buffers(&device, &queue, &mut encoder, &shapes, &screen);
    let mut drawing = encoder
        .begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("window"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color::BLACK), store: wgpu::StoreOp::Store },
            })],
            ..wgpu::RenderPassDescriptor::default()
        })
        .forget_lifetime();
    renderer.render(&mut drawing, &shapes, &screen);
    drop(drawing);

    let pixels = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("pixels"),
        size: u64::from(4 * SIZE[0] * SIZE[1]),
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    encoder.copy_texture_to_buffer(
        texture.as_image_copy(),
        wgpu::TexelCopyBufferInfo {
            buffer: &pixels,
            layout: wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(4 * SIZE[0]), rows_per_image: None },
        },
        texture.size(),
    );
    queue.submit(before.into_iter().chain([encoder.finish()]));
    pixels.map_async(wgpu::MapMode::Read, .., |mapped| mapped.expect("mapped"));
    device.poll(wgpu::PollType::wait_indefinitely())?;
    let pixels = pixels.get_mapped_range(..)?.to_vec();

    let mut image = png::Encoder::new(BufWriter::new(File::create(&path)?), SIZE[0], SIZE[1]);
    image.set_color(png::ColorType::Rgba);
    image.set_depth(png::BitDepth::Eight);
    image.write_header()?.write_image_data(&pixels)?;

    let lit = lit_pixels(&pixels);
    println!(
        "on {}: {} with {} and {} pixels of the waveforms",
        adapter.get_info().name,
        path.display(),
        lit[0],
        lit[1]
    );
    assert!(lit[0] > 5_000 && lit[1] > 5_000, "a waveform is missing");
    assert!(lit[0].abs_diff(lit[1]) * 20 < lit[0], "the waveforms differ: {lit:?} pixels");
    Ok(())
}

/// Number of pixels in the waveforms' color in the upper and the lower half of the window.
fn lit_pixels(pixels: &[u8]) -> [usize; 2] {
    let halves = pixels.chunks(pixels.len() / 2);
    let count = |half: &[u8]| half.chunks_exact(4).filter(|pixel| pixel[0] == 89 && pixel[2] == 255).count();
    let counts: Vec<_> = halves.map(count).collect();
    [counts[0], counts[1]]
}

// Uses of the API, which tsc checks. Nothing runs this file.

import init, { initSync, Plan, resample, simdLevel, Stream, wasmURL, type Options } from "polyphase-resample";
import { GpuJob, KernelSources, Plan as GpuPlan, Resampler, type JobClip } from "polyphase-resample/gpu";

export async function uses(device: GPUDevice, pass: GPUComputePassEncoder, buffer: GPUBuffer): Promise<string> {
  await init();
  await init(new URL("elsewhere.wasm", wasmURL));
  initSync(new WebAssembly.Module(new Uint8Array()));
  const floats: Float32Array = await resample(new Float32Array(480), 48_000, 16_000, { preset: "high" });
  const integers: Int16Array = await resample(new Int16Array(480), 48_000, 16_000);
  const options: Options = { passBand: 0.9, rejection: 100, outputLength: "floor", padding: "edge" };
  using plan = new Plan(48_000, 16_000, options);
  const doubles: Float64Array = plan.resample(new Float64Array(480));
  const clamped: number = plan.resampleInto(integers, new Int16Array(plan.outputLength(integers.length)));
  const edge: number | null = plan.edge(3);
  using stream = new Stream(plan, 2, 128);
  const frames: Float32Array = stream.process(floats);
  const planes: readonly Float32Array[] = stream.processPlanar([floats, floats]);

  const resampler = await Resampler.create({ backend: "auto" });
  const gpuPlan = await GpuPlan.create(44_100, 16_000);
  const { outputs, ran } = await resampler.resampleBatch([{ plan: gpuPlan, samples: floats }]);
  const first: Float32Array | undefined = outputs[0];
  const clips: JobClip[] = [{ plan: gpuPlan, inputLength: 100, inputStride: 2 }];
  const kernels = new KernelSources(device.limits).prepare(clips, { input: "i16" });
  const table: Uint8Array | undefined = kernels[0]?.tables[0];
  const job = await GpuJob.create(device, clips, { output: "f16" });
  job.record(pass, buffer, { buffer, offset: 256 });

  // @ts-expect-error Arrays of numbers are not samples.
  plan.resample([0, 1]);
  // @ts-expect-error An option that does not exist.
  new Plan(3, 2, { roll_off: 1 });
  // @ts-expect-error Outputs have the type of the samples.
  plan.resampleInto(floats, doubles);

  return [ran, simdLevel(), clamped, edge, frames, planes, first, table, resampler.adapter].join();
}

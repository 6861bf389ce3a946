// Checks of batches on WebGPU and of jobs on the page's own device, in browsers.

import { compare, equal, peak, same, throws, tolerances } from "./compare.js";
import { goldenCases, noiseF32 } from "./signals.js";

const readTolerance = async (read) =>
  tolerances(new TextDecoder().decode(await read("tests/checks/src/compare.rs"))).gpu;

/** The channels of all golden cases, with their plans. */
async function goldenClips({ Plan }, read) {
  const clips = [];
  for (const { name, origFreq, newFreq, options, channels } of await goldenCases(read)) {
    const plan = await Plan.create(origFreq, newFreq, options);
    for (const { samples, expected } of channels) {
      clips.push({ name, plan, samples: Float32Array.from(samples), peak: peak(samples), expected });
    }
  }
  return clips;
}

const onGpu = ({ Resampler }) => Resampler.create({ backend: "gpu", allowSoftware: true });

/** Golden cases in one batch. */
export async function golden(api, read) {
  const [resampler, clips, tolerance] = [await onGpu(api), await goldenClips(api, read), await readTolerance(read)];
  const { outputs, ran, gpuClips } = await resampler.resampleBatch(clips);
  equal("ran", ran, `${clips.length} clips on the GPU, 0 on the CPU`);
  equal("gpuClips", gpuClips, clips.length);
  outputs.forEach((output, i) => compare(clips[i].name, output, clips[i].expected, clips[i].peak, tolerance));
  const { adapter } = resampler;
  equal("the adapter has a name", typeof adapter === "string" && adapter.length > 0, true);
  // In any order, the same bits.
  const reversed = await resampler.resampleBatch([...clips].reverse());
  reversed.outputs.reverse().forEach((output, i) => same(clips[i].name, output, outputs[i]));
  resampler.free();
  return { clips: clips.length, adapter };
}

/** Interpolated filters, integers, types and values that only the CPU computes, and long clips. */
export async function batches(api, read) {
  const [resampler, tolerance] = [await onGpu(api), await readTolerance(read)];
  const few = { maxFilterBytes: 1_200_000 };
  const rates = [[48_017, 44_101], [44_101, 48_017], [99_991, 10_007], [4_294_967_291, 4_294_967_279]];
  const clips = [];
  for (const [origFreq, newFreq] of rates) {
    for (const options of [few, { ...few, preset: "kaiser_fast", padding: "reflect" }]) {
      const plan = await api.Plan.create(origFreq, newFreq, options);
      equal("isInterpolated", plan.isInterpolated, true);
      for (const length of [0, 1, 63, 700]) clips.push({ plan, samples: noiseF32(length, length) });
    }
  }
  const exact = ({ plan, samples }) => plan.resample(Float64Array.from(samples));
  const interpolated = await resampler.resampleBatch(clips);
  equal("interpolated clips on the GPU", interpolated.gpuClips, clips.length);
  interpolated.outputs.forEach((output, i) => compare(`interpolated ${i}`, output, exact(clips[i]), 1, tolerance));

  const plan = await api.Plan.create(44_100, 48_000, { preset: "kaiser_best" });
  const integers = Int16Array.from(noiseF32(5, 20_000), (sample) => sample * 30_000);
  const ofIntegers = await resampler.resampleBatch([{ plan, samples: integers }]);
  equal("integers on the GPU", ofIntegers.gpuClips, 1);
  const expected = plan.resample(Float64Array.from(integers, (sample) => sample / 32_768));
  ofIntegers.outputs[0].forEach((sample, n) => {
    const value = Math.min(Math.max(expected[n] * 32_768, -32_768), 32_767);
    if (!(Math.abs(sample - value) <= 0.6)) throw new Error(`integer ${n} is ${sample}, not ${value}`);
  });

  const double = await resampler.resampleBatch([{ plan, samples: Float64Array.from(noiseF32(6, 1000)) }]);
  equal("float64", double.ran, "0 clips on the GPU, 1 on the CPU: clip 0: only the CPU computes this type of sample");
  same("float64", double.outputs[0], plan.resample(Float64Array.from(noiseF32(6, 1000))));

  const broken = noiseF32(7, 1000);
  broken[500] = NaN;
  const mixed = await resampler.resampleBatch([{ plan, samples: noiseF32(8, 1000) }, { plan, samples: broken }]);
  equal("NaN", mixed.ran, "1 clips on the GPU, 1 on the CPU: clip 1: it holds a NaN or an infinity");
  same("NaN", mixed.outputs[1], plan.resample(broken));
  equal("no clips", (await resampler.resampleBatch([])).outputs.length, 0);
  await throws(
    () => resampler.resampleBatch([{ plan, samples: broken }, { plan, samples: integers }]),
    "the clips of a batch have samples of one type",
    TypeError,
  );

  // Two batches at once, of which one is long enough for several pieces.
  const long = noiseF32(9, 600_000);
  const [first, second] = await Promise.all([
    resampler.resampleBatch([{ plan, samples: long }]),
    resampler.resampleBatch(clips),
  ]);
  compare("a long clip", first.outputs[0], exact({ plan, samples: long }), 1, tolerance);
  second.outputs.forEach((output, i) => same(`at once ${i}`, output, interpolated.outputs[i]));
  return { clips: clips.length };
}

/** The choice of `auto`, whatever it is here: right results, and a reason. */
export async function auto({ Plan, Resampler }) {
  const resampler = await Resampler.create();
  equal("adapter before the first batch", resampler.adapter, null);
  const plan = await Plan.create(48_000, 44_100, { preset: "best" });
  const clips = Array.from({ length: 8 }, (_, seed) => ({ plan, samples: noiseF32(seed, 480_000) }));
  // Enough batches for `auto` to open a device.
  const all = [];
  for (let batch = 0; batch < 5; batch++) all.push(await resampler.resampleBatch(clips));
  const { outputs, ran, gpuClips } = all.at(-1);
  outputs.forEach((output, i) => compare(`auto ${i}`, output, plan.resample(clips[i].samples), 1, { maxAbs: 4e-6, rmsDb: -125 }));
  equal("a reason", gpuClips > 0 ? / on the CPU\)/.test(ran) : /clip 0: /.test(ran), true);
  const small = await resampler.resampleBatch([{ plan, samples: noiseF32(1, 100) }]);
  same("a small batch", small.outputs[0], plan.resample(noiseF32(1, 100)));
  return { first: all[0].ran, ran, small: small.ran, adapter: resampler.adapter };
}

/** Runs `work` while the devices that are opened are kept in an array. */
async function withDevices(work) {
  const devices = [];
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...given) {
    const device = await requestDevice.apply(this, given);
    devices.push(device);
    return device;
  };
  try {
    return await work(devices);
  } finally {
    GPUAdapter.prototype.requestDevice = requestDevice;
  }
}

/** A device that is lost before or within a batch: the batch is complete and right. */
export async function lossOfDevice(api) {
  const plan = await api.Plan.create(48_000, 44_100, { preset: "high" });
  const clips = Array.from({ length: 4 }, (_, seed) => ({ plan, samples: noiseF32(seed, 100_000) }));
  const right = ({ outputs }) => outputs.forEach((output, i) => same(`clip ${i}`, output, plan.resample(clips[i].samples)));
  const reports = [];
  for (const delay of [-1, 0, 5]) {
    await withDevices(async (devices) => {
      const resampler = await onGpu(api);
      equal("devices", devices.length, 1);
      if (delay < 0) devices[0].destroy();
      const batch = resampler.resampleBatch(clips);
      if (delay >= 0) {
        if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
        devices[0].destroy();
      }
      const result = await batch;
      reports.push(result.ran);
      // A batch may have ended before its device did. One that was cut off is computed by the CPU, in its bits.
      if (result.gpuClips === 0) right(result);
      else equal("a batch that ended in time", result.gpuClips, clips.length);
      const later = await resampler.resampleBatch(clips);
      equal("the next batch", /^0 clips on the GPU, 4 on the CPU: clip 0: the GPU failed: the GPU device is lost: /.test(later.ran), true);
      right(later);
      resampler.free();
    });
  }
  equal("a batch on a lost device", /the GPU failed: the GPU device is lost: /.test(reports[0]), true);
  return { reports };
}

/** A pipeline that the browser refuses, which it reports late: no wrong sample comes out. */
export async function refusals(api) {
  const plan = await api.Plan.create(48_000, 44_100, { preset: "high" });
  const clips = Array.from({ length: 3 }, (_, seed) => ({ plan, samples: noiseF32(seed, 10_000) }));
  const resampler = await onGpu(api);
  const { createComputePipeline } = GPUDevice.prototype;
  let refused = 0;
  GPUDevice.prototype.createComputePipeline = function (descriptor) {
    refused += 1;
    return createComputePipeline.call(this, { ...descriptor, compute: { ...descriptor.compute, entryPoint: "missing" } });
  };
  let result;
  try {
    // Integers need a pipeline that no earlier batch has compiled.
    const integers = clips.map(({ samples }) => ({ plan, samples: Int16Array.from(samples, (sample) => sample * 20_000) }));
    result = await resampler.resampleBatch(integers);
    result.outputs.forEach((output, i) => same(`clip ${i}`, output, plan.resample(integers[i].samples)));
  } finally {
    GPUDevice.prototype.createComputePipeline = createComputePipeline;
  }
  equal("a pipeline was refused", refused > 0, true);
  equal("the report", /^0 clips on the GPU, 3 on the CPU: clip 0: the GPU failed: the GPU driver refused: /.test(result.ran), true);
  return { ran: result.ran };
}

async function ownDevice() {
  const adapter = await navigator.gpu.requestAdapter();
  return adapter.requestDevice();
}

/** Runs a job on samples in a buffer of the page's own device. */
async function runJob(device, job, bytes) {
  const buffer = (size, usage) => device.createBuffer({ size: Math.max(4, Math.ceil(size / 4) * 4), usage });
  const input = buffer(Math.max(job.inputBytes, bytes.byteLength), GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST);
  const output = buffer(job.outputBytes, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC);
  const result = buffer(job.outputBytes, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  device.queue.writeBuffer(input, 0, bytes);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  job.record(pass, input, output);
  pass.end();
  encoder.copyBufferToBuffer(output, 0, result, 0, result.size);
  device.queue.submit([encoder.finish()]);
  await result.mapAsync(GPUMapMode.READ);
  const outputs = result.getMappedRange().slice(0);
  [input, output, result].forEach((each) => each.destroy());
  return outputs;
}

/** Golden cases as one job on the page's own device, and the same bits as from a batch. */
export async function jobs(api, read) {
  const device = await ownDevice();
  const problems = [];
  device.onuncapturederror = ({ error }) => problems.push(error.message);
  const [clips, tolerance] = [await goldenClips(api, read), await readTolerance(read)];
  const places = [];
  let [inputEnd, outputEnd] = [3, 5];
  for (const { plan, samples, expected } of clips) {
    places.push({ plan, inputOffset: inputEnd, inputLength: samples.length, outputOffset: outputEnd });
    [inputEnd, outputEnd] = [inputEnd + samples.length + 1, outputEnd + expected.length + 2];
  }
  // The values between the clips must not be read.
  const input = new Float32Array(inputEnd).fill(NaN);
  clips.forEach(({ samples }, i) => input.set(samples, places[i].inputOffset));
  const job = await api.GpuJob.create(device, places);
  const outputs = new Float32Array(await runJob(device, job, input));
  const results = clips.map(({ name, peak, expected }, i) => {
    const output = outputs.slice(places[i].outputOffset, places[i].outputOffset + expected.length);
    compare(name, output, expected, peak, tolerance);
    return output;
  });
  // Pipelines of software take seconds, so only some clips are computed again.
  const some = clips.slice(0, 6);
  const batch = await (await onGpu(api)).resampleBatch(some);
  some.forEach(({ name }, i) => same(name, results[i], batch.outputs[i]));

  // Integers, and the left channel of a stereo clip.
  const plan = await api.Plan.create(48_000, 16_000, { preset: "high" });
  const integers = Int16Array.from(noiseF32(5, 6000), (sample) => sample * 30_000);
  const stereo = { plan, inputLength: 3000, inputStride: 2 };
  const left = await api.GpuJob.create(device, [stereo], { input: "i16" });
  const actual = new Float32Array(await runJob(device, left, integers));
  const expected = plan.resample(Float64Array.from({ length: 3000 }, (_, i) => integers[2 * i] / 32_768));
  compare("the left channel", actual, expected, 1, tolerance);

  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  const small = device.createBuffer({ size: 256, usage: GPUBufferUsage.STORAGE });
  await throws(
    () => left.record(pass, small, small),
    "the input buffer is bound with 256 of its 256 bytes: this job needs 12000",
  );
  await throws(
    () => left.record(pass, device.createBuffer({ size: 12_000, usage: GPUBufferUsage.COPY_DST }), small),
    "the input buffer lacks the usage STORAGE",
  );
  pass.end();
  await throws(() => api.GpuJob.create(device, [stereo], { input: "f64" }), "unknown sample format `f64`: it must be one of f32, i16, f16");
  await throws(
    () => api.GpuJob.create(device, [stereo, stereo]),
    /^the output buffer /,
  );
  equal("uncaptured errors", problems.join(), "");
  device.destroy();
  return { clips: clips.length };
}

/** The browser's compiler accepts the text of every kernel. (Pipelines are left to the other checks: they take longer.) */
export async function texts({ default: init, Plan, KernelSources }) {
  const device = await ownDevice();
  await init();
  const sources = new KernelSources(device.limits);
  const plans = [];
  for (const [origFreq, newFreq] of [[48_000, 44_100], [44_100, 16_000], [3, 1], [1, 3], [5, 5], [10_007, 99_991]]) {
    for (const padding of ["zero", "edge", "reflect"]) {
      for (const preset of ["default", "best"]) {
        plans.push(await Plan.create(origFreq, newFreq, { preset, padding, maxFilterBytes: 1_200_000 }));
      }
      plans.push(await Plan.create(origFreq, newFreq, { padding, lowpassFilterWidth: 300 }));
    }
  }
  const kernels = new Map();
  const formats = ["f32", "i16", "f16"];
  for (const input of formats) {
    for (const output of formats) {
      for (const sharedBuffer of [false, true]) {
        for (const plan of plans) {
          for (const stride of [1, 2]) {
            const clip = { plan, inputLength: 5000, inputStride: stride, outputStride: stride };
            for (const kernel of sources.prepare([clip], { input, output, sharedBuffer })) kernels.set(kernel.variant, kernel);
          }
        }
      }
    }
  }
  for (const [variant, { wgsl }] of kernels) {
    const { messages } = await device.createShaderModule({ code: wgsl }).getCompilationInfo();
    equal(`messages of ${variant}`, messages.map(({ message, lineNum }) => `${lineNum}: ${message}`).join(), "");
  }
  device.destroy();
  return { kernels: kernels.size };
}

/** The page's own device is lost: jobs say so. */
export async function lossOfOwnDevice(api) {
  const device = await ownDevice();
  const plan = await api.Plan.create(48_000, 16_000);
  const clips = [{ plan, inputLength: 3000 }];
  const job = await api.GpuJob.create(device, clips);
  const pass = device.createCommandEncoder().beginComputePass();
  const buffer = device.createBuffer({ size: 12_000, usage: GPUBufferUsage.STORAGE });
  device.destroy();
  await device.lost;
  await throws(() => job.record(pass, buffer, buffer), /^the GPU device is lost: /);
  await throws(() => api.GpuJob.create(device, clips), /^the GPU device is lost: /);
  const [first, second] = [await ownDevice(), api.Plan];
  const pending = api.GpuJob.create(first, [{ plan: await second.create(3, 2), inputLength: 100 }]);
  first.destroy();
  await throws(() => pending, /^the GPU device is lost: /);
}

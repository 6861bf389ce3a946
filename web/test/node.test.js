// The package in Node: the CPU alone, from both entry points.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { PerformanceObserver } from "node:perf_hooks";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import * as polyphase from "polyphase-resample";
import * as withGpu from "polyphase-resample/gpu";

import * as compare from "./checks/compare.js";
import * as cpu from "./checks/cpu.js";
import { noiseF32 } from "./checks/signals.js";

const root = new URL("../../", import.meta.url);
const read = (path) => readFile(new URL(path, root));

test("constructors need init, and calls after it do not", async () => {
  assert.throws(() => new polyphase.Plan(3, 2), { message: "polyphase is not initialised: await init() first" });
  await Promise.all([polyphase.default(), polyphase.default()]);
  assert.equal(new polyphase.Plan(3, 2).outputLength(300), 200);
});

test("golden cases", async () => {
  const counted = await cpu.golden(polyphase, read);
  assert.deepEqual({ cases: counted.cases }, { cases: 67 });
  assert.ok(counted.channels > 100);
});

test("golden cases of the entry point with WebGPU", async () => {
  assert.equal((await cpu.golden(withGpu, read)).cases, 67);
});

test("interpolated filters", async () => {
  assert.equal((await cpu.interpolated(polyphase, read)).cases, 10);
});

test("streams equal the whole", async () => {
  assert.equal((await cpu.streams(polyphase)).streams, 72);
});

test("streams keep their place in memory", () => cpu.streamMemory(polyphase));

test("streams leave no garbage", async () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc");
  const plan = await polyphase.Plan.create(48_000, 44_100, { preset: "high" });
  const stream = new polyphase.Stream(plan, 2, 128);
  const [chunk, planes] = [noiseF32(1, 256), [noiseF32(1, 128), noiseF32(2, 128)]];
  const run = (blocks) => {
    for (let block = 0; block < blocks; block++) {
      stream.process(chunk);
      stream.processPlanar(planes);
    }
  };
  run(60_000);
  // The compiler and the test runner allocate now and then, and a collection hides what was allocated: the least of
  // several runs counts. Buffers of earlier tests may be released during a run.
  let least = { heap: Infinity, buffers: Infinity };
  for (let attempt = 0; attempt < 10 && (least.heap >= 4 || least.buffers > 0); attempt++) {
    gc();
    const collections = [];
    const observer = new PerformanceObserver((list) => collections.push(...list.getEntries()));
    observer.observe({ entryTypes: ["gc"] });
    const before = process.memoryUsage();
    run(20_000);
    const after = process.memoryUsage();
    await new Promise((resolve) => setTimeout(resolve, 50));
    observer.disconnect();
    if (collections.length > 0) continue;
    const heap = (after.heapUsed - before.heapUsed) / 40_000;
    const buffers = after.arrayBuffers - before.arrayBuffers;
    least = { heap: Math.min(heap, least.heap), buffers: Math.min(buffers, least.buffers) };
  }
  // A view of each block would take about 100 bytes.
  const found = `${least.heap} bytes for each block, ${least.buffers} of buffers`;
  const message = least.heap === Infinity ? "garbage was collected during every run" : found;
  assert.ok(least.heap < 4 && least.buffers <= 0, message);
});

test("integers, lengths and responses", () => cpu.plans(polyphase));

test("errors", () => cpu.errors(polyphase));

test("without WebGPU, batches run on the CPU, and say so", async () => {
  const plan = await withGpu.Plan.create(48_000, 16_000);
  const clip = noiseF32(1, 4800);
  const resampler = await withGpu.Resampler.create({ backend: "cpu" });
  const { outputs, ran, gpuClips, cpuClips } = await resampler.resampleBatch([{ plan, samples: clip }]);
  compare.same("the batch", outputs[0], plan.resample(clip));
  assert.deepEqual([ran, gpuClips, cpuClips], ["0 clips on the GPU, 1 on the CPU: clip 0: the CPU was asked for", 0, 1]);
  assert.throws(() => new withGpu.KernelSources({}), {
    message: "maxComputeWorkgroupStorageSize is NaN: it must be a whole number from 0 to 9007199254740991",
  });
  await assert.rejects(withGpu.Resampler.create({ backend: "gpu" }), { message: "no GPU: there is no adapter" });
  await assert.rejects(withGpu.Resampler.create({ backend: "tpu" }), {
    message: "unknown backend `tpu`: it must be one of auto, cpu, gpu",
  });
  // Work of seconds, for which `auto` looks for a GPU.
  const auto = await withGpu.Resampler.create();
  const long = await withGpu.Plan.create(48_000, 44_100, { lowpassFilterWidth: 1500 });
  const clips = Array.from({ length: 20 }, (_, seed) => ({ plan: long, samples: noiseF32(seed, 480_000) }));
  const batch = await auto.resampleBatch(clips);
  assert.match(batch.ran, /^0 clips on the GPU, 20 on the CPU: clip 0: no GPU: there is no adapter$/);
  assert.equal(auto.adapter, null);
  compare.same("a long batch", batch.outputs[3], long.resample(clips[3].samples));
});

test("the comparison rejects wrong outputs", async () => {
  const { double } = compare.tolerances(String(await read("tests/checks/src/compare.rs")));
  assert.deepEqual(double, { maxAbs: 1e-11, rmsDb: -270 });
  const right = noiseF32(1, 100);
  const refused = (wrong) => assert.throws(() => compare.compare("", wrong, right, 1, double));
  compare.compare("", right, right, 1, double);
  refused(right.subarray(1));
  refused(right.map((sample) => sample * 1.0001));
  refused(right.map((sample, n) => (n === 7 ? NaN : sample)));
  refused(right.slice().reverse());
  assert.throws(() => compare.same("", right.map((sample, n) => (n === 99 ? -sample : sample)), right));
});

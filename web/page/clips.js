// A batch of clips on the CPU and on WebGPU, in the worker.

import { wholeRates } from "./rates.js";

/** Largest number of samples of a batch, input and output together: 256 MiB. */
const MAX_SAMPLES = 2 ** 26;

/** Most runs after the first, and the milliseconds after which none begins. */
const RUNS = 5;
const LONGEST_MS = 3000;

/** `{ plan, clips, seconds, outputs: { cpu, gpu } }`. */
let batch = null;

/** Makes `count` clips of white noise of about `seconds` seconds each. */
export async function makeBatch({ count, seconds, origFreq, newFreq, options }) {
  const { default: load, Plan } = await import("./pkg/gpu.js");
  await load();
  batch?.plan.free();
  batch = null;
  const expected = count * seconds * (origFreq + newFreq);
  if (expected > MAX_SAMPLES) {
    throw new Error(`the batch would have ${Math.ceil(expected)} samples: this page keeps at most ${MAX_SAMPLES}`);
  }
  const plan = new Plan(...wholeRates(origFreq, newFreq), options);
  const random = generator(20);
  const clips = Array.from({ length: count }, () => {
    const samples = new Float32Array(Math.max(1, Math.round(origFreq * seconds * (0.5 + random()))));
    samples.forEach((_, index) => (samples[index] = 2 * random() - 1));
    return { plan, samples };
  });
  const frames = clips.reduce((sum, { samples }) => sum + samples.length, 0);
  batch = { plan, clips, seconds: frames / origFreq, outputs: {} };
  return { value: { frames, seconds: batch.seconds } };
}

/** Resamples the batch by the backend `cpu` or `gpu`, and tells how long it took. */
export async function runBatch({ backend }) {
  if (backend === "gpu") {
    await needWebGpu();
  }
  const { Resampler } = await import("./pkg/gpu.js");
  const resampler = await Resampler.create({ backend, allowSoftware: true });
  try {
    const first = await timed(resampler);
    const runs = [];
    const began = performance.now();
    do {
      runs.push(await timed(resampler));
    } while (runs.length < RUNS && performance.now() - began < LONGEST_MS);
    batch.outputs[backend] = first.outputs;
    const best = Math.min(...runs.map(({ ms }) => ms));
    const { adapter } = resampler;
    return { value: { first: first.ms, best, realTime: (1000 * batch.seconds) / best, ran: first.ran, adapter } };
  } finally {
    resampler.free();
  }
}

async function timed(resampler) {
  const began = performance.now();
  const { outputs, ran } = await resampler.resampleBatch(batch.clips);
  return { outputs, ran, ms: performance.now() - began };
}

/** Largest difference between the samples of the two backends. */
export async function compareBatch() {
  const { cpu, gpu } = batch.outputs;
  let largest = 0;
  cpu.forEach((clip, index) => {
    const other = gpu[index];
    if (clip.length !== other.length) {
      throw new Error(`clip ${index} has ${clip.length} samples on the CPU and ${other.length} on WebGPU`);
    }
    for (let at = 0; at < clip.length; at++) {
      const difference = Math.abs(clip[at] - other[at]);
      // A NaN is a difference, too.
      largest = difference <= largest ? largest : difference;
    }
  });
  return { value: { difference: largest } };
}

/** Throws if this browser has no WebGPU or offers no adapter. */
async function needWebGpu() {
  if (!navigator.gpu) {
    throw new Error(
      self.isSecureContext
        ? "this browser has no WebGPU"
        : "browsers offer WebGPU to pages from https or localhost alone, and this page is from neither",
    );
  }
  if (!(await navigator.gpu.requestAdapter())) {
    throw new Error("this browser has WebGPU, but offers no adapter: its graphics card or driver is not supported");
  }
}

/** Random numbers from 0 to 1 (excluded), the same for the same seed: mulberry32. */
function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let bits = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

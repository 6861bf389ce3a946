// polyphase on the CPU and on WebGPU.

import { core } from "./core.js";
import * as glue from "./gpu/polyphase.js";
import { webgpu } from "./webgpu.js";

// The scope of an audio worklet has no URL: there, `initSync` takes a module.
export const wasmURL = typeof URL === "undefined" ? undefined : new URL("./gpu/polyphase_bg.wasm", import.meta.url);
const { init, initSync, check, resample, simdLevel, Plan, Stream } = core(glue, wasmURL);
const { Resampler, KernelSources, GpuJob } = webgpu(glue, { init, check, Plan });
export { init as default, initSync, resample, simdLevel, Plan, Stream, Resampler, KernelSources, GpuJob };

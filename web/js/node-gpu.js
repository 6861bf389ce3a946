// polyphase on the CPU and, where the runtime has it, on WebGPU, in Node, which cannot fetch files.

import { readFile } from "node:fs/promises";

import { core } from "./core.js";
import * as glue from "./gpu/polyphase.js";
import { webgpu } from "./webgpu.js";

export const wasmURL = new URL("./gpu/polyphase_bg.wasm", import.meta.url);
const { init, initSync, check, resample, simdLevel, Plan, Stream } = core(glue, () => readFile(wasmURL));
const { Resampler, KernelSources, GpuJob } = webgpu(glue, { init, check, Plan });
export { init as default, initSync, resample, simdLevel, Plan, Stream, Resampler, KernelSources, GpuJob };

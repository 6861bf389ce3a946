// polyphase on the CPU, in Node, which cannot fetch files.

import { readFile } from "node:fs/promises";

import { core } from "./core.js";
import * as glue from "./cpu/polyphase.js";

export const wasmURL = new URL("./cpu/polyphase_bg.wasm", import.meta.url);
export const workletURL = new URL("./worklet.js", import.meta.url);
const { init, initSync, resample, simdLevel, Plan, Stream } = core(glue, () => readFile(wasmURL));
export { init as default, initSync, resample, simdLevel, Plan, Stream };

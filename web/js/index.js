// polyphase on the CPU.

import { core } from "./core.js";
import * as glue from "./cpu/polyphase.js";

// The scope of an audio worklet has no URL: there, `initSync` takes a module.
export const wasmURL = typeof URL === "undefined" ? undefined : new URL("./cpu/polyphase_bg.wasm", import.meta.url);
export const workletURL = typeof URL === "undefined" ? undefined : new URL("./worklet.js", import.meta.url);
const { init, initSync, resample, simdLevel, Plan, Stream } = core(glue, wasmURL);
export { init as default, initSync, resample, simdLevel, Plan, Stream };

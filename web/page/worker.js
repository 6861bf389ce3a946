// The worker: calls the functions of signals.js and clips.js by name.

import * as clips from "./clips.js";
import * as signals from "./signals.js";

const functions = { ...signals, ...clips };
let last = Promise.resolve();

// One call at a time, in the order of arrival: the calls share the recording.
self.onmessage = ({ data }) => {
  last = last.then(() => answer(data));
};

async function answer({ id, name, argument }) {
  try {
    const { value, transfer = [] } = await functions[name](argument);
    self.postMessage({ id, value }, transfer);
  } catch (error) {
    // After a trap or a panic, the memory of a WebAssembly module is in an unknown state.
    const isTrap = error instanceof WebAssembly.RuntimeError;
    const message = (isTrap ? "internal error: " : "") + String(error?.message ?? error);
    self.postMessage({ id, message, stopped: message.startsWith("internal error") });
  }
}

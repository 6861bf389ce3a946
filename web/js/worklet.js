// An AudioWorklet processor that resamples what the graph plays into it, and posts the result to its node:
//
//   import { wasmURL, workletURL } from "polyphase-resample";
//   await context.audioWorklet.addModule(workletURL);
//   const module = await WebAssembly.compileStreaming(fetch(wasmURL));
//   const node = new AudioWorkletNode(context, "polyphase-resample", {
//     numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit",
//     processorOptions: { module, newFreq: 16000, options: { preset: "high" } },
//   });
//   microphone.connect(node);
//   node.port.onmessage = ({ data }) => …                                    // Float32Array, interleaved, at newFreq
//   node.port.postMessage("finish");                                         // posts the rest, and then null
//
// A message takes at least `chunkFrames` frames, by default a tenth of a second. Between two messages nothing is
// allocated.

import { initSync, Plan, Stream } from "./index.js";

class ResamplingProcessor extends AudioWorkletProcessor {
  /** Frames that wait for a message, and their number of samples. */
  #waiting;
  #filled = 0;
  #least;
  #channels;
  #stream;
  #finished = false;

  constructor({ processorOptions: { module, newFreq, channels = 1, chunkFrames = Math.ceil(newFreq / 10), options } }) {
    super();
    initSync(module);
    const plan = new Plan(sampleRate, newFreq, options);
    // A graph renders 128 frames at a time, unless its context asks for another size.
    this.#stream = new Stream(plan, channels, 4096);
    this.#channels = channels;
    this.#least = chunkFrames * channels;
    this.#waiting = new Float32Array(this.#least + this.#stream.maxOutputFrames(4096) * channels);
    this.port.onmessage = ({ data }) => data === "finish" && this.#finish();
  }

  process([input]) {
    // An input that nothing is connected to has no channels.
    if (this.#finished || input.length === 0) return !this.#finished;
    const frames = this.#stream.processPlanar(input);
    const count = frames[0].length;
    for (let channel = 0; channel < this.#channels; channel++) {
      const plane = frames[channel];
      for (let i = 0, to = this.#filled + channel; i < count; i++, to += this.#channels) this.#waiting[to] = plane[i];
    }
    this.#filled += count * this.#channels;
    if (this.#filled >= this.#least) this.#post();
    return true;
  }

  #post() {
    const message = this.#waiting.slice(0, this.#filled);
    this.#filled = 0;
    this.port.postMessage(message, [message.buffer]);
  }

  #finish() {
    this.#finished = true;
    this.#post();
    const rest = this.#stream.finish();
    this.port.postMessage(rest, [rest.buffer]);
    this.port.postMessage(null);
  }
}

registerProcessor("polyphase-resample", ResamplingProcessor);

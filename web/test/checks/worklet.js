// Check of the audio worklet, in browsers.

import { equal, same } from "./compare.js";
import { noiseF32 } from "./signals.js";

/** The processor posts what a plan makes of the whole signal, in every bit. */
export async function worklet({ Plan, wasmURL, workletURL }) {
  const length = 48_000;
  const module = await WebAssembly.compileStreaming(fetch(wasmURL));
  const context = new OfflineAudioContext({ numberOfChannels: 1, length, sampleRate: 48_000 });
  await context.audioWorklet.addModule(workletURL);
  const options = { preset: "high" };
  const node = new AudioWorkletNode(context, "polyphase-resample", {
    channelCount: 1,
    channelCountMode: "explicit",
    processorOptions: { module, newFreq: 16_000, options },
  });
  const failed = new Promise((_, reject) => (node.onprocessorerror = () => reject(new Error("the processor failed"))));
  const signal = noiseF32(4, length);
  const buffer = context.createBuffer(1, length, 48_000);
  buffer.copyToChannel(signal, 0);
  const source = new AudioBufferSourceNode(context, { buffer });
  source.connect(node).connect(context.destination);
  source.start();
  const parts = [];
  const ended = new Promise((resolve) => {
    node.port.onmessage = ({ data }) => (data === null ? resolve() : parts.push(data));
  });
  await Promise.race([context.startRendering(), failed]);
  node.port.postMessage("finish");
  await Promise.race([ended, failed]);
  const output = Float32Array.from(parts.flatMap((part) => [...part]));
  same("the worklet's output", output, (await Plan.create(48_000, 16_000, options)).resample(signal));
  equal("messages", parts.length >= 9 && parts.length <= 12, true);
  await refusesChannels(module, workletURL);
  return { messages: parts.length };
}

/** A graph with more channels than the processor was made for is an error, not silence. */
async function refusesChannels(module, workletURL) {
  const context = new OfflineAudioContext({ numberOfChannels: 1, length: 1280, sampleRate: 48_000 });
  await context.audioWorklet.addModule(workletURL);
  const node = new AudioWorkletNode(context, "polyphase-resample", {
    channelCount: 2,
    channelCountMode: "explicit",
    processorOptions: { module, newFreq: 16_000 },
  });
  const refused = new Promise((resolve) => (node.onprocessorerror = () => resolve("refused")));
  const source = new ConstantSourceNode(context);
  source.connect(node).connect(context.destination);
  source.start();
  await context.startRendering();
  const late = new Promise((resolve) => setTimeout(resolve, 5000, "accepted"));
  equal("two channels for a processor of one", await Promise.race([refused, late]), "refused");
}

// The recording and the result, in the worker: decoding, resampling, spectrograms, response and files.
//
//     recording ── mix ── input ── plan ── output

import loadDecoder, { Wav, colorMap, decode, gains, powers } from "./decode/polyphase_page.js";
import loadResampler, { Plan } from "./pkg/index.js";
import { wholeRates } from "./rates.js";

/** Largest number of samples of a recording or a result, over all channels: 512 MiB. */
const MAX_SAMPLES = 2 ** 27;

/** Milliseconds after which a measurement ends, and those after which none begins. */
const MEASURED_MS = 100;
const LONG_MS = 1000;

/** Columns of a spectrogram, and largest number of samples in a segment. */
const COLUMNS = 1000;
const MAX_SEGMENT = 16384;

/** Lowest level of a spectrogram in dB. Level 255 is 0 dB, level 0 is this or less. */
const LOWEST_DB = -120;

/** Frequencies at which the response is computed. */
const RESPONSE_POINTS = 900;

const loaded = Promise.all([loadDecoder(), loadResampler()]);

/** `{ rate, channels: Float32Array[] }`, and `{ bytes, extension }` of a file. */
let recording = null;
/** `{ rate, channels, mono }`: the recording with the channels that are resampled. */
let input = null;
let plan = null;
/** `{ rate, channels }`. */
let output = null;
/** Spectrogram of `input`, and the segment in milliseconds that it was computed for. */
let inputSpectrogram = null;

/** Decodes a file. */
export async function open({ bytes, name }) {
  await loaded;
  const file = { bytes: new Uint8Array(bytes), extension: name.includes(".") ? name.split(".").pop() : "" };
  const began = performance.now();
  const { warnings, ...signal } = decoded(file, false);
  hold({ ...signal, ...file });
  return { value: { ...shape(recording), warnings, ms: performance.now() - began } };
}

/** Takes samples of one channel. */
export async function take({ samples, rate }) {
  await loaded;
  hold({ rate, channels: [samples] });
  return { value: shape(recording) };
}

/** Resamples the recording, and tells what it cost. */
export async function resample({ newFreq, options, mono }) {
  await loaded;
  if (input?.mono !== mono) {
    input = { ...mixed(mono), mono };
    inputSpectrogram = null;
  }
  output = null;
  plan?.free();
  plan = null;
  const began = performance.now();
  plan = new Plan(...wholeRates(input.rate, newFreq), options);
  const designMs = performance.now() - began;
  const frames = plan.outputLength(input.channels[0].length);
  const limit = Math.floor(MAX_SAMPLES / input.channels.length);
  if (frames > limit) {
    throw new Error(`the result would have ${frames} frames: this page keeps at most ${limit}`);
  }
  const { value: channels, ms, runs } = measured(() => input.channels.map((channel) => plan.resample(channel)));
  output = { rate: newFreq, channels };
  return { value: { input: shape(input), output: shape(output), taps: plan.taps, designMs, ms, runs } };
}

/** Spectrograms of the recording and the result, with segments of the same duration. */
export async function spectrograms({ segmentMs }) {
  if (inputSpectrogram?.segmentMs !== segmentMs) {
    inputSpectrogram = { ...spectrogram(input, segmentMs), segmentMs };
  }
  const after = spectrogram(output, segmentMs);
  return { value: { before: inputSpectrogram, after }, transfer: [after.levels.buffer] };
}

/** Gain of the filter in dB at evenly spaced frequencies: up to the higher Nyquist frequency, and
 *  beyond the lower one. */
export async function response() {
  const [lower, higher] = [input.rate, output.rate].sort((a, b) => a - b);
  const highest = Math.max(higher / 2, 0.75 * lower);
  // The library gives up to 1024 values for each sample of the input. Eight for each of the higher rate will do.
  const valueRate = plan.impulseResponseDensity() * input.rate;
  const step = Math.max(1, Math.floor(valueRate / (8 * higher)));
  const value = gains(plan.impulseResponse(), step, (highest * step) / valueRate, RESPONSE_POINTS);
  return { value: { highest, gains: value, nyquists: [input.rate / 2, output.rate / 2] } };
}

/** Copies of the channels of the recording (`before`) or the result (`after`). */
export async function channels({ which }) {
  const { rate, channels } = which === "before" ? input : output;
  return { value: { rate, channels } };
}

/** The result as a WAV file. */
export async function wav({ format }) {
  const { rate, channels } = output;
  const file = new Wav(interleaved(channels), rate, channels.length, format);
  try {
    const { clipped } = file;
    const bytes = file.take();
    return { value: { bytes, clipped }, transfer: [bytes.buffer] };
  } finally {
    file.free();
  }
}

/** Colour map of the levels. */
export async function palette() {
  await loaded;
  return { value: colorMap() };
}

function hold(signal) {
  recording = signal;
  input = output = inputSpectrogram = null;
}

function decoded({ bytes, extension }, mono) {
  const file = decode(bytes, extension, mono, MAX_SAMPLES);
  try {
    const channels = Array.from({ length: file.channels }, (_, index) => file.channel(index));
    return { rate: file.rate, channels, warnings: file.warnings };
  } finally {
    file.free();
  }
}

function mixed(mono) {
  const { rate, channels } = mono && recording.channels.length > 1 ? decoded(recording, true) : recording;
  return { rate, channels };
}

function shape({ rate, channels }) {
  return { rate, channels: channels.length, frames: channels[0].length };
}

function interleaved(channels) {
  if (channels.length === 1) {
    return channels[0];
  }
  const samples = new Float32Array(channels.length * channels[0].length);
  channels.forEach((channel, first) => {
    for (let frame = 0, at = first; frame < channel.length; frame++, at += channels.length) {
      samples[at] = channel[frame];
    }
  });
  return samples;
}

/** Runs a function several times; returns its value, its mean time in milliseconds, and the number of runs that were
 *  measured: those after the first, which makes tables and compiles. The clocks of browsers are too coarse for a single
 *  short run. A long one is not repeated. */
function measured(run) {
  let began = performance.now();
  let value = run();
  let ms = performance.now() - began;
  let runs = 1;
  if (ms < LONG_MS) {
    began = performance.now();
    runs = 0;
    do {
      value = run();
      runs++;
      ms = performance.now() - began;
    } while (ms < MEASURED_MS);
  }
  return { value, ms: ms / runs, runs };
}

/** Levels of a signal, the mean power of its channels: columns of `rows` bytes. */
function spectrogram({ rate, channels }, segmentMs) {
  const segment = Math.min(MAX_SEGMENT, Math.max(16, 2 * Math.round((rate * segmentMs) / 2000)));
  const sums = powers(channels[0], segment, COLUMNS);
  for (const channel of channels.slice(1)) {
    const more = powers(channel, segment, COLUMNS);
    for (let index = 0; index < sums.length; index++) {
      sums[index] += more[index];
    }
  }
  const levels = new Uint8Array(sums.length);
  for (let index = 0; index < sums.length; index++) {
    const decibels = 10 * Math.log10(sums[index] / channels.length + 1e-30);
    levels[index] = Math.round(255 * Math.min(1, Math.max(0, 1 - decibels / LOWEST_DB)));
  }
  return { levels, columns: COLUMNS, rows: segment / 2 + 1, rate, seconds: channels[0].length / rate };
}

// Times and errors of resamplers in a browser.

import { Plan } from "../pkg/index.js";

/** Seconds of the clip, and the second that is analysed. */
const SECONDS = 10;
const ANALYSED = 4;

/** Number of runs, of which the fastest counts. */
const RUNS = 7;

/**
 * Frequencies in Hz, whole numbers, so that in one second the tones are orthogonal: 24 up to 0.85 of the lower Nyquist
 * frequency, which are to pass, and, where the input has such frequencies, 8 from 1.15 of it on, which are to be removed,
 * since they would fold into the band up to 0.85.
 */
function frequencies(origFreq, newFreq) {
  const nyquist = Math.min(origFreq, newFreq) / 2;
  const between = (from, to, count) =>
    Array.from({ length: count }, (_, k) => Math.round(from + ((to - from) * k) / (count - 1)));
  const passed = between(50, 0.85 * nyquist, 24);
  const [from, to] = [1.15 * nyquist, 0.97 * (origFreq / 2)];
  const removed = from < to ? between(from, to, 8) : [];
  return { passed, removed };
}

/** Ten seconds of all tones, each of the same amplitude. */
function tones(rate, { passed, removed }) {
  const all = [...passed, ...removed];
  const amplitude = 0.9 / all.length;
  return Float32Array.from({ length: SECONDS * rate }, (_, i) =>
    all.reduce((sum, hz, k) => sum + amplitude * Math.sin(2 * Math.PI * (((hz * i) % rate) / rate) + k * k), 0),
  );
}

/**
 * What an output holds beside the tones that are to pass, in dB relative to them: noise, distortion, images and aliases.
 * Each tone is fitted with its own gain and phase. Also the largest deviation of a gain from 1, in dB.
 */
function analysed(output, rate, { passed, removed }) {
  const samples = Float64Array.from(output.subarray(ANALYSED * rate, (ANALYSED + 1) * rate));
  if (samples.length !== rate) throw new Error(`${output.length} samples`);
  const amplitude = 0.9 / (passed.length + removed.length);
  let [signal, deviation] = [0, 0];
  for (const hz of passed) {
    let [cosine, sine] = [0, 0];
    const angle = (i) => 2 * Math.PI * (((hz * i) % rate) / rate);
    samples.forEach((sample, i) => {
      cosine += (2 / rate) * sample * Math.cos(angle(i));
      sine += (2 / rate) * sample * Math.sin(angle(i));
    });
    samples.forEach((sample, i) => (samples[i] = sample - cosine * Math.cos(angle(i)) - sine * Math.sin(angle(i))));
    signal += (cosine ** 2 + sine ** 2) / 2;
    deviation = Math.max(deviation, Math.abs(20 * Math.log10(Math.hypot(cosine, sine) / amplitude)));
  }
  const rest = samples.reduce((sum, sample) => sum + sample ** 2, 0) / rate;
  return { db: 10 * Math.log10(rest / signal), deviation };
}

/** A float32 WAV file of one channel. */
function wav(samples, rate) {
  const bytes = new DataView(new ArrayBuffer(44 + samples.byteLength));
  const text = (offset, name) => [...name].forEach((letter, i) => bytes.setUint8(offset + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  bytes.setUint32(4, 36 + samples.byteLength, true);
  text(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 3, true);
  bytes.setUint16(22, 1, true);
  bytes.setUint32(24, rate, true);
  bytes.setUint32(28, 4 * rate, true);
  bytes.setUint16(32, 4, true);
  bytes.setUint16(34, 32, true);
  text(36, "data");
  bytes.setUint32(40, samples.byteLength, true);
  samples.forEach((sample, i) => bytes.setFloat32(44 + 4 * i, sample, true));
  return bytes.buffer;
}

/** Resamplers, as functions of a clip; what they do once for two rates is done here. */
async function contenders(origFreq, newFreq, clip) {
  const found = {};
  for (const preset of ["default", "fast", "high", "kaiser_best"]) {
    const plan = await Plan.create(origFreq, newFreq, { preset });
    found[`polyphase, ${preset}`] = (samples) => plan.resample(samples);
  }
  const { create, ConverterType } = globalThis.LibSampleRate;
  for (const quality of ["FASTEST", "MEDIUM_QUALITY", "BEST_QUALITY"]) {
    const converterType = ConverterType[`SRC_SINC_${quality}`];
    const converter = await create(1, origFreq, newFreq, { converterType });
    found[`libsamplerate-js, SINC_${quality}`] = (samples) => converter.simple(samples);
  }
  const context = () => new OfflineAudioContext(1, SECONDS * newFreq, newFreq);
  const buffer = new AudioBuffer({ numberOfChannels: 1, length: clip.length, sampleRate: origFreq });
  buffer.copyToChannel(clip, 0);
  found["OfflineAudioContext, a buffer source"] = async () => {
    const offline = context();
    const source = new AudioBufferSourceNode(offline, { buffer });
    source.connect(offline.destination);
    source.start();
    return (await offline.startRendering()).getChannelData(0);
  };
  const file = wav(clip, origFreq);
  found["OfflineAudioContext, decodeAudioData of a WAV file"] = async () =>
    (await context().decodeAudioData(file.slice(0))).getChannelData(0);
  return found;
}

/** Measures all resamplers between two rates. The runs of the resamplers alternate. */
export async function measure(origFreq, newFreq) {
  const hz = frequencies(origFreq, newFreq);
  const clip = tones(origFreq, hz);
  const results = Object.entries(await contenders(origFreq, newFreq, clip)).map(([name, resample]) => ({
    name,
    resample,
    milliseconds: Infinity,
  }));
  for (const result of results) Object.assign(result, analysed(await result.resample(clip), newFreq, hz));
  for (let run = 0; run < RUNS; run++) {
    for (const result of results) {
      const begin = performance.now();
      await result.resample(clip);
      result.milliseconds = Math.min(result.milliseconds, performance.now() - begin);
    }
  }
  return results.map(({ name, milliseconds, db, deviation }) => ({ name, milliseconds, db, deviation }));
}

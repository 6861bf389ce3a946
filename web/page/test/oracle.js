// torchaudio's formula, evaluated directly in float64 for each output, and WAV files as they are.

/** Resamples by the Hann-windowed sinc of width 6 and rolloff 0.99. Returns the outputs, and for each a bound of the
 *  error of float32 arithmetic. */
export function resampled(samples, origFreq, newFreq) {
  const [width, rolloff] = [6, 0.99];
  const base = Math.min(origFreq, newFreq) * rolloff;
  const length = Math.ceil((samples.length * newFreq) / origFreq);
  const outputs = new Float64Array(length);
  const bounds = new Float64Array(length);
  for (let index = 0; index < length; index++) {
    const time = index / newFreq;
    const first = Math.max(0, Math.ceil((time - width / base) * origFreq));
    const last = Math.min(samples.length - 1, Math.floor((time + width / base) * origFreq));
    let [sum, magnitude] = [0, 0];
    for (let at = first; at <= last; at++) {
      const t = (at / origFreq - time) * base;
      const sinc = t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t);
      const product = samples[at] * sinc * Math.cos((Math.PI * t) / (2 * width)) ** 2 * (base / origFreq);
      sum += product;
      magnitude += Math.abs(product);
    }
    outputs[index] = sum;
    // Each tap and each of its sums is rounded to 24 bits.
    bounds[index] = (last - first + 3) * 2 ** -24 * magnitude + 2 ** -149;
  }
  return { outputs, bounds };
}

/** Reads a WAV file of 16-bit integers or 32-bit floats: its rate, channels and interleaved samples. */
export function readWav(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = (at) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (name(0) !== "RIFF" || name(8) !== "WAVE") throw new Error("no WAV file");
  let format;
  for (let at = 12; at + 8 <= bytes.length;) {
    const [id, size] = [name(at), view.getUint32(at + 4, true)];
    if (id === "fmt ") {
      const [tag, channels] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
      const subtype = tag === 0xfffe ? view.getUint16(at + 32, true) : tag;
      format = { tag: subtype, channels, rate: view.getUint32(at + 12, true), bits: view.getUint16(at + 22, true) };
    } else if (id === "data") {
      const { tag, channels, rate, bits } = format;
      const length = size / (bits / 8);
      const read = {
        "1/16": (index) => view.getInt16(at + 8 + 2 * index, true) / 2 ** 15,
        "3/32": (index) => view.getFloat32(at + 8 + 4 * index, true),
      }[`${tag}/${bits}`];
      if (!read) throw new Error(`WAV of format ${tag} with ${bits} bits`);
      return { rate, channels, bits, samples: Float32Array.from({ length }, (_, index) => read(index)) };
    }
    at += 8 + size + (size % 2);
  }
  throw new Error("no samples");
}

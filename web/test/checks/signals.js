// Test signals, and the golden cases of tests/golden.

/** Uniform noise in [−1, 1): that of tests/checks/src/signals.rs, from SplitMix64. */
export function noise(seed, length) {
  let state = BigInt(seed);
  const mixed = (bits, shift, factor) => BigInt.asUintN(64, (bits ^ (bits >> shift)) * factor);
  return Float64Array.from({ length }, () => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let bits = mixed(state, 30n, 0xbf58476d1ce4e5b9n);
    bits = mixed(bits, 27n, 0x94d049bb133111ebn);
    bits ^= bits >> 31n;
    return Number(bits >> 11n) / 2 ** 52 - 1;
  });
}

/** The noise of `noise`, rounded to float32. */
export function noiseF32(seed, length) {
  return Float32Array.from(noise(seed, length));
}

/** Rows of an array of float64 in the format of NumPy. */
function npyRows(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = bytes[6] === 1 ? 10 : 12;
  const headerLength = bytes[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const header = new TextDecoder().decode(bytes.subarray(start, start + headerLength));
  if (!header.includes("'<f8'") || !header.includes("'fortran_order': False")) throw new Error(`unexpected ${header}`);
  // A copy, which is aligned.
  const data = new Float64Array(new Uint8Array(bytes.subarray(start + headerLength)).buffer);
  const shape = header.match(/\(([^)]*)\)/)[1].split(",").filter((text) => text.trim() !== "");
  const length = Number(shape.at(-1));
  if (!(length > 0) || data.length % length !== 0) throw new Error(`unexpected ${header}`);
  return Array.from({ length: data.length / length }, (_, row) => data.subarray(row * length, (row + 1) * length));
}

/**
 * The golden cases, each with its options and channels.
 * @param read Reads a file of the repository.
 */
export async function goldenCases(read) {
  const cases = JSON.parse(new TextDecoder().decode(await read("tests/golden/cases.json")));
  return Promise.all(
    cases.map(async ({ name, orig_freq, new_freq, lowpass_filter_width, rolloff, window, beta, input, output }) => {
      const [inputs, outputs] = await Promise.all([input, output].map((file) => read(`tests/golden/${file}`)));
      const expected = npyRows(outputs);
      const channels = npyRows(inputs).map((samples, channel) => ({ samples, expected: expected[channel] }));
      // A beta stands for the Kaiser window, and is null for the window's own.
      const shape = beta === null ? { window } : { window: "kaiser", beta };
      const options = { lowpassFilterWidth: lowpass_filter_width, rolloff, ...shape };
      return { name, origFreq: orig_freq, newFreq: new_freq, options, channels };
    }),
  );
}

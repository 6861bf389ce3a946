// The comparison of tests/checks/src/compare.rs, with the tolerances that stand there.

/** Tolerances from the text of tests/checks/src/compare.rs. */
export function tolerances(text) {
  const found = (pattern) => {
    const match = text.match(pattern);
    if (!match) throw new Error(`tests/checks/src/compare.rs has nothing like ${pattern}`);
    return match.slice(1).map(Number);
  };
  const tolerance = (name) => {
    const [maxAbs, rmsDb] = found(new RegExp(`const ${name}: Tolerance = Tolerance \\{ max_abs: (\\S+), rms_db: (\\S+) \\};`));
    return { maxAbs, rmsDb };
  };
  const [few, fewDb, more, moreDb, restDb] = found(
    /match taps \{\s*0\.\.=(\d+) => (\S+),\s*(?:\d+)\.\.=(\d+) => (\S+),\s*_ => (\S+),/,
  );
  const [maxAbs] = found(/Tolerance \{ max_abs: (\S+), rms_db \}/);
  const single = (taps) => ({ maxAbs, rmsDb: taps <= few ? fewDb : taps <= more ? moreDb : restDb });
  return { double: tolerance("DOUBLE"), gpu: tolerance("GPU"), single };
}

/** Largest magnitude of a sample. */
export function peak(samples) {
  return samples.reduce((largest, sample) => Math.max(largest, Math.abs(sample)), 0);
}

/** Root mean square of the difference relative to that of `expected`, in dB. */
export function errorDb(actual, expected) {
  let [error, signal] = [0, 0];
  expected.forEach((value, n) => {
    error += (actual[n] - value) ** 2;
    signal += value ** 2;
  });
  return error === 0 ? -Infinity : 10 * Math.log10(error / signal);
}

/** Compares two signals, edges included. Fails at the first difference beyond the tolerance. */
export function compare(name, actual, expected, peak, { maxAbs, rmsDb }) {
  if (actual.length !== expected.length) {
    throw new Error(`${name}: ${actual.length} samples instead of ${expected.length}`);
  }
  const limit = maxAbs * Math.max(peak, 1);
  expected.forEach((value, n) => {
    const isWithin = Math.abs(actual[n] - value) <= limit; // false for NaN
    if (!isWithin) throw new Error(`${name}: sample ${n} of ${actual.length} is ${actual[n]}, not ${value}`);
  });
  const db = errorDb(actual, expected);
  const isQuiet = db <= rmsDb; // false for NaN
  if (actual.length >= 16 && !isQuiet) throw new Error(`${name}: the error is at ${db} dB, above ${rmsDb} dB`);
}

/** Fails if the bits of two arrays differ. */
export function same(name, actual, expected) {
  const bits = (samples) => new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  const [a, e] = [bits(actual), bits(expected)];
  if (actual.constructor !== expected.constructor || a.length !== e.length) {
    throw new Error(`${name}: ${actual.constructor.name} of ${actual.length}, not of ${expected.length} samples`);
  }
  const different = a.findIndex((byte, index) => byte !== e[index]);
  if (different >= 0) {
    const n = Math.floor(different / actual.BYTES_PER_ELEMENT);
    throw new Error(`${name}: sample ${n} is ${actual[n]}, not ${expected[n]}`);
  }
}

/** Fails if a value is not the expected one. */
export function equal(name, actual, expected) {
  if (!Object.is(actual, expected)) throw new Error(`${name} is ${String(actual)}, not ${String(expected)}`);
}

/** Fails if a call does not throw, or reject with, an error of this class and message. */
export async function throws(call, message, Class = Error) {
  let result;
  try {
    result = await call();
  } catch (error) {
    const found = `${error.constructor.name}: ${error.message}`;
    const isRight = message instanceof RegExp ? message.test(error.message) : error.message === message;
    if (error.constructor !== Class || !isRight) throw new Error(`${found}, not ${Class.name}: ${message}`);
    return;
  }
  throw new Error(`${call} returned ${result}, and did not fail with ${message}`);
}

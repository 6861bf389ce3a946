// Checks of the API on the CPU, in Node and in browsers. Each fails by an error, and returns what it counted.

import { compare, equal, peak, same, throws, tolerances } from "./compare.js";
import { goldenCases, noise, noiseF32 } from "./signals.js";

const readTolerances = async (read) =>
  tolerances(new TextDecoder().decode(await read("tests/checks/src/compare.rs")));

/** Golden cases in float64, in float32, and as one-line calls. */
export async function golden({ Plan, resample }, read) {
  const { double, single } = await readTolerances(read);
  let channelsChecked = 0;
  const cases = await goldenCases(read);
  for (const { name, origFreq, newFreq, options, channels } of cases) {
    const plan = await Plan.create(origFreq, newFreq, options);
    // Filters of more than 400 taps reach −135 dB here, although the table allows more.
    const tolerance = single(plan.taps);
    tolerance.rmsDb = Math.min(tolerance.rmsDb, -135);
    for (const { samples, expected } of channels) {
      compare(`${name}, float64`, plan.resample(samples), expected, 1, double);
      const rounded = Float32Array.from(samples);
      const output = plan.resample(rounded);
      compare(`${name}, float32`, output, expected, peak(samples), tolerance);
      same(`${name}, in one line`, await resample(rounded, origFreq, newFreq, options), output);
      channelsChecked += 1;
    }
    plan.free();
  }
  return { cases: cases.length, channels: channelsChecked };
}

/** Filters that are interpolated, since the taps of all phases would be too large, against the exact ones in float64. */
export async function interpolated({ Plan }, read) {
  const { single } = await readTolerances(read);
  const few = { maxFilterBytes: 1_200_000 };
  const rates = [[48_017, 44_101], [44_101, 48_017], [99_991, 10_007], [10_007, 99_991]];
  const cases = rates.flatMap((pair) => [[...pair, few], [...pair, { ...few, preset: "kaiser_fast" }]]);
  cases.push([4_294_967_291, 4_294_967_279, {}], [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1, {}]);
  for (const [origFreq, newFreq, options] of cases) {
    const plan = await Plan.create(origFreq, newFreq, options);
    const name = `${origFreq} to ${newFreq}`;
    equal(`isInterpolated of ${name}`, plan.isInterpolated, true);
    const clip = noiseF32(7, 3000);
    const exact = plan.resample(Float64Array.from(clip));
    compare(name, plan.resample(clip), exact, peak(clip), single(plan.taps));
    plan.free();
  }
  return { cases: cases.length };
}

/** Streams: their outputs are those of the whole signal, and wasm memory does not grow. */
export async function streams({ Plan, Stream }) {
  let checked = 0;
  const filters = [
    [48_000, 44_100, { preset: "high" }],
    [44_100, 16_000, {}],
    [16_000, 48_000, { padding: "reflect" }],
    [48_017, 44_101, { maxFilterBytes: 1_200_000 }],
    [44_100, 44_100, {}],
    [48_000, 16_000, { outputLength: 5000 }],
  ];
  for (const [origFreq, newFreq, options] of filters) {
    const plan = await Plan.create(origFreq, newFreq, options);
    for (const channels of [1, 2, 3]) {
      const planes = Array.from({ length: channels }, (_, channel) => noiseF32(channel, 20_000));
      const expected = interleaved(planes.map((plane) => plan.resample(plane)));
      const signal = interleaved(planes);
      for (const frames of [1, 7, 128, 4096]) {
        const name = `${origFreq} to ${newFreq}, ${channels} channels, chunks of ${frames}`;
        const stream = new Stream(plan, channels, frames);
        // Of chunks of one frame, the first thousand are enough.
        const end = frames === 1 ? 1000 : planes[0].length;
        const whole = frames === 1 ? interleaved(planes.map((p) => plan.resample(p.subarray(0, end)))) : expected;
        // The second signal finds the stream ready.
        for (const isPlanar of [false, true]) {
          const parts = [];
          for (let from = 0; from < end; from += frames) {
            const to = Math.min(from + frames, end);
            if (isPlanar) {
              parts.push(interleaved(stream.processPlanar(planes.map((plane) => plane.subarray(from, to)))));
            } else {
              parts.push(stream.process(signal.subarray(from * channels, to * channels)).slice());
            }
          }
          parts.push(stream.finish());
          same(name, joined(parts), whole);
        }
        stream.free();
        checked += 1;
      }
    }
    plan.free();
  }
  return { streams: checked };
}

/** A stream keeps its place in memory, whatever else is allocated, and finds it again when the memory has grown. */
export async function streamMemory({ Plan, Stream }) {
  const plan = await Plan.create(48_000, 16_000, { preset: "high" });
  const stream = new Stream(plan, 2, 128);
  const chunk = noiseF32(1, 256);
  const before = stream.process(chunk).buffer;
  const views = new Set();
  for (let block = 0; block < 20_000; block++) views.add(stream.process(chunk));
  equal("wasm memory", stream.process(chunk).buffer, before);
  if (views.size > 4) throw new Error(`${views.size} views of outputs for blocks of 128 frames`);
  // A long clip makes the memory grow.
  plan.resample(noiseF32(2, 4_000_000));
  stream.reset();
  const first = stream.process(chunk).slice();
  equal("memory after it has grown", stream.process(chunk).buffer === before, false);
  stream.reset();
  same("outputs after memory has grown", stream.process(chunk).slice(), first);
  return { blocks: 20_000 };
}

/** Integers, lengths, paddings and responses. */
export async function plans({ Plan, simdLevel }) {
  const plan = await Plan.create(8_000, 16_000);
  equal("an integer", plan.resample(Int16Array.of(0, 0, 10_000, 0, 0))[4], 9_900);
  const output = new Int16Array(10);
  equal("clamped integers", plan.resampleInto(new Int16Array(5).fill(-32_768), output) > 0, true);
  equal("the smallest integer", Math.min(...output), -32_768);
  equal("no samples", plan.resample(new Float32Array()).length, 0);
  equal("simdLevel", simdLevel(), "simd128");
  const [ceil, floor, exact] = await Promise.all(
    ["ceil", "floor", 80].map((outputLength) => Plan.create(3, 2, { outputLength })),
  );
  equal("ceil", ceil.outputLength(100), 67);
  equal("floor", floor.outputLength(100), 66);
  equal("a number of samples", exact.resample(new Float32Array(100)).length, 80);
  const high = await Plan.create(48_000, 44_100, { preset: "high" });
  equal("ripple", high.passBandRipple(0.9) < 0.001, true);
  equal("rejection where nothing folds into the pass band", high.aliasRejection(0.9), null);
  equal("rejection", (await Plan.create(44_100, 16_000, { preset: "high" })).aliasRejection(0.9) > 120, true);
  equal("images", high.imageRejection(0.9) > 120, true);
  equal("edge", Math.abs(high.edge(3) - 0.95) < 0.05, true);
  const gains = high.gain([0, 0.5, 1.2]);
  equal("gain", Math.abs(gains[0] - 1) < 1e-5 && Math.abs(gains[1] - 1) < 1e-5 && gains[2] < 1e-5, true);
  const doubling = await Plan.create(1, 2);
  const impulse = doubling.impulseResponse();
  equal("values per sample", doubling.impulseResponseDensity(), 2);
  equal("taps", impulse.length, 25);
  equal("the middle tap", Math.abs(impulse[12] - 0.99) < 1e-15 && impulse[11] === impulse[13], true);
  const designed = await Plan.create(44_100, 48_000, { passBand: 0.9, rejection: 100 });
  equal("taps of a quality", designed.taps, 66);
  const kaiser = await Plan.create(3, 2, { preset: "kaiser_fast", window: "kaiser" });
  const fast = await Plan.create(3, 2, { preset: "kaiser_fast" });
  const clip = noise(3, 100);
  same("the preset's own window", kaiser.resample(clip), fast.resample(clip));
  const named = await Plan.create(3, 2, { preset: "torchaudio" });
  same("the default's other name", named.resample(clip), (await Plan.create(3, 2)).resample(clip));
}

/** Errors have the library's words, and JavaScript's names. */
export async function errors({ Plan, Stream, resample }) {
  const plan = await Plan.create(48_000, 16_000);
  const clip = new Float32Array(300);
  const safe = "a whole number from 0 to 9007199254740991";
  const cases = [
    [() => new Plan(0, 16_000), "origFreq is 0: a sampling rate must be at least 1"],
    [() => resample(clip, 48_000, 0), "newFreq is 0: a sampling rate must be at least 1"],
    [() => new Plan(-1, 16_000), `origFreq is -1: it must be ${safe}`],
    [() => new Plan(NaN, 16_000), `origFreq is NaN: it must be ${safe}`],
    [() => new Plan(44_100.5, 16_000), `origFreq is 44100.5: it must be ${safe}`],
    [() => new Plan(1, Infinity), `newFreq is inf: it must be ${safe}`],
    [() => new Plan(undefined, 16_000), "origFreq is of type undefined: it must be a number", TypeError],
    [() => new Plan(48_000, "16000"), "newFreq is of type string: it must be a number", TypeError],
    [
      () => new Plan(1, 2000),
      "2000/1 is a ratio beyond 1/1024 … 1024: resample in two steps, or raise maxRatio",
    ],
    [() => new Plan(3, 2, { rolloff: 1.5 }), "rolloff is 1.5: it must be above 0 and at most 1"],
    [() => new Plan(3, 2, { rolloff: NaN }), "rolloff is NaN: it must be above 0 and at most 1"],
    [() => new Plan(3, 2, { lowpassFilterWidth: 0 }), "lowpassFilterWidth is 0: it must be above 0 and at most 4096"],
    [
      () => new Plan(3, 2, { lowpassFilterWidth: NaN }),
      "lowpassFilterWidth is NaN: it must be above 0 and at most 4096",
    ],
    [() => new Plan(3, 2, { window: "kaiser", beta: -1 }), "beta is -1: it must be finite and at least 0"],
    [() => new Plan(3, 2, { beta: 3 }), "beta is 3: it is for the window kaiser, not hann"],
    [() => new Plan(3, 2, { padding: "mirror" }), "unknown padding `mirror`: it must be one of zero, edge, reflect"],
    [() => new Plan(3, 2, { preset: "hi" }), /^unknown preset `hi`: it must be one of default, kaiser_best, /],
    [() => new Plan(3, 2, { window: "hamming" }), /^unknown window `hamming`: it must be one of hann, kaiser, /],
    [() => new Plan(3, 2, { roll_off: 1 }), /^unknown option `roll_off`: it must be one of preset, passBand, /],
    [() => new Plan(3, 2, { passBand: 0.9, rejection: 20 }), "rejection is 20: it must be 50 to 200"],
    [() => new Plan(3, 2, { passBand: 0.9 }), "passBand and rejection are given together", TypeError],
    [() => new Plan(3, 2, { rolloff: "0.9" }), "rolloff is of type string: it must be a number", TypeError],
    [() => new Plan(3, 2, { outputLength: -1 }), "outputLength is -1: it must be a whole number from 0 to 4294967295"],
    [() => new Plan(3, 2, 7), "options is of type number: it must be an object", TypeError],
    [
      () => new Plan(48_000, 44_100, { lowpassFilterWidth: 4096, maxFilterBytes: 1000 }),
      /^the filter bank would take \d+ bytes \(147 phases of \d+ taps\), above the limit of 1000: choose a smaller lowpassFilterWidth, or raise maxFilterBytes$/,
    ],
    [() => plan.resampleInto(clip, new Float32Array(99)), "the output holds 99 samples: this input gives 100"],
    [
      () => plan.resampleInto(clip, new Float64Array(100)),
      "the output is a Float64Array, the samples are a Float32Array",
      TypeError,
    ],
    [
      () => plan.resample([0, 1]),
      "samples are of type Array: they must be a Float32Array, a Float64Array or an Int16Array",
      TypeError,
    ],
    [() => plan.outputLength(-3), "samples is -3: it must be a whole number from 0 to 4294967295"],
    [() => new Stream(plan, 0), "at least one channel is needed"],
    [() => new Stream(plan, 1e9, 1000), /^out of memory: the output needs \d+ samples of 4 bytes$/],
    [() => new Stream(plan, 1, 2e9), /^out of memory: the output needs 2000000000 samples of 4 bytes$/],
    [() => new Stream({}), "a Plan of this module is needed", TypeError],
    [
      () => new Stream(plan, 1, 100).process(new Float32Array(101)),
      "the chunk holds 101 frames: this stream was made for up to maxFrames = 100",
    ],
    [
      () => new Stream(plan, 2).process(new Float32Array(3)),
      "a chunk of 3 samples is not a whole number of frames of 2 channels",
    ],
    [() => new Stream(plan).process([1]), "a chunk is a Float32Array", TypeError],
    [() => new Stream(plan, 2).processPlanar([clip]), "1 channels given to a stream of 2"],
    [
      () => new Stream(plan, 2).processPlanar([clip, clip.subarray(1)]),
      "channel 1 of the chunk has 299 samples, the first has 300",
    ],
  ];
  for (const [call, message, Class] of cases) await throws(call, message, Class);
  // Outputs that no memory holds.
  const huge = await Plan.create(1, 1000);
  await throws(() => huge.resample(new Float32Array(40_000_000)), /^out of memory: the output needs \d+ samples of 4 bytes$/);
  plan.free();
  plan.free();
  await throws(() => plan.resample(clip), "this Plan has been freed");
  // After all of these, calls work.
  equal("the length after errors", (await resample(clip, 48_000, 16_000)).length, 100);
  return { errors: cases.length + 2 };
}

/** Frames of planes. */
function interleaved(planes) {
  const frames = new Float32Array(planes.length * planes[0].length);
  planes.forEach((plane, channel) => plane.forEach((sample, i) => (frames[i * planes.length + channel] = sample)));
  return frames;
}

function joined(parts) {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}

// The API of both entry points, made from the raw classes of a wasm module. index.d.ts describes it.

import "./text-coding.js";

/** Types of samples: the name of the array, its class, the suffix of raw classes and methods, and the bytes of a sample. */
const KINDS = new Map(
  [
    [Float32Array, "F32", 4],
    [Float64Array, "F64", 8],
    [Int16Array, "I16", 2],
  ].map(([Array, suffix, bytes]) => [Array.name, { Array, suffix, bytes }]),
);

const dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");

/** Kind of an array of samples. */
export function kindOf(samples) {
  const kind = ArrayBuffer.isView(samples) ? KINDS.get(samples[Symbol.toStringTag]) : undefined;
  if (kind) return kind;
  const name = samples?.constructor?.name ?? String(samples);
  throw new TypeError(`samples are of type ${name}: they must be a Float32Array, a Float64Array or an Int16Array`);
}

/** Array of this many samples. */
export function allocate({ Array, bytes }, length) {
  try {
    return new Array(length);
  } catch {
    throw new Error(`out of memory: the output needs ${length} samples of ${bytes} bytes`);
  }
}

/** Fails unless all values are numbers: wasm-bindgen would convert strings and arrays. */
function checkNumbers(values) {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== "number") throw new TypeError(`${name} is of type ${typeof value}: it must be a number`);
  }
}

/** Owner of a raw object, which is freed once. */
export class Owned {
  #raw;

  constructor(raw) {
    this.#raw = raw;
  }

  /** The raw object of `owned`, which is of class `Class`. */
  static raw(owned, Class) {
    if (!(owned instanceof Class)) throw new TypeError(`a ${Class.name} of this module is needed`);
    if (!owned.#raw) throw new Error(`this ${Class.name} has been freed`);
    return owned.#raw;
  }

  free() {
    const raw = this.#raw;
    this.#raw = undefined;
    raw?.free();
  }

  [dispose]() {
    this.free();
  }
}

/**
 * API on a wasm module.
 * @param glue wasm-bindgen's functions and classes.
 * @param source Place of the wasm file, or a function that returns what `init` takes.
 */
export function core(glue, source) {
  /** Exports of the wasm file. */
  let wasm;
  let starting;

  async function start(given) {
    const found = given ?? (typeof source === "function" ? source() : source);
    wasm = await glue.default({ module_or_path: await found });
  }

  function init(given) {
    if (wasm) return Promise.resolve();
    starting ??= start(given).finally(() => (starting = undefined));
    return starting;
  }

  function initSync(module) {
    wasm ??= glue.initSync({ module });
  }

  /** Fails before the wasm file is there. */
  function check() {
    if (!wasm) throw new Error("polyphase is not initialised: await init() first");
  }

  class Plan extends Owned {
    #rates;

    constructor(origFreq, newFreq, options) {
      check();
      checkNumbers({ origFreq, newFreq });
      super(new glue.RawPlan(origFreq, newFreq, options));
      this.#rates = [origFreq, newFreq];
    }

    static async create(origFreq, newFreq, options) {
      await init();
      return new Plan(origFreq, newFreq, options);
    }

    get #raw() {
      return Owned.raw(this, Plan);
    }

    get origFreq() {
      return this.#rates[0];
    }

    get newFreq() {
      return this.#rates[1];
    }

    get taps() {
      return this.#raw.taps();
    }

    get lookAhead() {
      return this.#raw.lookAhead();
    }

    get filterBytes() {
      return this.#raw.filterBytes();
    }

    get isInterpolated() {
      return this.#raw.isInterpolated();
    }

    outputLength(samples) {
      return this.#raw.outputLength(samples);
    }

    resample(samples) {
      const kind = kindOf(samples);
      const output = allocate(kind, this.outputLength(samples.length));
      this.#raw[`resample${kind.suffix}`](samples, output);
      return output;
    }

    resampleInto(samples, output) {
      const kind = kindOf(samples);
      if (kindOf(output) !== kind) {
        throw new TypeError(`the output is a ${output.constructor.name}, the samples are a ${samples.constructor.name}`);
      }
      return this.#raw[`resample${kind.suffix}`](samples, output);
    }

    impulseResponse() {
      return this.#raw.impulseResponse();
    }

    impulseResponseDensity() {
      return this.#raw.impulseResponseDensity();
    }

    gain(frequencies) {
      const gains = Float64Array.from(frequencies);
      this.#raw.gain(gains);
      return gains;
    }

    passBandRipple(passBand) {
      return this.#raw.passBandRipple(passBand);
    }

    edge(fall) {
      return this.#raw.edge(fall) ?? null;
    }

    aliasRejection(passBand) {
      return this.#raw.aliasRejection(passBand) ?? null;
    }

    imageRejection(passBand) {
      return this.#raw.imageRejection(passBand) ?? null;
    }
  }

  class Stream extends Owned {
    #channels;
    #maxFrames;
    #origFreq;
    #lookAhead;
    /** Areas of wasm memory for chunks and outputs. */
    #input;
    #output;
    /** Views of the outputs, by their number of frames: made once for each. */
    #views;
    /** Outputs of `processPlanar`, one array for each channel, and views of them. */
    #planes;
    #planeViews = [];

    constructor(plan, channels = 1, maxFrames = 16384) {
      const raw = new glue.RawStream(Owned.raw(plan, Plan), channels, maxFrames);
      super(raw);
      [this.#channels, this.#maxFrames] = [channels, maxFrames];
      [this.#origFreq, this.#lookAhead] = [plan.origFreq, plan.lookAhead];
      this.#map(raw);
    }

    get #raw() {
      return Owned.raw(this, Stream);
    }

    get channels() {
      return this.#channels;
    }

    get maxFrames() {
      return this.#maxFrames;
    }

    get lookAhead() {
      return this.#lookAhead;
    }

    get latency() {
      return this.#lookAhead / this.#origFreq;
    }

    maxOutputFrames(frames) {
      return this.#raw.maxOutputFrames(frames);
    }

    process(chunk) {
      if (!(chunk instanceof Float32Array)) throw new TypeError("a chunk is a Float32Array");
      const raw = this.#raw;
      this.#prepare(raw, chunk.length);
      this.#input.set(chunk);
      const frames = this.#process(raw, chunk.length);
      return (this.#views[frames] ??= this.#output.subarray(0, frames * this.#channels));
    }

    processPlanar(chunks) {
      const raw = this.#raw;
      const channels = this.#channels;
      if (chunks.length !== channels) throw new Error(`${chunks.length} channels given to a stream of ${channels}`);
      const length = chunks[0].length;
      this.#prepare(raw, length * channels);
      for (let channel = 0; channel < channels; channel++) {
        const chunk = chunks[channel];
        if (chunk.length !== length) {
          const lengths = `has ${chunk.length} samples, the first has ${length}`;
          throw new Error(`channel ${channel} of the chunk ${lengths}`);
        }
        for (let i = 0, to = channel; i < length; i++, to += channels) this.#input[to] = chunk[i];
      }
      const frames = this.#process(raw, length * channels);
      this.#planes ??= this.#makePlanes();
      for (let channel = 0; channel < channels; channel++) {
        const plane = this.#planes[channel];
        for (let i = 0, from = channel; i < frames; i++, from += channels) plane[i] = this.#output[from];
      }
      return (this.#planeViews[frames] ??= this.#viewPlanes(frames));
    }

    // Functions with closures allocate whenever they are called, so `processPlanar` has none.

    #makePlanes() {
      const frames = this.#output.length / this.#channels;
      return Array.from({ length: this.#channels }, () => new Float32Array(frames));
    }

    #viewPlanes(frames) {
      return this.#planes.map((plane) => plane.subarray(0, frames));
    }

    finish() {
      return this.#raw.finish();
    }

    reset() {
      this.#raw.reset();
    }

    /** Fails for a chunk that is too long. Finds the areas again where wasm memory has grown. */
    #prepare(raw, samples) {
      if (this.#input.buffer !== wasm.memory.buffer) this.#map(raw);
      if (samples > this.#input.length) {
        const frames = samples / this.#channels;
        const limit = `this stream was made for up to maxFrames = ${this.#maxFrames}`;
        throw new Error(`the chunk holds ${frames} frames: ${limit}`);
      }
    }

    #process(raw, samples) {
      const frames = raw.process(samples);
      if (frames < 0) throw new Error(raw.takeError());
      return frames;
    }

    #map(raw) {
      this.#input = new Float32Array(wasm.memory.buffer, raw.input(), raw.inputLength());
      this.#output = new Float32Array(wasm.memory.buffer, raw.output(), raw.outputLength());
      this.#views = [];
    }
  }

  async function resample(samples, origFreq, newFreq, options) {
    const plan = await Plan.create(origFreq, newFreq, options);
    try {
      return plan.resample(samples);
    } finally {
      plan.free();
    }
  }

  function simdLevel() {
    check();
    return glue.RawPlan.simdLevel();
  }

  return { init, initSync, check, resample, simdLevel, Plan, Stream };
}

/** Samples of a clip. Integers are scaled by 2⁻¹⁵, rounded to nearest with ties to even, and clamped. */
export type Samples = Float32Array | Float64Array | Int16Array;

/** What a wasm module is made from. */
export type WasmSource = URL | string | Request | Response | BufferSource | WebAssembly.Module;

/** Parameters of a filter. The defaults are torchaudio's. */
export interface Options {
  /** Filter whose parameters the other options change. */
  preset?:
    | "default"
    | "torchaudio"
    | "kaiser_best"
    | "kaiser_fast"
    | "resampy_kaiser_best"
    | "resampy_kaiser_fast"
    | "fast"
    | "high"
    | "best";
  /** End of the pass band as a fraction of the lower Nyquist frequency, from 0.75 to below 1: with `rejection`, in place of a preset. */
  passBand?: number;
  /** Attenuation of aliases and images in the pass band in dB, from 50 to 200. */
  rejection?: number;
  /** Half-width of the filter in zero crossings, above 0 and at most 4096. Default 6. */
  lowpassFilterWidth?: number;
  /** Cut-off as a fraction of the lower Nyquist frequency, above 0 and at most 1. Default 0.99. */
  rolloff?: number;
  /** Window of the sinc, also by torchaudio's names. Default Hann. */
  window?: "hann" | "kaiser" | "sinc_interp_hann" | "sinc_interp_kaiser";
  /** Shape of the Kaiser window. Default 14.769656459379492. */
  beta?: number;
  /** Divides the taps of each phase by their sum, so that a constant stays constant. Default false. */
  normalizePhases?: boolean;
  /** Samples beyond the ends of a clip. Default zero. */
  padding?: "zero" | "edge" | "reflect";
  /** ⌈n · newFreq / origFreq⌉ samples, ⌊…⌋, or this number. Default ceil. */
  outputLength?: "ceil" | "floor" | number;
  /** Largest size of a filter with exact taps; larger ones are interpolated. Default 64 MiB, at most 256 MiB. */
  maxFilterBytes?: number;
  /** Largest ratio of the rates. Default 1024. */
  maxRatio?: number;
}

/**
 * Loads the wasm file, once. Asynchronous calls load it themselves; constructors need it.
 * @param source In place of the file beside this module.
 */
export default function init(source?: WasmSource): Promise<void>;

/** Loads a compiled module, in scopes that cannot wait, such as an audio worklet. */
export function initSync(module: WebAssembly.Module | BufferSource): void;

/** Place of the wasm file. */
export const wasmURL: URL;

/**
 * Place of the module of the audio worklet `polyphase-resample`, for `addModule`. It imports the files beside it: serve
 * the package's folder as it is.
 */
export const workletURL: URL;

/** Name of the SIMD instructions in use: `simd128`. */
export function simdLevel(): string;

/** Resamples a clip. The filter is kept for later calls with these rates and options. */
export function resample<T extends Samples>(
  samples: T,
  origFreq: number,
  newFreq: number,
  options?: Options,
): Promise<T>;

/** A filter for two rates, whole numbers in any unit that both share. Immutable. */
export class Plan {
  /** Needs `init` to have ended. */
  constructor(origFreq: number, newFreq: number, options?: Options);
  static create(origFreq: number, newFreq: number, options?: Options): Promise<Plan>;
  readonly origFreq: number;
  readonly newFreq: number;
  /** Multiply-adds of an output; an interpolated filter takes four times as many. */
  readonly taps: number;
  /** Input samples that an output needs after it, at most. */
  readonly lookAhead: number;
  /** Bytes of the float32 filter. */
  readonly filterBytes: number;
  /** True if the taps of all phases would be too large, and are interpolated. */
  readonly isInterpolated: boolean;
  /** Number of outputs for this number of samples. */
  outputLength(samples: number): number;
  resample<T extends Samples>(samples: T): T;
  /** Resamples into an array of `outputLength` samples of the same type. Returns the number of clamped integers. */
  resampleInto<T extends Samples>(samples: T, output: T): number;
  /** Impulse response, centred on its middle value. */
  impulseResponse(): Float64Array;
  /** Number of values of the impulse response per input sample: the number of phases, at most 1024, and fewer for filters
   *  of very many taps. */
  impulseResponseDensity(): number;
  /** Gains, as factors, at these frequencies: fractions of the lower Nyquist frequency, min(origFreq, newFreq) / 2. */
  gain(frequencies: Iterable<number>): Float64Array;
  /** Largest deviation from gain 1 in dB, up to this fraction of the lower Nyquist frequency. */
  passBandRipple(passBand: number): number;
  /** Lowest frequency, as such a fraction, at which the gain has fallen by so many dB; null if there is none. */
  edge(fall: number): number | null;
  /** Attenuation in dB of the strongest alias in the pass band; null when upsampling. */
  aliasRejection(passBand: number): number | null;
  /** Attenuation in dB of all images of a tone of the pass band together; null for ratios with one phase. */
  imageRejection(passBand: number): number | null;
  free(): void;
  [Symbol.dispose](): void;
}

/** Resamples a signal that arrives in chunks: the outputs are those of one call with the whole signal, in every bit. */
export class Stream {
  /**
   * @param channels Number of interleaved channels. Default 1.
   * @param maxFrames Largest number of frames of a chunk. Default 16384.
   */
  constructor(plan: Plan, channels?: number, maxFrames?: number);
  readonly channels: number;
  readonly maxFrames: number;
  /** Input frames that must follow an output before it is returned, at most. */
  readonly lookAhead: number;
  /** `lookAhead` in seconds. */
  readonly latency: number;
  /** Largest number of frames that a chunk of so many frames completes. */
  maxOutputFrames(frames: number): number;
  /** Takes interleaved frames. Returns those that they complete: a view that is valid until the next call. Allocates nothing. */
  process(chunk: Float32Array): Float32Array;
  /** Takes and returns an array for each channel, as an audio worklet has them. The arrays are valid until the next call. Allocates nothing. */
  processPlanar(chunks: readonly Float32Array[]): readonly Float32Array[];
  /** Ends the signal, and returns its remaining frames, interleaved. The stream is then ready for another signal. */
  finish(): Float32Array;
  /** Discards the signal so far. */
  reset(): void;
  free(): void;
  [Symbol.dispose](): void;
}

import type { Plan, Samples } from "./index.js";

export type { Options, Samples, WasmSource } from "./index.js";
export { default, initSync, wasmURL, simdLevel, resample, Plan, Stream } from "./index.js";

/** Result of a batch. */
export interface BatchResult<T extends Samples> {
  outputs: T[];
  /** How many clips ran where, and why, in one line. */
  ran: string;
  gpuClips: number;
  cpuClips: number;
}

/**
 * Resamples each clip of a batch on WebGPU or on the CPU, whichever is faster by speeds that are measured on this
 * machine, and completes on the CPU what WebGPU could not.
 */
export class Resampler {
  /**
   * @param options.backend `gpu` uses WebGPU for every clip that it can compute, and fails if there is none. Default auto.
   * @param options.allowSoftware Accepts adapters that compute in software, with the backend `gpu`. Default false.
   */
  static create(options?: { backend?: "auto" | "gpu" | "cpu"; allowSoftware?: boolean }): Promise<Resampler>;
  /** Adapter of WebGPU; null until it is open. `auto` opens it when that begins to pay. */
  readonly adapter: string | null;
  /** The clips have samples of one type. Float64Array is computed on the CPU. */
  resampleBatch<T extends Samples>(clips: readonly { plan: Plan; samples: T }[]): Promise<BatchResult<T>>;
  free(): void;
  [Symbol.dispose](): void;
}

/** One clip of a job: places in the buffers, in samples. */
export interface JobClip {
  plan: Plan;
  /** Index of the first sample. Default 0. */
  inputOffset?: number;
  inputLength: number;
  /** Index of the first output. Default 0. */
  outputOffset?: number;
  /** Distance from one sample to the next. Default 1. */
  inputStride?: number;
  /** Distance from one output to the next. Default 1. */
  outputStride?: number;
}

/** Formats of samples and outputs. */
export interface JobOptions {
  /** Default f32. Samples of 16 bits lie two in a word. */
  input?: "f32" | "i16" | "f16";
  /** Default f32. */
  output?: "f32" | "i16" | "f16";
  /** Input and output may be ranges of one buffer. Default false. */
  sharedBuffer?: boolean;
  /** Largest number of multiply-adds of a kernel. Default: no limit. */
  maxMultiplyAdds?: number;
}

/** A dispatch as data. Bindings of group 0 are the tables (`read-only-storage`), the input and the output (`storage`). */
export interface Kernel {
  wgsl: string;
  entryPoint: string;
  /** Equal for equal texts. */
  variant: string;
  tables: Uint8Array<ArrayBuffer>[];
  workgroups: [number, number];
  /** Least sizes of the input and the output, for all kernels of the job. */
  inputBytes: number;
  outputBytes: number;
}

/** Jobs as data, for code that launches kernels itself. Needs `init` to have ended. */
export class KernelSources {
  /** @param limits Those of the device. */
  constructor(limits: GPUSupportedLimits);
  prepare(clips: readonly JobClip[], options?: JobOptions): Kernel[];
  free(): void;
  [Symbol.dispose](): void;
}

/** A job on the page's own device and buffers. */
export class GpuJob {
  static create(device: GPUDevice, clips: readonly JobClip[], options?: JobOptions): Promise<GpuJob>;
  /** Least sizes of the buffers in bytes. */
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** Records the job, without submitting anything. The buffers have the usage STORAGE. */
  record(
    pass: GPUComputePassEncoder,
    input: GPUBuffer | GPUBufferBinding,
    output: GPUBuffer | GPUBufferBinding,
  ): void;
  free(): void;
  [Symbol.dispose](): void;
}

// Batches on WebGPU, and jobs on the page's own device. gpu.d.ts describes the API.

import { allocate, kindOf, Owned } from "./core.js";

/** Names of an adapter: vendor, architecture and what else the browser tells. */
async function adapterName() {
  const adapter = await navigator.gpu.requestAdapter();
  const { vendor, architecture, device, description } = adapter?.info ?? {};
  return [vendor, architecture, device, description].filter(Boolean).join(" ") || "unnamed WebGPU adapter";
}

/** Fails if a device is lost. */
async function checkPresence(device) {
  // Of promises that are settled, the first wins.
  const loss = await Promise.race([device.lost, undefined]);
  if (loss) throw new Error(`the GPU device is lost: ${loss.message || loss.reason}`);
}

/** Runs `create` in error scopes, and fails with the library's words if the device reports an error. */
async function scoped(device, create) {
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("internal");
  device.pushErrorScope("validation");
  let result;
  try {
    result = create();
  } finally {
    const scopes = [device.popErrorScope(), device.popErrorScope(), device.popErrorScope()];
    const [validation, internal, outOfMemory] = await Promise.all(scopes);
    if (outOfMemory) throw new Error(`the GPU is out of memory: ${outOfMemory.message}`);
    if (validation ?? internal) throw new Error(`the GPU driver refused: ${(validation ?? internal).message}`);
  }
  return result;
}

/**
 * The API on a wasm module.
 * @param glue wasm-bindgen's functions and classes.
 * @param core The API of the CPU on the same module.
 */
export function webgpu(glue, { init, check, Plan }) {
  class Resampler extends Owned {
    #adapter = null;

    static async create({ backend = "auto", allowSoftware = false } = {}) {
      await init();
      const resampler = new Resampler(await glue.RawResampler.create(backend, allowSoftware));
      await resampler.#nameAdapter();
      return resampler;
    }

    async #nameAdapter() {
      if (this.#adapter === null && Owned.raw(this, Resampler).isOpen()) this.#adapter = await adapterName();
    }

    get adapter() {
      return this.#adapter;
    }

    async resampleBatch(clips) {
      const raw = Owned.raw(this, Resampler);
      if (clips.length === 0) return { outputs: [], ran: "no clips", gpuClips: 0, cpuClips: 0 };
      const kind = kindOf(clips[0].samples);
      const batch = new glue[`RawClips${kind.suffix}`]();
      try {
        for (const { plan, samples } of clips) {
          if (kindOf(samples) !== kind) throw new TypeError("the clips of a batch have samples of one type");
          batch.push(Owned.raw(plan, Plan), samples);
        }
      } catch (error) {
        batch.free();
        throw error;
      }
      const lengths = clips.map(({ plan, samples }) => plan.outputLength(samples.length));
      const results = await batch.run(raw);
      try {
        await this.#nameAdapter();
        const outputs = lengths.map((length) => allocate(kind, length));
        outputs.forEach((output, clip) => results.read(clip, output));
        const gpuClips = results.gpuClips();
        return { outputs, ran: results.report(), gpuClips, cpuClips: clips.length - gpuClips };
      } finally {
        results.free();
      }
    }
  }

  class KernelSources extends Owned {
    constructor(limits) {
      check();
      super(new glue.RawKernelSources(limits));
    }

    prepare(clips, { input = "f32", output = "f32", sharedBuffer = false, maxMultiplyAdds } = {}) {
      const raw = new glue.RawJobClips();
      try {
        for (const { plan, inputOffset = 0, inputLength, outputOffset = 0, inputStride = 1, outputStride = 1 } of clips) {
          raw.push(Owned.raw(plan, Plan), inputOffset, inputLength, outputOffset, inputStride, outputStride);
        }
        return Owned.raw(this, KernelSources).prepare(raw, input, output, sharedBuffer, maxMultiplyAdds);
      } finally {
        raw.free();
      }
    }
  }

  /** For each device its sources, and its pipelines by the variant of their kernel. */
  const devices = new WeakMap();

  function shared(device) {
    let found = devices.get(device);
    if (!found) {
      found = { sources: new KernelSources(device.limits), pipelines: new Map(), loss: undefined };
      device.lost.then(({ message, reason }) => (found.loss = message || reason));
      devices.set(device, found);
    }
    return found;
  }

  async function compile(device, { wgsl, entryPoint }) {
    // A module that is refused makes a pipeline that is refused, with a message that says why.
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ label: "polyphase", code: wgsl });
    const refused = device.popErrorScope();
    try {
      return await device.createComputePipelineAsync({ label: "polyphase", layout: "auto", compute: { module, entryPoint } });
    } catch (error) {
      await checkPresence(device);
      throw new Error(`the GPU driver refused: ${(await refused)?.message ?? error.message}`);
    }
  }

  /** Pipeline of a kernel, compiled once for each device. */
  function pipelineOf(device, kernel) {
    const { pipelines } = shared(device);
    let pipeline = pipelines.get(kernel.variant);
    if (!pipeline) {
      pipeline = compile(device, kernel);
      pipelines.set(kernel.variant, pipeline);
      pipeline.catch(() => pipelines.delete(kernel.variant));
    }
    return pipeline;
  }

  class GpuJob {
    #device;
    #tables;
    /** For each kernel its pipeline, the bindings of its tables, and its workgroups. */
    #parts;
    /** Bind groups of the buffers that were recorded last. */
    #bound = {};
    #inputBytes;
    #outputBytes;

    static async create(device, clips, options = {}) {
      await init();
      const kernels = shared(device).sources.prepare(clips, options);
      const pipelines = await Promise.all(kernels.map((kernel) => pipelineOf(device, kernel)));
      const job = new GpuJob();
      job.#device = device;
      job.#inputBytes = kernels[0]?.inputBytes ?? 0;
      job.#outputBytes = kernels[0]?.outputBytes ?? 0;
      await scoped(device, () => job.#upload(kernels, pipelines));
      await checkPresence(device);
      return job;
    }

    /** Writes the tables of all kernels to one buffer. */
    #upload(kernels, pipelines) {
      const alignment = this.#device.limits.minStorageBufferOffsetAlignment;
      const places = new Map();
      let end = 0;
      for (const table of kernels.flatMap(({ tables }) => tables)) {
        places.set(table, end);
        end = Math.ceil((end + table.byteLength) / alignment) * alignment;
      }
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
      const buffer = this.#device.createBuffer({ label: "polyphase tables", size: Math.max(end, 4), usage });
      for (const [table, offset] of places) this.#device.queue.writeBuffer(buffer, offset, table);
      this.#tables = buffer;
      this.#parts = kernels.map(({ tables, workgroups }, index) => {
        const resources = tables.map((table) => ({ buffer, offset: places.get(table), size: table.byteLength }));
        return { pipeline: pipelines[index], resources, workgroups };
      });
    }

    get inputBytes() {
      return this.#inputBytes;
    }

    get outputBytes() {
      return this.#outputBytes;
    }

    record(pass, input, output) {
      if (!this.#tables) throw new Error("this GpuJob has been freed");
      const { loss } = shared(this.#device);
      if (loss !== undefined) throw new Error(`the GPU device is lost: ${loss}`);
      const [from, to] = [binding("input", input, this.#inputBytes), binding("output", output, this.#outputBytes)];
      for (const [index, { pipeline, workgroups }] of this.#parts.entries()) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, this.#groups(from, to)[index]);
        pass.dispatchWorkgroups(...workgroups);
      }
    }

    /** Bind groups for these buffers. */
    #groups(from, to) {
      const key = [from, to].flatMap(({ buffer, offset, size }) => [buffer, offset, size]);
      if (!this.#bound.key?.every((value, index) => value === key[index])) {
        const groups = this.#parts.map(({ pipeline, resources }) => {
          const entries = [...resources, from, to].map((resource, binding) => ({ binding, resource }));
          const layout = pipeline.getBindGroupLayout(0);
          return this.#device.createBindGroup({ label: "polyphase", layout, entries });
        });
        this.#bound = { key, groups };
      }
      return this.#bound.groups;
    }

    free() {
      this.#tables?.destroy();
      this.#tables = undefined;
      this.#bound = {};
    }

    [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
      this.free();
    }
  }

  /** Binding of a buffer, or of a range of one, that holds the bytes that a job needs. */
  function binding(name, given, needed) {
    const { buffer, offset = 0, size = buffer.size - offset } = given.buffer ? given : { buffer: given };
    if (!(buffer.usage & GPUBufferUsage.STORAGE)) throw new Error(`the ${name} buffer lacks the usage STORAGE`);
    if (!(size >= needed && offset + size <= buffer.size)) {
      throw new Error(`the ${name} buffer is bound with ${size} of its ${buffer.size} bytes: this job needs ${needed}`);
    }
    return { buffer, offset, size };
  }

  return { Resampler, KernelSources, GpuJob };
}

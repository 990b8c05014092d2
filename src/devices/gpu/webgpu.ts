// Runs dispatches on a GPU. Buffers, bind groups and kernels are made once and stay there. A call
// uploads only its inputs. The results of all calls of a run are read back together at its end.
import type { Adapter } from './adapter.ts';
import { type Backend, GpuLostError, type RawCall, type RawResult, type SpaceSizes } from './backend.ts';
import { type Space, spaces } from './body.ts';
import type { CompiledJob, Dispatch } from './compile.ts';
import { type RenderedDispatch, type Style, renderDispatch } from './kernel.ts';
import { type ResultLayout, layOutResults, resultOf } from './results.ts';

// The package does not make the constants of WebGPU global.
const STORAGE = 0x80;
const UNIFORM = 0x40;
const COPY_SRC = 0x04;
const COPY_DST = 0x08;
const MAP_READ = 0x01;
const READ_MODE = 0x01;
const COMPUTE = 0x04;

/** Dispatches that are submitted together, so that the GPU starts before all are recorded. */
const DISPATCHES_PER_SUBMIT = 100;
/** Bytes that the results of a run may take before they are read back. */
const MOST_RESULT_BYTES = 2 ** 26;
/** The minimum time for which a dispatch is repeated to measure it, for a profile and for a choice. */
const PROFILE_MS = 20;
const CHOICE_MS = 3;
const MOST_REPETITIONS = 1000;

/** The styles among which the fastest is chosen for a dispatch, the likely fastest first. */
type StylesOf = (dispatch: Dispatch) => readonly Style[];

interface PreparedDispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
  readonly isUpdate: boolean;
}

interface PreparedJob extends ResultLayout {
  readonly dispatches: readonly PreparedDispatch[];
}

export class WebGpuBackend implements Backend {
  readonly #adapter: Adapter;
  readonly #device: GPUDevice;
  readonly #buffers: Readonly<Record<Space, GPUBuffer>>;
  readonly #jobs = new Map<CompiledJob, PreparedJob>();
  readonly #owned: GPUBuffer[] = [];
  /** For the next results, unless another read uses it. */
  #spare: GPUBuffer | null = null;

  /**
   * Allocates the memory, and compiles the kernels.
   * @throws OutOfMemoryError if the GPU has too little memory
   */
  static async open(
    adapter: Adapter,
    jobs: readonly CompiledJob[],
    sizes: SpaceSizes,
    stylesOf: StylesOf,
  ): Promise<WebGpuBackend> {
    const device = await adapter.device();
    device.pushErrorScope('out-of-memory');
    const backend = new WebGpuBackend(adapter, device, sizes);
    if ((await device.popErrorScope()) !== null) {
      backend.close();
      throw new OutOfMemoryError();
    }
    await backend.#prepare(jobs, stylesOf);
    return backend;
  }

  private constructor(adapter: Adapter, device: GPUDevice, sizes: SpaceSizes) {
    this.#adapter = adapter;
    this.#device = device;
    const buffer = (space: Space): GPUBuffer => this.#own(4 * Math.max(1, sizes[space]), STORAGE | COPY_SRC | COPY_DST);
    this.#buffers = { arena: buffer('arena'), vectors: buffer('vectors'), call: buffer('call') };
  }

  mostCalls(job: CompiledJob): number {
    return Math.max(1, Math.floor(MOST_RESULT_BYTES / this.#jobs.get(job)!.bytes));
  }

  async run(job: CompiledJob, calls: readonly RawCall[]): Promise<readonly RawResult[]> {
    const prepared = this.#jobs.get(job)!;
    const staging = this.#stagingOf(calls.length * prepared.bytes);
    for (const [index, call] of calls.entries()) this.#submit(job, prepared, call, staging, index * prepared.bytes);
    const bytes = await this.#mapped(staging, calls.length * prepared.bytes);
    return calls.map((_, index) => resultOf(job, prepared, bytes, index * prepared.bytes));
  }

  async read(space: Space, offset: number, elements: number): Promise<Float32Array> {
    const staging = this.#stagingOf(4 * elements);
    const encoder = this.#device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.#buffers[space], 4 * offset, staging, 0, 4 * elements);
    this.#device.queue.submit([encoder.finish()]);
    return new Float32Array(await this.#mapped(staging, 4 * elements));
  }

  async write(space: Space, offset: number, values: Float32Array): Promise<void> {
    this.#device.queue.writeBuffer(this.#buffers[space], 4 * offset, values as Float32Array<ArrayBuffer>);
  }

  async times(job: CompiledJob): Promise<readonly number[]> {
    const times: number[] = [];
    for (const dispatch of this.#jobs.get(job)!.dispatches) times.push(await this.#timeOf(dispatch, PROFILE_MS));
    return times;
  }

  close(): void {
    for (const buffer of this.#owned) buffer.destroy();
    this.#spare?.destroy();
  }

  #own(size: number, usage: number): GPUBuffer {
    const buffer = this.#device.createBuffer({ size, usage });
    this.#owned.push(buffer);
    return buffer;
  }

  async #prepare(jobs: readonly CompiledJob[], stylesOf: StylesOf): Promise<void> {
    const layout = this.#device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility: COMPUTE, buffer: { type: 'uniform' } },
        ...spaces.map((_, i) => ({ binding: i + 1, visibility: COMPUTE, buffer: { type: 'storage' as const } })),
      ],
    });
    for (const job of jobs) {
      const rendered: RenderedDispatch[] = [];
      for (const dispatch of job.dispatches) rendered.push(await this.#fastest(dispatch, stylesOf(dispatch), layout));
      const dispatches = await this.#dispatchesOf(rendered, layout);
      this.#jobs.set(job, {
        dispatches: dispatches.map((each, i) => ({ ...each, isUpdate: job.dispatches[i].isUpdate })),
        ...layOutResults(job),
      });
    }
  }

  /** A dispatch in the style that is fastest on this adapter, which is measured once. */
  async #fastest(dispatch: Dispatch, styles: readonly Style[], layout: GPUBindGroupLayout): Promise<RenderedDispatch> {
    if (styles.length === 1) return renderDispatch(dispatch, styles[0]);
    const { fastestStyles } = this.#adapter;
    const key = dispatch.planes.map((body) => body.key).join();
    let best = fastestStyles.get(key);
    if (best === undefined) {
      const candidates = await this.#dispatchesOf(
        styles.map((style) => renderDispatch(dispatch, style)),
        layout,
      );
      const times: number[] = [];
      for (const candidate of candidates) times.push(await this.#timeOf(candidate, CHOICE_MS));
      best = times.indexOf(Math.min(...times));
      fastestStyles.set(key, best);
    }
    return renderDispatch(dispatch, styles[best]);
  }

  /** Compiles kernels and binds their operands. The offsets of all operands are in one buffer. */
  async #dispatchesOf(
    rendered: readonly RenderedDispatch[],
    layout: GPUBindGroupLayout,
  ): Promise<Omit<PreparedDispatch, 'isUpdate'>[]> {
    const pipelines = await Promise.all(
      rendered.map(({ wgsl }) => this.#adapter.pipelineOf(wgsl, layout, this.#device)),
    );
    const bindGroups = this.#bindGroupsOf(rendered, layout);
    return rendered.map(({ workgroups }, i) => ({ pipeline: pipelines[i], bindGroup: bindGroups[i], workgroups }));
  }

  #bindGroupsOf(rendered: readonly RenderedDispatch[], layout: GPUBindGroupLayout): GPUBindGroup[] {
    const alignment = this.#device.limits.minUniformBufferOffsetAlignment;
    const starts: number[] = [];
    let size = 0;
    for (const { offsets } of rendered) {
      starts.push(size);
      size += Math.ceil(Math.max(16, offsets.byteLength) / alignment) * alignment;
    }
    const buffer = this.#own(Math.max(16, size), UNIFORM | COPY_DST);
    const contents = new Int32Array(size / 4);
    for (const [i, { offsets }] of rendered.entries()) contents.set(offsets, starts[i] / 4);
    this.#device.queue.writeBuffer(buffer, 0, contents);
    return rendered.map(({ offsets }, i) =>
      this.#device.createBindGroup({
        layout,
        entries: [
          {
            binding: 0,
            resource: { buffer, offset: starts[i], size: Math.max(16, 16 * Math.ceil(offsets.length / 4)) },
          },
          ...spaces.map((space, binding) => ({ binding: binding + 1, resource: { buffer: this.#buffers[space] } })),
        ],
      }),
    );
  }

  #submit(job: CompiledJob, { dispatches, copies }: PreparedJob, call: RawCall, staging: GPUBuffer, at: number): void {
    const { queue } = this.#device;
    queue.writeBuffer(this.#buffers.call, 4 * job.call.ids, call.inputs as Float32Array<ArrayBuffer>);
    let encoder = this.#device.createCommandEncoder();
    if (call.reset)
      for (const { offset, elements } of job.states.values())
        encoder.clearBuffer(this.#buffers.call, 4 * offset, 4 * elements);
    const wanted = call.updates ? dispatches : dispatches.filter(({ isUpdate }) => !isUpdate);
    for (let first = 0; first < wanted.length; first += DISPATCHES_PER_SUBMIT) {
      if (first > 0) {
        queue.submit([encoder.finish()]);
        encoder = this.#device.createCommandEncoder();
      }
      recordPass(encoder, wanted.slice(first, first + DISPATCHES_PER_SUBMIT));
    }
    for (const { space, from, to, bytes } of copies)
      encoder.copyBufferToBuffer(this.#buffers[space], from, staging, at + to, bytes);
    queue.submit([encoder.finish()]);
  }

  /** A buffer that the host can read. No other read uses it until it is mapped and unmapped. */
  #stagingOf(size: number): GPUBuffer {
    const spare = this.#spare;
    this.#spare = null;
    if (spare && spare.size >= size) return spare;
    spare?.destroy();
    return this.#device.createBuffer({ size: Math.max(256, size), usage: MAP_READ | COPY_DST });
  }

  async #mapped(staging: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
    try {
      await staging.mapAsync(READ_MODE, 0, bytes);
    } catch (error) {
      if (this.#adapter.isLost(this.#device)) throw new GpuLostError('the GPU was lost', { cause: error });
      throw this.#adapter.takeError() ?? error;
    }
    const copy = staging.getMappedRange(0, bytes).slice(0);
    staging.unmap();
    this.#spare?.destroy();
    this.#spare = staging;
    const error = this.#adapter.takeError();
    if (this.#adapter.isLost(this.#device)) throw new GpuLostError('the GPU was lost');
    if (error) throw error;
    return copy;
  }

  async #timeOf(dispatch: Omit<PreparedDispatch, 'isUpdate'>, least: number): Promise<number> {
    const run = async (count: number): Promise<number> => {
      const encoder = this.#device.createCommandEncoder();
      recordPass(encoder, new Array<typeof dispatch>(count).fill(dispatch));
      const started = performance.now();
      this.#device.queue.submit([encoder.finish()]);
      await this.#device.queue.onSubmittedWorkDone();
      return performance.now() - started;
    };
    await run(1);
    const one = await run(1);
    for (let count = 2; ; count *= 8) {
      const more = (await run(count)) - one;
      if (more >= least || count >= MOST_REPETITIONS) return Math.max(0, more) / (count - 1);
    }
  }
}

/** The GPU has too little memory for the buffers of an executable. */
export class OutOfMemoryError extends Error {}

function recordPass(encoder: GPUCommandEncoder, dispatches: readonly Omit<PreparedDispatch, 'isUpdate'>[]): void {
  const pass = encoder.beginComputePass();
  let current: GPUComputePipeline | null = null;
  for (const { pipeline, bindGroup, workgroups } of dispatches) {
    if (pipeline !== current) pass.setPipeline(pipeline);
    current = pipeline;
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
  }
  pass.end();
}

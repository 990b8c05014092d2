// The GPU itself: finds an adapter through the `webgpu` package (Dawn: Vulkan, Metal or Direct3D
// 12), and makes a device of it, and a new device when that device is lost.
//
// Neither the GPU object nor a device keeps Node running.
import { firstLine, deviceError } from '../../errors.ts';
import { type AdapterKind, backend, isOfKind, keepQuiet, nameOf, notThere, search } from './search.ts';

/** The limits that a device gets from its adapter. The defaults of WebGPU are often lower. */
const raisedLimits = [
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxUniformBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupsPerDimension',
] as const;

export interface AdapterFacts {
  /** One line, e.g. `NVIDIA H200 (vulkan)`. */
  readonly name: string;
  /** The driver's own words. */
  readonly driver: string;
  readonly software: boolean;
  /** The limits of its devices. */
  readonly limits: Readonly<Record<(typeof raisedLimits)[number], number>>;
  readonly features: readonly string[];
}

/** An adapter, with the device that is in use. */
export class Adapter {
  readonly facts: AdapterFacts;
  readonly #gpu: GPU;
  readonly #kind: AdapterKind;
  #device: Promise<GPUDevice> | null = null;
  readonly #lost = new WeakSet<GPUDevice>();
  readonly #pipelines = new WeakMap<GPUDevice, Map<string, Promise<GPUComputePipeline>>>();
  /** The number of the fastest style of each dispatch that has several styles. */
  readonly fastestStyles = new Map<string, number>();
  #error: Error | null = null;

  /** @throws RnnError `device` if no adapter of that kind answers */
  static async open(kind: AdapterKind): Promise<Adapter> {
    await search(kind);
    keepQuiet(kind);
    const gpu = (await import('webgpu')).create([]);
    return new Adapter(gpu, kind, factsOf(await requestAdapter(gpu, kind)));
  }

  constructor(gpu: GPU, kind: AdapterKind, facts: AdapterFacts) {
    this.#gpu = gpu;
    this.#kind = kind;
    this.facts = facts;
  }

  /**
   * The device in use, or a new device if it was lost. It has all limits of the adapter.
   * @throws RnnError `device` if the adapter does not give a device
   */
  async device(): Promise<GPUDevice> {
    const current = await this.#device;
    if (current && !this.#lost.has(current)) return current;
    this.#device = this.#request();
    this.#device.catch(() => (this.#device = null));
    return this.#device;
  }

  isLost(device: GPUDevice): boolean {
    return this.#lost.has(device);
  }

  /** The first error of the GPU since the last call of this function. */
  takeError(): Error | null {
    const error = this.#error;
    this.#error = null;
    return error;
  }

  /** A compiled kernel, the same for the same text. */
  async pipelineOf(code: string, layout: GPUBindGroupLayout, device: GPUDevice): Promise<GPUComputePipeline> {
    const known = this.#pipelines.get(device) ?? new Map<string, Promise<GPUComputePipeline>>();
    this.#pipelines.set(device, known);
    const pipeline = known.get(code) ?? compile(device, layout, code);
    known.set(code, pipeline);
    return pipeline;
  }

  async close(): Promise<void> {
    const device = await this.#device?.catch(() => null);
    this.#device = null;
    device?.destroy();
    await device?.lost;
  }

  async #request(): Promise<GPUDevice> {
    const adapter = await requestAdapter(this.#gpu, this.#kind);
    const device = await requestDevice(adapter);
    this.#error = null;
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault();
      this.#error ??= new Error(event.error.message.split('\n')[0]);
    });
    void device.lost.then(() => this.#lost.add(device));
    return device;
  }
}

/** @throws Error with the first message of the compiler, and the text that it is about */
async function compile(device: GPUDevice, layout: GPUBindGroupLayout, code: string): Promise<GPUComputePipeline> {
  const module = device.createShaderModule({ code });
  try {
    return await device.createComputePipelineAsync({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: 'main' },
    });
  } catch (cause) {
    const [told] = (await module.getCompilationInfo()).messages;
    const line = told && code.split('\n')[told.lineNum - 1];
    throw new Error(`a kernel does not compile: ${told ? `${told.message} in: ${line}` : (cause as Error).message}`, {
      cause,
    });
  }
}

async function requestAdapter(gpu: GPU, kind: AdapterKind): Promise<GPUAdapter> {
  const adapter = await gpu.requestAdapter(
    kind === 'hardware' ? { powerPreference: 'high-performance' } : { forceFallbackAdapter: true },
  );
  if (adapter === null || !isOfKind(adapter.info, kind)) throw notThere(kind, 'it answered once, and then no more');
  return adapter;
}

async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  try {
    return await adapter.requestDevice({ requiredLimits: limitsOf(adapter) });
  } catch (error) {
    throw deviceError(`cannot use the GPU: ${firstLine(error)}`, 'update the graphics driver', { cause: error });
  }
}

function limitsOf(adapter: GPUAdapter): AdapterFacts['limits'] {
  return Object.fromEntries(raisedLimits.map((name) => [name, adapter.limits[name]])) as AdapterFacts['limits'];
}

function factsOf(adapter: GPUAdapter): AdapterFacts {
  return {
    name: `${nameOf(adapter.info)} (${backend})`,
    driver: adapter.info.description,
    software: isOfKind(adapter.info, 'software'),
    limits: limitsOf(adapter),
    features: [...adapter.features].toSorted(),
  };
}

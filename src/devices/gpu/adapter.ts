// The GPU itself: finds an adapter through the `webgpu` package (Dawn: Vulkan, Metal or Direct3D
// 12) and puts it where gpu.js looks for one, at the global `navigator.gpu`. Knows nothing of
// kernels and programs.
//
// Neither the GPU object nor a device keeps Node from ending by itself.
import { firstLine, deviceError } from '../../errors.ts';
import type { DeviceError, Health } from './runner.ts';
import { type AdapterKind, backend, isOfKind, keepQuiet, nameOf, notThere, search } from './search.ts';

/**
 * Of a device that gpu.js asks this adapter for: the default where WebGPU has one is often lower.
 */
const raisedLimits = [
  'maxStorageBuffersPerShaderStage',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxBindingsPerBindGroup',
  'maxUniformBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const;
/** `GPUBufferUsage.STORAGE`, which the package does not make global. */
const GPU_BUFFER_STORAGE = 0x80;

export interface AdapterFacts {
  /** One line, e.g. `NVIDIA H200 (vulkan)`. */
  readonly name: string;
  /** The driver's own words. */
  readonly driver: string;
  readonly software: boolean;
  /** What a device of it gets. */
  readonly limits: Readonly<Record<(typeof raisedLimits)[number], number>>;
  readonly features: readonly string[];
}

interface Found {
  readonly kind: AdapterKind;
  readonly facts: AdapterFacts;
  /** All that the system has. */
  readonly whole: GPU;
  /** What gpu.js is to find. */
  readonly gpu: WrappedGpu;
}

const found = new Map<AdapterKind, Promise<Found>>();
let provided: Found | null = null;
/** Who has opened what is provided, and not yet closed it. */
let users = 0;
/** Settled once the device of what was provided before is gone. */
let released: Promise<void> = Promise.resolve();
let device: GPUDevice | null = null;
let isLost = false;
let made = 0;
const errors: DeviceError[] = [];

/**
 * Looks for an adapter of that kind. What is provided stays where it is.
 * @throws RnnError `device` if none answers
 */
export async function findAdapter(kind: AdapterKind): Promise<AdapterFacts> {
  return (await find(kind)).facts;
}

export interface OpenedAdapter {
  readonly facts: AdapterFacts;
  /** From now on one of the other kind may take its place. */
  close(): void;
}

/**
 * Puts an adapter of that kind at `navigator.gpu`, in place of one of the other kind, where it
 * stays until it is closed.
 * @throws RnnError `device` if none answers, or one of the other kind is open; then that stays
 */
export async function openWebGpu(kind: AdapterKind): Promise<OpenedAdapter> {
  const wanted = await find(kind);
  if (provided !== wanted) {
    if (users > 0)
      throw deviceError(
        `a process can have one kind of GPU at a time, and a ${provided?.kind} one is open`,
        'close that device first',
      );
    provided = wanted;
    released = releaseDevice();
    const holder = globalThis as { navigator?: object };
    holder.navigator ??= {};
    Object.defineProperty(holder.navigator, 'gpu', { value: wanted.gpu, configurable: true, enumerable: true });
  }
  users++;
  let isOpen = true;
  await released;
  return {
    facts: wanted.facts,
    close() {
      if (isOpen) users--;
      isOpen = false;
    },
  };
}

/** Whether the GPU that is provided has memory for buffers of all these bytes at once. */
export async function hasRoomFor(sizes: readonly number[]): Promise<boolean> {
  const { whole, kind } = provided!;
  const spare = await requestWhole(await requestAdapter(whole, kind));
  spare.pushErrorScope('out-of-memory');
  for (const size of sizes) spare.createBuffer({ size, usage: GPU_BUFFER_STORAGE });
  const error = await spare.popErrorScope();
  spare.destroy();
  await spare.lost;
  return error === null;
}

function find(kind: AdapterKind): Promise<Found> {
  const known = found.get(kind);
  if (known) return known;
  const looking = look(kind);
  found.set(kind, looking);
  looking.catch(() => found.delete(kind));
  return looking;
}

/** The device that was last made of the adapter, or null. */
export const lastDevice = (): GPUDevice | null => device;

/** Of the devices that are made of the adapter. */
export const adapterHealth: Health = {
  takeErrors: () => errors.splice(0),
  isLost: () => isLost,
  count: () => made,
};

/** gpu.js asks for a new device once it has heard that the last one is gone. */
export async function releaseDevice(): Promise<void> {
  const last = device;
  device = null;
  isLost = false;
  last?.destroy();
  await last?.lost;
}

async function look(kind: AdapterKind): Promise<Found> {
  await search(kind);
  keepQuiet(kind);
  const whole = (await import('webgpu')).create([]);
  return { kind, whole, facts: factsOf(await requestAdapter(whole, kind)), gpu: wrap(whole, kind) };
}

async function requestAdapter(gpu: GPU, kind: AdapterKind): Promise<GPUAdapter> {
  const adapter = await gpu.requestAdapter(
    kind === 'hardware' ? { powerPreference: 'high-performance' } : { forceFallbackAdapter: true },
  );
  if (adapter === null || !isOfKind(adapter.info, kind)) throw notThere(kind, 'it answered once, and then no more');
  return adapter;
}

type WrappedGpu = Pick<GPU, 'requestAdapter' | 'getPreferredCanvasFormat' | 'wgslLanguageFeatures'>;

/**
 * The GPU object as gpu.js uses it, which gives only adapters of one kind, and devices with all
 * that the adapter has.
 */
function wrap(gpu: GPU, kind: AdapterKind): WrappedGpu {
  return {
    wgslLanguageFeatures: gpu.wgslLanguageFeatures,
    getPreferredCanvasFormat: () => gpu.getPreferredCanvasFormat(),
    async requestAdapter() {
      const adapter = await requestAdapter(gpu, kind);
      const request = adapter.requestDevice.bind(adapter);
      return Object.defineProperty(adapter, 'requestDevice', {
        value: async (wanted: GPUDeviceDescriptor) => watched(await requestWhole(adapter, request, wanted)),
      });
    },
  };
}

/** Knows from now on of its errors, and of its loss, which gpu.js and Dawn would only print. */
function watched(fresh: GPUDevice): GPUDevice {
  device = fresh;
  isLost = false;
  made++;
  errors.length = 0;
  fresh.addEventListener('uncapturederror', (event) => {
    event.preventDefault();
    errors.push({
      memory: event.error.constructor.name === 'GPUOutOfMemoryError',
      message: event.error.message.split('\n')[0],
    });
  });
  const lost = fresh.lost.then(({ message }) => {
    if (device === fresh) {
      device = null;
      isLost = true;
    }
    return { reason: 'destroyed', message };
  });
  return Object.defineProperties(fresh, { onuncapturederror: { set() {} }, lost: { value: lost } });
}

/** A device with all that the adapter has. */
async function requestWhole(
  adapter: GPUAdapter,
  request: GPUAdapter['requestDevice'] = adapter.requestDevice.bind(adapter),
  wanted: GPUDeviceDescriptor = {},
): Promise<GPUDevice> {
  try {
    return await request({ ...wanted, requiredLimits: { ...limitsOf(adapter), ...wanted.requiredLimits } });
  } catch (error) {
    throw deviceError(`the GPU cannot be used: ${firstLine(error)}`, 'update the graphics driver', { cause: error });
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

// The GPU itself: finds an adapter through the `webgpu` package (Dawn: Vulkan, Metal or Direct3D 12) and puts it where gpu.js looks
// for one, at the global `navigator.gpu`. Knows nothing of kernels and programs.
//
// Dawn and the Vulkan drivers print on stderr as they please, past Node. Seen here: `error: XDG_RUNTIME_DIR is invalid` from
// Mesa's layer that selects devices, where that variable is not set; `Warning: Vulkan shaderUniform*ArrayDynamicIndexing required`
// for each llvmpipe of Mesa 22 (Dawn cannot use it); `Warning: vkCreateInstance: Found no drivers!` and `Error: Loader Message: …
// Failed to detect any valid GPUs` where there is no GPU. No toggle of Dawn stops them. Therefore a child process looks first, and
// what it prints is kept for the error message; this process loads WebGPU only if that has found something, and for the time of
// the search gets an environment in which the first two cannot come up. A driver that crashes or hangs harms only the child.
//
// Neither the GPU object nor a device keeps Node from ending by itself.
import { fork } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { RnnError } from '../../errors.ts';
import type { FoundAdapter, ProbeReport } from './probe.ts';

export type AdapterKind = 'hardware' | 'software';

/** Of a device that gpu.js asks this adapter for: the default where WebGPU has one is often lower. */
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
/** Asked for where the adapter has them. */
const wantedFeatures = ['timestamp-query', 'subgroups', 'shader-f16'] as const;

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

/** What a device did not do, said after the call that asked for it. */
export interface DeviceError {
  /** It lacked memory. */
  readonly memory: boolean;
  readonly message: string;
}

const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|basic render/i;
const backend = process.platform === 'darwin' ? 'metal' : process.platform === 'win32' ? 'd3d12' : 'vulkan';
const backendName = { metal: 'Metal', d3d12: 'Direct3D 12', vulkan: 'Vulkan' }[backend];
const probePatienceMs = 30_000;

let provided: { readonly kind: AdapterKind; readonly facts: Promise<AdapterFacts> } | null = null;
let device: GPUDevice | null = null;
let made = 0;
let errors: DeviceError[] = [];
const listeners = new Set<(message: string) => void>();

/**
 * Puts an adapter of that kind at `navigator.gpu`, in place of one of the other kind.
 * @throws RnnError `device` if none answers
 */
export async function provideWebGpu(kind: AdapterKind): Promise<AdapterFacts> {
  if (provided?.kind === kind) return provided.facts;
  await releaseDevice();
  const facts = install(kind);
  provided = { kind, facts };
  facts.catch(() => {
    if (provided?.facts === facts) provided = null;
  });
  return facts;
}

/** How many devices have been made: what was compiled for an earlier one is lost with it. */
export const devicesMade = (): number => made;

/** The device that was last made of the adapter, or null. */
export const lastDevice = (): GPUDevice | null => device;

/** The errors since the last time this was asked. After one, what is read back is zeros or stale. */
export function takeDeviceErrors(): readonly DeviceError[] {
  const taken = errors;
  errors = [];
  return taken;
}

/** Calls back whenever a device is lost, but not when it is released; until the returned function is called. */
export function onDeviceLost(callback: (message: string) => void): () => void {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

/** gpu.js asks for a new device once it has heard that the last one is gone. */
export async function releaseDevice(): Promise<void> {
  const last = device;
  device = null;
  last?.destroy();
  await last?.lost;
}

/** Whether this machine may have a GPU, by what costs no time: on Linux its devices' files. */
export function mayHaveGpu(): boolean {
  if (process.platform !== 'linux') return true;
  return filesIn('/dev').some((name) => /^(nvidia\d+|dxg|mali\d*|nvhost-gpu|nvgpu|kgsl.*)$/.test(name)) || filesIn('/dev/dri').some((name) => name.startsWith('renderD'));
}

const hasNvidia = (): boolean => filesIn('/dev').some((name) => /^nvidia\d+$/.test(name));

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

async function install(kind: AdapterKind): Promise<AdapterFacts> {
  const { report, noise, ending } = await probe(kind);
  if (!report?.adapters.some((adapter) => isOfKind(adapter, kind))) throw notThere(kind, whyNot(kind, report, noise, ending));
  const gpu = await quietly(kind, async () => wrap((await import('webgpu')).create([]), kind));
  const adapter = await quietly(kind, () => gpu.requestAdapter());
  if (adapter === null) throw notThere(kind, 'it answered once, and then no more');
  const holder = globalThis as { navigator?: object };
  holder.navigator ??= {};
  Object.defineProperty(holder.navigator, 'gpu', { value: gpu, configurable: true, enumerable: true });
  return factsOf(adapter);
}

/** Looks for adapters in a child process. */
function probe(kind: AdapterKind): Promise<{ report: ProbeReport | null; noise: string; ending: string }> {
  return new Promise((settle) => {
    // Compiled, this file is beside the built one; under vitest it runs from src/.
    const url = new URL(import.meta.url.endsWith('.ts') ? '../../../dist/devices/gpu/probe.js' : './probe.js', import.meta.url);
    const child = fork(url, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [], env: { ...quietEnvironment(kind), ...process.env }, timeout: probePatienceMs, killSignal: 'SIGKILL' });
    let report: ProbeReport | null = null;
    let noise = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (noise += text));
    child.on('message', (message) => (report = message as ProbeReport));
    child.on('error', (error) => settle({ report: null, noise, ending: error.message }));
    child.on('close', (code, signal) => {
      settle({ report, noise, ending: signal === 'SIGKILL' ? `no answer in ${probePatienceMs / 1000} s` : `the driver crashed, ${signal ?? `exit code ${code}`}` });
    });
  });
}

const nameOf = ({ vendor, architecture, device, description }: FoundAdapter): string => device.replace(/-+$/, '') || description || `${vendor} ${architecture}`.trim();

function isOfKind(adapter: FoundAdapter, kind: AdapterKind): boolean {
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter;
  const isSoftware = isFallbackAdapter || softwareNames.test([vendor, architecture, device, description].join(' '));
  return isSoftware === (kind === 'software');
}

/** A few words on why there is no adapter of that kind. */
function whyNot(kind: AdapterKind, report: ProbeReport | null, noise: string, ending: string): string {
  if (report === null) return ending;
  if (report.broken !== null) return `the webgpu package does not load, ${report.broken.split('\n')[0]}`;
  if (report.adapters.length > 0) return `only ${[...new Set(report.adapters.map(nameOf))].join(', ')}, ${kind === 'hardware' ? 'which is software' : 'which is hardware'}`;
  if (report.loader === false) return 'no Vulkan loader';
  if (/Found no drivers|INCOMPATIBLE_DRIVER/.test(noise)) return 'the loader found no driver';
  const missing = /^Warning: (Vulkan .* required)/m.exec(noise)?.[1];
  return missing === undefined ? 'no driver found a device' : `the driver is not good enough, ${missing}`;
}

function notThere(kind: AdapterKind, why: string): RnnError {
  const what = kind === 'hardware' ? 'no GPU answered' : 'no software GPU answered';
  return new RnnError('device', `${what} (WebGPU over ${backendName}: ${why})`, { hint: hintFor(kind, why) });
}

/** What this machine lacks, as commands where there are any. */
function hintFor(kind: AdapterKind, why: string): string {
  if (backend !== 'vulkan') return 'update the graphics driver';
  if (why === 'no Vulkan loader') return kind === 'hardware' ? "apt-get install libvulkan1, and the vendor's driver" : 'apt-get install libvulkan1 chromium';
  if (kind === 'hardware' && why.startsWith('only ')) return '--device gpu:software takes it; it is slow';
  if (kind === 'software') return 'apt-get install chromium; export VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json';
  if (hasNvidia()) return 'apt-get install libnvidia-gl-<version of the driver> libxext6 libegl1; a container is to be started with NVIDIA_DRIVER_CAPABILITIES=all';
  if (mayHaveGpu()) return "apt-get install mesa-vulkan-drivers for AMD and Intel, else the vendor's driver";
  return 'the system shows no GPU (no /dev/dri/renderD*, no /dev/nvidia*); a container is to be started with --gpus all or --device /dev/dri';
}

/** In which drivers that are of no use have nothing to print: no need for Wayland, and no llvmpipe where a GPU is wanted. */
const quietEnvironment = (kind: AdapterKind): Readonly<Record<string, string>> => ({ XDG_RUNTIME_DIR: tmpdir(), ...(kind === 'hardware' ? { VK_LOADER_DRIVERS_DISABLE: '*lvp*' } : {}) });

/** Runs `work` in that environment. What the user has set stays. */
async function quietly<Result>(kind: AdapterKind, work: () => Promise<Result>): Promise<Result> {
  const added = Object.entries(quietEnvironment(kind)).filter(([name]) => process.env[name] === undefined);
  for (const [name, value] of added) process.env[name] = value;
  try {
    return await work();
  } finally {
    for (const [name] of added) delete process.env[name];
  }
}

/** The GPU object as gpu.js uses it, which gives only adapters of one kind, and devices with all that the adapter has. */
function wrap(gpu: GPU, kind: AdapterKind): Pick<GPU, 'requestAdapter' | 'getPreferredCanvasFormat' | 'wgslLanguageFeatures'> {
  return {
    wgslLanguageFeatures: gpu.wgslLanguageFeatures,
    getPreferredCanvasFormat: () => gpu.getPreferredCanvasFormat(),
    async requestAdapter() {
      const adapter = await gpu.requestAdapter(kind === 'hardware' ? { powerPreference: 'high-performance' } : { forceFallbackAdapter: true });
      if (adapter === null || !isOfKind(adapter.info, kind)) return null;
      const request = adapter.requestDevice.bind(adapter);
      return Object.defineProperty(adapter, 'requestDevice', { value: (wanted: GPUDeviceDescriptor = {}) => requestDevice(adapter, request, wanted) });
    },
  };
}

async function requestDevice(adapter: GPUAdapter, request: GPUAdapter['requestDevice'], wanted: GPUDeviceDescriptor): Promise<GPUDevice> {
  const fresh = await request({ ...wanted, requiredFeatures: featuresOf(adapter), requiredLimits: { ...limitsOf(adapter), ...wanted.requiredLimits } });
  device = fresh;
  made++;
  errors = [];
  listenForErrors(fresh);
  void tellWhenLost(fresh, fresh.lost);
  keepQuietWhenLost(fresh);
  return fresh;
}

/** Keeps errors for who asks; gpu.js and Dawn would only print them. */
function listenForErrors(fresh: GPUDevice): void {
  fresh.addEventListener('uncapturederror', (event) => {
    event.preventDefault();
    const [message] = event.error.message.split('\n');
    errors.push({ memory: event.error.constructor.name === 'GPUOutOfMemoryError', message });
  });
  Object.defineProperty(fresh, 'onuncapturederror', { set() {}, configurable: true });
}

async function tellWhenLost(mine: GPUDevice, lost: GPUDevice['lost']): Promise<void> {
  const { reason, message } = await lost;
  if (device === mine) device = null;
  if (reason !== 'destroyed') for (const listener of listeners) listener(message);
}

/** gpu.js prints the loss of a device, unless it was meant. */
function keepQuietWhenLost(mine: GPUDevice): void {
  const lost = mine.lost.then(({ message }) => ({ reason: 'destroyed', message }));
  Object.defineProperty(mine, 'lost', { value: lost, configurable: true });
}

const featuresOf = (adapter: GPUAdapter): (typeof wantedFeatures)[number][] => wantedFeatures.filter((feature) => adapter.features.has(feature));

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

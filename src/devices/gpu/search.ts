// Looking for a GPU without harm to this process, and saying what is missing where there is none.
//
// Dawn and the Vulkan drivers print on stderr as they please, past Node. Seen here: `error:
// XDG_RUNTIME_DIR is invalid` from Mesa's layer that selects devices, where that variable is not
// set; `Warning: Vulkan shaderUniform*ArrayDynamicIndexing required` for each llvmpipe of Mesa 22
// (Dawn cannot use it); `Warning: vkCreateInstance: Found no drivers!` and `Error: Loader Message:
// … Failed to detect any valid GPUs` where there is no GPU. No toggle of Dawn stops them. Therefore
// a child process looks first, and what it prints is kept for the error message; this process loads
// WebGPU only if that has found something, and for the time of the search gets an environment in
// which the first two cannot come up. A driver that crashes or hangs harms only the child.
import { fork } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { RnnError } from '../../errors.ts';
import type { FoundAdapter, ProbeReport } from './probe.ts';

export type AdapterKind = 'hardware' | 'software';

const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|basic render/i;
export const backend = process.platform === 'darwin' ? 'metal' : process.platform === 'win32' ? 'd3d12' : 'vulkan';
const backendName = { metal: 'Metal', d3d12: 'Direct3D 12', vulkan: 'Vulkan' }[backend];
const probePatienceMs = 30_000;

/** @throws RnnError `device` if a child process finds no adapter of that kind */
export async function search(kind: AdapterKind): Promise<void> {
  const { report, noise, ending } = await probe(kind);
  if (!report?.adapters.some((adapter) => isOfKind(adapter, kind)))
    throw notThere(kind, whyNot(kind, report, noise, ending));
}

/** Looks for adapters in a child process. */
function probe(kind: AdapterKind): Promise<{ report: ProbeReport | null; noise: string; ending: string }> {
  return new Promise((settle) => {
    // Compiled, this file is beside the built one; under vitest it runs from src/.
    const url = new URL(
      import.meta.url.endsWith('.ts') ? '../../../dist/devices/gpu/probe.js' : './probe.js',
      import.meta.url,
    );
    const child = fork(url, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
      env: { ...quietEnvironment(kind), ...process.env },
      timeout: probePatienceMs,
      killSignal: 'SIGKILL',
    });
    let report: ProbeReport | null = null;
    let noise = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (noise += text));
    child.on('message', (message) => (report = message as ProbeReport));
    child.on('error', (error) => settle({ report: null, noise, ending: error.message }));
    child.on('close', (code, signal) => {
      settle({
        report,
        noise,
        ending:
          signal === 'SIGKILL'
            ? `no answer in ${probePatienceMs / 1000} s`
            : `the driver crashed, ${signal ?? `exit code ${code}`}`,
      });
    });
  });
}

export const nameOf = ({ vendor, architecture, device, description }: FoundAdapter): string =>
  device.replace(/-+$/, '') || description || `${vendor} ${architecture}`.trim();

export function isOfKind(adapter: FoundAdapter, kind: AdapterKind): boolean {
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter;
  const isSoftware = isFallbackAdapter || softwareNames.test([vendor, architecture, device, description].join(' '));
  return isSoftware === (kind === 'software');
}

/** A few words on why there is no adapter of that kind. */
function whyNot(kind: AdapterKind, report: ProbeReport | null, noise: string, ending: string): string {
  if (report === null) return ending;
  if (report.broken !== null) return `the webgpu package does not load, ${report.broken.split('\n')[0]}`;
  if (report.adapters.length > 0)
    return `only ${[...new Set(report.adapters.map(nameOf))].join(', ')}, ${kind === 'hardware' ? 'which is software' : 'which is hardware'}`;
  if (report.loader === false) return 'no Vulkan loader';
  if (/Found no drivers|INCOMPATIBLE_DRIVER/.test(noise)) return 'the loader found no driver';
  return noise.split('\n')[0] || 'no driver found a device';
}

export function notThere(kind: AdapterKind, why: string): RnnError {
  const what = kind === 'hardware' ? 'no GPU answered' : 'no software GPU answered';
  return new RnnError('device', `${what} (WebGPU over ${backendName}: ${why})`, { hint: hintFor(kind, why) });
}

/** What this machine lacks, as commands where there are any. */
function hintFor(kind: AdapterKind, why: string): string {
  if (backend !== 'vulkan') return 'update the graphics driver';
  if (kind === 'software')
    return 'apt-get install libvulkan1 chromium; export VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json';
  if (why.startsWith('only ')) return '--device gpu:software takes it; it is slow';
  return 'apt-get install libvulkan1, and mesa-vulkan-drivers for AMD and Intel, or libnvidia-gl-<version of the driver> libxext6 libegl1 for NVIDIA; start a container with --device /dev/dri, or with --gpus all -e NVIDIA_DRIVER_CAPABILITIES=all';
}

/**
 * In which drivers that are of no use have nothing to print: no need for Wayland, and no llvmpipe
 * where a GPU is wanted.
 */
const quietEnvironment = (kind: AdapterKind): Readonly<Record<string, string>> => ({
  XDG_RUNTIME_DIR: tmpdir(),
  ...(kind === 'hardware' ? { VK_LOADER_DRIVERS_DISABLE: '*lvp*' } : {}),
});

/** Runs `work` in that environment. What the user has set stays. */
export async function quietly<Result>(kind: AdapterKind, work: () => Promise<Result>): Promise<Result> {
  const added = Object.entries(quietEnvironment(kind)).filter(([name]) => process.env[name] === undefined);
  for (const [name, value] of added) process.env[name] = value;
  try {
    return await work();
  } finally {
    for (const [name] of added) delete process.env[name];
  }
}

/** Whether this machine may have a GPU, by what costs no time: on Linux its devices' files. */
export function mayHaveGpu(): boolean {
  if (process.platform !== 'linux') return true;
  return (
    filesIn('/dev').some((name) => /^(nvidia\d+|dxg|mali\d*|nvhost-gpu|nvgpu|kgsl.*)$/.test(name)) ||
    filesIn('/dev/dri').some((name) => name.startsWith('renderD'))
  );
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

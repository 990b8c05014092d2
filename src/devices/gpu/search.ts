// Looks for a GPU in a child process, and explains why a machine does not have one.
//
// Dawn and the Vulkan drivers print warnings on stderr, which Node cannot stop: `error:
// XDG_RUNTIME_DIR is invalid` from Mesa's layer that selects devices, if that variable is not set,
// `Warning: Vulkan shaderUniform*ArrayDynamicIndexing required` for each llvmpipe of Mesa 22, which
// Dawn cannot use, and `Warning: vkCreateInstance: Found no drivers!` and `Error: Loader Message: …
// Failed to detect any valid GPUs` on a machine without a GPU. No toggle of Dawn prevents them.
// Therefore a child process with a closed stderr looks first. This process loads WebGPU only if the
// child has found an adapter, and in an environment that prevents the first two warnings. A driver
// that crashes or hangs harms only the child.
import { fork } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type RnnError, firstLine, deviceError } from '../../errors.ts';
import { builtUrl } from '../artifacts.ts';
import type { FoundAdapter, ProbeReport } from './probe.ts';
import { flagOf } from '../../options/flags.ts';

export type AdapterKind = 'hardware' | 'software';

const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|basic render/i;
export const backend = process.platform === 'darwin' ? 'metal' : process.platform === 'win32' ? 'd3d12' : 'vulkan';
const backendName = { metal: 'Metal', d3d12: 'Direct3D 12', vulkan: 'Vulkan' }[backend];
const probePatienceMs = 30_000;

/** @throws RnnError `device` if a child process does not find an adapter of that kind */
export async function search(kind: AdapterKind): Promise<void> {
  const report = await probe();
  if (typeof report === 'string') throw notThere(kind, report);
  if (!report.adapters.some((adapter) => isOfKind(adapter, kind))) throw notThere(kind, whyNot(kind, report));
}

/** The report of a child process, or the reason why it did not report. */
function probe(): Promise<ProbeReport | string> {
  return new Promise((settle) => {
    const child = fork(builtUrl('gpu/probe.js'), {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
      timeout: probePatienceMs,
      killSignal: 'SIGKILL',
    });
    child.on('message', (report) => settle(report as ProbeReport));
    child.on('error', (error) => settle(error.message));
    child.on('close', (code, signal) =>
      settle(
        signal === 'SIGKILL'
          ? `no answer in ${probePatienceMs / 1000} s`
          : `the driver crashed, ${signal ?? `exit code ${code}`}`,
      ),
    );
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
function whyNot(kind: AdapterKind, { broken, adapters, loader }: ProbeReport): string {
  if (broken !== null) return `the webgpu package does not load, ${firstLine(broken)}`;
  if (adapters.length > 0)
    return `only ${[...new Set(adapters.map(nameOf))].join(', ')}, ${kind === 'hardware' ? 'which is software' : 'which is hardware'}`;
  return loader === false ? 'no Vulkan loader' : 'no driver found a device';
}

export function notThere(kind: AdapterKind, why: string): RnnError {
  const what = kind === 'hardware' ? 'no GPU answered' : 'no software GPU answered';
  return deviceError(`${what} (WebGPU over ${backendName}: ${why})`, hintFor(kind, why));
}

/** How to make an adapter available, with commands if possible. */
function hintFor(kind: AdapterKind, why: string): string {
  if (backend !== 'vulkan') return 'update the graphics driver';
  if (kind === 'software')
    return 'apt-get install libvulkan1 chromium; export VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json';
  if (why.startsWith('only ')) return `${flagOf('device')} gpu:software uses it, but it is slow`;
  return 'apt-get install libvulkan1, and mesa-vulkan-drivers for AMD and Intel, or libnvidia-gl-<version of the driver> libxext6 libegl1 for NVIDIA; start a container with --device /dev/dri, or with --gpus all -e NVIDIA_DRIVER_CAPABILITIES=all';
}

/**
 * Gives this process, and the processes that it starts, an environment in which unused drivers do
 * not print: no Wayland, and no llvmpipe if a GPU is wanted. Variables that the user has set stay.
 */
export function keepQuiet(kind: AdapterKind): void {
  const { env } = process;
  env['XDG_RUNTIME_DIR'] ??= tmpdir();
  if (kind === 'hardware') env['VK_LOADER_DRIVERS_DISABLE'] ??= '*lvp*';
}

/** Whether this machine may have a GPU. On Linux the files of devices show it quickly. */
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

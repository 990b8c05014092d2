// With SwiftShader, a Vulkan made of software (Debian: apt-get install chromium).
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, describe, expect, it, vi } from 'vitest';
import {
  type AdapterFacts,
  adapterHealth,
  lastDevice,
  openWebGpu,
  releaseDevice,
} from '../../../src/devices/gpu/adapter.ts';
import { GPU } from '../../../src/devices/gpu/gpu-js.ts';
import { openDevice } from '../../../src/devices/open.ts';
import { icd, root } from './helpers.ts';
import { Trial } from './trial.ts';

const missing = [icd, `${root}/dist/devices/gpu/probe.js`].filter((path) => !existsSync(path));
const skipped = missing.length === 0 ? '' : ` (skipped: there is no ${missing[0]})`;

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A child process with the exports of adapter.ts as `adapter`, in an empty environment. */
function program(source: string, env: Record<string, string>): Promise<Ran> {
  const module = `const adapter = await import(${JSON.stringify(`${root}/dist/devices/gpu/adapter.js`)});\n${source}`;
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      ['--input-type=module', '-e', module],
      { cwd: root, env: { PATH: process.env.PATH, ...env }, timeout: 60_000 },
      (_error, stdout, stderr) => {
        done({ code: child.exitCode ?? -1, stdout, stderr });
      },
    );
  });
}

const tell = (kind: string) =>
  `await adapter.openWebGpu('${kind}').then(({ facts }) => console.log(facts.name), (error) => console.log(error.kind + ': ' + error.message));`;

/** Leaves the device to the next process that opens it. */
async function provideWebGpu(kind: 'hardware' | 'software'): Promise<AdapterFacts> {
  const { facts, close } = await openWebGpu(kind);
  close();
  return facts;
}

describe.skipIf(skipped !== '')(`the GPU adapter${skipped}`, () => {
  afterAll(releaseDevice);

  it('is a software GPU if requested, and gpu.js finds it', async () => {
    const facts = await provideWebGpu('software');
    expect(facts).toMatchObject({ name: expect.stringMatching(/swiftshader.* \(vulkan\)$/), software: true });
    expect(await provideWebGpu('software')).toBe(facts);
    const gpu = new GPU({ mode: 'webgpu' });
    const double = gpu
      .createKernel(function (this: { thread: { x: number } }, x: number[]) {
        return x[this.thread.x] * 2;
      })
      .setOutput([3]);
    // oxlint-disable-next-line typescript/await-thenable -- its typings leave out that this mode answers later
    expect([...((await double([1, 2, 3])) as Float32Array)]).toEqual([2, 4, 6]);
    expect(lastDevice()?.limits.maxStorageBuffersPerShaderStage).toBe(facts.limits.maxStorageBuffersPerShaderStage);
    expect(facts.limits.maxStorageBuffersPerShaderStage).toBeGreaterThan(8);
  });

  it('is never a software GPU if hardware is requested', async () => {
    await expect(provideWebGpu('hardware')).rejects.toMatchObject({
      kind: 'device',
      message: expect.stringMatching(/^no GPU answered \(WebGPU over Vulkan: only swiftshader.*, which is software\)$/),
      hint: '--device gpu:software takes it; it is slow',
    });
  });

  it('does not count a released device as lost', async () => {
    // Otherwise gpu.js would keep its adapter.
    await releaseDevice();
    await provideWebGpu('software');
    const { gpu } = (globalThis as unknown as { navigator: { gpu: GPU } }).navigator;
    await (await gpu.requestAdapter())?.requestDevice();
    expect(lastDevice()).not.toBeNull();
    await releaseDevice();
    expect(lastDevice()).toBeNull();
    expect(adapterHealth.isLost()).toBe(false);
  });

  it('stays in use if the other kind is requested and missing', async () => {
    const device = await openDevice('gpu:software');
    try {
      const trial = new Trial();
      const executable = await trial.compiledOn(device);
      await executable.run('train', trial.training(1));
      const made = adapterHealth.count();
      await expect(openDevice('gpu')).rejects.toMatchObject({
        kind: 'device',
        message: expect.stringMatching(/^cannot use device gpu: no GPU answered/),
      });
      const [{ lossNats, note }] = await executable.run('train', trial.training(1));
      expect(lossNats).toBeGreaterThan(0);
      expect(note).toBeUndefined();
      expect(adapterHealth.count()).toBe(made);
      await executable.close();
    } finally {
      await device.close();
    }
  });

  it('that does not open a device has not lost one', async () => {
    await releaseDevice();
    await provideWebGpu('software');
    const { gpu } = (globalThis as unknown as { navigator: { gpu: GPU } }).navigator;
    const prototype = Object.getPrototypeOf(await gpu.requestAdapter()) as GPUAdapter;
    const spy = vi.spyOn(prototype, 'requestDevice').mockRejectedValue(new Error('out of handles\n  at Dawn'));
    const run = async (after: () => void): Promise<void> => {
      const device = await openDevice('gpu:software');
      try {
        const trial = new Trial();
        const executable = await trial.compiledOn(device);
        await executable.run('train', trial.training(1));
        after();
        await executable.close();
      } finally {
        await device.close();
      }
    };
    await expect(run(() => {})).rejects.toMatchObject({
      kind: 'device',
      message: 'the GPU cannot be used: out of handles',
    });
    expect(adapterHealth.isLost()).toBe(false);
    spy.mockRestore();
    await run(() => expect(adapterHealth.isLost()).toBe(false));
    lastDevice()!.destroy();
    await vi.waitFor(() => expect(adapterHealth.isLost()).toBe(true));
    await run(() => expect(adapterHealth.isLost()).toBe(false));
  });

  it('lets Node end, and prints nothing', async () => {
    const source = `${tell('software')}\nawait (await navigator.gpu.requestAdapter()).requestDevice();`;
    expect(await program(source, { VK_ICD_FILENAMES: icd })).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^swiftshader.*\n$/),
      stderr: '',
    });
  });

  it('is reported as missing, with a reason and nothing on stderr', async () => {
    const { code, stdout, stderr } = await program(tell('hardware') + tell('software'), {
      VK_ICD_FILENAMES: '/no-such-driver.json',
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^device: no GPU answered \(WebGPU over Vulkan: (no Vulkan loader|no driver found a device)\)\ndevice: no software GPU answered/,
    );
  });
});

// With SwiftShader, a Vulkan made of software (Debian: apt-get install chromium).
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Adapter } from '../../../src/devices/gpu/adapter.ts';
import { icd, root } from './helpers.ts';
import { prototypeOf } from './spies.ts';

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
  `await adapter.Adapter.open('${kind}').then(async (opened) => { await opened.device(); console.log(opened.facts.name); }, (error) => console.log(error.kind + ': ' + error.message));`;

describe.skipIf(skipped !== '')(`the GPU adapter${skipped}`, async () => {
  const adapter = skipped === '' ? await Adapter.open('software') : null!;
  afterAll(() => adapter.close());

  /** A layout of one buffer. */
  const layoutOf = (device: GPUDevice): GPUBindGroupLayout =>
    device.createBindGroupLayout({ entries: [{ binding: 0, visibility: 4, buffer: { type: 'storage' } }] });
  const kernel = '@compute @workgroup_size(1) fn main() { }';

  it('is a software GPU if requested, with one device that has all of its limits', async () => {
    expect(adapter.facts).toMatchObject({
      name: expect.stringMatching(/swiftshader.* \(vulkan\)$/),
      software: true,
      driver: expect.any(String),
    });
    const device = await adapter.device();
    expect(await adapter.device()).toBe(device);
    for (const [name, limit] of Object.entries(adapter.facts.limits))
      expect(device.limits[name as keyof typeof adapter.facts.limits]).toBe(limit);
    expect(adapter.facts.limits.maxStorageBufferBindingSize).toBeGreaterThan(2 ** 27);
  });

  it('is never a software GPU if hardware is requested', async () => {
    await expect(Adapter.open('hardware')).rejects.toMatchObject({
      kind: 'device',
      message: expect.stringMatching(/^no GPU answered \(WebGPU over Vulkan: only swiftshader.*, which is software\)$/),
      hint: '--device gpu:software uses it, but it is slow',
    });
  });

  it('compiles a kernel once for each device, and shows the line that does not compile', async () => {
    const device = await adapter.device();
    const layout = layoutOf(device);
    const pipeline = await adapter.pipelineOf(kernel, layout, device);
    expect(await adapter.pipelineOf(kernel, layout, device)).toBe(pipeline);
    await expect(adapter.pipelineOf(`${kernel}\nfn other() { let x = y; }`, layout, device)).rejects.toThrow(
      "a kernel does not compile: unresolved value 'y' in: fn other() { let x = y; }",
    );
    expect(adapter.takeError()?.message).toContain("unresolved value 'y'");
  });

  it('reports an error of the GPU once', async () => {
    const device = await adapter.device();
    device.createBuffer({ size: 4, usage: 0 });
    await device.queue.onSubmittedWorkDone();
    expect(adapter.takeError()?.message).toMatch(/usage/i);
    expect(adapter.takeError()).toBeNull();
  });

  it('makes a new device when the last was lost, and tries again when that failed', async () => {
    const device = await adapter.device();
    expect(adapter.isLost(device)).toBe(false);
    device.destroy();
    await device.lost;
    await Promise.resolve();
    expect(adapter.isLost(device)).toBe(true);
    const { create } = await import('webgpu');
    const gpuAdapter = (await create([]).requestAdapter({ forceFallbackAdapter: true }))!;
    const spy = vi.spyOn(prototypeOf(gpuAdapter), 'requestDevice');
    onTestFinished(() => spy.mockRestore());
    spy.mockRejectedValueOnce(new Error('out of handles\n  at Dawn'));
    await expect(adapter.device()).rejects.toMatchObject({
      kind: 'device',
      message: 'cannot use the GPU: out of handles',
    });
    const next = await adapter.device();
    expect(next).not.toBe(device);
    expect(adapter.isLost(next)).toBe(false);
    // Kernels of the lost device are of no use to this one.
    await expect(adapter.pipelineOf(kernel, layoutOf(next), next)).resolves.toBeDefined();
  });

  it('lets Node end, and prints nothing', async () => {
    expect(await program(tell('software'), { VK_ICD_FILENAMES: icd })).toEqual({
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

// Whether the devices are there, and compute what programs mean.
import type { Device } from '../devices/device.ts';
import { findAdapter } from '../devices/gpu/adapter.ts';
import type { AdapterKind } from '../devices/gpu/search.ts';
import { openDevice } from '../devices/open.ts';
import { RnnError } from '../errors.ts';
import type { Check } from './check.ts';
import type { ParityCheck } from './pair.ts';

/** The GPU itself, before anything runs on it. */
export async function checkAdapter(kind: AdapterKind): Promise<Check> {
  const title = kind === 'hardware' ? 'GPU' : 'software GPU';
  try {
    const facts = await findAdapter(kind);
    const {
      maxBufferSize,
      maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage,
      maxComputeWorkgroupStorageSize,
    } = facts.limits;
    const limits = [
      `buffers of ${gibibytes(maxBufferSize)}`,
      `${gibibytes(maxStorageBufferBindingSize)} of it in a kernel`,
      `${maxStorageBuffersPerShaderStage} buffers a kernel`,
      `${maxComputeWorkgroupStorageSize / 1024} KiB of shared memory`,
    ];
    return {
      title,
      verdict: 'good',
      detail: `${facts.name}, ${facts.driver}; ${limits.join(', ')}`,
      fix: null,
      facts: { ...facts },
    };
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    return { title, verdict: 'absent', detail: error.message, fix: error.hint ?? null };
  }
}

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** A device compared with the reference. */
export async function checkDevice(name: string, checks: readonly ParityCheck[], open = openDevice): Promise<Check> {
  const head = { title: `device ${name}`, device: name };
  let device: Device;
  try {
    device = await open(name);
  } catch (error) {
    if (!(error instanceof RnnError)) return { ...head, verdict: 'bad', detail: firstLine(error), fix: null };
    // The GPU has a check of its own, which says more.
    const isGpuMissing = name === 'gpu' || name === 'gpu:software';
    return {
      ...head,
      verdict: isGpuMissing ? 'absent' : 'bad',
      detail: isGpuMissing ? 'none here' : error.message,
      fix: isGpuMissing ? null : (error.hint ?? null),
    };
  }
  try {
    return { ...head, ...(await compare(device, checks)) };
  } finally {
    await device.close();
  }
}

async function compare(device: Device, checks: readonly ParityCheck[]): Promise<Omit<Check, 'title' | 'device'>> {
  let closest = { worst: 0, tolerance: 1 };
  for (const check of checks) {
    try {
      const { worst, tolerance } = await check.run(device);
      // A difference that is not a number is not within anything.
      if (!(worst <= tolerance))
        return wrong(
          device,
          `${check.name}: differs from the reference by ${worst.toExponential(1)}, where ${tolerance.toExponential()} is allowed`,
        );
      if (worst / tolerance > closest.worst / closest.tolerance) closest = { worst, tolerance };
    } catch (error) {
      const isLimit = error instanceof RnnError && error.kind === 'machine';
      return wrong(device, `${check.name}: ${firstLine(error)}`, isLimit ? error.hint : undefined);
    }
  }
  const { worst, tolerance } = closest;
  const description = described(device);
  return {
    verdict: 'good',
    detail: `${description}; agrees with the reference in ${checks.length} comparisons, at worst ${worst.toExponential(1)} of ${tolerance.toExponential()} allowed`,
    fix: null,
    facts: { description, comparisons: checks.length, worst, tolerance },
  };
}

function wrong(
  device: Device,
  detail: string,
  fix = fixes[device.name] ?? '--device cpu, and please report it',
): Omit<Check, 'title' | 'device'> {
  return { verdict: 'bad', detail: `${described(device)}; ${detail}`, fix };
}

/** What helps against wrong results of a device. */
const fixes: Readonly<Record<string, string>> = {
  cpu: 'export RNN_WASM=portable',
  gpu: 'update the graphics driver; until then --device cpu',
};

/** Without the name, which the title has. */
function described({ name, description }: Device): string {
  return description.startsWith(`${name}: `) ? description.slice(name.length + 2) : description;
}

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0];

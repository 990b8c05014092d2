// Whether the devices exist and compute correct results.
import type { Device } from '../devices/device.ts';
import { Adapter } from '../devices/gpu/adapter.ts';
import type { AdapterKind } from '../devices/gpu/search.ts';
import { openDevice } from '../devices/open.ts';
import { RnnError, firstLine } from '../errors.ts';
import { type Check, absentCheck, failedCheck, passedCheck } from './check.ts';
import type { ParityCheck } from './pair.ts';
import { flagOf } from '../options/flags.ts';

/** Checks the GPU itself, before anything runs on it. */
export async function checkAdapter(kind: AdapterKind): Promise<Check> {
  const title = kind === 'hardware' ? 'GPU' : 'software GPU';
  try {
    const { facts } = await Adapter.open(kind);
    return passedCheck(title, `${facts.name}, ${facts.driver}`, null, { facts: { ...facts } });
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    return absentCheck(title, error.message, error.hint);
  }
}

/** Compares a device with the reference. */
export async function checkDevice(name: string, checks: readonly ParityCheck[], open = openDevice): Promise<Check> {
  const title = `device ${name}`;
  let device: Device;
  try {
    device = await open(name);
  } catch (error) {
    const isKnown = error instanceof RnnError;
    // The GPU has a separate check, which prints more.
    if (isKnown && (name === 'gpu' || name === 'gpu:software'))
      return absentCheck(title, 'not available', null, { device: name });
    return failedCheck(title, firstLine(error), isKnown ? error.hint : null, { device: name });
  }
  try {
    return await compare(title, device, checks);
  } finally {
    await device.close();
  }
}

async function compare(title: string, device: Device, checks: readonly ParityCheck[]): Promise<Check> {
  const { name } = device;
  const wrong = (detail: string, fix = fixes[name] ?? `use ${flagOf('device')} cpu, and please report this`): Check =>
    failedCheck(title, `${describeDevice(device)}: ${detail}`, fix, { device: name });
  let closest = { worst: 0, tolerance: 1 };
  for (const check of checks) {
    try {
      const { worst, tolerance } = await check.run(device);
      // A NaN is not within any tolerance.
      if (!(worst <= tolerance))
        return wrong(
          `${check.name} differs from the reference by ${worst.toExponential(1)} (expected at most ${tolerance.toExponential()})`,
        );
      if (worst / tolerance > closest.worst / closest.tolerance) closest = { worst, tolerance };
    } catch (error) {
      const isLimit = error instanceof RnnError && error.kind === 'machine';
      return wrong(`${check.name}: ${firstLine(error)}`, isLimit ? error.hint : undefined);
    }
  }
  const { worst, tolerance } = closest;
  const description = describeDevice(device);
  return passedCheck(
    title,
    `${description}, agrees with the reference in ${checks.length} comparisons, with a largest difference of ${worst.toExponential(1)} (at most ${tolerance.toExponential()} is allowed)`,
    null,
    { device: name, facts: { description, comparisons: checks.length, worst, tolerance } },
  );
}

/** Remedies for wrong results, by device. */
const fixes: Readonly<Record<string, string>> = {
  cpu: 'export RNN_KERNELS=wasm-portable',
  gpu: `update the graphics driver, and until then use ${flagOf('device')} cpu`,
};

/** The description without the name, which the title has. */
function describeDevice({ name, description }: Device): string {
  return description.startsWith(`${name}: `) ? description.slice(name.length + 2) : description;
}

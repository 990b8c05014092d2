import { describe, expect, it } from 'vitest';
import { openDevice } from '../../src/devices/open.ts';

describe('a device', () => {
  it('is opened by its name', async () => {
    const device = await openDevice('reference');
    expect(device.name).toBe('reference');
    await device.close();
  });

  it.each(['gpu', '', 'constructor', 'toString', '__proto__'])('that does not exist (%j) is refused with a list of those that do', async (name) => {
    await expect(openDevice(name)).rejects.toMatchObject({ kind: 'device', message: `device '${name}' is not available`, hint: 'one of auto, cpu, reference' });
  });
});

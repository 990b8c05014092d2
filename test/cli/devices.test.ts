import { describe, expect, it } from 'vitest';
import { devices } from '../../src/options/run.ts';
import { deviceNames } from '../../src/devices/open.ts';
import { rnn } from './helpers.ts';

it('the help lists exactly the devices that exist', () => {
  expect(Object.keys(devices)).toEqual(deviceNames);
});

describe.each(['train', 'sample', 'doctor'])('the help of rnn %s', (command) => {
  it('lists the devices', async () => {
    const { stdout } = await rnn([command, '--help']);
    for (const name of ['auto', ...deviceNames]) expect(stdout).toMatch(new RegExp(`^  ${name} +\\S`, 'm'));
  });
});

import { expect, it } from 'vitest';
import { devices } from '../../src/options/run.ts';
import { deviceNames } from '../../src/devices/open.ts';
import { rnn } from './helpers.ts';

it('the help lists exactly the devices that exist', () => {
  expect(Object.keys(devices)).toEqual(deviceNames);
});

it('rnn help devices lists the devices, and commands that use one name it', async () => {
  const { stdout } = await rnn(['help', 'devices']);
  for (const name of ['auto', ...deviceNames]) expect(stdout).toMatch(new RegExp(`^  ${name} +\\S`, 'm'));
  for (const command of ['train', 'sample', 'doctor'])
    expect((await rnn([command, '--help'])).stdout).toContain("'rnn help devices'");
});

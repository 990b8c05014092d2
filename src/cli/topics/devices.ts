// The help topic `devices`.
import { devices } from '../../options/run.ts';
import { autoDevice } from '../devices.ts';
import type { Topic } from '../help/topic.ts';

export const topic: Topic = {
  intro:
    "Choose a device with --device, or for all commands with RNN_DEVICE. 'rnn doctor' checks which devices work here, and 'rnn bench' measures their speed.",
  tables: [
    {
      columns: ['device', 'kind', 'use'],
      rows: Object.entries({ auto: autoDevice, ...devices }).map(([name, { summary, use }]) => [name, summary, use]),
    },
  ],
};

// The topic of learning rate schedules.
import { allSchedules } from '../../training/schedules.ts';
import type { Topic } from '../help/topic.ts';

export const topic: Topic = {
  intro:
    'Choose a schedule with --schedule. The learning rate is --learning-rate times the formula. During the first --warmup-steps update steps, rnn also scales it up from zero.',
  tables: [
    {
      columns: ['schedule', 'change', 'formula', 'use'],
      rows: allSchedules.map(({ name, summary, formula, use }) => [name, summary, formula, use]),
    },
  ],
};

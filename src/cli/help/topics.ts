// The list of topics, and the module of each.
import type { Topic } from './topic.ts';

export interface TopicEntry {
  readonly name: string;
  readonly summary: string;
  /** Loads the tables. It is called only if the topic is on the command line. */
  readonly load: () => Promise<{ readonly topic: Topic }>;
}

export const topics: readonly TopicEntry[] = [
  { name: 'cells', summary: 'Architectures of recurrent layers', load: () => import('../topics/cells.ts') },
  { name: 'presets', summary: 'Sets of options that go together', load: () => import('../topics/presets.ts') },
  { name: 'schedules', summary: 'How the learning rate changes', load: () => import('../topics/schedules.ts') },
  { name: 'devices', summary: 'Where rnn computes', load: () => import('../topics/devices.ts') },
  { name: 'environment', summary: 'Variables that set options', load: () => import('../topics/environment.ts') },
];

// Which commands there are, and where each is.
import type { CommandModule } from './command.ts';

export interface CommandEntry {
  readonly name: string;
  /** Its arguments, for the help. */
  readonly takes: string;
  readonly summary: string;
  /** Loads what defines its options and runs it, only if its name is on the command line. */
  readonly load: () => Promise<CommandModule>;
}

type Row = readonly [name: string, takes: string, summary: string, load: CommandEntry['load']];

/** In the order of the help. */
const rows: readonly Row[] = [
  ['train', '<corpus...>', 'train a model on files, folders, globs or - (stdin)', () => import('./commands/train.ts')],
  ['sample', '[run]', 'write text with a trained model', () => import('./commands/sample.ts')],
  ['eval', '<corpus...>', 'tell how well a trained model predicts a text', () => import('./commands/eval.ts')],
  [
    'gradients',
    '<corpus...>',
    'show how far back the loss reaches, and where gradients vanish',
    () => import('./commands/gradients.ts'),
  ],
  [
    'inspect',
    '<text...>',
    'show what the cells of a trained model do on a text',
    () => import('./commands/inspect.ts'),
  ],
  ['info', '[checkpoint...]', 'show what a checkpoint is, or compare several', () => import('./commands/info.ts')],
  ['runs', '[folder]', 'list runs by their text, the lowest loss first', () => import('./commands/runs.ts')],
  ['plot', '[runs...]', 'draw how training went, here or as a page or picture', () => import('./commands/plot.ts')],
  ['watch', '[run]', 'show the curves of a run while it trains', () => import('./commands/watch.ts')],
  ['story', '[run]', 'show what a run wrote as it learnt', () => import('./commands/story.ts')],
  [
    'sweep',
    '<corpus...>',
    'train on a grid of options, or on some drawn at random',
    () => import('./commands/sweep.ts'),
  ],
  [
    'export',
    '[checkpoint]',
    'write a trained model as a file for other programs',
    () => import('./commands/export.ts'),
  ],
  ['import', '<file>', 'make a run folder of a model that comes from PyTorch', () => import('./commands/import.ts')],
  ['corpus', '[name]', 'list the built-in corpora, or write one to corpora/', () => import('./commands/corpus.ts')],
  ['doctor', '', 'tell which devices work here, and which do not and why', () => import('./commands/doctor.ts')],
  ['bench', '', 'measure how fast this machine trains and samples', () => import('./commands/bench.ts')],
  [
    'completion',
    '<shell>',
    'print what makes a shell complete commands and options',
    () => import('./commands/completion.ts'),
  ],
];

export const commands: readonly CommandEntry[] = rows.map(([name, takes, summary, load]) => ({
  name,
  takes,
  summary,
  load,
}));

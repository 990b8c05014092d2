// The list of commands, and the module of each.
import type { CommandModule } from './command.ts';

export interface CommandEntry {
  readonly name: string;
  /** The arguments, for the help. */
  readonly takes: string;
  readonly summary: string;
  /** Loads the module of the command. It is called only if the name is on the command line. */
  readonly load: () => Promise<CommandModule>;
}

type Row = readonly [name: string, takes: string, summary: string, load: CommandEntry['load']];

/** The commands, in the order of the help. */
const rows: readonly Row[] = [
  ['train', '<corpus...>', 'Train a model on files, folders, globs or - (stdin)', () => import('./commands/train.ts')],
  ['sample', '[run]', 'Generate text with a trained model', () => import('./commands/sample.ts')],
  [
    'predict',
    '[prompt]',
    'Show the likeliest characters after a text, or its likeliest continuation',
    () => import('./commands/predict.ts'),
  ],
  ['eval', '<corpus...>', 'Measure how well a trained model predicts a text', () => import('./commands/eval.ts')],
  [
    'score',
    '<file...>',
    'Score each line: find unusual lines of a log, or classify lines by model',
    () => import('./commands/score.ts'),
  ],
  [
    'gradients',
    '<corpus...>',
    'Show how far back in time gradients reach, and where they vanish',
    () => import('./commands/gradients.ts'),
  ],
  [
    'inspect',
    '<text...>',
    'Show how the units of a trained model respond to a text',
    () => import('./commands/inspect.ts'),
  ],
  ['info', '[checkpoint...]', 'Describe a checkpoint, or compare several', () => import('./commands/info.ts')],
  ['runs', '[folder]', 'List runs by their text, the lowest loss first', () => import('./commands/runs.ts')],
  [
    'plot',
    '[runs...]',
    'Draw training curves in the terminal, or as a page or picture',
    () => import('./commands/plot.ts'),
  ],
  ['watch', '[run]', 'Show the curves of a run while it trains', () => import('./commands/watch.ts')],
  ['story', '[run]', 'Show the samples that a run generated while it trained', () => import('./commands/story.ts')],
  [
    'sweep',
    '<corpus...>',
    'Train on a grid of options, or on random combinations',
    () => import('./commands/sweep.ts'),
  ],
  [
    'export',
    '[checkpoint]',
    'Write a trained model as a file for other programs',
    () => import('./commands/export.ts'),
  ],
  ['serve', '[checkpoint]', 'Serve a trained model over HTTP', () => import('./commands/serve.ts')],
  ['import', '<file>', 'Make a run folder from a model trained in PyTorch', () => import('./commands/import.ts')],
  ['corpus', '[name]', 'List the built-in corpora, or write one to corpora/', () => import('./commands/corpus.ts')],
  ['doctor', '', 'Check which devices work here, and why others do not', () => import('./commands/doctor.ts')],
  ['bench', '', 'Measure how fast this machine trains and samples', () => import('./commands/bench.ts')],
  [
    'completion',
    '<shell>',
    'Print a script that completes commands and options',
    () => import('./commands/completion.ts'),
  ],
  ['help', '[topic]', 'Print the help of a command or a topic', () => import('./commands/help.ts')],
];

export const commands: readonly CommandEntry[] = rows.map(([name, takes, summary, load]) => ({
  name,
  takes,
  summary,
  load,
}));

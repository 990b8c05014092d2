// Which commands there are, and where each is.
import type { Command } from 'commander';
import type { Context } from './context.ts';

type Define = (command: Command, context: Context) => void;

/** Every command, in the order of the help. What defines its options is loaded only if its name is on the command line. */
export const commands: readonly { name: string; takes: string; summary: string; load: () => Promise<Define> }[] = [
  {
    name: 'train',
    takes: '<corpus...>',
    summary: 'train a model on files, folders, globs or - (stdin)',
    load: async () => (await import('./commands/train.ts')).defineTrain,
  },
  {
    name: 'sample',
    takes: '[run]',
    summary: 'write text with a trained model',
    load: async () => (await import('./commands/sample.ts')).defineSample,
  },
  {
    name: 'eval',
    takes: '<corpus...>',
    summary: 'tell how well a trained model predicts a text',
    load: async () => (await import('./commands/eval.ts')).defineEval,
  },
  {
    name: 'gradients',
    takes: '<corpus...>',
    summary: 'show how far back the loss reaches, and where gradients vanish',
    load: async () => (await import('./commands/gradients.ts')).defineGradients,
  },
  {
    name: 'inspect',
    takes: '<text...>',
    summary: 'show what the cells of a trained model do on a text',
    load: async () => (await import('./commands/inspect.ts')).defineInspect,
  },
  {
    name: 'info',
    takes: '[checkpoint...]',
    summary: 'show what a checkpoint is, or compare several',
    load: async () => (await import('./commands/info.ts')).defineInfo,
  },
  {
    name: 'runs',
    takes: '[folder]',
    summary: 'list runs by their text, the lowest loss first',
    load: async () => (await import('./commands/runs.ts')).defineRuns,
  },
  {
    name: 'plot',
    takes: '[runs...]',
    summary: 'draw how training went, here or as a page or picture',
    load: async () => (await import('./commands/plot.ts')).definePlot,
  },
  {
    name: 'watch',
    takes: '[run]',
    summary: 'show the curves of a run while it trains',
    load: async () => (await import('./commands/watch.ts')).defineWatch,
  },
  {
    name: 'story',
    takes: '[run]',
    summary: 'show what a run wrote as it learnt',
    load: async () => (await import('./commands/story.ts')).defineStory,
  },
  {
    name: 'sweep',
    takes: '<corpus...>',
    summary: 'train on a grid of options, or on some drawn at random',
    load: async () => (await import('./commands/sweep.ts')).defineSweep,
  },
  {
    name: 'export',
    takes: '[checkpoint]',
    summary: 'write a trained model as a file for other programs',
    load: async () => (await import('./commands/export.ts')).defineExport,
  },
  {
    name: 'import',
    takes: '<file>',
    summary: 'make a run folder of a model that comes from PyTorch',
    load: async () => (await import('./commands/import.ts')).defineImport,
  },
  {
    name: 'corpus',
    takes: '[name]',
    summary: 'list the built-in corpora, or write one to corpora/',
    load: async () => (await import('./commands/corpus.ts')).defineCorpus,
  },
  {
    name: 'doctor',
    takes: '',
    summary: 'tell which devices work here, and which do not and why',
    load: async () => (await import('./commands/doctor.ts')).defineDoctor,
  },
  {
    name: 'bench',
    takes: '',
    summary: 'measure how fast this machine trains and samples',
    load: async () => (await import('./commands/bench.ts')).defineBench,
  },
  {
    name: 'completion',
    takes: '<shell>',
    summary: 'print what makes a shell complete commands and options',
    load: async () => (await import('./commands/completion.ts')).defineCompletion,
  },
];

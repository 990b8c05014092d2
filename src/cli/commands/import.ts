// `rnn import`: a run folder from another program's file.
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addExamples, commonFlags, switchFlag, textFlag } from '../flags.ts';
import { count } from '../output/format.ts';

interface ImportFlags {
  readonly out?: string;
  readonly like?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .description(
      'Makes a run folder of a safetensors file that came back from PyTorch: to sample from, evaluate, and --init-from.',
    )
    .argument('<file>', 'a safetensors file with the names of rnn export');
  for (const flag of [
    textFlag('--out <folder>', 'the run folder; checkpoints/<name of the file>'),
    textFlag('--like <path>', 'a model of the same sizes, if the file names none'),
    switchFlag('--force', 'replace the run that is in the folder'),
    switchFlag('--json', 'one JSON object about the run folder'),
    ...commonFlags(),
  ])
    command.addOption(flag);
  addExamples(command, [
    ['rnn import trained.safetensors', 'checkpoints/trained, from what PyTorch has trained on'],
    ['rnn import other.safetensors --like checkpoints/hamlet', 'from a program that kept no metadata'],
  ]);
  command.action((file: string, flags: ImportFlags) => importModel(file, flags, context));
}

async function importModel(file: string, flags: ImportFlags, { stdout, stderr, waiting }: Context): Promise<void> {
  const { importRun } = await import('../../api/import-run.ts');
  const { weightsIn } = await import('../../runs/store.ts');
  waiting.begin('importing');
  const { path, checkpoint } = await importRun(file, flags);
  const { model, training } = checkpoint;
  const parameters = weightsIn(checkpoint);
  const { step } = training;
  if (flags.json) return stdout.writeJson({ event: 'import', file, path, model, parameters, step });
  const sizes = `${model.cell}, ${model.layers} × ${model.hidden}, ${count(parameters)} parameters`;
  stderr.note(`wrote ${path}: ${sizes}, after ${count(step)} steps`);
}

// `rnn import`: a run folder from another program's file.
import { importOptions } from '../../options/commands.ts';
import { defineCommand } from '../command.ts';
import { count } from '../../count.ts';

export const { define } = defineCommand({
  description:
    'Makes a run folder of a safetensors file that came back from PyTorch: to sample from, evaluate, and --init-from.',
  argument: 'a safetensors file with the names of rnn export',
  options: importOptions,
  examples: [
    ['rnn import trained.safetensors', 'checkpoints/trained, from what PyTorch has trained on'],
    ['rnn import other.safetensors --like checkpoints/hamlet', 'from a program that kept no metadata'],
  ],
  async run(file: string, { json, ...request }, { stdout, stderr, waiting }) {
    const { importRun } = await import('../../api/import-run.ts');
    const { weightsIn } = await import('../../runs/store.ts');
    waiting?.begin('importing');
    const { path, checkpoint } = await importRun(file, request);
    const { model, training } = checkpoint;
    const parameters = weightsIn(checkpoint);
    const { step } = training;
    if (json) return stdout.writeJson({ event: 'import', file, path, model, parameters, step });
    const sizes = `${model.cell}, ${model.layers} × ${model.hidden}, ${count(parameters)} parameters`;
    stderr.note(`wrote ${path}: ${sizes}, after ${count(step)} steps`);
  },
});

// `rnn import`: makes a run folder from another program's file.
import { importOptions } from '../../options/commands.ts';
import { defineCommand } from '../command.ts';
import { count } from '../../count.ts';

export const { define } = defineCommand({
  description:
    'Make a run folder from a safetensors file that PyTorch wrote, to sample from, evaluate, or fine-tune with --init-from.',
  argument: 'A safetensors file with the parameter names of rnn export',
  options: importOptions,
  examples: [
    ['rnn import trained.safetensors', 'checkpoints/trained, from a file that PyTorch wrote'],
    ['rnn import other.safetensors --like checkpoints/hamlet', 'from a file without metadata of rnn'],
  ],
  async run(file: string, { json, ...request }, { stdout, stderr, waiting }) {
    const { importRun } = await import('../../api/import-run.ts');
    const { parameterCountOf } = await import('../../runs/store.ts');
    waiting?.begin('importing');
    const { path, checkpoint } = await importRun(file, request);
    const { model, training } = checkpoint;
    const parameters = parameterCountOf(checkpoint);
    const { step } = training;
    if (json) return stdout.writeJson({ event: 'import', file, path, model, parameters, step });
    const sizes = `${model.cell}, ${model.layers} × ${model.hidden}, ${count(parameters)} parameters`;
    stderr.note(`wrote ${path}: ${sizes}, after ${count(step)} update steps`);
  },
});

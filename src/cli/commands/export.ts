// `rnn export`: a trained model as a file for other programs. The formats are in formats/.
import { basename, dirname, extname, resolve } from 'node:path';
import { usageError } from '../../errors.ts';
import type { exportFormats } from '../../api/checkpoints.ts';
import type { Context } from '../context.ts';
import { exportOptions } from '../../options/commands.ts';
import { orList } from '../../options/kind.ts';
import type { CommandOptionValues } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import { isStdout, openOutputs } from '../output/output-files.ts';

export const { define } = defineCommand({
  description: 'Write a trained model as a file: for PyTorch or ONNX, as a web page, or to pass it on.',
  argument: 'A run folder or a checkpoint file [default: the newest run]',
  options: exportOptions,
  examples: [
    ['rnn export', 'the newest run, for PyTorch'],
    ['rnn export checkpoints/hamlet --format onnx', 'hamlet.onnx, for ONNX Runtime'],
    ['rnn export checkpoints/hamlet --format html', 'hamlet.html, a page in which the model writes'],
    ['rnn export checkpoints/hamlet --format rnn', 'hamlet.json, the model without its training state'],
    ['rnn export --out model.safetensors --force', 'replace an existing file'],
  ],
  run: write,
});

type ExportFlags = CommandOptionValues<typeof exportOptions>;

async function write(given: string | undefined, flags: ExportFlags, context: Context): Promise<void> {
  const { stdout, waiting } = context;
  const { exportFormats: formats, exportModel } = await import('../../api/checkpoints.ts');
  const { openModel } = await import('../../api/model.ts');
  const format =
    flags.format === undefined
      ? formatByEnding(flags.out, formats)
      : formats.find(({ name }) => name === flags.format)!;
  const { findCheckpoint, isCheckpoint } = await import('../../runs/store.ts');
  const checkpoint = await findCheckpoint(given);
  const out = flags.out ?? `${nameOf(checkpoint, isCheckpoint)}${format.extension}`;
  if (isStdout(out) && stdout.stream.isTTY === true)
    throw usageError(
      'cannot write the model to a terminal: the file is binary',
      `name a file with --out, or redirect the output: rnn export --out - > model${format.extension}`,
    );
  // rnn's metadata survives training in other programs, so it does not show that rnn wrote a file.
  const reads = { force: flags.force, checkpoints: [checkpoint] };
  const files = await openOutputs({ '--out': out, '--json': flags.json }, reads, context);
  waiting?.begin('exporting');
  const { precision, title } = flags;
  const bytes = exportModel((await openModel(checkpoint)).trained, format.name, { precision, title });
  await files.write('--out', [bytes]);
  if (flags.json)
    await stdout.writeJson({ event: 'export', checkpoint, format: format.name, path: out, bytes: bytes.length });
}

/**
 * The format of a file by the ending of its name, or the first format if it has no ending.
 *
 * @throws RnnError `usage` if the ending belongs to another kind of file
 */
function formatByEnding(out: string | undefined, formats: typeof exportFormats): (typeof exportFormats)[number] {
  const ending = extname(out ?? '');
  const found = ending === '' ? formats[0] : formats.find(({ extension }) => extension === ending.toLowerCase());
  if (found !== undefined) return found;
  throw usageError(
    `--out ends in ${ending}: expected ${orList(formats.map(({ extension }) => extension))}`,
    `add --format ${formats[0].name} to keep the name`,
  );
}

/** The name of the run folder, or of a file that was moved out of its run folder. */
function nameOf(checkpoint: string, isCheckpoint: (file: string) => boolean): string {
  const file = basename(checkpoint);
  return isCheckpoint(file) ? basename(dirname(resolve(checkpoint))) || 'model' : basename(file, extname(file));
}

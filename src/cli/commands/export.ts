// `rnn export`: a trained model as a file for other programs. The formats are in formats/.
import { basename, dirname, extname, resolve } from 'node:path';
import { usageError } from '../../errors.ts';
import type { exportFormats } from '../../api/checkpoints.ts';
import type { Context } from '../context.ts';
import { exportOptions } from '../../options/commands.ts';
import type { FlagsOf } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import { isStdout, openOutputs } from '../output/output-files.ts';

export const { define } = defineCommand({
  description: 'Writes a trained model as a file for other programs: PyTorch, or whatever runs ONNX.',
  argument: 'a run folder or a file; the newest run unless given',
  options: exportOptions,
  examples: [
    ['rnn export', 'the newest run, for PyTorch'],
    ['rnn export checkpoints/hamlet --format onnx', 'hamlet.onnx, for ONNX Runtime'],
    ['rnn export --out model.safetensors --force', 'a file by its name, again'],
  ],
  run: write,
});

type ExportFlags = FlagsOf<typeof exportOptions>;

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
      'the file is not for a terminal to show',
      'name a file with --out, or send it on: rnn export --out - > model.safetensors',
    );
  // The metadata of rnn stays in a file that was trained further elsewhere, so it does not tell who
  // wrote it.
  const reads = { force: flags.force, checkpoints: [checkpoint] };
  const files = await openOutputs({ '--out': out, '--json': flags.json }, reads, context);
  waiting?.begin('exporting');
  const bytes = exportModel((await openModel(checkpoint)).trained, format.name);
  await files.write('--out', [bytes]);
  if (flags.json)
    await stdout.writeJson({ event: 'export', checkpoint, format: format.name, path: out, bytes: bytes.length });
}

/**
 * The first format if there is no ending. @throws RnnError `usage` if it is that of other files,
 * which whoever opens it would expect
 */
function formatByEnding(out: string | undefined, formats: typeof exportFormats): (typeof exportFormats)[number] {
  const ending = extname(out ?? '');
  const found = ending === '' ? formats[0] : formats.find(({ extension }) => extension === ending.toLowerCase());
  if (found !== undefined) return found;
  throw usageError(
    `--out ends in ${ending}, expected ${formats.map(({ extension }) => extension).join(' or ')}`,
    `--format ${formats[0].name} writes such a file whatever its name`,
  );
}

/** That of the run folder, or of a file that was taken out of one. */
function nameOf(checkpoint: string, isCheckpoint: (file: string) => boolean): string {
  const file = basename(checkpoint);
  return isCheckpoint(file) ? basename(dirname(resolve(checkpoint))) || 'model' : basename(file, extname(file));
}

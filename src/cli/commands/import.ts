// `rnn import`: a run folder from another program's file. Reading the file is formats/'s, writing the folder checkpoint/'s.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { Command } from 'commander';
import { RnnError, systemCode } from '../../errors.ts';
import type { Context } from '../context.ts';
import { addExamples, commonFlags, switchFlag, textFlag } from '../flags.ts';
import { bytes, count, harmless } from '../format.ts';

interface ImportFlags {
  readonly out?: string;
  readonly like?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** What Node reads of a file in one piece. */
const mostBytes = 2 ** 31 - 1;

export function defineImport(command: Command, context: Context): void {
  command
    .description('Makes a run folder of a safetensors file that came back from PyTorch: to sample from, evaluate, and --init-from.')
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

async function importModel(file: string, flags: ImportFlags, context: Context): Promise<void> {
  const { rooms, stdout, stderr, waiting } = context;
  const { RunFolder, findCheckpoint, readCheckpoint } = await rooms.checkpoints();
  const { readTrained } = await rooms.formats();
  const path = flags.out ?? join('checkpoints', runNameOf(file));
  if (!flags.force && (await RunFolder.holdsRun(path))) {
    // It may well be the run that was exported, of which the file is called by default: not to be replaced lightly.
    throw new RnnError('usage', `${path} already holds a run`, {
      hint: 'choose another folder with --out; --force replaces that run, whose optimizer and log no file has',
    });
  }
  const likePath = flags.like === undefined ? null : await findCheckpoint(flags.like);
  await RunFolder.refuseSources(path, [file, ...(likePath === null ? [] : [likePath])]);
  waiting.begin('importing');
  const content = await readWhole(file, context);
  const like = likePath === null ? null : await readCheckpoint(likePath, { weightsOnly: true });
  const checkpoint = readTrained(content, file, like);
  const { model, tensors, training } = checkpoint;
  const folder = await RunFolder.create(path, { force: flags.force === true });
  try {
    await folder.saveLatest(checkpoint);
  } finally {
    folder.close();
  }
  const parameters = tensors.reduce((sum, { data }) => sum + data.length, 0);
  const { step } = training;
  if (flags.json) return stdout.write(`${JSON.stringify({ event: 'import', file, path, model, parameters, step })}\n`);
  const sizes = `${model.cell}, ${model.layers} × ${model.hidden}, ${count(parameters)} parameters`;
  stderr.line(stderr.colour.dim(harmless(`wrote ${path}: ${sizes}, after ${count(step)} steps`)));
}

/** The file's without its ending; all of it where that would leave dots, which name other folders. */
function runNameOf(file: string): string {
  const name = basename(file, extname(file));
  return /^\.*$/.test(name) ? basename(file) : name;
}

/** @throws RnnError `checkpoint` if it is no plain file, or larger than can be read */
async function readWhole(file: string, { rooms }: Context): Promise<Uint8Array> {
  const { refuseOtherFiles, startBytes } = await rooms.formats();
  const hint = 'give a file that rnn export wrote, or one with its names: docs/pytorch.md';
  const refuse = (message: string, cause?: unknown): never => {
    throw new RnnError('checkpoint', message, { hint, cause });
  };
  try {
    // Without waiting for whoever may write to a pipe. Windows has no such flag.
    const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const status = await handle.stat();
      if (!status.isFile()) refuse(`${file} is not a plain file`);
      const { buffer: start, bytesRead } = await handle.read(Buffer.alloc(startBytes), 0, startBytes, 0);
      refuseOtherFiles(start.subarray(0, bytesRead), status.size, file);
      if (status.size > mostBytes) refuse(`${file} has ${bytes(status.size)}, and ${bytes(mostBytes)} are all that can be read`);
      return await handle.readFile();
    } finally {
      await handle.close().catch(() => {});
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') refuse(file === '' ? 'the name of the file is empty' : `there is no ${file}`, error);
    if (systemCode(error) !== '') refuse(`${file} could not be read: ${(error as Error).message}`, error);
    throw error;
  }
}

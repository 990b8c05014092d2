// The output files of a command: pages, pictures, records, models.
import { resolve } from 'node:path';
import { usageError } from '../../errors.ts';
import type { OutputRules } from '../../files/output-file.ts';
import type { Context } from '../context.ts';
import { formatBytes } from './format.ts';
import { logOf } from '../../runs/log-file.ts';

/** The files that a command reads. An output file never replaces one of them. */
interface CommandInputs {
  /** Files, folders, globs, or - for standard input, limited by `include` and `exclude`. */
  readonly texts?: readonly string[];
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** Run folders or files, or undefined for the newest run. */
  readonly checkpoints?: readonly (string | undefined)[];
  /** Run folders, or folders of them, as `findRuns` takes them. */
  readonly runFolders?: readonly string[];
  /** Whether to replace files that rnn would otherwise refuse to replace. */
  readonly force?: boolean | undefined;
}

/** The target of each output of a command, by its flag: a path, or true for standard output. */
type Outputs = Readonly<Record<string, string | boolean | undefined>>;

/** The files of one command. */
interface OutputFiles {
  /** Adds a file that the command reads although the user did not name it. */
  alsoReads(path: string): void;
  /**
   * Writes the file of a flag and prints a note, or writes to stdout for `-`.
   *
   * @throws RnnError as `openOutputs`
   */
  write(flag: string, content: string | Iterable<Uint8Array>): Promise<void>;
}

/**
 * Checks the output files before anything is computed for them, without changing them.
 *
 * @throws RnnError `usage` if standard output would get two outputs, or if a file must not be
 * replaced; `machine` for a file that cannot be written
 */
export async function openOutputs(
  outputs: Outputs,
  inputs: CommandInputs,
  { stdout, stderr }: Context,
): Promise<OutputFiles> {
  refuseSeveralOnStdout(outputs);
  const { refuseOutput, writeOutput } = await import('../../files/output-file.ts');
  const { isOurPage, isOurPicture } = await import('../../reports/markers.ts');
  const found: string[] = [];
  const rulesFor = (flag: string): OutputRules => ({
    force: inputs.force === true,
    isOurs: { '--html': isOurPage, '--svg': isOurPicture }[flag],
    sources: async () => [...found, ...(await sourcesOf(inputs))],
    // The name of a record shows its format, so it cannot be -.
    hint: flag === '--record' ? 'choose another file' : 'choose another file, or - for standard output',
  });
  const flags = new Map<string, string>();
  for (const [flag, path] of Object.entries(outputs)) {
    if (typeof path !== 'string' || isStdout(path)) continue;
    const other = flags.get(resolve(path));
    if (other !== undefined)
      throw usageError(
        `cannot write ${path} twice: ${other} and ${flag} both name it`,
        'name another file for one of them',
      );
    flags.set(resolve(path), flag);
    await refuseOutput(path, rulesFor(flag));
  }
  return {
    alsoReads: (path) => void found.push(path),
    async write(flag, content) {
      const path = outputs[flag] as string;
      const pieces = typeof content === 'string' ? [Buffer.from(content)] : content;
      if (isStdout(path)) {
        for (const piece of pieces) await stdout.write(piece);
        return;
      }
      const size = await writeOutput(path, pieces, rulesFor(flag));
      stderr.note(`wrote ${path}, ${formatBytes(size)}`);
    },
  };
}

/** The paths of all files that a command reads. Skips missing sources: reading them fails later. */
async function sourcesOf({
  texts = [],
  include = [],
  exclude = [],
  checkpoints = [],
  runFolders,
}: CommandInputs): Promise<string[]> {
  const { findFiles } = await import('../../corpus/read.ts');
  const { findCheckpoint, findRuns } = await import('../../runs/store.ts');
  const found = await Promise.allSettled([
    ...texts.map(async (text) => (await findFiles(text, { include, exclude })).files.map(({ path }) => path)),
    ...checkpoints.map(async (checkpoint) => [await findCheckpoint(checkpoint)]),
    ...(runFolders === undefined ? [] : [findRuns(runFolders).then((runs) => runs.map(logOf))]),
  ]);
  return found.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
}

/** Whether a path is `-` or a system's path of standard output. */
export const isStdout = (path: unknown): boolean => ['-', '/dev/stdout', '/dev/fd/1'].includes(path as string);

function refuseSeveralOnStdout(outputs: Outputs): void {
  const toStdout = Object.entries(outputs).filter(([, to]) => to === true || isStdout(to));
  const files = toStdout.filter(([, to]) => to !== true).map(([flag]) => flag);
  if (files.length === 0 || toStdout.length === 1) return;
  const words = toStdout.map(([flag, to]) => (to === true ? flag : `${flag} ${to}`));
  const list = new Intl.ListFormat('en-GB');
  throw usageError(
    `cannot write several results to standard output: ${list.format(words)}`,
    `name a file for ${list.format(files.length < toStdout.length ? files : files.slice(0, -1))}`,
  );
}

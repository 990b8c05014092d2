// The files that a command is asked to write: pages, pictures, records, models.
import { resolve } from 'node:path';
import { usageError } from '../../errors.ts';
import type { OutputRules } from '../../files/output-file.ts';
import type { Context } from '../context.ts';
import { bytes } from './format.ts';
import { logOf } from '../../runs/log-file.ts';

/** What a command reads: none of these files is ever replaced by one that it writes. */
interface Reads {
  /** Files, folders, globs, or - for standard input, with what limits them. */
  readonly texts?: readonly string[];
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** Run folders or files; undefined for the newest run. */
  readonly checkpoints?: readonly (string | undefined)[];
  /** As `findRuns` takes them. */
  readonly logs?: readonly string[];
  /** Whether a file that rnn did not write is replaced. */
  readonly force?: boolean | undefined;
}

/** Where each output of a command goes, by its flag: to a file, or to standard output alone. */
type Outputs = Readonly<Record<string, string | boolean | undefined>>;

/** The files of one command. */
interface OutputFiles {
  /** A file that the command reads, although the user did not name it. */
  alsoReads(path: string): void;
  /**
   * Writes the file of a flag, and says so; to stdout for `-`.
   *
   * @throws RnnError as `openOutputs`
   */
  write(flag: string, content: string | Iterable<Uint8Array>): Promise<void>;
}

/**
 * Before anything is computed for them; leaves the files as they are.
 *
 * @throws RnnError `usage` if a page or picture for standard output is not alone there, or for a
 * file that is not to be replaced, `machine` for one that cannot be written
 */
export async function openOutputs(outputs: Outputs, reads: Reads, { stdout, stderr }: Context): Promise<OutputFiles> {
  refuseMixed(outputs);
  const { refuseOutput, writeOutput } = await import('../../files/output-file.ts');
  const { isOurPage, isOurPicture } = await import('../../reports/markers.ts');
  const found: string[] = [];
  const rulesFor = (flag: string): OutputRules => ({
    force: reads.force === true,
    isOurs: { '--html': isOurPage, '--svg': isOurPicture }[flag],
    sources: async () => [...found, ...(await sourcesOf(reads))],
    hint: 'choose another file, or - for standard output',
  });
  const flags = new Map<string, string>();
  for (const [flag, path] of Object.entries(outputs)) {
    if (typeof path !== 'string' || isStdout(path)) continue;
    const other = flags.get(resolve(path));
    if (other !== undefined)
      throw usageError(`${other} and ${flag} both write ${path}`, 'name another file for one of them');
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
      stderr.note(`wrote ${path}, ${bytes(size)}`);
    },
  };
}

/** A source that does not exist is refused where it is read. */
async function sourcesOf({ texts = [], include = [], exclude = [], checkpoints = [], logs }: Reads): Promise<string[]> {
  const { findFiles } = await import('../../corpus/read.ts');
  const { findCheckpoint, findRuns } = await import('../../runs/store.ts');
  const found = await Promise.allSettled([
    ...texts.map(async (text) => (await findFiles(text, { include, exclude })).files.map(({ path }) => path)),
    ...checkpoints.map(async (checkpoint) => [await findCheckpoint(checkpoint)]),
    ...(logs === undefined ? [] : [findRuns(logs).then((runs) => runs.map(logOf))]),
  ]);
  return found.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
}

/** `-`, or what the system calls standard output. */
export const isStdout = (path: unknown): boolean => ['-', '/dev/stdout', '/dev/fd/1'].includes(path as string);

function refuseMixed(outputs: Outputs): void {
  const toStdout = Object.entries(outputs).filter(([, to]) => to === true || isStdout(to));
  const file = toStdout.find(([, to]) => to !== true);
  if (file === undefined || toStdout.length === 1) return;
  const words = toStdout.map(([flag, to]) => (to === true ? flag : `${flag} ${to}`));
  throw usageError(`${words.join(' and ')} both write to standard output`, `name a file for ${file[0]}`);
}

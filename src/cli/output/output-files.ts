// The files that a command is asked to write: pages, pictures, records, models.
import { resolve } from 'node:path';
import { RnnError } from '../../errors.ts';
import type { OutputRules } from '../../files/output-file.ts';
import type { Context } from '../context.ts';
import { bytes } from './format.ts';
import { logOf } from '../../runs/log-file.ts';

/** What a command reads: none of these files is ever replaced by one that it writes. */
export interface Reads {
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

/** The files of one command, by the flags that name them. */
export class OutputFiles {
  readonly #outputs: Outputs;
  readonly #reads: Reads;
  readonly #context: Context;
  readonly #found: string[] = [];

  private constructor(outputs: Outputs, reads: Reads, context: Context) {
    this.#outputs = outputs;
    this.#reads = reads;
    this.#context = context;
  }

  /**
   * Before anything is computed for them; leaves the files as they are.
   *
   * @throws RnnError `usage` if a page or picture for standard output is not alone there, or for a
   * file that is not to be replaced, `machine` for one that cannot be written
   */
  static async open(outputs: Outputs, reads: Reads, context: Context): Promise<OutputFiles> {
    refuseMixed(outputs);
    const files = new OutputFiles(outputs, reads, context);
    const { refuseOutput } = await import('../../files/output-file.ts');
    const flags = new Map<string, string>();
    for (const [flag, path] of Object.entries(outputs)) {
      if (typeof path !== 'string' || isStdout(path)) continue;
      const other = flags.get(resolve(path));
      if (other !== undefined)
        throw new RnnError('usage', `${other} and ${flag} both write ${path}`, {
          hint: 'name another file for one of them',
        });
      flags.set(resolve(path), flag);
      await refuseOutput(path, await files.#rulesFor(flag));
    }
    return files;
  }

  /** A file that the command reads, although the user did not name it. */
  alsoReads(path: string): void {
    this.#found.push(path);
  }

  /** Writes a file, and says so; to stdout for `-`. @throws RnnError as `open` */
  async write(flag: string, content: string | Iterable<Uint8Array>): Promise<void> {
    const { stdout, stderr } = this.#context;
    const path = this.#outputs[flag] as string;
    const pieces = typeof content === 'string' ? [Buffer.from(content)] : content;
    if (isStdout(path)) {
      for (const piece of pieces) await stdout.write(piece);
      return;
    }
    const { writeOutput } = await import('../../files/output-file.ts');
    const size = await writeOutput(path, pieces, await this.#rulesFor(flag));
    stderr.note(`wrote ${path}, ${bytes(size)}`);
  }

  async #rulesFor(flag: string): Promise<OutputRules> {
    const { isOurPage, isOurPicture } = await import('../../reports/markers.ts');
    const isOurs = { '--html': isOurPage, '--svg': isOurPicture }[flag];
    return {
      force: this.#reads.force === true,
      ...(isOurs === undefined ? {} : { isOurs }),
      sources: () => this.#sources(),
      hint: 'choose another file, or - for standard output',
    };
  }

  /** A source that does not exist is refused where it is read. */
  async #sources(): Promise<string[]> {
    const { texts = [], include = [], exclude = [], checkpoints = [], logs } = this.#reads;
    const { findFiles } = await import('../../corpus/read.ts');
    const { findCheckpoint, findRuns } = await import('../../runs/store.ts');
    const found = await Promise.allSettled([
      ...texts.map(async (text) => (await findFiles(text, { include, exclude })).files.map(({ path }) => path)),
      ...checkpoints.map(async (checkpoint) => [await findCheckpoint(checkpoint)]),
      ...(logs === undefined ? [] : [findRuns(logs).then((runs) => runs.map(logOf))]),
    ]);
    return [...this.#found, ...found.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))];
  }
}

/** `-`, or what the system calls standard output. */
export const isStdout = (path: unknown): boolean => ['-', '/dev/stdout', '/dev/fd/1'].includes(path as string);

function refuseMixed(outputs: Outputs): void {
  const toStdout = Object.entries(outputs).filter(([, to]) => to === true || isStdout(to));
  const file = toStdout.find(([, to]) => to !== true);
  if (file === undefined || toStdout.length === 1) return;
  const words = toStdout.map(([flag, to]) => (to === true ? flag : `${flag} ${to}`));
  throw new RnnError('usage', `${words.join(' and ')} both write to standard output`, {
    hint: `name a file for ${file[0]}`,
  });
}

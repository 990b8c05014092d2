// The files that a command is asked to write: pages, pictures, records, models.
import { resolve } from 'node:path';
import { RnnError } from '../../errors.ts';
import type { OutputRules } from '../../output-file.ts';
import type { Context } from '../context.ts';
import { bytes } from './format.ts';
import { logOf } from '../runs-given.ts';

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
}

/** The files of one command, by the flags that name them. */
export class OutputFiles {
  readonly #paths: Readonly<Record<string, string | undefined>>;
  readonly #reads: Reads;
  readonly #force: boolean;
  readonly #context: Context;
  readonly #found: string[] = [];

  constructor(
    paths: Readonly<Record<string, string | undefined>>,
    { force, ...reads }: Reads & { readonly force?: boolean },
    context: Context,
  ) {
    this.#paths = paths;
    this.#reads = reads;
    this.#force = force === true;
    this.#context = context;
  }

  /** A file that the command reads, although the user did not name it. */
  alsoReads(path: string): void {
    this.#found.push(path);
  }

  /**
   * Before anything is computed for them; leaves the files as they are.
   *
   * @throws RnnError `usage` for a file that is not to be replaced, `machine` for one that cannot
   * be written
   */
  async refuseUnfit(): Promise<void> {
    const { refuseOutput } = await import('../../output-file.ts');
    const flags = new Map<string, string>();
    for (const [flag, path] of Object.entries(this.#paths)) {
      if (path === undefined || isStdout(path)) continue;
      const other = flags.get(resolve(path));
      if (other !== undefined)
        throw new RnnError('usage', `${other} and ${flag} both write ${path}`, {
          hint: 'name another file for one of them',
        });
      flags.set(resolve(path), flag);
      await refuseOutput(path, await this.#rulesFor(flag));
    }
  }

  /** Writes a file, and says so; to stdout for `-`. @throws RnnError as `refuseUnfit` */
  async write(flag: string, content: string | Iterable<Uint8Array>): Promise<void> {
    const { stdout, stderr } = this.#context;
    const path = this.#paths[flag]!;
    const pieces = typeof content === 'string' ? [Buffer.from(content)] : content;
    if (isStdout(path)) {
      for (const piece of pieces) await stdout.write(piece);
      return;
    }
    const { writeOutput } = await import('../../output-file.ts');
    const size = await writeOutput(path, pieces, await this.#rulesFor(flag));
    stderr.note(`wrote ${path}, ${bytes(size)}`);
  }

  async #rulesFor(flag: string): Promise<OutputRules> {
    const { isOurPage, isOurPicture } = await import('../../reports/markers.ts');
    const isOurs = { '--html': isOurPage, '--svg': isOurPicture }[flag];
    return {
      force: this.#force,
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
export const isStdout = (path: string | undefined): boolean =>
  path !== undefined && ['-', '/dev/stdout', '/dev/fd/1'].includes(path);

/**
 * @param outputs of a command: where each goes, or whether it is asked for, by its flag. @throws
 * RnnError `usage` if a page or picture for stdout is not alone there
 */
export function refuseMixed(outputs: Readonly<Record<string, string | boolean | undefined>>): void {
  const toStdout = Object.entries(outputs)
    .filter(([, to]) => to === true || (typeof to === 'string' && isStdout(to)))
    .map(([flag, to]) => ({ flag, words: to === true ? flag : `${flag} ${to}` }));
  const [file] = toStdout.filter(({ flag }) => outputs[flag] !== true);
  const [other] = toStdout.filter(({ flag }) => flag !== file?.flag);
  if (file === undefined || other === undefined) return;
  throw new RnnError('usage', `${file.words} and ${other.words} both write to standard output`, {
    hint: `name a file for ${file.flag}`,
  });
}

// Shared by the tests of `rnn sweep`: the program in this process instead of child processes, and
// processes that only pretend.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Child, ChildEnd } from '../../../src/cli/process/child.ts';
import type { Io } from '../../../src/cli/process/io.ts';
import { run } from '../../../src/cli/main.ts';
import type { Signal } from '../../../src/cli/process/signals.ts';
import { FakeProcess, type Ran, rnn } from '../helpers.ts';

/** Options of a run that takes a moment. */
export const fixed = '--max-steps 6 --batch-size 4 --sequence-length 8 --sample-every 0 --threads 1 --device cpu'.split(
  ' ',
);

/** For four trials. */
export const grid = ['--grid', 'hidden=4,8', '--grid', 'cell=rnn,gru'];

/**
 * The folder of a test, the text that it sweeps over, and the folder of the sweep, which does not
 * exist yet.
 */
export let folder: string;
export let text: string;
export let out: string;

/** For all tests of a file. */
export function inFolderOfItsOwn(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rnn-sweep-'));
    text = join(folder, 'text.txt');
    out = join(folder, 'sweep');
    writeFileSync(text, 'the quick brown fox jumps over the lazy dog\n'.repeat(60));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
}

export const sweep = (words: readonly string[], start?: Io['start'], after: readonly string[] = fixed): Promise<Ran> =>
  rnn(['sweep', text, '--out', out, ...words, '--', ...after], start === undefined ? {} : { start });

export interface Started {
  readonly argv: readonly string[];
  readonly io: FakeProcess;
}

/** A process that ignores signals. */
export const child: Omit<Child, 'ended'> = { send() {} };

/**
 * The program in this process, instead of child processes. `begun` is called when one has begun.
 */
export function inProcess(begun: (started: Started) => void = () => {}): { start: Io['start']; started: Started[] } {
  const started: Started[] = [];
  const start: Io['start'] = (argv, lines): Child => {
    const io = new FakeProcess();
    const ended = run(argv, io).then((code) => {
      for (const name of ['stdout', 'stderr'] as const)
        for (const line of io[name].text.split('\n').slice(0, -1)) lines[name](line);
      return { code, signal: null };
    });
    started.push({ argv, io });
    begun({ argv, io });
    return { send: (signal) => io.send(signal as Signal), ended };
  };
  return { start, started };
}

/** Processes that end in a given way, and train nothing. */
export const pretending =
  (end: ChildEnd, told: { stdout?: string; stderr?: string } = {}): Io['start'] =>
  (_, lines) => {
    for (const name of ['stdout', 'stderr'] as const)
      for (const line of told[name]?.split('\n') ?? []) lines[name](line);
    return { ...child, ended: Promise.resolve(end) };
  };

export const events = ({ stdout }: Ran): Record<string, unknown>[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

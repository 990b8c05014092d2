// The line that commands show in a terminal while they print nothing.
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useDoubles } from '../doubles.ts';
import { openSampler } from '../../../src/sampling/sample.ts';
import { coloursFor } from '../../../src/cli/output/colour.ts';
import { Output } from '../../../src/cli/output/output.ts';
import { WaitingLine } from '../../../src/cli/progress/live-line.ts';
import { bare, FakeProcess, FakeStream, rnn } from '../helpers.ts';

describe('the current work of a command', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const lastLine = ({ text }: FakeStream): string => bare(text.split('\r').at(-2) ?? '');

  it('is the last line of the terminal, below notes, until it is over', async () => {
    const stream = new FakeStream({ columns: 60 });
    const io = new FakeProcess({ stderr: stream });
    const stderr = new Output('stderr', io, await coloursFor(io.stderr, {}, false));
    const waiting = new WaitingLine(stderr, undefined, () => vi.getMockedSystemTime()!.getTime());
    waiting.begin('compiling');
    vi.advanceTimersByTime(3000);
    expect(lastLine(stream)).toMatch(/^. compiling {2}3s$/);
    waiting.listen({ kind: 'scoring', done: 25, total: 100 });
    vi.advanceTimersByTime(1000);
    expect(lastLine(stream)).toMatch(/^█+[░▒▓]░+ {2}25% {2}scoring {2}3s left *$/);
    stderr.line('a note');
    expect(stream.text.split('\r\u001B[J').at(-1)).toMatch(/^a note\n█+[^\n]*\r$/);
    waiting.end();
    expect(stream.text.endsWith('\r\u001B[J')).toBe(true);
    const { length } = stream.text;
    vi.advanceTimersByTime(5000);
    expect(stream.text).toHaveLength(length);
  });
});

describe('rnn sample', () => {
  /** A sampler that opens slowly: it waits until the line is shown, if it is shown at all. */
  const slowly = async (argv: readonly string[], columns: number | undefined, isShown = false): Promise<string> => {
    useDoubles();
    const open = vi.mocked(openSampler).getMockImplementation()!;
    vi.mocked(openSampler).mockImplementation(async (...given) => {
      for (;;) {
        await setTimeout(150);
        if (!isShown || stderr.text !== '') break;
      }
      return open(...given);
    });
    const stderr = new FakeStream(columns === undefined ? {} : { columns });
    await rnn(['sample', '--seed', '1', ...argv], { stderr });
    return stderr.text;
  };

  it('shows in a terminal that it compiles, and removes the line before the text', async () => {
    const text = await slowly([], 80, true);
    expect(bare(text)).toContain('compiling');
    expect(text.endsWith('\r\u001B[J')).toBe(true);
  });

  it('prints nothing elsewhere, or with --json', async () => {
    expect(await slowly([], undefined)).toBe('');
    expect(await slowly(['--json'], 80)).toBe('');
  });
});

// The progress of `rnn sweep` while it runs, and the values that it recommends at its end.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { noColours } from '../../../src/cli/output/colour.ts';
import type { Io } from '../../../src/cli/process/io.ts';
import { Output } from '../../../src/cli/output/output.ts';
import { WaitingLine } from '../../../src/cli/progress/live-line.ts';
import { sweepProgress } from '../../../src/cli/sweep/progress.ts';
import { FakeProcess, FakeStream, type Ran, bare, rnn } from '../helpers.ts';
import { events, fixed, inFolderOfItsOwn, inProcess, out, text } from './helpers.ts';

inFolderOfItsOwn();

const sweep = (words: readonly string[], start?: Io['start'], after: readonly string[] = fixed): Promise<Ran> =>
  rnn(['sweep', text, '--out', out, ...words, '--', ...after], start === undefined ? {} : { start });

/** The line in a terminal of that many columns. */
function progressOf(trials: number, columns = 80) {
  const stream = new FakeStream({ columns });
  const output = new Output('stderr', new FakeProcess({ stderr: stream }), noColours);
  const line = new WaitingLine(output, undefined, () => vi.getMockedSystemTime()!.getTime());
  const shown = (): string => (bare(stream.text).split('\r').at(-2) ?? '').replaceAll(/ +/g, ' ').trim();
  return { progress: sweepProgress(line, trials), shown };
}

describe('the progress of a sweep', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('has the trials done, the trial in progress and the time left at the speed so far', () => {
    const { progress, shown } = progressOf(4);
    progress.begin('hidden=4');
    vi.advanceTimersByTime(5000);
    expect(shown()).toMatch(/ training 0 of 4 trials done, hidden=4 5s$/);
    progress.report(0.5);
    vi.advanceTimersByTime(125);
    // Half a trial in 5 s, so three and a half in 35 s.
    expect(shown()).toMatch(/ 12% training 0 of 4 trials done, hidden=4 35s left$/);
    vi.advanceTimersByTime(4875);
    progress.end();
    progress.begin('hidden=8');
    vi.advanceTimersByTime(9875);
    progress.report(0.5);
    vi.advanceTimersByTime(125);
    // One and a half trials in 20 s, so two and a half in 33 s.
    expect(shown()).toMatch(/ 37% training 1 of 4 trials done, hidden=8 33s left$/);
    progress.end();
  });

  it('counts trials that were over before as done, but not in the speed', () => {
    const { progress, shown } = progressOf(3);
    progress.end();
    progress.begin('hidden=4');
    vi.advanceTimersByTime(9875);
    progress.report(0.5);
    vi.advanceTimersByTime(125);
    expect(shown()).toMatch(/ 25% training 1 of 3 trials done, hidden=4 30s left$/);
    progress.end();
  });

  it('leaves out the name of the trial in a narrow window', () => {
    const { progress, shown } = progressOf(1, 31);
    progress.begin('hidden=4,lr=0.002');
    vi.advanceTimersByTime(500);
    expect(shown()).toContain('training');
    expect(shown()).not.toContain('hidden');
    progress.end();
  });
});

describe('rnn sweep', () => {
  it('shows the current trial in a terminal, and removes it before a result', async () => {
    const stderr = new FakeStream({ columns: 80 });
    const { start } = inProcess();
    const untilShown = async (line: string): Promise<void> => {
      while (!bare(stderr.text).includes(line)) await new Promise((done) => setTimeout(done, 5));
    };
    let begun = 0;
    const seen: Io['start'] = (argv, lines) => {
      const one = start(argv, lines);
      const line = `${begun} of 2 trials done, hidden=${4 + begun++}`;
      return { ...one, ended: one.ended.then((end) => untilShown(line).then(() => end)) };
    };
    const { code } = await rnn(['sweep', text, '--out', out, '--grid', 'hidden=4,5', '--', ...fixed], {
      start: seen,
      stderr,
    });
    expect(code).toBe(0);
    // oxlint-disable-next-line no-control-regex
    expect(stderr.text).toMatch(/\r\u001B\[J(?:the best .*\n)?$/);
  });
});

describe('the end of a sweep', () => {
  it('says where the best value is at the edge of the grid, and which values to try next', async () => {
    const words = ['--grid', 'max-steps=2,60'];
    const after = fixed.slice(2);
    const { stderr } = await sweep(words, inProcess().start, [...after, '--hidden', '8']);
    expect(stderr).toContain(
      '\nthe best max-steps, 60, is the highest value of the grid: continue with --grid max-steps=1800,54000\n',
    );
    const end = events(await sweep([...words, '--json'], undefined, [...after, '--hidden', '8'])).at(-1);
    expect(end).toMatchObject({
      edges: [{ option: 'max-steps', value: '60', end: 'highest', next: '1800,54000', isRange: false }],
    });
    expect((await sweep([...words, '--quiet'], undefined, [...after, '--hidden', '8'])).stderr).toBe('');
  });

  it('does not mention an edge of values without an order', async () => {
    expect((await sweep(['--grid', 'cell=gru,rnn'], inProcess().start)).stderr).toBe(`2 trials, in ${out}\n`);
  });
});

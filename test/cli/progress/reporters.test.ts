import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { coloursFor } from '../../../src/cli/output/colour.ts';
import { Output } from '../../../src/cli/output/output.ts';
import { Estimate } from '../../../src/cli/progress/estimate.ts';
import { type Reporter, reportEveryMs, textReporter } from '../../../src/cli/progress/reporter.ts';
import type { Activity } from '../../../src/training/activity.ts';
import type { ReportEvent, StartEvent, TrainingEvent } from '../../../src/training/events.ts';
import { bare, FakeProcess, FakeStream } from '../helpers.ts';
import { end, evaluation, recovery, report, sample, saved, start } from '../doubles.ts';

const erase = '\r\u001B[J';
/** The last line that was drawn. */
const lastLine = ({ text }: FakeStream): string =>
  bare(text.split('\r').at(-2) ?? '')
    .split('\n')
    .at(-1)!;

const stderrOf = async (columns?: number): Promise<{ stream: FakeStream; output: Output }> => {
  const stream = new FakeStream(columns === undefined ? {} : { columns });
  const io = new FakeProcess({ stderr: stream });
  return { stream, output: new Output('stderr', io, await coloursFor(io.stderr, {}, true)) };
};

describe('the progress bar of a terminal', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is drawn on one line of 80 columns, over and over, and erased at the end', async () => {
    const { stream, output } = await stderrOf(80);
    const reporter = textReporter(output, null);
    await reporter.handle(start);
    await reporter.handle(report(1, 0, 0));
    await reporter.handle(report(500, 30_000, 0.25));
    vi.advanceTimersByTime(500);
    const drawn = stream.text.split('\n').at(-1)?.split('\r') ?? [];
    expect(lastLine(stream)).toMatch(
      /^█+[░▒▓]░+ {2}25% {2}step 500 {2}loss 1\.532 {2}2\.21 bpc {2}lr 2\.0e-3 {2}45\.2k\/s {2}1m 30s left $/,
    );
    expect(Math.max(...drawn.map((line) => bare(line).length))).toBeLessThan(80);

    await reporter.handle(end('max-steps'));
    expect(stream.text.slice(stream.text.lastIndexOf(erase))).toMatch(
      /all update steps are done: step 2,000 after 2m 10s\nbest validation loss .*\n$/,
    );
    const length = stream.text.length;
    vi.advanceTimersByTime(5000);
    expect(stream.text).toHaveLength(length);
  });

  it('has bits per byte for a byte-level model, also if the run was over before it started', async () => {
    const { stream, output } = await stderrOf(80);
    const reporter = textReporter(output, null);
    await reporter.handle({ ...(start as StartEvent), corpus: { ...(start as StartEvent).corpus, level: 'byte' } });
    await reporter.handle(report(500, 30_000, 0.25));
    vi.advanceTimersByTime(500);
    expect(lastLine(stream)).toContain('2.21 bpb');
    await reporter.handle(evaluation);
    await reporter.handle(end('max-steps'));
    expect(bare(stream.text)).toContain('1,115,394 bytes (');
    expect(stream.text).not.toContain('bpc');

    const over = await stderrOf(80);
    await textReporter(over.output, null).handle(end('patience'), 'byte');
    expect(over.stream.text).toMatch(/best validation loss .* bpb/);
  });

  it('stays below printed lines: evaluations, samples, warnings', async () => {
    const { stream, output } = await stderrOf(80);
    const reporter = textReporter(output, null);
    await reporter.handle(start);
    vi.advanceTimersByTime(500);
    for (const event of [evaluation, sample, recovery]) {
      const before = stream.text.length;
      await reporter.handle(event);
      const printed = stream.text.slice(before);
      expect(printed.startsWith(erase)).toBe(true);
      expect(printed.slice(erase.length)).toMatch(/^[^\r]*\n[^\r\n]*\r$/);
      expect(lastLine(stream)).toMatch(/^[░▒▓]░+ /);
    }
    expect(bare(stream.text)).toContain('step 1,000  validation loss 1.612 nats, 2.326 bpc  best so far');
    expect(bare(stream.text)).toContain('To be, or␛[2J not to be');
    reporter.close();
  });

  it('restores the terminal: no hidden cursor, no switched-off wrapping, no saved position', async () => {
    const { stream, output } = await stderrOf(80);
    const reporter = textReporter(output, null);
    await reporter.handle(start);
    vi.advanceTimersByTime(500);
    reporter.close();
    reporter.close();
    // oxlint-disable-next-line no-control-regex
    expect(stream.text).not.toMatch(/\u001B(?:\[\?|[78])/);
    expect(stream.text.endsWith(erase)).toBe(true);
  });
});

const linesOf = async (events: Parameters<Reporter['handle']>[0][]): Promise<string[]> => {
  const { stream, output } = await stderrOf();
  const reporter = textReporter(output, null);
  for (const event of events) await reporter.handle(event);
  return stream.text.trimEnd().split('\n');
};

describe('the work besides training', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const activities = [
    { kind: 'reading', done: 0, total: null, files: { done: 0, total: 0 } },
    { kind: 'reading', done: 45e6, total: 137e6, files: { done: 12, total: 340 } },
    { kind: 'encoding', done: 0, total: null, files: { done: 340, total: 340 } },
    { kind: 'compiling', done: 0, total: 1 },
    { kind: 'validating', done: 500, total: 10_000 },
    { kind: 'sampling', done: 0, total: 300 },
    { kind: 'saving', done: 0, total: 1 },
  ] as const satisfies readonly Activity[];

  it.each([80, 40, 30, 20])(
    'moves in a separate line at least each second, before the first step and after it, at %i columns',
    async (columns) => {
      const labels: (string | undefined)[] = [];
      for (const isTraining of [false, true]) {
        const { stream, output } = await stderrOf(columns);
        const reporter = textReporter(output, null, () => vi.getMockedSystemTime()!.getTime());
        if (isTraining)
          for (const event of [start, report(1, 0, 0), report(500, 30_000, 0.25)]) await reporter.handle(event);
        for (const activity of activities) {
          reporter.listen!(activity);
          vi.advanceTimersByTime(250);
          for (let second = 0; second < 10; second++) {
            const before = lastLine(stream);
            expect(before.length).toBeLessThan(columns);
            vi.advanceTimersByTime(1000);
            expect(lastLine(stream)).not.toBe(before);
          }
          if (columns === 80) labels.push(lastLine(stream).match(/[a-z]+ing/)?.[0]);
        }
        reporter.close();
      }
      const kinds = activities.map(({ kind }) => kind);
      expect(labels).toEqual(columns === 80 ? [...kinds, ...kinds] : []);
    },
  );

  it('says how many files and bytes are read, and how long the rest takes', async () => {
    const { stream, output } = await stderrOf(80);
    const reporter = textReporter(output, null, () => vi.getMockedSystemTime()!.getTime());
    reporter.listen!(activities[0]);
    vi.advanceTimersByTime(5000);
    expect(lastLine(stream)).toMatch(/^[⠋-⣿] reading {2}looking for files {2}5s$/);
    reporter.listen!({ ...activities[1], done: 68.5e6 });
    vi.advanceTimersByTime(5000);
    expect(lastLine(stream)).toMatch(/^█+[░▒▓]░+ {2}50% {2}reading {2}12 of 340 files, 69 MB of 137 MB {2}10s left *$/);
    reporter.close();
  });

  it('is part of the time left, which decreases between two reports', async () => {
    const { stream, output } = await stderrOf(80);
    const reporter = textReporter(output, null, () => vi.getMockedSystemTime()!.getTime());
    for (const event of [start, report(1, 0, 0), report(500, 30_000, 0.25)]) await reporter.handle(event);
    vi.advanceTimersByTime(10_000);
    expect(lastLine(stream)).toContain('1m 20s left');
    reporter.listen!({ kind: 'validating', done: 0, total: 100 });
    vi.advanceTimersByTime(10_000);
    expect(lastLine(stream)).toContain('1m 10s left');
    reporter.listen!({ kind: 'validating', done: 5, total: 100 });
    vi.advanceTimersByTime(100);
    expect(lastLine(stream)).toMatch(/ {2}25% {2}validating {3}5% .* 3m 1\ds left $/);
    await reporter.handle(evaluation);
    vi.advanceTimersByTime(900);
    expect(lastLine(stream)).toContain('1m 09s left');
    expect(lastLine(stream)).not.toContain('validating');
    reporter.close();
  });

  it('is part of the time left after the last step, if its duration is known', async () => {
    const { stream, output } = await stderrOf(80);
    const reporter = textReporter(output, null, () => vi.getMockedSystemTime()!.getTime());
    for (const event of [
      start,
      report(1, 0, 0),
      { ...report(2000, 30_000, 1), remainingPausesMs: 5000 } as TrainingEvent,
    ])
      await reporter.handle(event);
    reporter.listen!({ kind: 'saving', done: 0, total: 1 });
    vi.advanceTimersByTime(3000);
    expect(lastLine(stream)).toMatch(/saving 3s .* 2s left *$/);
    vi.advanceTimersByTime(3000);
    expect(lastLine(stream)).toContain('saving 6s');
    expect(lastLine(stream)).not.toContain('left');
    reporter.close();
  });

  it('is not shown if it ends before the line is drawn, nor outside a terminal', async () => {
    const { stream, output } = await stderrOf(80);
    const reporter = textReporter(output, null);
    reporter.listen!(activities[1]);
    vi.advanceTimersByTime(50);
    reporter.close();
    const plain = await stderrOf();
    expect(textReporter(plain.output, null).listen).toBeUndefined();
    vi.advanceTimersByTime(1000);
    expect([stream.text, plain.stream.text]).toEqual(['', '']);
  });
});

describe('a narrow window', () => {
  it('breaks lines between words, and leaves commands whole', async () => {
    const { stream, output } = await stderrOf(30);
    const reporter = textReporter(output, null);
    await reporter.handle(start);
    for (const event of [evaluation, sample, recovery, end('max-steps')]) await reporter.handle(event);
    reporter.note('saved. To sample from it:\n  rnn sample --checkpoint checkpoints/hamlet --temp 0.8');
    const lines = bare(stream.text).split('\n');
    expect(lines.filter((line) => line.length > 29)).toEqual([
      '  rnn sample --checkpoint checkpoints/hamlet --temp 0.8',
    ]);
    expect(lines).toContain('text    1,115,394 characters');
    expect(lines).toContain('        (1,003,854 training,');
  });
});

describe('plain lines', () => {
  it('a report says the step, the loss, the speed and the time left', async () => {
    expect(await linesOf([report(1, 0, 0), report(500, 30_000, 0.25)])).toEqual([
      'step 1  epoch 0.00  loss 1.532 nats, 2.210 bpc  lr 0.002  45,210 char/s  0.0%',
      'step 500  epoch 1.25  loss 1.532 nats, 2.210 bpc  lr 0.002  45,210 char/s  25.0%, 1m 30s left',
    ]);
  });

  it('ten hours with a report each second are about 250 lines', async () => {
    const seconds = Array.from({ length: 36_000 }, (_, second) => report(second + 1, second * 1000, second / 36_000));
    const lines = await linesOf(seconds);
    expect(lines.length).toBeGreaterThan(200);
    expect(lines.length).toBeLessThan(350);
    expect(lines.slice(0, 3).map((line) => line.split('  ')[0])).toEqual(['step 1', 'step 11', 'step 21']);
    expect(reportEveryMs(36_000_000)).toBe(600_000);
  });

  it('evaluations, samples, checkpoints, warnings, the last report and the end are always there', async () => {
    const lines = await linesOf([
      report(1, 0, 0),
      evaluation,
      evaluation,
      sample,
      saved,
      recovery,
      report(2000, 1000, 1),
      end('patience'),
    ]);
    const text = lines.join('\n');
    expect(text.match(/step 1,000 {2}validation loss 1\.612 nats/g)).toHaveLength(2);
    expect(text).toContain('step 1,000  sample: To be, or␛[2J not to be\n');
    expect(text).toContain('step 1,000  saved checkpoints/hamlet/latest.json');
    expect(text).toContain('warning: step 1,200: the loss was not a number');
    expect(text).toContain('step 2,000  epoch');
    expect(text).toContain('the validation loss has stopped falling: step 2,000 after 2m 10s');
  });
});

describe('samples in a log', () => {
  it('are the first 80 characters on one line', async () => {
    const text = `one\ntwo ${'𝄞'.repeat(100)}`;
    expect(await linesOf([{ ...sample, text } as TrainingEvent])).toEqual([
      `step 1,000  sample: one␊two ${'𝄞'.repeat(72)}…`,
    ]);
  });
});

const at = (elapsedMs: number, progress: number): ReportEvent => report(1, elapsedMs, progress) as ReportEvent;

describe('the time left', () => {
  it('is measured from the first report on, so that a resumed run does not seem fast', () => {
    const estimate = new Estimate(null);
    expect(estimate.timeLeftMs(at(2000, 0.5))).toBeNull();
    expect(estimate.timeLeftMs(at(12_000, 0.6))).toBeCloseTo(40_000, 6);
  });

  it('is the time of training at its own speed, plus the expected pauses of the report', () => {
    const estimate = new Estimate(null);
    const training = { trainingMs: 1000, remainingPausesMs: 9000 };
    expect(estimate.timeLeftMs({ ...at(2000, 0.1), ...training })).toBeNull();
    // An evaluation of 8 s came between the two.
    expect(estimate.timeLeftMs({ ...at(12_000, 0.3), trainingMs: 3000, remainingPausesMs: 7000 })).toBeCloseTo(
      7000 + 7000,
      6,
    );
    expect(estimate.timeLeftMs({ ...at(30_000, 1), trainingMs: 10_000, remainingPausesMs: 4000 })).toBe(4000);
  });

  it('is at most --max-time, which the earlier part of a run does not reduce', () => {
    const estimate = new Estimate(20_000);
    estimate.start({ ...(start as StartEvent), elapsedMs: 60_000 });
    estimate.timeLeftMs(at(61_000, 0.5));
    expect(estimate.timeLeftMs(at(72_000, 0.51))).toBe(8000);
    expect(estimate.timeLeftMs(at(82_000, 0.52))).toBe(0);
  });

  it('is not shown at the first report, for any --max-time', () => {
    expect(new Estimate(300_000).timeLeftMs(at(1000, 0.05))).toBeNull();
  });

  it('is measured again after a run returns to an earlier step', () => {
    const estimate = new Estimate(null);
    estimate.timeLeftMs(at(0, 0.2));
    estimate.timeLeftMs(at(10_000, 0.3));
    expect(estimate.timeLeftMs(at(20_000, 0.1))).toBeNull();
    expect(estimate.timeLeftMs(at(30_000, 0.2))).toBeCloseTo(80_000, 6);
  });
});

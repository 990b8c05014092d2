import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { coloursFor } from '../../src/cli/colour.ts';
import { Output } from '../../src/cli/output.ts';
import { BarReporter } from '../../src/cli/progress/bar.ts';
import { Estimate } from '../../src/cli/progress/estimate.ts';
import { PlainReporter, reportEveryMs } from '../../src/cli/progress/plain.ts';
import type { ReportEvent, StartEvent } from '../../src/training/events.ts';
import { bare, FakeProcess, FakeStream } from './helpers.ts';
import { end, evaluation, recovery, report, sample, saved, start } from './rooms.ts';

const erase = '\r\u001B[K';

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
    const reporter = new BarReporter(output, { maxTimeMs: null });
    await reporter.handle(start);
    await reporter.handle(report(1, 0, 0));
    await reporter.handle(report(500, 30_000, 0.25));
    vi.advanceTimersByTime(500);
    const drawn = stream.text.split('\n').at(-1)?.split('\r') ?? [];
    expect(bare(drawn.at(-1) ?? '')).toMatch(
      /^█+░+ {2}25% {2}step 500 {2}loss 1\.532 {2}2\.21 bits {2}lr 2\.0e-3 {2}45\.2k\/s {2}1m 30s left $/,
    );
    expect(Math.max(...drawn.map((line) => bare(line).length))).toBeLessThan(80);

    await reporter.handle(end('max-steps'));
    expect(stream.text.slice(stream.text.lastIndexOf(erase))).toMatch(
      /all steps are done: step 2,000 after 2m 10s\nbest validation loss .*\n$/,
    );
    const length = stream.text.length;
    vi.advanceTimersByTime(5000);
    expect(stream.text).toHaveLength(length);
  });

  it('stays below what is printed: evaluations, samples, warnings', async () => {
    const { stream, output } = await stderrOf(80);
    const reporter = new BarReporter(output, { maxTimeMs: null });
    await reporter.handle(start);
    for (const event of [evaluation, sample, recovery]) {
      const before = stream.text.length;
      await reporter.handle(event);
      const printed = stream.text.slice(before);
      expect(printed.startsWith(erase)).toBe(true);
      expect(printed.slice(erase.length)).toMatch(/^[^\r]*\n$/);
      vi.advanceTimersByTime(500);
      expect(bare(stream.text.split('\r').at(-1) ?? '')).toMatch(/^░+ /);
    }
    expect(bare(stream.text)).toContain('step 1,000  validation loss 1.612 nats, 2.326 bits  best so far');
    expect(bare(stream.text)).toContain('To be, or␛[2J not to be');
    reporter.close();
  });

  it('leaves the terminal as it was: no hidden cursor, no switched-off wrapping, no saved position', async () => {
    const { stream, output } = await stderrOf(80);
    const reporter = new BarReporter(output, { maxTimeMs: null });
    await reporter.handle(start);
    vi.advanceTimersByTime(500);
    reporter.close();
    reporter.close();
    // oxlint-disable-next-line no-control-regex
    expect(stream.text).not.toMatch(/\u001B(?:\[\?|[78])/);
    expect(stream.text.endsWith(erase)).toBe(true);
  });
});

const linesOf = async (events: Parameters<PlainReporter['handle']>[0][]): Promise<string[]> => {
  const { stream, output } = await stderrOf();
  const reporter = new PlainReporter(output, { maxTimeMs: null });
  for (const event of events) await reporter.handle(event);
  return stream.text.trimEnd().split('\n');
};

describe('plain lines', () => {
  it('a report says the step, the loss, the speed and the time left', async () => {
    expect(await linesOf([report(1, 0, 0), report(500, 30_000, 0.25)])).toEqual([
      'step 1  epoch 0.00  loss 1.532 nats, 2.210 bits  lr 0.002  45,210 char/s  0.0%',
      'step 500  epoch 1.25  loss 1.532 nats, 2.210 bits  lr 0.002  45,210 char/s  25.0%, 1m 30s left',
    ]);
  });

  it('ten hours of reports each second are some 250 lines', async () => {
    const seconds = Array.from({ length: 36_000 }, (_, second) => report(second + 1, second * 1000, second / 36_000));
    const lines = await linesOf(seconds);
    expect(lines.length).toBeGreaterThan(200);
    expect(lines.length).toBeLessThan(350);
    expect(lines.slice(0, 3).map((line) => line.split('  ')[0])).toEqual(['step 1', 'step 11', 'step 21']);
    expect(reportEveryMs(36_000_000)).toBe(600_000);
  });

  it('evaluations, samples, checkpoints, warnings, the last report and the end are always there', async () => {
    const lines = await linesOf([report(1, 0, 0), evaluation, evaluation, sample, saved, recovery, report(2000, 1000, 1), end('patience')]);
    const text = lines.join('\n');
    expect(text.match(/step 1,000 {2}validation loss 1\.612 nats/g)).toHaveLength(2);
    expect(text).toContain('── a sample at step 1,000 ──');
    expect(text).toContain('step 1,000  saved checkpoints/hamlet/latest.json');
    expect(text).toContain('warning: step 1,200: the loss was not a number');
    expect(text).toContain('step 2,000  epoch');
    expect(text).toContain('the validation loss has stopped falling: step 2,000 after 2m 10s');
  });
});

const at = (elapsedMs: number, progress: number): ReportEvent => report(1, elapsedMs, progress) as ReportEvent;

describe('the time left', () => {
  it('is measured from the first report on, so that a resumed run is not thought fast', () => {
    const estimate = new Estimate(null);
    expect(estimate.timeLeftMs(at(2000, 0.5))).toBeNull();
    expect(estimate.timeLeftMs(at(12_000, 0.6))).toBeCloseTo(40_000, 6);
  });

  it('is not more than --max-time allows, of which the earlier part of a run used nothing', () => {
    const estimate = new Estimate(20_000);
    estimate.start({ ...(start as StartEvent), elapsedMs: 60_000 });
    estimate.timeLeftMs(at(61_000, 0.5));
    expect(estimate.timeLeftMs(at(72_000, 0.51))).toBe(8000);
    expect(estimate.timeLeftMs(at(82_000, 0.52))).toBe(0);
  });

  it('is not shown at the first report, whatever --max-time allows', () => {
    expect(new Estimate(300_000).timeLeftMs(at(1000, 0.05))).toBeNull();
  });

  it('is measured again from where a run goes back to', () => {
    const estimate = new Estimate(null);
    estimate.timeLeftMs(at(0, 0.2));
    estimate.timeLeftMs(at(10_000, 0.3));
    expect(estimate.timeLeftMs(at(20_000, 0.1))).toBeNull();
    expect(estimate.timeLeftMs(at(30_000, 0.2))).toBeCloseTo(80_000, 6);
  });
});

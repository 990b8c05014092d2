import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Signal } from '../../src/cli/process/signals.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import { bare, FakeProcess, FakeStream, rnn } from './helpers.ts';
import { defaultEvents, doubled, end, report, start, useDoubles } from './doubles.ts';

describe('rnn train', () => {
  it('shows the chosen options, the progress, the run folder, and how to sample from it', async () => {
    const calls = useDoubles();
    const { code, stdout, stderr } = await rnn(['train', 'hamlet.txt']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    for (const text of [
      'skipped 2 hidden or binary files',
      'chosen for 1,800 characters of text: --cell',
      '1,115,394 characters (1,003,854 training, 111,540 validation), vocabulary of 65 tokens',
      'device fake: there is no other\n',
      'lstm, 2 × 128, 240,321 parameters',
      'cpu, relaxed SIMD, 2 threads, about 96 MB of memory',
      'all update steps are done',
      'saved in checkpoints/hamlet. To sample from its checkpoint with the best validation loss:\n  rnn sample checkpoints/hamlet\n',
    ]) {
      expect(stderr).toContain(text);
    }
    expect(calls.folder).toEqual(['checkpoints/hamlet', { force: false }]);
    expect(calls.closedDevices).toBe(calls.openedDevices);
  });

  it('passes on exactly the options that the user gave', async () => {
    const calls = useDoubles();
    const given =
      '--cell gru --layers 3 --hidden 64 --embedding 16 --dropout 0.2 --forget-bias 0 --initialisation orthogonal --sequence-length 40 --batch-size 20 --epochs 2.5 --max-time 50m --optimizer sgd --learning-rate 0.5 --schedule step --decay 0.9 --decay-epochs 2 --final-fraction 0.1 --warmup-steps 10 --momentum 0.9 --clip-norm 0 --nesterov --weight-decay 0.1 --clip-value 1 --average 0.99 --accumulate 4 --orthogonal-every 9 --random-offset --random-length --plateau-patience 2 --seed 7 --evaluate-every 100 --checkpoint-every 0 --sample-every 50 --sample-length 80 --patience 3 --streams 1 --keep 2 --max-recoveries 1';
    const elsewhere =
      '--level char --keep-line-ends --min-count 2 --validation-fraction 0.2 --test-fraction 0.1 --include *.c --include *.h --exclude old --out runs/a --force --device cpu --threads 2 --quiet';
    const { code, stderr } = await rnn(['train', 'a', 'b', ...given.split(' '), ...elsewhere.split(' ')]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'warning: step 1,200: the loss was not a number, and the step was skipped\n',
    });
    expect(calls.given).toEqual({
      cell: 'gru',
      layers: 3,
      hidden: 64,
      embedding: 16,
      dropout: 0.2,
      forgetBias: 0,
      initialisation: 'orthogonal',
      sequenceLength: 40,
      batchSize: 20,
      epochs: 2.5,
      maxTimeMs: 3_000_000,
      optimizer: 'sgd',
      learningRate: 0.5,
      schedule: 'step',
      decay: 0.9,
      decayEpochs: 2,
      finalFraction: 0.1,
      warmupSteps: 10,
      momentum: 0.9,
      clipNorm: 0,
      nesterov: true,
      weightDecay: 0.1,
      clipValue: 1,
      average: 0.99,
      accumulate: 4,
      orthogonalEvery: 9,
      randomOffset: true,
      randomLength: true,
      plateauPatience: 2,
      seed: 7,
      evaluateEvery: 100,
      checkpointEvery: 0,
      sampleEvery: 50,
      sampleLength: 80,
      patience: 3,
      evaluationStreams: 1,
      keep: 2,
      maxRecoveries: 1,
    });
    expect(calls.corpus).toEqual({
      sources: ['a', 'b'],
      runFolder: 'runs/a',
      include: ['*.c', '*.h'],
      exclude: ['old'],
      records: null,
      column: [],
      learnAfter: null,
      weights: [],
      lowercase: false,
      unit: 'char',
      encoding: 'utf-8',
      keepLineEnds: true,
      skipInvalid: false,
      minCount: 2,
      validationFraction: 0.2,
      validationFile: null,
      testFraction: 0.1,
      testFile: null,
      stdin: expect.anything(),
    });
    expect(calls.folder).toEqual(['runs/a', { force: true }]);
    expect(calls.device).toEqual(['cpu', { threads: 2, work: expect.objectContaining({ kind: 'training' }) }]);
  });

  it('passes only the text and the run folder if no options are given', async () => {
    const calls = useDoubles();
    await rnn(['train', '-']);
    expect(calls.given).toEqual({});
    expect(calls.corpus).toMatchObject({
      sources: ['-'],
      unit: 'char',
      encoding: 'utf-8',
      keepLineEnds: false,
      skipInvalid: false,
      minCount: 1,
      validationFraction: 0.1,
      validationFile: null,
      testFraction: 0,
      testFile: null,
      stdin: expect.anything(),
    });
    expect(calls.device).toEqual(['auto', { work: expect.objectContaining({ kind: 'training' }) }]);
  });

  it('takes the device from RNN_DEVICE, and says so, if no device is given', async () => {
    const env = { RNN_DEVICE: 'reference' };
    const fromEnvironment = useDoubles();
    expect((await rnn(['train', 'hamlet.txt'], { env })).stderr).toContain('device reference: RNN_DEVICE\n');
    expect(fromEnvironment.device?.[0]).toBe('reference');
    const given = useDoubles();
    expect((await rnn(['train', 'hamlet.txt', '--device', 'cpu'], { env })).stderr).not.toContain('RNN_DEVICE');
    expect(given.device?.[0]).toBe('cpu');
    const empty = useDoubles();
    await rnn(['train', 'hamlet.txt'], { env: { RNN_DEVICE: '' } });
    expect(empty.device?.[0]).toBe('auto');
  });

  it.each([
    [['--device', 'gpuu'], '--device is gpuu: expected one of auto, cpu, gpu, gpu:software, gpu:cpu, reference'],
    [['--epochs', '2', '--budget', '3m'], 'cannot use --epochs and --budget together'],
    [['--epochs', '2', '--max-steps', '9', '--budget', '3m'], 'cannot use --epochs, --max-steps and --budget together'],
    [
      ['--validation-fraction', '0.2', '--validation-file', 'b'],
      'cannot use --validation-fraction and --validation-file together',
    ],
    [['--test-fraction', '0.2', '--test-file', 'b'], 'cannot use --test-fraction and --test-file together'],
    [['--hidden', '0'], '--hidden is 0: expected a whole number from 1 to 1,048,576'],
    [['--dropout', '1'], '--dropout is 1: expected a number of at least 0 and below 1'],
    [
      ['--cell', 'lsmt'],
      '--cell is lsmt: expected one of rnn, rnn-relu, irnn, lstm, lstm-peephole, lstm-1997, lstm-coupled, mlstm, gru, gru-cho, mut1, mut2, mut3',
    ],
    [['--budget', '30'], '--budget is 30: expected a duration such as 30s, 3m or 1.5h'],
    [['--out', ''], '--out is empty: expected some text'],
  ])('%j is refused before anything is read', async (argv, message) => {
    const calls = useDoubles();
    const { code, stderr } = await rnn(['train', 'hamlet.txt', ...argv]);
    expect(code).toBe(2);
    expect(stderr).toContain(`error: ${message}\n`);
    expect(calls.corpus).toBeUndefined();
  });

  it('--json prints one object per event on stdout and nothing but warnings on stderr', async () => {
    useDoubles();
    const { stdout, stderr } = await rnn(['train', 'hamlet.txt', '--json']);
    expect(stderr).toBe('');
    expect(stdout.endsWith('\n')).toBe(true);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([...(defaultEvents(new AbortController().signal) as Iterable<TrainingEvent>)]);
  });

  it('shows a bar on a terminal, and erases it before an error', async () => {
    const calls = useDoubles({
      async *events() {
        yield start;
        yield report(1, 0, 0.1);
        while (!terminal.text.includes('░')) await setTimeout(10);
        throw new Error('boom');
      },
    });
    const terminal = new FakeStream({ columns: 80 });
    const { code, stderr } = await rnn(['train', 'hamlet.txt'], { stderr: terminal });
    expect(code).toBe(1);
    expect(stderr).toMatch(/░/);
    expect(stderr.slice(stderr.lastIndexOf('░'))).not.toMatch(/^░+[^\r]*error/);
    expect(calls.closedDevices).toBe(calls.openedDevices);
  });

  it('a dumb terminal gets plain lines', async () => {
    useDoubles();
    const { stderr } = await rnn(['train', 'hamlet.txt'], {
      env: { TERM: 'dumb' },
      stderr: new FakeStream({ columns: 80 }),
    });
    expect(stderr).toBe(bare(stderr));
    expect(stderr).not.toContain('░');
  });
});

it('a run that diverged ends with 5 and the command that resumes with half of its learning rate', async () => {
  useDoubles({ events: () => [start, end('diverged')] });
  const { code, stderr } = await rnn(['train', 'hamlet.txt']);
  expect(code).toBe(5);
  expect(stderr).toContain(
    'resume from checkpoints/hamlet/latest.json with half the learning rate: rnn train hamlet.txt --resume --learning-rate 0.00075. ',
  );
});

it('a run that diverged before its first update step gets no advice to lower its learning rate', async () => {
  useDoubles({ events: () => [start, { ...end('diverged'), step: 0, checkpoint: null } as TrainingEvent] });
  const { stderr } = await rnn(['train', 'hamlet.txt', '--activation-penalty', '1000']);
  expect(stderr).toContain(
    'so a lower --learning-rate does not help. Use a smaller --init-scale, --gate-bias, --forget-bias, --activation-penalty or --temporal-penalty',
  );
  const { stderr: later } = await doubled(['train', 'hamlet.txt'], {
    events: () => [start, end('diverged')],
  });
  expect(later).toContain('. To prevent jumps of the loss, lower --clip-norm or raise --warmup-steps');
  useDoubles({ events: () => [start, { ...end('diverged'), checkpoint: null } as TrainingEvent] });
  expect((await rnn(['train', 'hamlet.txt'])).stderr).toContain(
    'no checkpoint was saved. Train again with --learning-rate 0.00075. ',
  );
});

it.each(['--forget-bias', '--gate-bias', '--init-scale', '--activation-penalty', '--temporal-penalty'])(
  '%s beyond the range of a weight is refused',
  async (flag) => {
    const { code, stderr } = await doubled(['train', 'hamlet.txt', flag, '1e308']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/^error: --[a-z-]+ is 1e308: expected a number from -?[\d,]+ to 1,000,000\n/),
    });
  },
);

const interrupted = async (signals: readonly Signal[]) => {
  const io = new FakeProcess();
  const calls = useDoubles({
    *events(signal) {
      yield start;
      for (const each of signals) io.send(each);
      yield end(signal.aborted ? 'signal' : 'max-steps');
    },
  });
  return { ...(await rnn(['train', 'hamlet.txt'], {}, io)), io, calls };
};

describe('signals while training', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGQUIT', 131],
    ['SIGALRM', 142],
  ] as const)('%s ends the run after the current update step, with %d', async (signal, code) => {
    const ran = await interrupted([signal]);
    expect(ran.code).toBe(code);
    expect(ran.stderr).toContain(`${signal} received: finishing this update step and saving`);
    expect(ran.stderr).toContain('stopped by a signal: step 2,000');
    expect(ran.stderr).toContain('rnn sample checkpoints/hamlet');
    expect(ran.io.exits).toEqual([]);
    expect(ran.io.listensForSignals).toBe(false);
  });

  it('a second INT ends the process immediately, and a TERM after it only waits', async () => {
    expect((await interrupted(['SIGINT', 'SIGINT'])).io.exits).toEqual([130]);
    expect((await interrupted(['SIGINT', 'SIGTERM'])).io.exits).toEqual([]);
    // As when INT is sent to a job, and its sweep passes it on as TERM.
    expect((await interrupted(['SIGTERM', 'SIGINT'])).io.exits).toEqual([]);
  });

  it('a reader that goes away (rnn train --json | head -1) ends the run quietly, with everything saved', async () => {
    const stdout = new FakeStream({ failure: { after: 1, code: 'EPIPE' } });
    const calls = useDoubles({
      *events(signal) {
        yield start;
        yield report(1, 0, 0);
        yield end(signal.aborted ? 'signal' : 'max-steps');
      },
    });
    const { code, stderr } = await rnn(['train', 'hamlet.txt', '--json'], { stdout });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(calls.signal).toMatchObject({ aborted: true, reason: 'output-closed' });
    expect(JSON.parse(stdout.text)).toMatchObject({ event: 'start' });
  });
});

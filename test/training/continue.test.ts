// What may change when a run goes on, and what is said about it.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../src/runs/store.ts';
import { type GivenSettings, compareCorpus, continueRun, endOf } from '../../src/training/continue.ts';
import { legacyOptions } from '../../src/options/train.ts';
import { train, verses } from './fixture.ts';

let checkpoint: Checkpoint;
beforeAll(async () => {
  const { folder } = await train(verses, { maxSteps: 4, maxTimeMs: 3_600_000 });
  ({ checkpoint } = await folder.newest());
});

const given = ({ options = {}, reading = {}, machine = {} }: Partial<GivenSettings>): GivenSettings => ({
  options,
  reading,
  machine,
});
const goOn = (settings: Partial<GivenSettings>) => continueRun(checkpoint, given(settings));

describe('the settings of a run that goes on', () => {
  it('are those that it had, but for how long this invocation may take', () => {
    const { options, reading, machine, notes } = goOn({});
    expect(options).toEqual({ ...checkpoint.training.options, maxTimeMs: null });
    expect(reading).toEqual(checkpoint.training.reading);
    // In the same order, so that the file that is written next is the same text.
    expect(JSON.stringify(reading)).toBe(JSON.stringify(checkpoint.training.reading));
    expect(machine).toEqual(checkpoint.training.machine);
    expect(notes).toEqual([]);
    expect(goOn({ options: { maxTimeMs: 1000 } })).toMatchObject({ options: { maxTimeMs: 1000 }, notes: [] });
  });

  it('are what they were then where the run was saved before there was such an option', () => {
    const options = Object.fromEntries(
      Object.entries(checkpoint.training.options).filter(([option]) => !(option in legacyOptions)),
    );
    const continued = continueRun({ ...checkpoint, training: { ...checkpoint.training, options } }, given({}));
    expect(continued).toMatchObject({ options: { ...options, ...legacyOptions, maxTimeMs: null }, notes: [] });
    expect(legacyOptions).toMatchObject({ nesterov: false, weightDecay: 0, clipValue: 0 });
  });

  it('give way to what is given now, which is said', () => {
    const { options, machine, notes } = goOn({
      options: { learningRate: 0.001, batchSize: 4, dropout: 0.5, hidden: 16 },
      machine: { threads: 2 },
    });
    expect(options).toMatchObject({ learningRate: 0.001, batchSize: 4, dropout: 0.5, hidden: 16 });
    expect(machine.threads).toBe(2);
    expect(notes).toEqual([
      '--dropout is 0.5 from here on; it was 0',
      '--batch-size is 4 from here on; it was 8',
      '--learning-rate is 0.001 from here on; it was 0.01',
      '--threads is 2 from here on; it was not given',
    ]);
  });

  it('have one length', () => {
    const { options, notes } = goOn({ options: { budgetMs: 90_000 } });
    expect(options).toMatchObject({ budgetMs: 90_000, maxSteps: null, epochs: null });
    expect(notes).toEqual(['--budget is 90s from here on; it was not given']);
  });

  it('have validation text of one kind', () => {
    expect(goOn({ reading: { validationFile: 'other.txt' } }).reading).toMatchObject({
      validationFile: 'other.txt',
      validationFraction: 0,
    });
    expect(goOn({ reading: { validationFraction: 0.2 } }).reading).toMatchObject({
      validationFile: null,
      validationFraction: 0.2,
    });
  });

  it('have test text of one kind', () => {
    expect(goOn({ reading: { testFile: 'other.txt' } }).reading).toMatchObject({
      testFile: 'other.txt',
      testFraction: 0,
    });
    expect(goOn({ reading: { testFraction: 0 } }).reading).toMatchObject({ testFile: null, testFraction: 0 });
  });

  it('have no test part where the run was saved before there was one', () => {
    const {
      testFraction: _fraction,
      testFile: _file,
      ...reading
    } = checkpoint.training.reading as Record<string, unknown>;
    const continued = continueRun({ ...checkpoint, training: { ...checkpoint.training, reading } }, given({}));
    expect(continued).toMatchObject({ reading: { ...reading, testFraction: 0, testFile: null }, notes: [] });
  });

  it.each([
    [{ reading: { testFraction: 0.1 } }, '--test-fraction cannot change in a run: it is 0, and 0.1 was given'],
    [{ options: { hidden: 32 } }, '--hidden cannot change in a run: it is 16, and 32 was given'],
    [{ options: { layers: 2 } }, '--layers cannot change in a run: it is 1, and 2 was given'],
    [{ options: { cell: 'gru' } }, '--cell cannot change in a run: it is lstm, and gru was given'],
    [{ options: { embedding: 8 } }, '--embedding cannot change in a run: it is 0, and 8 was given'],
    [
      { options: { initialisation: 'xavier' } },
      '--initialisation cannot change in a run: it is uniform, and xavier was given',
    ],
    [{ reading: { unit: 'byte' } }, '--unit cannot change in a run: it is char, and byte was given'],
    [{ reading: { minCount: 2 } }, '--min-count cannot change in a run: it is 1, and 2 was given'],
  ] as const)('cannot become %o: the way out is named', (settings, message) => {
    expect(() => goOn(settings)).toThrow(
      expect.objectContaining({ kind: 'usage', message, hint: expect.stringContaining('--init-from') }),
    );
  });

  it.each([
    ['options', 'hidden', 1.5, 'training.options.hidden is 1.5, expected a whole number'],
    ['options', 'schedule', 'linear', 'training.options.schedule is "linear", expected a one of'],
    ['options', 'seed', undefined, 'training.options.seed is missing'],
    ['reading', 'include', 'x', 'training.reading.include is "x"'],
    ['machine', 'threads', 0, 'training.machine.threads is 0'],
  ])('that a checkpoint has wrong (%s.%s: %s) are refused', (part, member, value, message) => {
    const { training } = checkpoint;
    const edited = {
      ...checkpoint,
      training: { ...training, [part]: { ...(training[part] as object), [member]: value } },
    };
    expect(() => continueRun(edited, given({}))).toThrow(
      expect.objectContaining({
        kind: 'checkpoint',
        message: expect.stringContaining(message.replace('a one of', 'one of')),
      }),
    );
  });
});

it('a run is over if it was when it was saved, unless it is made longer', () => {
  const { options } = goOn({});
  expect(endOf(checkpoint, options)).toBe('max-steps');
  expect(endOf(checkpoint, { ...options, maxSteps: 9 })).toBeNull();
  expect(endOf(checkpoint, { ...options, learningRate: 1 })).toBe('max-steps');
});

describe('the text of a run that goes on', () => {
  it('may be the same, with nothing to say', () => {
    expect(compareCorpus(checkpoint, verses, { accepted: false })).toEqual([]);
  });

  it('is said to be cut elsewhere, if it is', () => {
    expect(
      compareCorpus(checkpoint, { ...verses, train: verses.train.subarray(0, 1000) }, { accepted: false }),
    ).toEqual([`1,000 characters are trained on from here on; it was ${verses.train.length.toLocaleString('en')}`]);
  });

  it('may have another text to validate on, if that is accepted', () => {
    const other = { ...verses, digest: 'other', validation: verses.validation.subarray(0, 100) };
    expect(() => compareCorpus(checkpoint, other, { accepted: false })).toThrow(
      expect.objectContaining({
        kind: 'corpus',
        message: `the text to validate on is not the one that this run had: it has 100 characters, and had ${verses.validation.length}`,
        hint: expect.stringContaining('--accept-new-corpus'),
      }),
    );
    expect(compareCorpus(checkpoint, other, { accepted: true })).toEqual([
      expect.stringMatching(
        /^the text to validate on is not the one that this run had: .*; the run looks for the best validation loss again$/,
      ),
    ]);
  });

  it('may have another text to test on, if that is accepted', () => {
    const other = { ...verses, testDigest: 'other', test: verses.validation.subarray(0, 100) };
    expect(() => compareCorpus(checkpoint, other, { accepted: false })).toThrow(
      expect.objectContaining({
        kind: 'corpus',
        message: 'the text to test on is not the one that this run had: it has 100 characters, and had 0',
      }),
    );
    expect(compareCorpus(checkpoint, other, { accepted: true })).toEqual([
      expect.stringMatching(/^the text to test on is not the one that this run had: /),
    ]);
  });

  it('of which a checkpoint from before test parts has no third digest is told apart by the two', () => {
    const { testDigest: _digest, test: _test, ...corpus } = checkpoint.training.corpus as Record<string, unknown>;
    const older = { ...checkpoint, training: { ...checkpoint.training, corpus } };
    expect(compareCorpus(older, verses, { accepted: false })).toEqual([]);
  });

  it('of which an older checkpoint has one digest is told apart by that', () => {
    const { sourcesDigest: _, ...corpus } = checkpoint.training.corpus as { sourcesDigest: string };
    const older = { ...checkpoint, training: { ...checkpoint.training, corpus } };
    expect(compareCorpus(older, verses, { accepted: false })).toEqual([]);
    expect(() =>
      compareCorpus(older, { ...verses, sourcesDigest: 'other', digest: 'other' }, { accepted: false }),
    ).toThrow(/the text is not the one/);
  });

  it('is refused if it is another one, unless that is accepted', () => {
    const other = { ...verses, digest: 'other', sourcesDigest: 'other', characters: 9999 };
    expect(() => compareCorpus(checkpoint, other, { accepted: false })).toThrow(
      expect.objectContaining({
        kind: 'corpus',
        message: `the text is not the one that this run was trained on: it has 9,999 characters, and had ${verses.characters.toLocaleString('en')}`,
        hint: expect.stringContaining('--accept-new-corpus'),
      }),
    );
    expect(compareCorpus(checkpoint, other, { accepted: true })).toEqual([
      expect.stringContaining('the text is not the one that this run was trained on'),
    ]);
    expect(() =>
      compareCorpus(checkpoint, { ...verses, digest: 'other', sourcesDigest: 'other' }, { accepted: false }),
    ).toThrow(/characters are not the same/);
  });
});

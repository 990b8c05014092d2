// Which settings may change when a run continues, and the notes about the changes.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../src/runs/store.ts';
import { type GivenSettings, compareCorpus, continueRun, endReasonOf } from '../../src/training/continue.ts';
import { legacyOptions } from '../../src/options/train.ts';
import { train, verses } from './fixture.ts';

let checkpoint: Checkpoint;
beforeAll(async () => {
  const { folder } = await train(verses, { maxSteps: 4, maxTimeMs: 3_600_000 });
  ({ checkpoint } = await folder.readNewestState());
});

const settingsGiven = ({ options = {}, reading = {}, machine = {} }: Partial<GivenSettings>): GivenSettings => ({
  options,
  reading,
  machine,
});
const goOn = (settings: Partial<GivenSettings>) => continueRun(checkpoint, settingsGiven(settings));

describe('the settings of a run that continues', () => {
  it('are unchanged, except for the time limit of the invocation', () => {
    const { options, reading, machine, notes } = goOn({});
    expect(options).toEqual({ ...checkpoint.training.options, maxTimeMs: null });
    expect(reading).toEqual(checkpoint.training.reading);
    // In the same order, so that the next file has the same text.
    expect(JSON.stringify(reading)).toBe(JSON.stringify(checkpoint.training.reading));
    expect(machine).toEqual(checkpoint.training.machine);
    expect(notes).toEqual([]);
    expect(goOn({ options: { maxTimeMs: 1000 } })).toMatchObject({ options: { maxTimeMs: 1000 }, notes: [] });
  });

  it('have the earlier behaviour of an option that is newer than the checkpoint', () => {
    const options = Object.fromEntries(
      Object.entries(checkpoint.training.options).filter(([option]) => !(option in legacyOptions)),
    );
    const continued = continueRun({ ...checkpoint, training: { ...checkpoint.training, options } }, settingsGiven({}));
    expect(continued).toMatchObject({ options: { ...options, ...legacyOptions, maxTimeMs: null }, notes: [] });
    expect(legacyOptions).toMatchObject({ nesterov: false, weightDecay: 0, clipValue: 0 });
  });

  it('are replaced by settings given now, with a note', () => {
    const { options, machine, notes } = goOn({
      options: { learningRate: 0.001, batchSize: 4, dropout: 0.5, hidden: 16 },
      machine: { threads: 2 },
    });
    expect(options).toMatchObject({ learningRate: 0.001, batchSize: 4, dropout: 0.5, hidden: 16 });
    expect(machine.threads).toBe(2);
    expect(notes).toEqual([
      '--dropout is now 0.5 (it was 0)',
      '--batch-size is now 4 (it was 8)',
      '--learning-rate is now 0.001 (it was 0.01)',
      '--threads is now 2 (it was not given)',
    ]);
  });

  it('have one length', () => {
    const { options, notes } = goOn({ options: { budgetMs: 90_000 } });
    expect(options).toMatchObject({ budgetMs: 90_000, maxSteps: null, epochs: null });
    expect(notes).toEqual(['--budget is now 90s (it was not given)']);
  });

  it('have either a validation file or a validation fraction', () => {
    expect(goOn({ reading: { validationFile: 'other.txt' } }).reading).toMatchObject({
      validationFile: 'other.txt',
      validationFraction: 0,
    });
    expect(goOn({ reading: { validationFraction: 0.2 } }).reading).toMatchObject({
      validationFile: null,
      validationFraction: 0.2,
    });
  });

  it('have either a test file or a test fraction', () => {
    expect(goOn({ reading: { testFile: 'other.txt' } }).reading).toMatchObject({
      testFile: 'other.txt',
      testFraction: 0,
    });
    expect(goOn({ reading: { testFraction: 0 } }).reading).toMatchObject({ testFile: null, testFraction: 0 });
  });

  it('cannot have a test file if a fraction was held out to test on', () => {
    const reading = { ...(checkpoint.training.reading as object), testFraction: 0.1 };
    const held = { ...checkpoint, training: { ...checkpoint.training, reading } };
    expect(() => continueRun(held, settingsGiven({ reading: { testFile: 'other.txt' } }))).toThrow(
      expect.objectContaining({
        kind: 'usage',
        message: 'cannot use --test-file in this run: its --test-fraction is 0.1',
        hint: expect.stringContaining('omit --test-file') as string,
      }),
    );
  });

  it('have no test part if the checkpoint is older than test parts', () => {
    const {
      testFraction: _fraction,
      testFile: _file,
      ...reading
    } = checkpoint.training.reading as Record<string, unknown>;
    const continued = continueRun({ ...checkpoint, training: { ...checkpoint.training, reading } }, settingsGiven({}));
    expect(continued).toMatchObject({ reading: { ...reading, testFraction: 0, testFile: null }, notes: [] });
  });

  it.each([
    [{ reading: { testFraction: 0.1 } }, 'cannot change --test-fraction in a run: it is 0, and you gave 0.1'],
    [{ options: { hidden: 32 } }, 'cannot change --hidden in a run: it is 16, and you gave 32'],
    [{ options: { layers: 2 } }, 'cannot change --layers in a run: it is 1, and you gave 2'],
    [{ options: { cell: 'gru' } }, 'cannot change --cell in a run: it is lstm, and you gave gru'],
    [{ options: { embedding: 8 } }, 'cannot change --embedding in a run: it is 0, and you gave 8'],
    [
      { options: { initialisation: 'xavier' } },
      'cannot change --initialisation in a run: it is uniform, and you gave xavier',
    ],
    [{ reading: { unit: 'byte' } }, 'cannot change --level in a run: it is char, and you gave byte'],
    [{ reading: { minCount: 2 } }, 'cannot change --min-count in a run: it is 1, and you gave 2'],
    [{ reading: { records: 'line' } }, 'cannot change --records in a run: it is not given, and you gave line'],
    [{ reading: { column: ['a', 'b'] } }, 'cannot change --column in a run: it is not given, and you gave a b'],
  ] as const)('cannot become %o, and the hint names a way out', (settings, message) => {
    expect(() => goOn(settings)).toThrow(
      expect.objectContaining({ kind: 'usage', message, hint: expect.stringContaining('--init-from') }),
    );
  });

  it.each([
    ['options', 'hidden', 1.5, 'training.options.hidden is 1.5: expected a whole number'],
    ['options', 'schedule', 'linear', 'training.options.schedule is "linear": expected a one of'],
    ['options', 'seed', undefined, 'training.options.seed is missing'],
    ['reading', 'include', 'x', 'training.reading.include is "x"'],
    ['machine', 'threads', 0, 'training.machine.threads is 0'],
  ])('are refused if the checkpoint has wrong ones (%s.%s: %s)', (part, member, value, message) => {
    const { training } = checkpoint;
    const edited = {
      ...checkpoint,
      training: { ...training, [part]: { ...(training[part] as object), [member]: value } },
    };
    expect(() => continueRun(edited, settingsGiven({}))).toThrow(
      expect.objectContaining({
        kind: 'checkpoint',
        message: expect.stringContaining(message.replace('a one of', 'one of')),
      }),
    );
  });
});

it('a run that was over when it was saved is over, unless it is made longer', () => {
  const { options } = goOn({});
  expect(endReasonOf(checkpoint, options)).toBe('max-steps');
  expect(endReasonOf(checkpoint, { ...options, maxSteps: 9 })).toBeNull();
  expect(endReasonOf(checkpoint, { ...options, learningRate: 1 })).toBe('max-steps');
});

describe('the text of a run that continues', () => {
  it('may be the same, without a note', () => {
    expect(compareCorpus(checkpoint, verses, { accepted: false })).toEqual([]);
  });

  it('is noted if it is split elsewhere', () => {
    expect(
      compareCorpus(checkpoint, { ...verses, train: verses.train.subarray(0, 1000) }, { accepted: false }),
    ).toEqual([`the run now trains on 1,000 characters (it was ${verses.train.length.toLocaleString('en')})`]);
  });

  it('may have another text to validate on, if that is accepted', () => {
    const other = { ...verses, digest: 'other', validation: verses.validation.subarray(0, 100) };
    expect(() => compareCorpus(checkpoint, other, { accepted: false })).toThrow(
      expect.objectContaining({
        kind: 'corpus',
        message: `the text to validate on is not the text that this run had: it has 100 characters instead of ${verses.validation.length}`,
        hint: expect.stringContaining('--accept-new-corpus'),
      }),
    );
    expect(compareCorpus(checkpoint, other, { accepted: true })).toEqual([
      expect.stringMatching(
        /^the text to validate on is not the text that this run had: .*, so the run looks for the best validation loss again$/,
      ),
    ]);
  });

  it('may have another text to test on, if that is accepted', () => {
    const other = { ...verses, testDigest: 'other', test: verses.validation.subarray(0, 100) };
    expect(() => compareCorpus(checkpoint, other, { accepted: false })).toThrow(
      expect.objectContaining({
        kind: 'corpus',
        message: 'the text to test on is not the text that this run had: it has 100 characters instead of 0',
      }),
    );
    expect(compareCorpus(checkpoint, other, { accepted: true })).toEqual([
      expect.stringMatching(/^the text to test on is not the text that this run had: /),
    ]);
  });

  it('is compared by two digests with a checkpoint that is older than test parts', () => {
    const { testDigest: _digest, test: _test, ...corpus } = checkpoint.training.corpus as Record<string, unknown>;
    const older = { ...checkpoint, training: { ...checkpoint.training, corpus } };
    expect(compareCorpus(older, verses, { accepted: false })).toEqual([]);
  });

  it('is compared by one digest with an even older checkpoint', () => {
    const { sourcesDigest: _, ...corpus } = checkpoint.training.corpus as { sourcesDigest: string };
    const older = { ...checkpoint, training: { ...checkpoint.training, corpus } };
    expect(compareCorpus(older, verses, { accepted: false })).toEqual([]);
    expect(() =>
      compareCorpus(older, { ...verses, sourcesDigest: 'other', digest: 'other' }, { accepted: false }),
    ).toThrow(/the text is not the text/);
  });

  it('is refused if it is another text, unless that is accepted', () => {
    const other = { ...verses, digest: 'other', sourcesDigest: 'other', characters: 9999 };
    expect(() => compareCorpus(checkpoint, other, { accepted: false })).toThrow(
      expect.objectContaining({
        kind: 'corpus',
        message: `the text is not the text that this run was trained on: it has 9,999 characters instead of ${verses.characters.toLocaleString('en')}`,
        hint: expect.stringContaining('--accept-new-corpus'),
      }),
    );
    expect(compareCorpus(checkpoint, other, { accepted: true })).toEqual([
      expect.stringContaining('the text is not the text that this run was trained on'),
    ]);
    expect(() =>
      compareCorpus(checkpoint, { ...verses, digest: 'other', sourcesDigest: 'other' }, { accepted: false }),
    ).toThrow(/characters are different/);
  });
});

// Scores lines with one or several models, in batches of the lines that are available. The scoring is
// in evaluation/.
import { setImmediate } from 'node:timers/promises';
import { Vocabulary } from '../corpus/read.ts';
import { openDevice } from '../devices/open.ts';
import { errorAbout } from '../errors.ts';
import { LineScorer, worstStretch } from '../evaluation/line-scorer.ts';
import { LineEncoder, type LineText, type LineTokens, textOfLine } from '../evaluation/line-tokens.ts';
import type { UnknownScoring } from '../options/choices.ts';
import { rule } from '../options/kind.ts';
import { kindsOf, tableOf } from '../options/option.ts';
import { scoreOptions } from '../options/score.ts';
import type { TrainedModel } from '../runs/store.ts';
import { recordedReadingOrNull } from '../training/record.ts';
import { workOfModel } from '../training/work.ts';
import {
  isTextOrBytes,
  listenerMember,
  refuseOther,
  refuseUnless,
  refuseUnlessModel,
  refuseWrong,
  stream,
} from './checks.ts';
import type { MachineChoice } from './model-results.ts';
import type { ListenerOption } from './run-request.ts';

const { unknown, device, threads, kernels } = kindsOf(tableOf(scoreOptions));
const members = { unknown, listener: listenerMember };
const lineRule = rule('a text or bytes', isTextOrBytes);
const modelsRule = rule('an object of models by their names', (given) => typeof given === 'object' && given !== null);

/** Characters that are scored at a time, approximately. More lines share windows better. */
const BATCH_CHARACTERS = 2 ** 17;
/** The number of characters for which a device is chosen: their number is not known. */
const EXPECTED_CHARACTERS = 1e6;

/** How lines are scored. */
export interface ScoreOptions extends ListenerOption {
  /**
   * Characters that a model does not know: `count` (the default) reads the unknown token, and counts
   * 20.1 bits without one. `error` refuses the line, `skip` omits them, and `replace` requires the
   * unknown token.
   */
  readonly unknown?: UnknownScoring;
}

/** The score of a line by a model. */
export interface LineScore {
  /** The number of scored characters, with the end of the line. */
  readonly characters: number;
  /** The surprisal of the line in bits. */
  readonly bits: number;
  /** Bits per character (per byte for a byte-level model). */
  readonly bpc: number;
  /** The 8 characters with the highest mean surprisal, or the whole line if it is shorter. */
  readonly worst: {
    /** Bits per character. */
    readonly bits: number;
    /** The number of characters before it, in the line that the model reads. */
    readonly start: number;
    readonly text: string;
  };
  /** The number of characters that the model does not know. */
  readonly unknown: number;
}

/** A line and its score. */
export interface ScoredLine extends LineScore {
  /** Its number among the given lines, from 1. Empty lines are not scored. */
  readonly line: number;
  readonly text: string;
}

/** A line and its scores by several models. The members of `LineScore` are from the likeliest. */
export interface ClassifiedLine extends ScoredLine {
  readonly models: Readonly<Record<string, LineScore>>;
  /** The name of the model with the fewest bits. */
  readonly likeliest: string;
}

/** Lines, which may arrive over time. */
export type LinesToScore = Iterable<LineText> | AsyncIterable<LineText>;

/** A given line and its score by each model. */
interface LineResult<Line> {
  readonly line: Line;
  readonly scores: readonly LineScore[];
}

/**
 * Scores each line from a zero state, with the end of the line. Yields the lines that are not empty in
 * their order, as soon as no further line is available without waiting.
 *
 * @throws RnnError `usage` for wrong options or a value that is not a line, `checkpoint` for a model
 * whose text did not have lines, `corpus` for unknown characters with `unknown: 'error'`
 */
export async function* scoreLines(
  trained: TrainedModel,
  machine: MachineChoice,
  lines: LinesToScore,
  options: ScoreOptions,
): AsyncGenerator<ScoredLine, void, undefined> {
  refuseWrong(options, members);
  for await (const results of scoreBatches([trained], machine, withNumbers(lines), options))
    for (const { line, scores } of results) yield { line: line.number, text: textOfLine(line.text), ...scores[0] };
}

/**
 * Scores lines with several models, and names the likeliest model of each line.
 *
 * @param models results of `loadCheckpoint` by their names
 * @throws RnnError as `Model.score` does
 */
export async function* classifyLines(
  models: Readonly<Record<string, TrainedModel>>,
  lines: LinesToScore,
  options: ScoreOptions & MachineChoice = {},
): AsyncGenerator<ClassifiedLine, void, undefined> {
  refuseOther('models', models, modelsRule);
  refuseUnless(Object.keys(models).length > 0, 'models', models, 'at least one model');
  for (const [name, model] of Object.entries(models)) refuseUnlessModel(name, model);
  refuseWrong(options, { ...members, device, threads, kernels });
  const { unknown, listener, ...machine } = options;
  const names = Object.keys(models);
  for await (const results of scoreBatches(Object.values(models), machine, withNumbers(lines), { unknown, listener }))
    for (const { line, scores } of results) {
      const likeliest = likeliestOf(scores);
      const named = Object.fromEntries(names.map((name, index) => [name, scores[index]]));
      yield {
        line: line.number,
        text: textOfLine(line.text),
        ...scores[likeliest],
        models: named,
        likeliest: names[likeliest],
      };
    }
}

/** The index of the model that gives a line the fewest bits. */
export const likeliestOf = (scores: readonly LineScore[]): number =>
  scores.reduce((best, { bits }, index) => (bits < scores[best].bits ? index : best), 0);

async function* withNumbers(
  lines: LinesToScore,
): AsyncGenerator<readonly { readonly number: number; readonly text: LineText }[]> {
  refuseOther('lines', lines, stream);
  refuseUnless(typeof lines !== 'string', 'lines', lines, 'a list of lines');
  let number = 0;
  for await (const text of lines) {
    number++;
    refuseOther(`line ${number}`, text, lineRule);
    if (textOfLine(text) !== '') yield [{ number, text }];
  }
}

/**
 * Scores lines with each model, and yields the results of the lines that were available at a time.
 *
 * @param lists lines that arrive together. A line that is not available yet does not delay others
 * @param nameOf the name of a line in an error
 */
export async function* scoreBatches<Line extends { readonly number: number; readonly text: LineText }>(
  models: readonly TrainedModel[],
  { device: name = 'auto', threads, kernels }: MachineChoice,
  lists: AsyncIterable<readonly Line[]>,
  { unknown = 'count', listener }: ScoreOptions,
  nameOf: (line: Line) => string = ({ number }) => `line ${number}`,
): AsyncGenerator<readonly LineResult<Line>[]> {
  const encoders = models.map((trained) => encoderOf(trained, unknown));
  listener?.activity?.({ kind: 'compiling', done: 0, total: 1 });
  const device = await openDevice(name, { threads, kernels, work: workOf(models) });
  listener?.activity?.({ kind: 'scoring', done: 0, total: null });
  const scorers = models.map((trained, index) => new LineScorer(trained, encoders[index].end, device));
  let done = 0;
  try {
    for await (const lines of availableLines(lists)) {
      const scores: (readonly LineScore[])[] = [];
      for (const [index, encoder] of encoders.entries()) {
        const encoded = lines.map((line) => encodeNamed(encoder, line.text, () => nameOf(line)));
        const bits = await scorers[index].score(encoded);
        scores.push(encoded.map((line, place) => scoreOf(line, bits[place])));
      }
      done += lines.reduce((sum, { text }) => sum + text.length, 0);
      listener?.activity?.({ kind: 'scoring', done, total: null });
      yield lines.map((line, place) => ({ line, scores: scores.map((ofModel) => ofModel[place]) }));
    }
  } finally {
    for (const scorer of scorers) await scorer.close();
    await device.close();
  }
}

function encoderOf({ vocabulary, training }: TrainedModel, unknown: UnknownScoring): LineEncoder {
  const { lowercase = false, learnAfter = null } = recordedReadingOrNull(training) ?? {};
  return new LineEncoder(new Vocabulary(vocabulary), { lowercase, learnAfter, unknown });
}

function encodeNamed(encoder: LineEncoder, text: LineText, nameOf: () => string): LineTokens {
  try {
    return encoder.encode(text);
  } catch (error) {
    throw errorAbout(nameOf(), error);
  }
}

function scoreOf(line: LineTokens, all: Float32Array): LineScore {
  const scored = all.subarray(line.scoredFrom);
  const bits = scored.reduce((sum, each) => sum + each, 0);
  const { from, to, bits: mean } = worstStretch(all, line.scoredFrom);
  return {
    characters: scored.length,
    bits,
    bpc: bits / scored.length,
    worst: { bits: mean, ...line.stretch(from, to) },
    unknown: line.unknown,
  };
}

/** The work of the largest model. */
function workOf(models: readonly TrainedModel[]) {
  const once = { batchSize: 64, sequenceLength: 64, epochs: 1, maxSteps: null, budgetMs: null, maxTimeMs: null };
  const works = models.map(({ model }) => workOfModel(model, once, EXPECTED_CHARACTERS));
  return works.reduce((largest, each) => (each.multiplyAdds > largest.multiplyAdds ? each : largest));
}

/**
 * Yields lines in lists of about BATCH_CHARACTERS characters, or fewer if no more lines are
 * available without waiting.
 */
async function* availableLines<Line extends { readonly text: LineText }>(
  lists: AsyncIterable<readonly Line[]>,
): AsyncGenerator<readonly Line[]> {
  const source = lists[Symbol.asyncIterator]();
  const ask = (): Promise<IteratorResult<readonly Line[]>> => {
    const nextLine = source.next();
    // If the consumer has left, a failure is not reported.
    nextLine.catch(() => {});
    return nextLine;
  };
  let pending = ask();
  let isOver = false;
  let waiting: Line[] = [];
  let characters = 0;
  try {
    while (!isOver || waiting.length > 0) {
      while (!isOver && characters < BATCH_CHARACTERS) {
        const next = await (waiting.length === 0 ? pending : Promise.race([pending, setImmediate(null)]));
        if (next === null) break;
        if (next.done) isOver = true;
        else {
          for (const line of next.value) {
            waiting.push(line);
            characters += line.text.length;
          }
          pending = ask();
        }
      }
      const batch = beginningOf(waiting);
      waiting = waiting.slice(batch.length);
      characters = waiting.reduce((sum, { text }) => sum + text.length, 0);
      if (batch.length > 0) yield batch;
    }
  } finally {
    // Not awaited: the source may be waiting for lines that never arrive.
    void source.return?.(undefined);
  }
}

/** The first lines, up to about BATCH_CHARACTERS characters. */
function beginningOf<Line extends { readonly text: LineText }>(lines: readonly Line[]): readonly Line[] {
  let characters = 0;
  const end = lines.findIndex(({ text }) => (characters += text.length) >= BATCH_CHARACTERS);
  return end < 0 ? lines : lines.slice(0, end + 1);
}

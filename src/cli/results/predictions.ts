// Writes the results of `rnn predict` to stdout: a table of characters, the steps of a walk, or a
// continuation. With --json each result is one object.
import type { FoundContinuation } from '../../api/beam-search.ts';
import type { Model } from '../../api/model.ts';
import type { CharacterProbability, ModelSession } from '../../api/session.ts';
import { count } from '../../count.ts';
import { bitsUnit, tokenName } from '../../options/choices.ts';
import type { TextOrBytes } from '../../sampling/sample.ts';
import type { Context } from '../context.ts';
import { toBits } from '../output/format.ts';
import { textTable } from '../output/text-table.ts';
import { textIn } from '../../api/sample-options.ts';

/** The text that was read, and the form of the output. */
interface Shown {
  readonly text: TextOrBytes;
  readonly json: boolean;
}

/** The width of the bar of a probability of 1. */
const MAX_BAR = 30;
/** The width of all columns to the left of the bars. */
const COLUMNS_WIDTH = 36;
/** Alternatives in a line of a walk, at most. */
const MAX_ALTERNATIVES = 5;
/** The width of an alternative in a line of a walk. */
const ALTERNATIVE_WIDTH = 12;
const blocks = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** Writes the likeliest characters as a table. @param all every character, the likeliest first */
export async function writeTable(
  all: readonly CharacterProbability[],
  top: number,
  { text, json }: Shown,
  model: Model,
  { stdout }: Context,
): Promise<void> {
  const likeliest = all.slice(0, top);
  if (json)
    return stdout.writeJson({
      event: 'prediction',
      checkpoint: model.path,
      text: textIn(text),
      likeliest: likeliest.map(objectOf),
    });
  const nameOf = await namesOf(model);
  const { dim } = stdout.colour;
  const width = Math.min(MAX_BAR, stdout.columns - 1 - COLUMNS_WIDTH);
  const bar = (probability: number): string => (stdout.isTty ? barOf(probability, width) : '');
  const others = all.slice(top);
  const rest = others.reduce((sum, { probability }) => sum + probability, 0);
  const rows = [
    [tokenName(model.vocabulary.unit), 'probability', 'bits'].map((heading) => dim(heading)),
    ...likeliest.map((each) => [
      nameOf(each),
      percentage(each.probability),
      toBits(each.nats).toFixed(2),
      bar(each.probability),
    ]),
    ...(others.length === 0 ? [] : [[dim(`${count(others.length)} more`), percentage(rest), '', bar(rest)]]),
  ];
  await stdout.write(`${textTable(rows, 'lrrl').join('\n')}\n`);
}

/**
 * Takes the likeliest character again and again, and writes a line for each, with the alternatives.
 * Ends at the end of a record.
 */
export async function writeWalk(
  session: ModelSession,
  { json, text, steps, top }: Shown & { readonly steps: number; readonly top: number },
  model: Model,
  { stdout }: Context,
): Promise<void> {
  const nameOf = await namesOf(model);
  const { dim, bold } = stdout.colour;
  const most = Math.max(1, Math.min(MAX_ALTERNATIVES, Math.floor((stdout.columns - 24) / ALTERNATIVE_WIDTH)));
  const alternatives = Math.min(top - 1, stdout.isTty ? most : MAX_ALTERNATIVES);
  if (!json) await stdout.write('\n');
  for (let step = 1; step <= steps; step++) {
    const all = await session.probabilities();
    // As in sampling: the unknown token is never chosen, and no record is empty.
    const isAllowed = (each: CharacterProbability): boolean =>
      each.id !== model.vocabulary.unknown && (each.text !== null || step > 1 || text.length > 0);
    const chosen = all.find(isAllowed)!;
    await session.choose(chosen.id);
    if (json) {
      const likeliest = all.slice(0, top).map(objectOf);
      await stdout.writeJson({
        event: 'step',
        checkpoint: model.path,
        text: textIn(text),
        step,
        ...objectOf(chosen),
        likeliest,
      });
    } else {
      const others = all.filter((each) => each !== chosen).slice(0, alternatives);
      const cells = [chosen, ...others].map((each) => `${nameOf(each)} ${percentage(each.probability)}`);
      const [first, ...more] = cells.map((cell) => cell.padEnd(ALTERNATIVE_WIDTH - 1));
      const number = String(step).padStart(String(steps).length);
      await stdout.write(`${dim(number)}  ${bold(first)}  ${dim(more.join(' '))}`.trimEnd() + '\n');
    }
    if (chosen.text === null) return;
  }
}

/** Writes the likeliest continuation of a text. */
export async function writeContinuation(
  { text: continuation, tokens, logProbability, bits, isCut }: FoundContinuation,
  { text, beam, json }: Shown & { readonly beam: number },
  { path, vocabulary }: Model,
  { stdout, stderr }: Context,
): Promise<void> {
  const { unit } = vocabulary;
  if (json) {
    const found = { text: textIn(text), beam, continuation, tokens, logProbability, bits, isCut };
    return stdout.writeJson({ event: 'continuation', checkpoint: path, ...found });
  }
  await stdout.write(`${stdout.colour.bold(stdout.shown(textIn(text)))}${stdout.shown(continuation)}`);
  if (!continuation.endsWith('\n')) await stdout.write('\n');
  const end = isCut ? '' : vocabulary.end == null ? '' : ', with the end of the record';
  stderr.note(
    `log-probability ${logProbability.toFixed(3)} nats, ${bits.toFixed(3)} ${bitsUnit(unit)}, ${count(tokens)} ${tokenName(unit)}s${end}`,
  );
}

const objectOf = ({ text, probability, nats }: CharacterProbability) => ({
  character: text,
  probability,
  bits: toBits(nats),
});

/** The name of a character for people, by its prediction. */
async function namesOf({ vocabulary }: Model): Promise<(each: CharacterProbability) => string> {
  const { printableToken } = await import('../../evaluation/scored-text.ts');
  return ({ id, text }) =>
    text === null ? 'end of record' : id === vocabulary.unknown ? 'unknown' : printableToken(text);
}

const percentage = (probability: number): string => `${(100 * probability).toFixed(1)} %`;

function barOf(share: number, width: number): string {
  const eighths = Math.round(8 * share * Math.max(0, width));
  return '█'.repeat(Math.floor(eighths / 8)) + blocks[eighths % 8];
}

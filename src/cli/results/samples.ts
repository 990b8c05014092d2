// Writes samples of a model to stdout: as JSON, as bytes, or as text for a terminal or a pipe.
import type { Model } from '../../api/model.ts';
import { type Sample, type SampleTextsOptions, selectingOptions, textIn } from '../../api/sample-options.ts';
import { separatorIn } from '../../corpus/vocabulary.ts';
import { count as formatCount, countOf } from '../../count.ts';
import type { ErrorKind } from '../../errors.ts';
import { RepetitionDetector } from '../../sampling/repeats.ts';
import type { TextOrBytes } from '../../sampling/sample.ts';
import { exitCodes } from '../failures.ts';
import { onOneLine } from '../output/format.ts';
import type { Output } from '../output/output.ts';

/**
 * The options of the samples. `seed` is for the first sample, and each further sample uses the next
 * seed.
 */
type SamplesToWrite = SampleTextsOptions & Required<Pick<SampleTextsOptions, 'seed'>>;

/** Facts about the samples that were written. */
interface Written {
  texts: number;
  /** Texts that reached their maximum length before a stop or the end of a record. */
  cut: number;
  /** Texts that repeat a passage at their end, and such a passage. */
  repeating: number;
  passage: string | null;
  /** The kinds of the errors of single prompts. */
  readonly errors: Set<ErrorKind>;
}

interface How {
  readonly options: SamplesToWrite;
  /** Whether a text begins with its prompt. */
  readonly keepPrime: boolean;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly written: Written;
}

type Write = (model: Model, how: How) => Promise<void>;

/**
 * Generates and writes all samples. A prompt with unknown characters is an error before anything is
 * written, but a line of many prompts fails alone.
 */
export async function writeSamples(
  model: Model,
  options: SamplesToWrite,
  { json, keepPrime }: { readonly json: boolean; readonly keepPrime: boolean },
  { stdout, stderr }: { readonly stdout: Output; readonly stderr: Output },
): Promise<Written> {
  const isChosen = selectingOptions.some((name) => options[name] !== undefined && options[name] !== false);
  const isBytes = model.vocabulary.unit === 'byte' && !stdout.isTty;
  const write = json ? writeObjects : isChosen ? writeWhole : isBytes ? writeBytes : writeTexts;
  const written: Written = { texts: 0, cut: 0, repeating: 0, passage: null, errors: new Set() };
  await write(model, { options, keepPrime, stdout, stderr, written });
  return written;
}

const writeObjects: Write = async (model, { options, keepPrime, stdout, written }) => {
  for await (const sample of model.samplesAsBytes(options)) {
    const { index, seed, prime, text, isCut: cut, logProbability, bitsPerCharacter, error } = sample;
    if (error !== null) written.errors.add(error.kind);
    const bytes = text === null ? null : Buffer.concat([Buffer.from(keepPrime ? prime : ''), text]);
    await stdout.writeJson({
      event: 'sample',
      index,
      seed,
      prime: textIn(prime),
      text: bytes === null ? null : textIn(bytes),
      ...(error === null ? { cut, logProbability, bitsPerCharacter } : { error: error.message }),
      ...(model.vocabulary.unit === 'byte' && { bytes: bytes?.toString('base64') ?? null }),
    });
  }
};

/** Writes exactly the bytes of the samples, with nothing between them or after the last. */
const writeBytes: Write = async (model, { options, keepPrime, stdout, written }) => {
  for await (const pieces of model.sampleManyBytePieces(options)) {
    if (keepPrime && options.prime !== undefined && options.prime.length > 0) await stdout.write(options.prime);
    const repetition = new RepetitionDetector();
    for await (const piece of pieces) {
      await stdout.write(piece);
      repetition.push(Buffer.from(piece).toString('latin1'));
    }
    record(written, repetition, pieces.outcome?.isCut);
  }
};

/**
 * On a terminal, each of several samples has a heading, unless it is a record. Elsewhere, the output
 * is only the samples, each with a newline or the separator of records at its end.
 */
const writeTexts: Write = async (model, how) => {
  const { options, keepPrime, stdout, written } = how;
  const start = keepPrime ? textIn(options.prime ?? '') : '';
  let index = 0;
  for await (const pieces of model.sampleManyPieces(options)) {
    await writeHeading(model, how, { index, seed: options.seed + index });
    let last = start;
    if (last !== '') await stdout.write(stdout.colour.bold(stdout.shown(last)));
    const repetition = new RepetitionDetector();
    for await (const piece of pieces) {
      if (piece === '') continue;
      await stdout.write(stdout.shown(piece));
      repetition.push(piece);
      last = piece;
    }
    record(written, repetition, pieces.outcome?.isCut);
    const end = separatorIn(model.vocabulary) ?? (last.endsWith('\n') ? '' : '\n');
    if (end !== '') await stdout.write(end);
    index++;
  }
};

/** Writes texts that are chosen among samples, or a line for each prompt. */
const writeWhole: Write = async (model, how) => {
  const { options, keepPrime, stdout, stderr, written } = how;
  const isBytes = model.vocabulary.unit === 'byte' && !stdout.isTty;
  const isLines = options.primes !== undefined;
  const separator = separatorIn(model.vocabulary);
  const write = async ({ prime, text, isCut }: Sample<TextOrBytes>): Promise<void> => {
    const start = keepPrime ? prime : '';
    const repetition = new RepetitionDetector();
    repetition.push(textIn(text ?? ''));
    record(written, repetition, isCut);
    if (isBytes) {
      await stdout.write(
        Buffer.concat([Buffer.from(start), Buffer.from(text ?? ''), Buffer.from(isLines ? '\n' : '')]),
      );
      return;
    }
    const whole = textIn(text ?? '');
    const shown = isLines && separator === null ? whole.replace(/\n$/, '') : whole;
    const end = separator ?? (shown.endsWith('\n') && !isLines ? '' : '\n');
    await stdout.write(`${boldIfAny(stdout, textIn(start))}${stdout.shown(shown)}${end}`);
  };
  const samples: AsyncIterable<Sample<TextOrBytes>> = isBytes ? model.samplesAsBytes(options) : model.samples(options);
  for await (const sample of samples) {
    const { index, error } = sample;
    if (error !== null) {
      written.errors.add(error.kind);
      stderr.warn(`line ${index + 1}: ${onOneLine(error.message)}`);
      await stdout.write(separator ?? '\n');
      continue;
    }
    await writeHeading(model, how, sample);
    await write(sample);
  }
};

const boldIfAny = (stdout: Output, text: string): string => (text === '' ? '' : stdout.colour.bold(stdout.shown(text)));

async function writeHeading(
  model: Model,
  { options: { count = 1 }, stdout }: How,
  { index, seed }: { readonly index: number; readonly seed: number },
): Promise<void> {
  if (count === 1 || !stdout.isTty || separatorIn(model.vocabulary) !== null) return;
  const heading = stdout.colour.dim(`── text ${index + 1} of ${count}, --seed ${seed} ──`);
  await stdout.write(`${index === 0 ? '' : '\n'}${heading}\n`);
}

function record(written: Written, { repeated }: RepetitionDetector, isCut: boolean | undefined): void {
  written.texts++;
  if (isCut) written.cut++;
  if (repeated === null) return;
  written.repeating++;
  written.passage = repeated;
}

/** Characters of a passage that a hint shows. */
const MAX_PASSAGE = 30;

/** Prints how many records are cut, and how many texts repeat themselves. */
export function noteOnSamples({ texts, cut, repeating, passage }: Written, model: Model, stderr: Output): void {
  if (cut > 0 && separatorIn(model.vocabulary) !== null)
    stderr.warn(
      `${formatCount(cut)} of ${countOf(texts, 'record', 'records')} reached the maximum length and ${cut === 1 ? 'is' : 'are'} cut: raise --length`,
    );
  if (passage === null) return;
  const which = texts === 1 ? 'the text ends' : `${formatCount(repeating)} of ${formatCount(texts)} texts end`;
  const shown = JSON.stringify(passage.length > MAX_PASSAGE ? `${passage.slice(0, MAX_PASSAGE)}…` : passage);
  stderr.note(`hint: ${which} by repeating ${shown}: raise --temp, or use --no-repeat 20`);
}

/** The exit code of the errors of single prompts: unknown characters before conditions. */
export function exitCodeOf({ errors }: Written): number {
  const kind = (['corpus', 'unmet'] as const).find((each) => errors.has(each));
  return kind === undefined ? 0 : exitCodes[kind];
}

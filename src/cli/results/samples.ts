// Writes samples of a model to stdout: as JSON, as bytes, or as text for a terminal or a pipe.
import type { Model } from '../../api/model.ts';
import type { SampleTextsOptions } from '../../api/writer.ts';
import type { TextOrBytes } from '../../sampling/sample.ts';
import type { Output } from '../output/output.ts';

/**
 * The options of the samples. `seed` is for the first sample, and each further sample uses the next
 * seed.
 */
type SamplesToWrite = SampleTextsOptions & Required<Pick<SampleTextsOptions, 'prime' | 'seed'>>;
type Write = (model: Model, options: SamplesToWrite, start: TextOrBytes, stdout: Output) => Promise<void>;

/**
 * Generates and writes all samples. A prompt with unknown characters is an error before anything is
 * written.
 *
 * @param keepPrime whether a text begins with its prompt
 */
export async function writeSamples(
  model: Model,
  options: SamplesToWrite,
  { json, keepPrime }: { readonly json: boolean; readonly keepPrime: boolean },
  stdout: Output,
): Promise<void> {
  const isBytes = model.vocabulary.unit === 'byte' && !stdout.isTty;
  const write = json ? writeObjects : isBytes ? writeBytes : writeTexts;
  await write(model, options, keepPrime ? options.prime : '', stdout);
}

const writeObjects: Write = async (model, options, start, stdout) => {
  let index = 0;
  for await (const sampleBytes of model.sampleManyBytes(options)) {
    const bytes = Buffer.concat([Buffer.from(start), sampleBytes]);
    const sample = {
      event: 'sample',
      index,
      seed: options.seed + index,
      prime: textOf(options.prime),
      text: textOf(bytes),
    };
    await stdout.writeJson(model.vocabulary.unit === 'byte' ? { ...sample, bytes: bytes.toString('base64') } : sample);
    index++;
  }
};

/** Writes exactly the bytes of the samples, with nothing between them or after the last. */
const writeBytes: Write = async (model, options, start, stdout) => {
  for await (const pieces of model.sampleManyBytePieces(options)) {
    if (start.length > 0) await stdout.write(start);
    for await (const piece of pieces) await stdout.write(piece);
  }
};

/**
 * On a terminal, each of several samples has a heading, unless it is a record. Elsewhere, the output
 * is only the samples, each with a newline or the separator of records at its end.
 */
const writeTexts: Write = async (model, options, start, stdout) => {
  const { seed, count } = options;
  const { bold, dim } = stdout.colour;
  const { separatorIn } = await import('../../corpus/vocabulary.ts');
  const separator = separatorIn(model.vocabulary);
  let index = 0;
  for await (const pieces of model.sampleManyPieces(options)) {
    if (count > 1 && stdout.isTty && separator === null)
      await stdout.write(
        `${index === 0 ? '' : '\n'}${dim(`── text ${index + 1} of ${count}, --seed ${seed + index} ──`)}\n`,
      );
    let last = textOf(start);
    if (last !== '') await stdout.write(bold(stdout.shown(last)));
    for await (const piece of pieces) {
      if (piece === '') continue;
      await stdout.write(stdout.shown(piece));
      last = piece;
    }
    if (separator !== null) await stdout.write(separator);
    else if (!last.endsWith('\n')) await stdout.write('\n');
    index++;
  }
};

/** The text of bytes, with U+FFFD for bytes that are not UTF-8. */
export const textOf = (given: TextOrBytes): string =>
  typeof given === 'string' ? given : new TextDecoder('utf-8', { ignoreBOM: true }).decode(given);

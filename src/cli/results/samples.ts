// How texts of a model go to stdout: as JSON, as bytes, or as text for a terminal or a pipe.
import type { Unit } from '../../corpus/vocabulary.ts';
import type { Given, Sampler, TextsRequest } from '../../sampling/sample.ts';
import type { Output } from '../output/output.ts';

interface Writing {
  readonly unit: Unit;
  /** Of the first text; each of the others has the next one. */
  readonly seed: number;
  readonly count: number;
  readonly json: boolean;
  /** Whether a text begins with its prime. */
  readonly keepPrime: boolean;
}

type Write = (sampler: Sampler, request: TextsRequest, start: Given, writing: Writing, stdout: Output) => Promise<void>;

/**
 * Draws all texts of the request. A prime that the model does not know is refused before anything
 * is on stdout.
 */
export async function writeSamples(
  sampler: Sampler,
  request: TextsRequest,
  writing: Writing,
  stdout: Output,
): Promise<void> {
  const write = writing.json ? writeObjects : writing.unit === 'byte' && !stdout.isTty ? writeBytes : writeTexts;
  await write(sampler, request, writing.keepPrime ? request.prime : '', writing, stdout);
}

const writeObjects: Write = async (sampler, request, start, { unit, seed }, stdout) => {
  let index = 0;
  for (const pieces of sampler.bytes(request)) {
    const all = [Buffer.from(start)];
    for await (const piece of pieces) all.push(Buffer.from(piece));
    const bytes = Buffer.concat(all);
    const sample = { event: 'sample', index, seed: seed + index, prime: textOf(request.prime), text: textOf(bytes) };
    await stdout.writeJson(unit === 'byte' ? { ...sample, bytes: bytes.toString('base64') } : sample);
    index++;
  }
};

/** As many as were asked for: nothing is added between texts or after the last. */
const writeBytes: Write = async (sampler, request, start, _, stdout) => {
  for (const pieces of sampler.bytes(request)) {
    if (start.length > 0) await stdout.write(start);
    for await (const piece of pieces) await stdout.write(piece);
  }
};

/**
 * On a terminal each of several has a heading; elsewhere there are the texts alone, each with a
 * newline at its end.
 */
const writeTexts: Write = async (sampler, request, start, { seed, count }, stdout) => {
  const { bold, dim } = stdout.colour;
  let index = 0;
  for (const pieces of sampler.texts(request)) {
    if (count > 1 && stdout.isTty)
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
    if (!last.endsWith('\n')) await stdout.write('\n');
    index++;
  }
};

/** U+FFFD stands for bytes that are not UTF-8. */
const textOf = (given: Given): string =>
  typeof given === 'string' ? given : new TextDecoder('utf-8', { ignoreBOM: true }).decode(given);

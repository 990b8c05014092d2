// The texts of the tasks, their splits, and the files of the parts for the peers.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Corpus } from '../../dist/index.js';
import { pairs } from '../pairs.js';
import { splits, texts } from './tasks.js';

const parts = ['train', 'validation', 'test'];

/**
 * The path of a text: a file of the folder `data`, a generated file of the folder `work`, or the
 * path that the text has.
 * @throws if the file is missing, or is another version of the text
 */
export function textOf(name, { data, work }) {
  const { count, kind, path: elsewhere, sha256, source } = texts[name];
  if (elsewhere !== undefined) return elsewhere;
  if (kind !== undefined) {
    mkdirSync(work, { recursive: true });
    writeFileSync(join(work, name), pairs(kind, count));
    return join(work, name);
  }
  const path = join(data, name);
  if (!existsSync(path)) throw new Error(`${path} is missing: ${source}. Name its folder with --data`);
  const found = createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, sha256.length);
  if (found !== sha256) throw new Error(`${path} is another text: expected the SHA-256 ${sha256}…, found ${found}…`);
  return path;
}

/** The words of `rnn train` that name a text and its split. Writes the parts if they are files. */
export async function trainingWords({ text, split }, folders) {
  if (!(split in ownSplits)) return [textOf(text, folders), ...splits[split]];
  const [train, validation, test] = await partFiles({ text, split }, folders);
  return [train, '--validation-file', validation, '--test-file', test, ...splits[split]];
}

/** The files of the training, validation and test part, which it writes into the folder `work`. */
export async function partFiles({ text, split }, folders) {
  const path = textOf(text, folders);
  const divide = ownSplits[split];
  const contents = divide === undefined ? await partsOf(path, split) : divide(readFileSync(path, 'utf8'));
  mkdirSync(folders.work, { recursive: true });
  return parts.map((part, index) => {
    const file = join(folders.work, `${text.replace(/\.\w+$/, '')}-${split}-${part}.txt`);
    writeFileSync(file, contents[index]);
    return file;
  });
}

/** The training, validation and test part of a text whose first tenth tests and last validates. */
export function firstTests(text) {
  const validated = Math.floor(0.9 * text.length);
  const trained = text.length - validated;
  return [text.slice(trained, validated), text.slice(validated), text.slice(0, trained)];
}

/**
 * The parts of a text with CR LF line ends as char-rnn splits it (util/CharSplitLMMinibatchLoader.lua):
 * it divides the text into a row for each row of a batch, and each row into sequences. Of the
 * sequences of a row, the first 80 % train, then 10 % validate, and the rest test. So each part has
 * characters from all over the text.
 */
export function charRnnParts(text, { rows, length } = { rows: 100, length: 100 }) {
  const withCrLf = text.replaceAll('\n', '\r\n');
  const sequences = Math.floor(withCrLf.length / (rows * length));
  const trained = Math.floor(0.8 * sequences);
  const validated = trained + Math.floor(0.1 * sequences);
  const bounds = [0, trained, validated, sequences].map((sequence) => sequence * length);
  return parts.map((_, part) =>
    Array.from({ length: rows }, (_, row) => {
      const start = row * sequences * length;
      return withCrLf.slice(start + bounds[part], start + bounds[part + 1]);
    }).join(''),
  );
}

/** The splits that rnn does not have, by their names. Each divides the content of a text. */
const ownSplits = { firstTests, charRnn: charRnnParts };

/** The parts as rnn divides a text. Records have a line each. */
async function partsOf(path, split) {
  const isRecords = split === 'records' || split === 'pairs';
  const corpus = await Corpus.read(path, {
    ...(isRecords && { records: 'line' }),
    ...(split === 'pairs' && { learnAfter: '\t' }),
    validationFraction: 0.1,
    testFraction: 0.1,
  });
  const {
    end,
    data: { symbols },
  } = corpus.vocabulary;
  // Records begin with an end token.
  return parts.map((part) =>
    Array.from(isRecords ? corpus[part].subarray(1) : corpus[part], (id) => (id === end ? '\n' : symbols[id])).join(''),
  );
}

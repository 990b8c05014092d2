// The texts of the tasks, their splits, and the files of the parts for the peers.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Corpus } from '../../dist/index.js';
import { pairs } from '../pairs.js';
import { splits, texts } from './tasks.js';

const parts = ['train', 'validation', 'test'];

/**
 * The path of a text: a file of the folder `data`, or a generated file of the folder `work`.
 * @throws if the file is missing, or is another version of the text
 */
export function textOf(name, { data, work }) {
  const { count, kind, sha256, source } = texts[name];
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
  const path = textOf(text, folders);
  if (splits[split] !== null) return [path, ...splits[split]];
  const [train, validation, test] = await partFiles({ text, split }, folders);
  return [train, '--validation-file', validation, '--test-file', test];
}

/** The files of the training, validation and test part, which it writes into the folder `work`. */
export async function partFiles({ text, split }, folders) {
  const path = textOf(text, folders);
  const contents = split === 'firstTests' ? firstTests(readFileSync(path, 'utf8')) : await partsOf(path, split);
  mkdirSync(folders.work, { recursive: true });
  return parts.map((part, index) => {
    const file = join(folders.work, `${text.replace(/\.\w+$/, '')}-${part}.txt`);
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

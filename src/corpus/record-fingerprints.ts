// Fingerprints of the records of a text: 32 bits of a hash of each record, with which a sampled
// record is recognised as a copy.
import type { SlicedWork } from '../sliced-work.ts';
import type { Corpus } from './read.ts';
import { TextHash, hash53 } from './text-hash.ts';

/** Tokens that are hashed in one piece of work. */
const SLICE = 100_000;

/**
 * The upper 32 bits of the hash of 53 bits. Among a million records, a new record has the
 * fingerprint of another with a probability of 1 in 4,000.
 */
const upperBits = (hash: number): number => Math.floor(hash / 2 ** 21);

/** A set of records, as fingerprints in ascending order. */
export class FingerprintSet {
  readonly fingerprints: Uint32Array;

  /** @param fingerprints ascending */
  constructor(fingerprints: Uint32Array) {
    this.fingerprints = fingerprints;
  }

  /** Whether the set has a record. True for about one of 2³² / size other texts as well. */
  has(text: string): boolean {
    const wanted = upperBits(hash53(text));
    let [from, to] = [0, this.fingerprints.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.fingerprints[middle] < wanted) from = middle + 1;
      else to = middle;
    }
    return this.fingerprints[from] === wanted;
  }
}

/** The fingerprints of all records of a corpus, ascending, each once. */
export function* fingerprintsOf({
  records,
  vocabulary,
  train,
  validation,
  test,
}: Pick<Corpus, 'records' | 'vocabulary' | 'train' | 'validation' | 'test'>): SlicedWork<Uint32Array> {
  const { symbols } = vocabulary.data;
  const { end, facts } = records!;
  const found = new Uint32Array(facts.train + facts.validation + facts.test);
  let length = 0;
  for (const tokens of [train, validation, test]) {
    let hash: TextHash | null = null; // null before the first character of a record
    for (let at = 0; at < tokens.length; at++) {
      if (at % SLICE === 0) yield;
      const id = tokens[at];
      if (id !== end) (hash ??= new TextHash()).add(symbols[id]);
      else if (hash !== null) {
        found[length++] = upperBits(hash.value);
        hash = null;
      }
    }
  }
  return distinct(found.subarray(0, length));
}

/** The fingerprints in either list, ascending, each once. */
export function union(first: Uint32Array, second: Uint32Array): Uint32Array {
  const all = new Uint32Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return distinct(all);
}

/** Sorts in place, because a copy would take as much memory again. */
function distinct(fingerprints: Uint32Array): Uint32Array {
  fingerprints.sort();
  let kept = 0;
  for (let at = 0; at < fingerprints.length; at++)
    if (at === 0 || fingerprints[at] !== fingerprints[at - 1]) fingerprints[kept++] = fingerprints[at];
  return fingerprints.subarray(0, kept);
}

// A small corpus and runs on it, for the tests of the training room.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { RunFolder } from '../../src/checkpoint/store.ts';
import type { Corpus } from '../../src/corpus/read.ts';
import { characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import type { TrainingOptions } from '../../src/training/options.ts';
import { resolveOptions } from '../../src/training/resolve.ts';
import { prepareTraining } from '../../src/training/train.ts';

const VERSE = 'the quick brown fox jumps over the lazy dog; the dog sleeps and the fox is gone. ';

export function corpusOf(train: string, validation: string): Corpus {
  const vocabulary = characterVocabulary(train + validation, false);
  const [trained, validated] = [train, validation].map((text) => Uint8Array.from(vocabulary.encode(text)));
  return { vocabulary, train: trained, validation: validated, characters: train.length + validation.length, digest: 'none', files: 1, skipped: 0, name: 'tiny' };
}

export const verses: Corpus = corpusOf(VERSE.repeat(20), VERSE.repeat(2));

/** Options of a run that ends by steps alone. The learning rate may be one that users are refused, so that a run can be made to diverge. */
export function optionsOf(corpus: Corpus, { learningRate = 0.01, ...given }: Partial<TrainingOptions>): TrainingOptions {
  const { options } = resolveOptions({
    layers: 1, hidden: 16, batchSize: 8, sequenceLength: 10, warmupSteps: 0, evaluationStreams: 2, evaluateEvery: 0, checkpointEvery: 0, sampleEvery: 0, sampleLength: 20, ...given,
  }, corpus);
  return { ...options, learningRate };
}

export async function newFolder(): Promise<RunFolder> {
  const folder = mkdtempSync(path.join(tmpdir(), 'rnn-training-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return RunFolder.create(path.join(folder, 'run'));
}

interface Ran {
  readonly events: readonly TrainingEvent[];
  readonly folder: RunFolder;
}

/** Trains to the end. @param seen is told of each event as it comes */
export async function train(corpus: Corpus, given: Partial<TrainingOptions>, { threads = 1, signal, seen }: { threads?: number; signal?: AbortSignal; seen?: (event: TrainingEvent) => void } = {}): Promise<Ran> {
  const folder = await newFolder();
  const run = await prepareTraining({ options: optionsOf(corpus, given), corpus, device: await openCpu({ threads }) });
  const events: TrainingEvent[] = [];
  try {
    for await (const event of run.train(folder, signal)) {
      events.push(event);
      seen?.(event);
    }
  } finally {
    await run.close();
  }
  return { events, folder };
}

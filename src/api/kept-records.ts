// Stores fingerprints of the records in the run folder, so that sampling can recognise copies of
// records.
import type { Corpus } from '../corpus/read.ts';
import { fingerprintsOf, union } from '../corpus/record-fingerprints.ts';
import { MemoryStore, type RunStore, readRecords, writeRecords } from '../runs/store.ts';
import { runInSlices } from '../run-in-slices.ts';

/**
 * Writes the fingerprints of the records, unless the folder has the fingerprints of this text. If it
 * has the fingerprints of another text, the run has learned from both.
 *
 * @throws RnnError `machine` if the file cannot be written
 */
export async function keepRecords(store: RunStore, corpus: Corpus): Promise<void> {
  if (corpus.records === null || store instanceof MemoryStore) return;
  const { digest } = corpus;
  const earlier = await readRecords(store.path).catch(() => null); // a damaged file is replaced
  if (earlier?.digest === digest) return;
  const fingerprints = await runInSlices(fingerprintsOf(corpus));
  await writeRecords(store.path, {
    digest,
    fingerprints: earlier === null ? fingerprints : union(earlier.fingerprints, fingerprints),
  });
}

// Generates the answers to the questions of a text, and compares them with its answers.
import { count } from '../count.ts';
import { Vocabulary } from '../corpus/read.ts';
import type { StoredRecords } from '../corpus/records.ts';
import { type ExactMatch, exactMatchOf, questionsOf } from '../evaluation/exact-match.ts';
import { type TrainedModel, parameterCountOf } from '../runs/store.ts';
import { openSampler } from '../sampling/sample.ts';
import type { MachineChoice } from './model-results.ts';
import type { MessageListener } from './run-request.ts';
import { withDevice } from './trained.ts';

/** More records than this change the fraction by less than half a percent. */
const MAX_ANSWERS = 20_000;

/** The exact answers of a model, and the number of records that it answered. */
export interface AnsweredRecords extends ExactMatch {
  readonly answered: number;
}

/**
 * Answers the question of each record by greedy decoding: the likeliest token, up to the end token.
 * Of many records, only some are answered.
 *
 * @param stored records with a text after which the model learns
 */
export async function answerRecords(
  trained: TrainedModel,
  machine: MachineChoice,
  stored: StoredRecords,
  { activity, note }: Partial<MessageListener>,
): Promise<AnsweredRecords> {
  const vocabulary = new Vocabulary(trained.vocabulary);
  const { records, questions } = questionsOf(stored, MAX_ANSWERS);
  const answered = questions.length;
  if (answered < records)
    note?.(`exact match is measured on ${count(answered)} of ${count(records)} records, at equal distances`);
  // The end token needs one more time step. A longer answer is wrong.
  const length = 1 + questions.reduce((longest, { answer }) => Math.max(longest, answer.length), 0);
  const multiplyAdds = answered * length * parameterCountOf(trained);
  activity?.({ kind: 'answering', done: 0, total: answered });
  const generated = await withDevice(machine, { kind: 'sampling', multiplyAdds }, async (device) => {
    const sampler = await openSampler(trained, device, { texts: answered, length });
    try {
      const texts = questions.map(({ question }) => ({ seed: 0, prime: vocabulary.decode(question) }));
      const answers: (string | null)[] = [];
      const request = { prime: '', length, stop: null, options: { temperature: 0 }, texts };
      for (const pieces of sampler.texts(request)) {
        let answer = '';
        for await (const piece of pieces) answer += piece;
        answers.push(pieces.outcome.isCut ? null : answer);
        activity?.({ kind: 'answering', done: answers.length, total: answered });
      }
      return answers;
    } finally {
      await sampler.close();
    }
  });
  const answers = questions.map(({ answer }) => vocabulary.decode(answer));
  return { answered, ...exactMatchOf(answers, generated) };
}

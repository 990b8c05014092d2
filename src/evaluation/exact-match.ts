// Compares the answers that a model generates with the answers of a text, record by record. Pure:
// api/ samples the answers.
import { type StoredRecords, countRecords, forEachRecord, learntFrom } from '../corpus/records.ts';
import type { Tokens } from '../corpus/store.ts';
import { groupBy } from '../group.ts';

/** A record of which the model learns only the second part. */
export interface QuestionAndAnswer {
  /** The tokens up to the delimiter, with it. */
  readonly question: Tokens;
  /** The tokens after the delimiter, without the end token. */
  readonly answer: Tokens;
}

/** The records that share one answer. */
export interface AnswerClass {
  readonly answer: string;
  /** Records with this answer. */
  readonly records: number;
  /** Records with this answer for which the model generated it. */
  readonly correct: number;
  /** Records for which the model generated this answer. */
  readonly generated: number;
}

/** How many answers a model generates exactly. */
export interface ExactMatch {
  /** The fraction of records whose answer is generated exactly. */
  readonly exactAccuracy: number;
  /**
   * The mean of the fractions of exact answers in each class, which gives rare and frequent answers
   * the same weight. Null if the answers are not classes.
   */
  readonly macroRecall: number | null;
  /** The distinct answers, most frequent first. Null if the answers are not classes. */
  readonly classes: readonly AnswerClass[] | null;
}

/** Answers are classes if there are at most this many, each in several records. */
const MAX_CLASSES = 100;
const MIN_RECORDS_PER_CLASS = 3;

/**
 * Returns the questions and answers of records, and how many records there are.
 *
 * @param max if there are more records, this many at evenly spaced places
 */
export function questionsOf(
  stored: StoredRecords,
  max: number,
): { readonly records: number; readonly questions: readonly QuestionAndAnswer[] } {
  const { tokens } = stored;
  const records = countRecords(stored);
  const sampledRecords = Math.min(max, records);
  const questions: QuestionAndAnswer[] = [];
  let at = 0;
  forEachRecord(stored, (start, steps) => {
    if (at++ !== Math.floor(((questions.length + 0.5) * records) / sampledRecords)) return;
    const from = learntFrom(stored, start);
    questions.push({ question: tokens.subarray(start, from), answer: tokens.subarray(from, start + steps - 1) });
  });
  return { records, questions };
}

/** @param generated the answers of the model. Null for an answer that did not end */
export function exactMatchOf(answers: readonly string[], generated: readonly (string | null)[]): ExactMatch {
  const pairs = answers.map((answer, index) => ({ answer, given: generated[index] }));
  const byAnswer = groupBy(pairs, ({ answer }) => answer);
  const byGiven = groupBy(pairs, ({ given }) => given);
  const correctIn = (group: typeof pairs): number => group.filter(({ answer, given }) => answer === given).length;
  const areClasses = byAnswer.size <= MAX_CLASSES && byAnswer.size * MIN_RECORDS_PER_CLASS <= answers.length;
  const classes = [...byAnswer]
    .map(([answer, group]): AnswerClass => ({
      answer,
      records: group.length,
      correct: correctIn(group),
      generated: byGiven.get(answer)?.length ?? 0,
    }))
    .toSorted((a, b) => b.records - a.records);
  const recalls = classes.map(({ correct, records }) => correct / records);
  return {
    exactAccuracy: correctIn(pairs) / pairs.length,
    macroRecall: areClasses ? recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length : null,
    classes: areClasses ? classes : null,
  };
}

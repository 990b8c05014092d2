// Patterns of the dialect that the project was once written in, each with the words to use instead.
// CONTRIBUTING.md has the rules.

export interface Pattern {
  readonly pattern: RegExp;
  readonly instead: string;
  /** For messages only: strings in src/ and bin/. */
  readonly isForMessages?: boolean;
}

export const dialect: readonly Pattern[] = [
  { pattern: /\bwhat\b(?! (if|to)\b)(?![^.]*\?)/i, instead: 'a noun: "options you omit", not "what is omitted"' },
  { pattern: /; (?=[a-z])/, instead: 'two sentences, or a list' },
  { pattern: /(?<!\bthere )\b(is|are|was|were) no\b(?! (longer|more)\b)/i, instead: '"is not a"' },
  { pattern: /\bthere (is|are|was|were) no\b/i, instead: '"OBJECT not found: NAME"', isForMessages: true },
  { pattern: /, expected\b/, instead: '"OBJECT is X: expected Y"', isForMessages: true },
  { pattern: /\bcannot be used\b/, instead: '"cannot use OBJECT"', isForMessages: true },
  { pattern: /\b(leave (it|them)|left|leave one of them) out\b/i, instead: '"omit"', isForMessages: true },
  { pattern: /\bthere (is|are|was|were) (none|nothing)\b/i, instead: 'the noun: "there is no checkpoint"' },
  {
    pattern: /\b(ends|finds|found|gives|makes|takes|knows|needs|sees|says|costs|changes|asks) (no|none)\b/i,
    instead: '"does not VERB a"',
  },
  { pattern: /\b(tells?|told|telling)\b/i, instead: '"prints", "shows", "reports"' },
  { pattern: /\b(stands?|stood|standing)\b(?! (for|out)\b)/i, instead: '"is"' },
  { pattern: /\b(go|goes|going|gone|went) on\b/i, instead: '"continues", "resumes"' },
  { pattern: /\b(comes?|came) (to|apart|back)\b/i, instead: '"is", "gives", "diverges", "returns"' },
  { pattern: /\banew\b/i, instead: '"again"' },
  { pattern: /\bby heart\b/i, instead: '"overfits"' },
  { pattern: /\bbeside\b/i, instead: '"compared with", "next to"' },
  { pattern: /\bin hand\b/i, instead: '"current"' },
  { pattern: /\bby (itself|themselves)\b/i, instead: '"automatically", "alone"' },
  { pattern: /\bof (its|their) own\b/i, instead: '"separate", "its own X"' },
  { pattern: /, for (it|they|this|there|that|nothing|no)\b/i, instead: '"because"' },
  { pattern: /\bmay not\b/i, instead: '"cannot", "must not"' },
  { pattern: /\bpassed over\b/i, instead: '"skipped"' },
  { pattern: /\b(gives?|given|gave) up\b/i, instead: '"abandons"' },
  { pattern: /\b(whoever|nobody|no one)\b/i, instead: '"the caller", "the user", "no process"' },
  { pattern: /\b(that|those) of\b/i, instead: 'the noun again' },
  { pattern: /\bthe (ones?|others)\b/i, instead: 'the noun again' },
  { pattern: /\bso (many|much|large|long|few|small|often)\b(?! (that|as)\b)/i, instead: 'the number, or "that many"' },
  { pattern: /\balike\b/i, instead: '"in the same way", "batch-invariant"' },
  { pattern: /\b(crew|rooms|twins?|readings|weather)\b/i, instead: 'the term of docs/glossary.md' },
  { pattern: /^(Of|With) (?![^.]*,)[^.]*\.?$/, instead: 'a sentence or a noun phrase' },
  { pattern: /\b(wants?|wishes|wished) to (be|have)\b/i, instead: '"must be", "should be"' },
  { pattern: /\bas (it|they) (is|are|was|were)\b/i, instead: '"unchanged"' },
];

/** In a page. */
export const MAX_SENTENCE_WORDS = 30;

// Writes the surprisal of each character of a text to stdout: as the background colour of the text,
// or without colours, as a line for each character.
import type { Tokens, Vocabulary } from '../../corpus/read.ts';
import type { Surprisal } from '../../evaluation/surprisal.ts';
import { chunksOf } from '../../group.ts';
import type { Context } from '../context.ts';
import { toBits } from '../output/format.ts';
import { shaderFor } from '../output/shaded-text.ts';

/** A text in tokens, with the surprisal of each. */
export interface CharacterCosts {
  readonly tokens: Tokens;
  readonly vocabulary: Vocabulary;
  readonly surprisal: Surprisal;
}

/** A surprisal of at least this many bits has the strongest red. */
const MAX_SHADED_BITS = 8;
/** Pieces written at a time. */
const CHUNK = 4096;

/** @returns whether the output is a text for people, which other results can follow */
export async function writeCharacters(costs: CharacterCosts, json: boolean, { io, stdout }: Context): Promise<boolean> {
  const { scoredCharactersOf, printableToken, tokenTexts } = await import('../../evaluation/scored-text.ts');
  const shade = json ? null : await shaderFor(stdout, io.env);
  if (shade !== null) {
    const scale = [0, 2, 4, 6, 8].map((each) => ({ text: ` ${each} `, value: each / MAX_SHADED_BITS }));
    await stdout.write(`${shade(scale)}${stdout.colour.dim(' bits and more')}\n\n`);
    let last = '';
    for (const pieces of chunksOf(scoredCharactersOf(costs.tokens, costs.vocabulary, costs.surprisal), CHUNK)) {
      await stdout.write(shade(pieces.map(({ text, nats }) => ({ text, value: toBits(nats) / MAX_SHADED_BITS }))));
      last = pieces.at(-1)!.text;
    }
    await stdout.write(last.endsWith('\n') ? '\n' : '\n\n');
    return true;
  }
  if (!json) await stdout.write('at\tcharacter\tbits\trank\tlikeliest\n');
  const texts = tokenTexts(costs.vocabulary);
  for (const some of chunksOf(characters(costs, texts), CHUNK)) {
    if (json) await stdout.writeJson(...some.map((each) => ({ event: 'character', ...each })));
    else
      await stdout.write(
        some
          .map(({ at, character, nats, rank, likeliest }) => {
            const others = likeliest.map(
              ([other, probability]) => `${printableToken(other)} ${probability.toFixed(4)}`,
            );
            return `${[at, printableToken(character), toBits(nats).toFixed(4), rank, others.join('  ')].join('\t')}\n`;
          })
          .join(''),
      );
  }
  return false;
}

/**
 * The results of each scored character. Rank 1 is the most likely character. The question of a
 * record is not scored.
 */
function* characters(
  { tokens, surprisal: { nats, ranks, alternatives, likeliest, probabilities } }: CharacterCosts,
  texts: readonly string[],
) {
  for (const [index, rank] of ranks.entries()) {
    const first = index * alternatives;
    if (probabilities[first] === 0) continue;
    const ids = Array.from(likeliest.subarray(first, first + alternatives));
    yield {
      at: index + 1,
      character: texts[tokens[index + 1]],
      nats: nats[index],
      rank: rank + 1,
      likeliest: ids.map((id, place) => [texts[id], probabilities[first + place]] as const),
    };
  }
}

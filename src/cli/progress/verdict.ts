// How a run went, in two or three lines for the end of `rnn train` and for `rnn info`. Pure.
import type { Fit, Verdict } from '../../training/verdict.ts';
import type { Colours } from '../colour.ts';
import { bits, count } from '../format.ts';

/** In nats and in bits per character (bpc). */
export const lossText = (nats: number, { bold }: Pick<Colours, 'bold'>): string =>
  `${bold(nats.toFixed(3))} nats, ${bits(nats).toFixed(3)} bpc`;

/** The best loss, how the model fits, and which options to try next. */
export function verdictLines(verdict: Verdict, colour: Pick<Colours, 'bold'>): string[] {
  const { best, fit, advice } = verdict;
  const epoch = best.epoch === null ? '' : `, epoch ${best.epoch.toFixed(1)}`;
  const when = `step ${count(best.step)}${epoch}, ${Math.round(100 * best.fraction)} % of the run`;
  return [
    `best validation loss ${lossText(best.validationLossNats, colour)} at ${when}`,
    ...(fit === null ? [] : [`${explanations[fit](verdict)}${gapText(verdict)}`]),
    ...(advice.length === 0 ? [] : [`to lower the validation loss, try ${advice.join(' or ')}`]),
  ];
}

const difference = (nats: number): string => `${nats.toFixed(3)} nats, ${bits(nats).toFixed(3)} bpc`;

const explanations: Readonly<Record<Fit, (verdict: Verdict) => string>> = {
  overfitted: ({ riseNats }) => `the model overfitted: the loss then rose by ${difference(riseNats)}`,
  underfitted: ({ isFalling }) =>
    isFalling ? 'the model underfitted: the loss still fell at the end' : 'the model underfitted: the loss is close to the training loss',
  good: () => 'the model fits well: the loss stopped falling and did not rise',
};

/** How far the validation loss was from the training loss. */
const gapText = ({ best: { gapNats } }: Verdict): string => (gapNats === null ? '' : `; gap to the training loss ${difference(gapNats)}`);

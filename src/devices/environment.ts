// Environment variables that choose how devices compute.
import { RnnError } from '../errors.ts';

/**
 * What a variable chooses; undefined if it is not set.
 * @throws RnnError `usage` if it is none of the choices
 */
export function choiceFrom<Choice extends string>(variable: string, choices: readonly Choice[]): Choice | undefined {
  const value = process.env[variable] ?? '';
  const choice = choices.find((each) => each === value);
  if (value !== '' && choice === undefined)
    throw new RnnError('usage', `${variable} is "${value}"; expected one of ${choices.join(', ')}`, {
      hint: `unset ${variable} to let rnn choose`,
    });
  return choice;
}

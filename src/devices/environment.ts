// Environment variables that choose how devices compute.
import { parseChoice } from '../options/values.ts';

/**
 * What a variable chooses; undefined if it is not set.
 * @throws RnnError `usage` if it is none of the choices
 */
export const choiceFrom = <Choice extends string>(variable: string, choices: readonly Choice[]): Choice | undefined =>
  process.env[variable]
    ? parseChoice(variable, process.env[variable], choices, {}, `unset ${variable} to let rnn choose`)
    : undefined;

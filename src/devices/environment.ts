// Environment variables that choose how devices compute.
import { parseChoice } from '../options/values.ts';

/**
 * The value of a variable, or undefined if it is not set.
 * @throws RnnError `usage` if the value is not one of the choices
 */
export const choiceFrom = <Choice extends string>(variable: string, choices: readonly Choice[]): Choice | undefined =>
  process.env[variable]
    ? parseChoice(variable, process.env[variable], choices, {}, `unset ${variable} to let rnn choose`)
    : undefined;

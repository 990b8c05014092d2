// Options that were given and do nothing, because of what others are. That is no error, but the user should know.
import { lengthsAround } from '../corpus/cuts.ts';
import { cellOf } from '../model/cells/registry.ts';
import { optionRules } from './option-rules.ts';
import type { TrainingOptions } from './options.ts';

/** Why an option does nothing; false if it does something. */
type Idle = (options: TrainingOptions) => string | false;

const falls: readonly TrainingOptions['schedule'][] = ['step', 'exponential'];
const idle: Partial<Record<keyof TrainingOptions, Idle>> = {
  forgetBias: ({ cell, layerNorm }) => cellOf({ cell, layerNorm }).forgetGate === undefined && `${cell} has no forget gate`,
  gateBias: ({ cell, layerNorm }) => cellOf({ cell, layerNorm }).updateGate === undefined && `${cell} has no update gate`,
  initScale: ({ initialisation }) => initialisation !== 'uniform' && `--init is ${initialisation}`,
  skip: ({ skip, layers }) => skip !== 'none' && layers === 1 && 'there is one layer',
  stacking: ({ stacking, layers }) => stacking !== 'plain' && layers === 1 && 'there is one layer',
  lockedDropout: ({ lockedDropout, dropout }) => lockedDropout && dropout === 0 && 'there is no --dropout',
  temporalPenalty: ({ sequenceLength }) => sequenceLength === 1 && '--seq-length is 1',
  clipState: ({ sequenceLength }) => sequenceLength === 1 && '--seq-length is 1',
  nesterov: ({ nesterov, optimizer, momentum }) =>
    nesterov && (optimizer !== 'sgd' || momentum === 0) && 'it is for --optimizer sgd with momentum',
  momentum: ({ optimizer }) => optimizer !== 'sgd' && 'it is for --optimizer sgd',
  decay: ({ schedule }) => ![...falls, 'plateau'].includes(schedule) && `--lr-schedule is ${schedule}`,
  decayEpochs: ({ schedule }) => !falls.includes(schedule) && `--lr-schedule is ${schedule}`,
  decayAfter: ({ schedule }) => !falls.includes(schedule) && `--lr-schedule is ${schedule}`,
  finalFraction: ({ schedule }) => schedule !== 'cosine' && schedule !== 'one-cycle' && `--lr-schedule is ${schedule}`,
  randomLength: ({ randomLength, sequenceLength }) =>
    randomLength && lengthsAround(sequenceLength).length === 1 && `--seq-length is ${sequenceLength}`,
  plateauPatience: ({ schedule }) => schedule !== 'plateau' && `--lr-schedule is ${schedule}`,
};

/** A note for each option that was given in vain. */
export function idleNotes(given: Partial<TrainingOptions>, options: TrainingOptions): string[] {
  return Object.entries(idle).flatMap(([name, reason]) => {
    const why = given[name as keyof TrainingOptions] !== undefined && reason(options);
    return why ? [`${optionRules[name as keyof TrainingOptions].flag} does nothing: ${why}`] : [];
  });
}

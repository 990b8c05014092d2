// `rnn eval`: how well a trained model predicts a text. The scoring is in training/.
import type { Command } from 'commander';
import { RnnError } from '../../errors.ts';
import type { GivenScoring, Part, Score, ScoringPlan } from '../../training/scoring.ts';
import type { Context } from '../context.ts';
import { blasFlag, chosenDevice, deviceFlag, listDevices, refuseBlasWithout } from '../devices.ts';
import { choiceFlag, commonFlags, listFlag, numberFlag, switchFlag, textFlag } from '../flags.ts';
import { bits, count, harmless } from '../format.ts';
import { type TextFlags, readKnownText } from '../known-text.ts';

interface EvalFlags extends TextFlags {
  readonly checkpoint?: string;
  readonly part?: Part;
  readonly streams?: number;
  readonly seqLength?: number;
  readonly dynamic?: boolean;
  readonly dynamicLr?: number;
  readonly dynamicDecay?: number;
  readonly device?: string;
  readonly threads?: number;
  readonly blas?: string;
}

const positive = { whole: true, least: 1 };
/** What training/scoring.ts knows; it is not loaded for a help text. */
const parts: readonly Part[] = ['all', 'train', 'validation'];
const defaultPart: Part = 'all';

export function defineEval(command: Command, context: Context): void {
  command
    .description('Tells how well a trained model predicts a text: nats and bits per character, and perplexity.')
    .argument('<corpus...>', 'the text: files, folders, globs, or - for standard input');
  const groups = {
    'What is scored:': [
      textFlag('--checkpoint <path>', 'a run folder or a file; the newest run unless given'),
      choiceFlag('--part <which>', 'all, train or validation: as it was split (default: all)', parts),
      listFlag('--include <glob>', 'of a folder, only these files; as in training'),
      listFlag('--exclude <glob>', 'of a folder, not these files; as in training'),
    ],
    'How it is read:': [
      numberFlag('--streams <n>', 'parts side by side; as in training; 1 is strict', positive),
      numberFlag('--seq-length <n>', 'steps at a time; as in training', positive),
      switchFlag('--dynamic', 'also with weights that learn from what was scored'),
      numberFlag('--dynamic-lr <x>', 'how fast they learn; 0.03-0.3 (default: 0.1)', { above: 0, most: 1000 }),
      numberFlag('--dynamic-decay <x>', 'back to the trained ones; 0-0.02 (default: 0.002)', { least: 0, most: 1 }),
    ],
    'The machine:': [deviceFlag('where to compute; listed below (default: auto)'), numberFlag('--threads <n>', 'of the cpu; all cores unless given', positive), blasFlag()],
    'Output:': [switchFlag('--json', 'one JSON object'), ...commonFlags()],
  };
  for (const [heading, flags] of Object.entries(groups)) {
    for (const flag of flags) command.addOption(flag.helpGroup(heading));
  }
  listDevices(command);
  command.action((sources: string[], flags: EvalFlags) => evaluate(sources, flags, context));
}

async function evaluate(sources: readonly string[], flags: EvalFlags, context: Context): Promise<void> {
  const { io, rooms, stderr } = context;
  const part = flags.part ?? defaultPart;
  const given = givenOptions(flags);
  const choice = chosenDevice(flags.device, io);
  refuseBlasWithout(flags.blas, [choice.name]);
  const { findCheckpoint, readCheckpoint } = await rooms.checkpoints();
  const path = await findCheckpoint(flags.checkpoint, 'use');
  const trained = await readCheckpoint(path, { weightsOnly: true });
  const { planScoring, score } = await rooms.scoring();
  const plan = planScoring(trained, await readKnownText(sources, part, flags, path, trained, context), part, given);
  if (plan.warning !== null) stderr.line(stderr.colour.yellow(`warning: ${plan.warning}`));
  const device = await (await rooms.devices()).openDevice(choice.name, { work: plan.work, ...(flags.threads === undefined ? {} : { threads: flags.threads }), ...(flags.blas === undefined ? {} : { blas: flags.blas }) });
  try {
    const scored = await score(trained, plan, device);
    if (!flags.json) stderr.line(stderr.colour.dim(harmless(`${path}, ${plan.streams === 1 ? 'one stream' : `${count(plan.streams)} streams`}; ${scored.device}${choice.fromEnvironment ? ', by RNN_DEVICE' : ''}`)));
    await show(scored, plan, { ...flags, part, checkpoint: path }, context);
  } finally {
    await device.close();
  }
}

/** @throws RnnError `usage` for how fast to learn where nothing is to be learnt */
function givenOptions({ streams, seqLength, dynamic, dynamicLr, dynamicDecay }: EvalFlags): GivenScoring {
  if (!dynamic && (dynamicLr !== undefined || dynamicDecay !== undefined)) {
    throw new RnnError('usage', `${dynamicLr === undefined ? '--dynamic-decay' : '--dynamic-lr'} is for --dynamic`, { hint: 'add --dynamic, or leave it out' });
  }
  return {
    ...(streams === undefined ? {} : { streams }),
    ...(seqLength === undefined ? {} : { sequenceLength: seqLength }),
    ...(dynamic ? { dynamic: { ...(dynamicLr === undefined ? {} : { learningRate: dynamicLr }), ...(dynamicDecay === undefined ? {} : { decay: dynamicDecay }) } } : {}),
  };
}

const figures = (nats: number) => ({ nats, bits: bits(nats), perplexity: Math.exp(nats) });

async function show({ characters, nats, dynamicNats }: Score, { streams, dynamic }: ScoringPlan, { json, part, checkpoint }: EvalFlags, { stdout }: Context): Promise<void> {
  const fixed = figures(nats);
  const adapted = dynamicNats === null ? null : figures(dynamicNats);
  if (json) {
    await stdout.write(`${JSON.stringify({ event: 'evaluation', characters, ...fixed, dynamic: adapted === null ? null : { ...adapted, ...dynamic }, checkpoint, part, streams })}\n`);
    return;
  }
  const { dim } = stdout.colour;
  const row = (name: string, cells: readonly string[]): string => `${dim(name.padEnd(12))}${cells.map((cell) => cell.padStart(10)).join('')}\n`;
  const rows = (['nats', 'bits', 'perplexity'] as const).map((name) => row(name, [fixed, ...(adapted === null ? [] : [adapted])].map((each) => each[name].toFixed(name === 'perplexity' ? 3 : 4))));
  const heading = adapted === null ? '' : dim(row('', ['static', 'dynamic']));
  await stdout.write(`${heading}${row('characters', [count(characters)])}${rows.join('')}`);
}

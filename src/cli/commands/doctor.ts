// `rnn doctor`: what works on this machine. The checks are diagnosis/'s.
import type { Command } from 'commander';
import type { Check } from '../../diagnosis/doctor.ts';
import type { Context } from '../context.ts';
import { blasFlag, deviceFlag, listDevices } from '../devices.ts';
import { exitCodes } from '../failures.ts';
import { addExamples, commonFlags, switchFlag } from '../flags.ts';
import { wrap } from '../format.ts';
import type { Output } from '../output.ts';

interface DoctorFlags {
  readonly device?: string;
  readonly blas?: string;
  readonly full?: boolean;
  readonly json?: boolean;
}

export function defineDoctor(command: Command, context: Context): void {
  command.description('Tells which devices work here, which do not and why. Ends with 0 if one does.');
  for (const flag of [
    deviceFlag('only this one; listed below'),
    blasFlag(),
    switchFlag('--full', 'every comparison with the reference, also of gpu:software'),
    switchFlag('--json', 'one JSON object per check'),
    ...commonFlags(),
  ]) {
    command.addOption(flag);
  }
  listDevices(command);
  addExamples(command, [
    ['rnn doctor', 'every device'],
    ['rnn doctor --device gpu --full', 'all checks of one'],
  ]);
  command.action(async (flags: DoctorFlags) => {
    context.exitCode = await doctor(flags, context);
  });
}

async function doctor(flags: DoctorFlags, { rooms, stdout, waiting }: Context): Promise<number> {
  const { examine } = await rooms.diagnosis();
  const device = flags.device === 'auto' ? undefined : flags.device;
  const working: string[] = [];
  waiting.begin('checking');
  for await (const check of examine({
    full: flags.full === true,
    ...(device === undefined ? {} : { device }),
    ...(flags.blas === undefined ? {} : { blas: flags.blas }),
  })) {
    if (check.device !== undefined && check.verdict === 'good') working.push(check.device);
    await stdout.write(flags.json ? `${JSON.stringify({ event: 'check', ...check })}\n` : `${rowOf(check, stdout)}\n`);
    waiting.begin('checking');
  }
  if (flags.json) await stdout.write(`${JSON.stringify({ event: 'end', working })}\n`);
  else
    await stdout.write(
      `\n${working.length === 0 ? stdout.colour.red('no device works here') : `working: ${stdout.colour.bold(working.join(', '))}`}\n`,
    );
  return working.length === 0 ? exitCodes.device : 0;
}

/** The longest title, `device gpu:software`, and two spaces. */
const titleWidth = 21;
const indent = ' '.repeat(2 + titleWidth);

function rowOf({ verdict, title, detail, fix }: Check, { colour, columns }: Output): string {
  const mark = { good: colour.green('✓'), bad: colour.red('✗'), absent: colour.dim('–') }[verdict];
  const wrapped = (text: string): string[] => wrap(text, Math.max(20, columns - indent.length - 1));
  const lines = [...wrapped(detail), ...(fix === null ? [] : wrapped(`fix: ${fix}`).map(colour.yellow))];
  return `${mark} ${title.padEnd(titleWidth)}${lines.join(`\n${indent}`)}`;
}

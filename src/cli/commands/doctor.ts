// `rnn doctor`: which devices work on this machine. The checks are in diagnosis/.
import type { Check } from '../../diagnosis/doctor.ts';
import { doctorOptions } from '../../options/commands.ts';
import type { CommandOptionValues } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../failures.ts';
import type { Output } from '../output/output.ts';
import { withLabel } from '../output/text-table.ts';

export const { define } = defineCommand({
  description: 'Check which devices work here, and why others do not. The exit code is 0 if one works.',
  options: doctorOptions,
  examples: [
    ['rnn doctor', 'every device'],
    ['rnn doctor --device gpu --full', 'all checks of one device'],
  ],
  run: (_: undefined, flags, context) => doctor(flags, context),
});

type DoctorFlags = CommandOptionValues<typeof doctorOptions>;

async function doctor(flags: DoctorFlags, { stdout, waiting }: Context): Promise<number> {
  const api = await import('../../api/machine.ts');
  const { device, kernels, full } = flags;
  const working: string[] = [];
  waiting?.begin('checking');
  for await (const check of api.doctor({ device: device === 'auto' ? undefined : device, kernels, full })) {
    if (check.device !== undefined && check.verdict === 'good') working.push(check.device);
    await (flags.json ? stdout.writeJson({ event: 'check', ...check }) : stdout.write(`${rowOf(check, stdout)}\n`));
    waiting?.begin('checking');
  }
  if (flags.json) await stdout.writeJson({ event: 'end', working });
  else
    await stdout.write(
      `\n${working.length === 0 ? stdout.colour.red('no device works here') : `working: ${stdout.colour.bold(working.join(', '))}`}\n`,
    );
  return working.length === 0 ? exitCodes.device : 0;
}

/** Columns of the mark, the longest title (`device gpu:software`) and the spaces. */
const INDENT = 23;

function rowOf({ verdict, title, detail, fix }: Check, { colour, columns }: Output): string {
  const mark = { good: colour.green('✓'), bad: colour.red('✗'), absent: colour.dim('–') }[verdict];
  const width = Math.max(INDENT + 20, columns - 1);
  const remedy = fix === null ? '' : `\n${withLabel('', colour.yellow(`fix: ${fix}`), INDENT, width)}`;
  return withLabel(`${mark} ${title}`, detail, INDENT, width) + remedy;
}

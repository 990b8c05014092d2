// `rnn story`: what a run wrote as it learnt. Which samples are told is reports/'s.
import { checkpointError } from '../../errors.ts';
import type { Context } from '../context.ts';
import { storyOptions } from '../../options/commands.ts';
import type { FlagsOf } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import { harmless } from '../output/format.ts';
import { findRun, readRuns } from '../runs-given.ts';
import { openOutputs } from '../output/output-files.ts';

type StoryFlags = FlagsOf<typeof storyOptions>;

/** As many as one reads in a terminal. */
const defaultStages = 6;
const widest = 72;

export const { define } = defineCommand({
  description:
    'Shows what a run wrote as it learnt: the samples that were taken during training, each with its step and loss.',
  argument: 'a run folder; the newest run unless given',
  options: storyOptions,
  examples: [
    ['rnn story', 'what the newest run wrote, stage by stage'],
    ['rnn story checkpoints/hamlet --html story.html', 'all of it, as a page'],
  ],
  run: story,
});

async function story(given: string | undefined, flags: StoryFlags, context: Context): Promise<void> {
  const { stdout } = context;
  const outputs = { '--html': flags.html, '--json': flags.json };
  const logs = given === undefined ? [] : [given];
  const files = await openOutputs(outputs, { force: flags.force, logs }, context);
  const [{ name, path, curves }] = await readRuns([await findRun(given)]);
  if (curves.stages.length === 0)
    throw checkpointError(
      `no samples were taken in ${path}`,
      'rnn train takes them with --sample-every 500; rnn sample writes what the model has learnt by now',
    );
  const { someOf, captionOf, factsOf } = await import('../../reports/story.ts');
  const isWhole = flags.html !== undefined || flags.json === true;
  const stages = someOf(curves.stages, flags.stages ?? (isWhole ? Infinity : defaultStages));
  if (flags.html !== undefined)
    await files.write('--html', (await import('../../reports/story-page.ts')).storyPage({ name, curves }, stages));
  if (flags.json) await stdout.writeJson(...stages.map((stage) => ({ event: 'stage', run: path, ...stage })));
  if (isWhole) return;
  const { bold, dim } = stdout.colour;
  const rule = dim('─'.repeat(Math.min(stdout.columns - 1, widest)));
  const told = stages.map(
    (stage, index) =>
      `${bold(captionOf(index))}  ${dim(factsOf(stage))}\n${rule}\n${harmless(stage.text).replace(/\n+$/, '')}\n`,
  );
  await stdout.write(`${told.join('\n')}`);
}

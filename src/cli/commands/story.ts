// `rnn story`: shows the samples that a run generated during training. reports/ chooses which samples to show.
import { checkpointError } from '../../errors.ts';
import type { Context } from '../context.ts';
import { storyOptions } from '../../options/commands.ts';
import type { CommandOptionValues } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import { escapeControls } from '../output/format.ts';
import { findRun, readGivenRuns } from '../given-runs.ts';
import { openOutputs } from '../output/output-files.ts';

type StoryFlags = CommandOptionValues<typeof storyOptions>;

/** The default number of samples in a terminal. */
const DEFAULT_STAGES = 6;
const MAX_RULE = 72;

export const { define } = defineCommand({
  description: 'Show the samples that a run generated during training, each with its update step and loss.',
  argument: 'A run folder [default: the newest run]',
  options: storyOptions,
  examples: [
    ['rnn story', 'samples of the newest run'],
    ['rnn story checkpoints/hamlet --html story.html', 'all samples, as a page'],
  ],
  run: story,
});

async function story(given: string | undefined, flags: StoryFlags, context: Context): Promise<void> {
  const { stdout } = context;
  const outputs = { '--html': flags.html, '--json': flags.json };
  const runFolders = given === undefined ? [] : [given];
  const files = await openOutputs(outputs, { force: flags.force, runFolders }, context);
  const [{ name, path, curves }] = await readGivenRuns([await findRun(given)]);
  if (curves.stages.length === 0)
    throw checkpointError(
      `cannot show samples of ${path}: its training generated none`,
      'train with --sample-every 500, or use rnn sample to sample from the current model',
    );
  const { selectStages: someOf, captionOf, factsOf } = await import('../../reports/story.ts');
  const isWhole = flags.html !== undefined || flags.json === true;
  const stages = someOf(curves.stages, flags.stages ?? (isWhole ? Infinity : DEFAULT_STAGES));
  if (flags.html !== undefined)
    await files.write('--html', (await import('../../reports/story-page.ts')).storyPage({ name, curves }, stages));
  if (flags.json) await stdout.writeJson(...stages.map((stage) => ({ event: 'stage', run: path, ...stage })));
  if (isWhole) return;
  const { bold, dim } = stdout.colour;
  const rule = dim('─'.repeat(Math.min(stdout.columns - 1, MAX_RULE)));
  const texts = stages.map(
    (stage, index) =>
      `${bold(captionOf(index))}  ${dim(factsOf(stage, curves.level))}\n${rule}\n${escapeControls(stage.text).replace(/\n+$/, '')}\n`,
  );
  await stdout.write(`${texts.join('\n')}`);
}

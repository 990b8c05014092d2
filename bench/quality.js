// How well models learn, compared with published results and with other programs: `node
// bench/quality.js [TASK | TASK=FOLDER | GROUP]…` after `npm run build`. `--list` prints all tasks
// of bench/quality/tasks.js, with their groups and minutes. Trains each task that you name, or takes
// its finished run from a folder. Keeps the results in bench/quality.json, and writes the section
// Quality of bench/RESULTS.md and its charts from all results. Without a task, only writes the
// section. Models with a sample are shown in docs/gallery.md. So you can run the tasks one by one, over several days. Nothing else should run
// meanwhile.
//
// node bench/quality.js [TASK | TASK=FOLDER | GROUP]… [--data ../shared/data] [--python PYTHON]
// [--runs FOLDER] [--resume] [--note TEXT] [--try SECONDS] [--list]
//
// --data is the folder of the texts, --python a Python with PyTorch for the peers. Runs are kept in
// --runs, and --resume continues a run there that was interrupted. --note is shown with the results.
// --try limits each run to some seconds, prints its result, and keeps nothing.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { tableHead, tableRow } from './comparison/markdown.js';
import { withSection } from './comparison/page.js';
import { root } from './comparison/processes.js';
import { pythonWithTorch } from './comparison/python.js';
import { linePlot } from './plot.js';
import { galleryPage } from './quality/gallery.js';
import { resultOf, train } from './quality/runs.js';
import { qualityCharts, qualitySection } from './quality/section.js';
import { tasks, tasksNamed } from './quality/tasks.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string', default: join(root, '../shared/data') },
    python: { type: 'string' },
    runs: { type: 'string', default: join(tmpdir(), 'rnn-quality') },
    resume: { type: 'boolean', default: false },
    note: { type: 'string' },
    try: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
const store = join(root, 'bench/quality.json');
const page = join(root, 'bench/RESULTS.md');
const gallery = join(root, 'docs/gallery.md');

if (flags.list) list();
else {
  const asked = positionals.flatMap(parseTask);
  for (const each of asked) await measure(each);
  if (flags.try === undefined) await writeSection();
}

/** The tasks of an argument, with the folder of a finished run or null. */
function parseTask(argument) {
  const [, name, folder] = /^([^=]*)=?(.*)$/.exec(argument);
  return tasksNamed(name).map((task) => ({ task, folder: folder === '' ? null : resolve(folder) }));
}

async function measure({ task, folder }) {
  const settings = {
    data: resolve(flags.data),
    work: join(resolve(flags.runs), 'texts'),
    python: task.peer === null ? null : pythonWithTorch(flags.python).command,
    isResumed: flags.resume,
    note: flags.note ?? null,
    trySeconds: flags.try === undefined ? null : Number(flags.try),
  };
  const run = folder ?? join(resolve(flags.runs), task.name);
  if (folder === null) {
    console.error(`${task.name}: about ${Math.ceil(task.minutes)} minutes, in ${run}`);
    await train(task, run, settings);
  }
  const result = { ...(await resultOf(task, run, settings)), ...(flags.note !== undefined && { note: flags.note }) };
  if (settings.trySeconds !== null) return console.log(JSON.stringify({ task: task.name, ...result }));
  // Read again, because another task may have ended meanwhile.
  writeStore({ ...readStore(), [task.name]: result });
  const { testLossNats: test, validationLossNats: validation } = result;
  console.error(
    `${task.name}: ${test === undefined ? 'validation' : 'test'} loss ${test ?? validation} nats per character`,
  );
}

function readStore() {
  return existsSync(store) ? JSON.parse(readFileSync(store, 'utf8')) : {};
}

/** A line for each task. */
function writeStore(results) {
  const lines = Object.entries(results).map(([name, result]) => `${JSON.stringify(name)}: ${JSON.stringify(result)}`);
  writeFileSync(store, `{\n${lines.join(',\n')}\n}\n`);
}

async function writeSection() {
  const results = readStore();
  writeFileSync(page, withSection(readFileSync(page, 'utf8'), qualitySection(results)));
  writeFileSync(gallery, galleryPage(results));
  for (const { file, axis, lines } of qualityCharts(results)) {
    const plot = await linePlot(lines, { x: axis.x, y: 'validation loss, nats per character' });
    writeFileSync(join(root, 'bench', file), plot);
  }
}

function list() {
  const results = readStore();
  console.log(tableHead(['task', 'group', 'minutes', 'measured']));
  for (const { name, group, minutes } of tasks)
    console.log(tableRow([`\`${name}\``, group, Math.ceil(minutes), results[name]?.date ?? '']));
}

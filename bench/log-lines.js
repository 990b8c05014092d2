// Finds unusual lines of a log: `node bench/log-lines.js [--budget 90s] [--seed 1] [--keep FOLDER]`
// after `npm run build`. Generates 20,000 lines of a web server's log to train on, and 2,000 lines
// to score, of which 20 differ from all others in one field: the method, the status, the user, the
// path or the client. Prints how many of the 20 are among the 25 lines with the highest measure,
// for each measure, and how many characters per second are trained and scored. Four minutes.
// Nothing else should run meanwhile.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { machineTold, programTold } from './comparison/machine.js';
import { jsonLines, root, run, secondsOf } from './comparison/processes.js';
import { median } from './comparison/statistics.js';

const TRAINING_LINES = 20_000;
const SCORED_LINES = 2000;
const UNUSUAL_LINES = 20;
/** The unusual lines must be among this many. */
const TOP = 25;
const [YESTERDAY, MODEL] = ['yesterday.log', 'model'];
const MEASURES = ['bpc', 'bits', 'worst'];

const USERS = ['-', '-', '-', '-', 'alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi'];
const PAGES = ['/', '/login', '/logout', '/search', '/static/app.js', '/static/style.css', '/favicon.ico', '/health'];
const RESOURCES = ['orders', 'users', 'products', 'invoices', 'sessions'];
const AGENTS = ['Mozilla/5.0', 'curl/8.5.0', 'python-requests/2.31', 'Go-http-client/1.1'];
const UNUSUAL = [
  { field: 'status', values: ['418', '507', '451', '599'] },
  { field: 'user', values: ['mallory', 'postgres', 'xavier', 'zoltan'] },
  { field: 'path', values: ['/wp-login.php', '/cgi-bin/test.cgi', '/.env', '/api/v1/../../etc/passwd'] },
  { field: 'method', values: ['PROPFIND', 'TRACE', 'CONNECT', 'DEBUG'] },
  { field: 'agent', values: ['sqlmap/1.7', 'masscan/1.3', 'Nikto/2.5.0', 'zgrab/0.x'] },
];

/** Numbers below `max` from a linear congruential generator (Numerical Recipes). */
function randomFrom(seed) {
  let state = seed >>> 0;
  return (max) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * max);
  };
}

/**
 * Lines of a log from midnight on, one each few seconds. They have times but not dates, because each
 * new date would be unusual.
 * @param unusual how many lines differ in one field, at random positions
 * @returns the lines, and the numbers of the unusual lines, from 1
 */
export function logLines(count, { seed, unusual = 0 }) {
  const random = randomFrom(seed);
  const pick = (list) => list[random(list.length)];
  const chosen = new Set();
  while (chosen.size < unusual) chosen.add(random(count));
  let [time, changed] = [0, 0];
  const lines = Array.from({ length: count }, (_, index) => {
    time += 1000 * random(9);
    const isRead = random(5) > 0;
    const resource = `/api/v1/${pick(RESOURCES)}`;
    const fields = {
      client: `10.0.${random(4)}.${1 + random(250)}`,
      user: pick(USERS),
      method: isRead ? 'GET' : pick(['POST', 'PUT', 'DELETE']),
      path: isRead && random(2) === 0 ? pick(PAGES) : `${resource}/${100 + random(900)}`,
      status: isRead ? pick(['200', '200', '200', '200', '304', '404']) : pick(['201', '204', '400', '403', '500']),
      agent: pick(AGENTS),
    };
    if (chosen.has(index)) {
      const { field, values } = UNUSUAL[changed % UNUSUAL.length];
      fields[field] = values[Math.floor(changed / UNUSUAL.length) % values.length];
      changed++;
    }
    const { client, user, method, path, status, agent } = fields;
    const at = new Date(time).toISOString().slice(11, 19);
    return `${at} ${client} ${user} "${method} ${path} HTTP/1.1" ${status} ${100 + random(9900)} ${1 + random(400)}ms "${agent}"`;
  });
  return { lines, unusual: [...chosen].map((index) => index + 1) };
}

function main() {
  const { values: flags } = parseArgs({
    options: {
      budget: { type: 'string', default: '90s' },
      seed: { type: 'string', default: '1' },
      keep: { type: 'string' },
    },
  });
  const program = join(root, 'bin/rnn.js');
  const folder = flags.keep ?? mkdtempSync(join(tmpdir(), 'rnn-log-lines-'));
  mkdirSync(folder, { recursive: true });
  const [yesterday, today, model] = [YESTERDAY, 'today.log', MODEL].map((name) => join(folder, name));
  const seed = Number(flags.seed);
  const old = logLines(TRAINING_LINES, { seed });
  const fresh = logLines(SCORED_LINES, { seed: seed + 1, unusual: UNUSUAL_LINES });
  writeFileSync(yesterday, `${old.lines.join('\n')}\n`);
  writeFileSync(today, `${fresh.lines.join('\n')}\n`);
  console.log(`${machineTold()}, ${programTold()}, seed ${flags.seed}, --budget ${flags.budget}`);
  const options = ['--records', 'line', '--budget', flags.budget, '--seed', flags.seed, '--quiet', '--force'];
  run(process.execPath, [program, 'train', yesterday, '--out', model, ...options]);
  for (const measure of MEASURES) {
    const words = ['score', today, '--checkpoint', model, '--by', measure, '--top', `${TOP}`, '--json'];
    const top = jsonLines(run(process.execPath, [program, ...words])).map(({ line }) => line);
    const found = fresh.unusual.filter((line) => top.includes(line)).length;
    console.log(`--by ${measure}: ${found} of ${UNUSUAL_LINES} unusual lines among the top ${TOP}`);
  }
  const speeds = Array.from({ length: 3 }, () => [
    trainingSpeed(program, folder, model),
    scoringSpeed(program, folder),
  ]);
  const [training, scoring] = [0, 1].map((side) => median(speeds.map((round) => round[side])));
  const ratio = median(speeds.map(([trained, scored]) => scored / trained));
  const perSecond = (speed) => `${Math.round(speed).toLocaleString('en')} characters/s`;
  console.log(
    `training ${perSecond(training)}, scoring ${perSecond(scoring)} with its start: ratio ${ratio.toFixed(2)}`,
  );
  if (flags.keep === undefined) rmSync(folder, { recursive: true });
}

/** Characters per second of a training of 10 seconds, with the sizes of a model. */
function trainingSpeed(program, folder, model) {
  const [{ options }] = jsonLines(readFileSync(join(model, 'log.jsonl'), 'utf8'));
  const out = join(folder, 'speed');
  const sizes = ['cell', 'layers', 'hidden', 'embedding', 'skip', 'batch-size', 'sequence-length'].flatMap((key) => {
    const name = key.replace(/-./, ([, letter]) => letter.toUpperCase());
    return [`--${key}`, options[name]];
  });
  const length = ['--max-steps', '1000000', '--max-time', '10s', '--sample-every', '0', '--quiet', '--force'];
  run(process.execPath, [
    program,
    'train',
    join(folder, YESTERDAY),
    '--records',
    'line',
    '--out',
    out,
    ...sizes,
    ...length,
  ]);
  const reports = jsonLines(readFileSync(join(out, 'log.jsonl'), 'utf8')).filter(({ event }) => event === 'report');
  return median(reports.map(({ charactersPerSecond }) => charactersPerSecond));
}

/** Characters per second of a command that scores all lines, with the start of the program. */
function scoringSpeed(program, folder) {
  const file = join(folder, YESTERDAY);
  const words = ['score', file, '--checkpoint', join(folder, MODEL), '--top', '1'];
  return readFileSync(file).length / secondsOf(() => run(process.execPath, [program, ...words]));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main();

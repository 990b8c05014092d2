// Trains tasks, and reads the results of finished runs. A run is a folder with a log.jsonl: the
// run folder of rnn, or the output of a peer.
import { spawnSync } from 'node:child_process';
import { mkdirSync, openSync, closeSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { machineTold, programTold } from '../comparison/machine.js';
import { commandTold } from '../comparison/markdown.js';
import { jsonLines, root, run, withoutTuning } from '../comparison/processes.js';
import { bestThreads, threadCandidates, threadsTold } from '../comparison/python-peers.js';
import { wholeSplits } from './tasks.js';
import { partFiles, trainingWords } from './texts.js';

const program = join(root, 'bin/rnn.js');
const peers = join(root, 'bench/peers');
const CALIBRATION_SECONDS = 3;
const DAY = 86_400;

/**
 * Trains a task into a folder.
 * @param settings { data, work, python, isResumed, trySeconds }
 */
export async function train(task, folder, settings) {
  if (task.rnn === null) return trainPeer(task, folder, settings);
  const words = [...(await commandWords(task, settings)), '--out', folder, settings.isResumed ? '--resume' : '--force'];
  started(process.execPath, [program, ...words]);
}

/** `train TEXT …`, without the folder. --try replaces the length of a run. */
async function commandWords(task, settings) {
  const { trySeconds: seconds } = settings;
  const at = task.rnn.indexOf('--budget');
  const options = seconds === null || at < 0 ? task.rnn : task.rnn.toSpliced(at, 2);
  const length = seconds === null ? [] : ['--budget', `${seconds}s`];
  return ['train', ...(await trainingWords(task, settings)), ...options, ...length, '--device', 'cpu'];
}

/** Trains a peer with its best threads. Its lines of JSON become log.jsonl. */
async function trainPeer(task, folder, settings) {
  const { script, args, threads: fixed } = task.peer;
  const files = await partFiles(task, settings);
  const lengthWords = (seconds) => (task.seconds === undefined ? [] : ['--seconds', seconds]);
  const words = (threads, seconds) => [
    join(peers, script),
    ...files,
    ...args,
    ...lengthWords(seconds),
    '--threads',
    threads.threads,
    '--blas-threads',
    threads.blasThreads,
  ];
  const threads =
    fixed ??
    bestThreads(threadCandidates(availableParallelism()), (some) => {
      const told = run(settings.python, words(some, Math.min(CALIBRATION_SECONDS, settings.trySeconds ?? Infinity)));
      return jsonLines(told).at(-1).charactersPerSecond;
    });
  mkdirSync(folder, { recursive: true });
  started(settings.python, words(threads, settings.trySeconds ?? task.seconds), join(folder, 'log.jsonl'));
}

/** Runs a program to its end. Its stdout goes to a file, or nowhere. @throws if it fails */
function started(command, words, file = null) {
  const output = file === null ? 'ignore' : openSync(file, 'w');
  const { status, signal } = spawnSync(command, words.map(String), {
    cwd: root,
    env: { ...process.env, ...withoutTuning(process.env), PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', output, 'inherit'],
  });
  if (file !== null) closeSync(output);
  if (status !== 0) throw new Error(`${commandTold([command, ...words.map(String)])} ended with ${status ?? signal}`);
}

/**
 * The result of a finished run, for bench/quality.json.
 * @throws if the run has not ended, or is not a run of this task
 */
export async function resultOf(task, folder, settings) {
  const events = jsonLines(readFileSync(join(folder, 'log.jsonl'), 'utf8'));
  const end = events.at(-1);
  if (end?.event !== 'end') throw new Error(`${folder}: the run has not ended`);
  const common = { date: new Date().toISOString().slice(0, 10), machine: machineTold() };
  const result = task.rnn === null ? peerResult(task, events) : await rnnResult(task, folder, events, settings);
  return { ...common, ...result };
}

async function rnnResult(task, folder, events, settings) {
  const of = (kind) => events.filter(({ event }) => event === kind);
  const [start, end, reports] = [of('start')[0], events.at(-1), of('report')];
  const words = await commandWords(task, settings);
  if (settings.trySeconds === null && settings.note === null) refuseIfDifferent(start, words, folder);
  const text = words[1];
  const hasTest = !wholeSplits.includes(task.split);
  const { nats, exactAccuracy, macroRecall } = scored(folder, text, hasTest ? 'test' : 'validation');
  const epochsPerStep = reports.at(-1).epoch / reports.at(-1).step;
  const speeds = reports.map(({ charactersPerSecond }) => charactersPerSecond).toSorted((a, b) => a - b);
  const evaluations = of('evaluation');
  return {
    program: programTold(),
    command: commandTold(['rnn', ...words.map(String)]),
    device: start.device,
    parameters: start.parameters,
    steps: end.step,
    epochs: rounded(epochsPerStep * end.step),
    minutes: rounded(end.elapsedMs / 60_000),
    charactersPerSecond: Math.round(speeds[Math.floor(speeds.length / 2)]),
    trainingLossNats: rounded(evaluations.at(-1).trainingLossNats ?? reports.at(-1).lossNats),
    validationLossNats: rounded(hasTest ? end.bestValidationLossNats : nats),
    testLossNats: hasTest ? rounded(nats) : undefined,
    exactAccuracy,
    macroRecall,
    curve: evaluations.map(({ step, validationLossNats }) => [
      rounded(elapsedAt(reports, step) / 60_000),
      rounded(epochsPerStep * step),
      rounded(validationLossNats),
    ]),
    ...(task.sample && { sample: run(process.execPath, [program, 'sample', '--checkpoint', folder, ...task.sample]) }),
  };
}

/** A part of the text, scored with the best checkpoint. */
function scored(folder, text, part) {
  const words = ['eval', text, '--checkpoint', folder, '--part', part, '--device', 'cpu', '--json'];
  return jsonLines(run(process.execPath, [program, ...words], { seconds: DAY })).at(-1);
}

/** Refuses a run with other options than the task has, or with another division of the text. */
function refuseIfDifferent(start, words, folder) {
  const plan = jsonLines(run(process.execPath, [program, ...words, '--dry-run', '--json'])).find(
    ({ event }) => event === 'plan',
  );
  const different = [
    ...Object.keys(plan.options).filter((name) => !isSame(plan.options[name], start.options[name])),
    ...['symbols', 'train', 'validation', 'test'].filter((name) => plan.corpus[name] !== start.corpus[name]),
  ];
  if (different.length > 0)
    throw new Error(`${folder} is another run: ${different.join(', ')} differ. To record it, explain why with --note`);
}

const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function peerResult(task, events) {
  const [start, end] = [events[0], events.at(-1)];
  const evaluations = events.filter(({ event }) => event === 'evaluation');
  return {
    program: `PyTorch ${start.version}, ${start.blas}`,
    command: commandTold(['python', task.peer.script, 'TRAIN', 'VALIDATION', 'TEST', ...task.peer.args.map(String)]),
    device: `cpu: ${threadsTold(start)} threads`,
    parameters: start.parameters,
    steps: end.steps,
    epochs: rounded(end.epochs),
    minutes: rounded(end.seconds / 60),
    charactersPerSecond: Math.round(end.charactersPerSecond),
    trainingLossNats: rounded(evaluations.at(-1)?.trainingLossNats),
    validationLossNats: rounded(end.validationLossNats),
    testLossNats: rounded(end.testLossNats),
    exactAccuracy: end.exactAccuracy,
    macroRecall: end.macroRecall,
    curve: evaluations.map(({ seconds, epoch, validationLossNats }) => [
      rounded(seconds / 60),
      rounded(epoch),
      rounded(validationLossNats),
    ]),
  };
}

/** Four digits after the point. JSON omits undefined. */
function rounded(value) {
  return Number.isFinite(value) ? Number(value.toFixed(4)) : undefined;
}

/** Of the report that is nearest to a step. An evaluation is logged before the report of its step. */
function elapsedAt(reports, step) {
  return reports.reduce((best, each) => (Math.abs(each.step - step) < Math.abs(best.step - step) ? each : best))
    .elapsedMs;
}

// The pictures that are drawn: the recording of `npm start`, the stages of a run, and speeds.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { playedFrames } from './frames.js';
import { rnnJson, trainedRun, trainingCommand } from './program.js';
import { recordTerminal, withoutText } from './recording.js';
import { screensOf } from './screens.js';
import { speedSvg } from './speed-svg.js';
import { stagesSvg } from './stages-svg.js';
import { terminalSvg } from './terminal-svg.js';

const root = resolve(import.meta.dirname, '../..');
const size = { columns: 92, rows: 27 };
const pace = { maxMs: 15_000, shortestMs: 150, longestMs: 1500, lastMs: 8000 };
const STAGES = 4;

/** A recording of `npm start` in a terminal. */
export async function train(folder) {
  const recorded = recordTerminal("printf '$ npm start\\n' && npm start", { size, folder, cwd: root });
  const pieces = withoutText(recorded, root, '~/rnn');
  const played = playedFrames(await screensOf(pieces, size), pace);
  const svg = terminalSvg(played.frames, {
    ...size,
    title: 'A recording of npm start: it trains a model on the sonnets, prints a sample and writes a page',
    caption: ['a recording of npm start', describePace(played, pieces.at(-1).atMs)],
  });
  return { 'train.svg': svg };
}

/** For example: 11 seconds, in real time, or 41 seconds, played 3 times as fast */
export function describePace({ factor, shownMs }, takenMs) {
  const isShortened = takenMs / factor - shownMs >= 500;
  return [
    `${Math.round(takenMs / 1000)} seconds`,
    factor === 1 ? 'in real time' : `played ${factor} times as fast`,
    isShortened ? `pauses shortened to ${pace.longestMs / 1000} s` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** Samples of a run at four update steps. */
export async function stages(folder) {
  const drawn = stagesSvg(rnnJson(['story', trainedRun(folder), '--stages', STAGES]), {
    command: trainingCommand,
    title: 'Samples of a model at four update steps of its training, each with its loss',
  });
  return { 'stages.svg': drawn };
}

/** The speeds of rnn and of other programs. */
export async function speed() {
  const file = resolve(root, 'bench/speed.json');
  if (!existsSync(file)) {
    console.error('skipped speed.svg: bench/speed.json is missing. Run npm run bench to measure it');
    return {};
  }
  const title = 'Characters per second of rnn and of other programs, in training and in sampling';
  return { 'speed.svg': speedSvg(JSON.parse(readFileSync(file, 'utf8')), { title }) };
}

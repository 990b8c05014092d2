// The machine and the programs of a measurement, in words that name no host and no folder.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { root } from './processes.js';

export function machineTold() {
  const cores = availableParallelism();
  return `${cpus()[0].model.trim()}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release().split('-')[0]}`;
}

/** Files that measurements write: they do not change the program. */
const RESULTS = ['.', ...['md', 'json', 'jsonl', 'svg'].map((end) => `:!bench/*.${end}`)];

/** The version of the program, and its commit where git knows one. */
export function programTold() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const commit = git(['rev-parse', '--short', 'HEAD']);
  if (commit === null) return `rnn ${version}`;
  return `rnn ${version}, commit ${commit}${git(['status', '--porcelain', '--untracked-files=no', '--', ...RESULTS]) === '' ? '' : ' and changes'}`;
}

function git(args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

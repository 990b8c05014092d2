// The Pythons of this machine, and the frameworks that they have.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { jsonLines, root, withoutTuning } from './processes.js';

/** An environment for the peers alone, then the first Python on the path, then Debian's. */
const usualPythons = [
  { command: join(root, 'bench/peers/python/bin/python'), name: 'bench/peers/python' },
  { command: 'python3', name: 'python3' },
  { command: '/usr/bin/python3', name: "the system's Python" },
];
export const HOW_TO_INSTALL = {
  torch: '`python3 -m venv bench/peers/python && bench/peers/python/bin/pip install torch numpy`',
  jax: '`python3 -m venv bench/peers/python && bench/peers/python/bin/pip install jax`',
};
/** Prints a line of JSON for each framework. Versions are those that the frameworks report. */
const PROBE = `
import json
for name in ('torch', 'jax'):
    try:
        module = __import__(name)
        cuda = name == 'torch' and module.cuda.is_available()
        print(json.dumps(dict(framework=name, version=module.__version__, cuda=cuda)))
    except ImportError:
        pass
`;

/**
 * The frameworks of the named Pythons, or of the usual ones: each version once, newest first.
 * @param named commands
 * @returns each { framework, version, cuda, command, name }, where `name` is for the page
 */
export function frameworksOf(named) {
  const pythons = named.length === 0 ? usualPythons : named.map((command) => ({ command, name: '--python' }));
  const found = pythons.flatMap((python) => probed(python.command).map((framework) => ({ ...python, ...framework })));
  return newestFirst(found);
}

/** Each version of a framework once, newest first. Pure. */
export function newestFirst(found) {
  const key = ({ framework, version }) => `${framework} ${version}`;
  return found
    .filter((each, index) => found.findIndex((other) => key(other) === key(each)) === index)
    .toSorted((a, b) => compareVersions(b.version, a.version));
}

/** Compares the numbers of `2.15.0+cu132` and the like. */
function compareVersions(a, b) {
  const [left, right] = [a, b].map((version) =>
    version
      .split('+')[0]
      .split('.')
      .map((part) => parseInt(part, 10)),
  );
  const at = left.findIndex((part, index) => part !== right[index]);
  return at < 0 ? 0 : left[at] - (right[at] ?? 0);
}

function probed(python) {
  const { status, stdout } = spawnSync(python, ['-c', PROBE], {
    encoding: 'utf8',
    env: { ...process.env, ...withoutTuning(process.env) },
  });
  return status === 0 && stdout.trim() !== '' ? jsonLines(stdout) : [];
}

/**
 * The first Python with PyTorch: one that a flag names, or one that is found.
 * @throws if none has it
 */
export function pythonWithTorch(named) {
  const found = frameworksOf(named === undefined ? [] : [named]).find(({ framework }) => framework === 'torch');
  if (found === undefined) throw new Error('no Python has PyTorch: name one with --python');
  return found;
}

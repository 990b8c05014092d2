// A Python with PyTorch, if there is one, and programs that run in it.
import { execFile, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const docs = resolve(import.meta.dirname, '../../docs');
const looksForTorch =
  'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None or importlib.util.find_spec("numpy") is None)';

/** The Python with torch and numpy, or null. RNN_PYTHON names another. */
export const python =
  [process.env['RNN_PYTHON'] ?? 'python3', '/usr/bin/python3'].find(
    (name) => spawnSync(name, ['-c', looksForTorch]).status === 0,
  ) ?? null;
/** For the names of tests that are skipped. */
export const whyNoPython = python === null ? ' (skipped: no python3 here has torch and numpy)' : '';

/** The stdout of a program. It can import docs/rnn_model.py, and uses one thread for sums. */
export function runPython(args: readonly string[]): Promise<string> {
  return new Promise((done, fail) => {
    // Python must not leave files in docs/.
    const env = { ...process.env, PYTHONPATH: docs, PYTHONDONTWRITEBYTECODE: '1', OMP_NUM_THREADS: '1' };
    execFile(python!, args, { env, maxBuffer: 2 ** 24 }, (error, stdout, stderr) =>
      error ? fail(new Error(`${error.message}\n${stderr}`)) : done(stdout),
    );
  });
}

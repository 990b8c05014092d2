// A folder for install.js to work in, like a new user's: commands with a new home and new caches,
// and lines that report their outcome. Knows nothing about this package.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const patienceMs = 120_000;
let work;
let environment;
let folders = 0;

/**
 * Runs `job` in a new folder, which is removed when it is done. The exit code is 1 if a check
 * failed.
 */
export async function inWorkplace(job) {
  work = mkdtempSync(join(tmpdir(), 'rnn-installation-'));
  try {
    // Where npm looks for packages depends on this machine. Nothing else may.
    const { stdout: registry } = await run(['npm', 'config', 'get', 'registry'], { env: process.env });
    const given = Object.entries(process.env).filter(([name]) => !/^(npm_|RNN_)/i.test(name));
    const home = folderOf('home');
    environment = {
      ...Object.fromEntries(given),
      HOME: home,
      USERPROFILE: home,
      npm_config_cache: folderOf('cache'),
      npm_config_registry: registry.trim(),
      npm_config_audit: 'false',
      npm_config_fund: 'false',
      npm_config_update_notifier: 'false',
    };
    await job(folderOf('place'));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function folderOf(name) {
  const folder = join(work, name);
  mkdirSync(folder);
  return folder;
}

/**
 * Runs `job` in an empty folder and prints its outcome. @returns its result, or null if it failed
 */
export async function check(what, job) {
  const start = performance.now();
  const seconds = () => `(${((performance.now() - start) / 1000).toFixed(0)} s)`;
  try {
    const result = await job(folderOf(`empty-${++folders}`));
    console.log(`ok      ${what} ${seconds()}`);
    return result ?? undefined;
  } catch (error) {
    process.exitCode = 1;
    console.log(`FAILED  ${what} ${seconds()}\n${error.message.trim().replace(/^/gm, '        | ')}`);
    return null;
  }
}

export function skip(what, reason) {
  console.log(`skipped ${what}: ${reason}`);
}

export function fail(message) {
  throw new Error(message);
}

export const npm = (words, options) => run(['npm', ...words], options);

/**
 * Runs a command to its end.
 * @param options.path a folder to put first on the path
 * @returns its exit code and its output
 * @throws an Error with the end of its output, if it fails and `mayFail` is not set
 */
export function run(
  [program, ...words],
  { cwd = work, input = '', path = null, mayFail = false, env = environment } = {},
) {
  const itsOwn = path === null ? env : { ...env, PATH: `${path}${delimiter}${env.PATH}` };
  return new Promise((done, reject) => {
    const child = spawn(program, words, { cwd, env: itsOwn, timeout: patienceMs });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (part) => (stdout += part));
    child.stderr.setEncoding('utf8').on('data', (part) => (stderr += part));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0 || mayFail) done({ code, stdout, stderr });
      else
        reject(
          new Error(
            `${[program, ...words].join(' ')} ended with ${code ?? signal}\n${`${stdout}${stderr}`.trim().split('\n').slice(-30).join('\n')}`,
          ),
        );
    });
    child.stdin.on('error', () => {}); // it may end without reading
    child.stdin.end(input);
  });
}

/** The files below a folder, as whole paths. */
export function allFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The manifests of the packages that an installed package brought along. */
export function packagesIn(installed) {
  return allFiles(installed)
    .filter((path) => /[\\/]node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+[\\/]package\.json$/.test(path))
    .map((path) => JSON.parse(readFileSync(path, 'utf8')));
}

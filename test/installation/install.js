// Installs the package as a user would: `node test/installation/install.js` after `npm run build`.
// Packs it, installs it in a new home, examines the installed files, and trains and samples with it
// on three versions of Node. Needs the npm registry, two minutes and 700 MB. Prints a line for each
// check: `ok`, `FAILED` or `skipped`, and the reason.
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { allFiles, check, fail, inWorkplace, npm, packagesIn, run, skip } from './workplace.js';

const root = resolve(import.meta.dirname, '../..');
/** Without the files for other systems: webgpu has the binaries of all of them. */
const mostBytes = 60e6;
/**
 * webgpu's script removes the quarantine attribute of its binary on macOS, and does nothing
 * elsewhere. On a Mac that never set the attribute, everything works without the script.
 */
const knownScripts = ['webgpu'];
const nodes = ['20', '22', '24'];
const text = 'abc'.repeat(40);

await inWorkplace(async (work) => {
  const programs = nodes.map((major) => nodeOf(work, major)); // they come while the rest is done
  const tarball = await check('npm pack: the program, its licences, and no sources', () => pack(work));
  if (tarball === null) return;

  const plain = join(work, 'plain');
  const installed = await check('npm install -g in an empty folder, with a new home', () => install(tarball, plain));
  if (installed === null) return;
  await check('nothing that is to be compiled comes along, no gpu.js, no gl, and one webgpu', () =>
    lookForStrangers(installed),
  );
  await check(`it takes less than ${mostBytes / 1e6} MB, without the binaries of other systems`, () =>
    weigh(installed),
  );
  await check('npm install -g --ignore-scripts installs the same files', async () => {
    const without = await install(tarball, join(work, 'without'), '--ignore-scripts');
    const [one, other] = [installed, without].map(listOf);
    const differing = [...one.filter((line) => !other.includes(line)), ...other.filter((line) => !one.includes(line))];
    if (differing.length > 0) fail(`these differ: ${differing.slice(0, 5).join(', ')}`);
  });
  await check('rnn trains, samples and draws, from another folder', async () => {
    const rnn = join(plain, 'bin', 'rnn');
    await use(work, [rnn]);
    await run([rnn, 'plot', 'run', '--svg', 'run.svg'], { cwd: work });
    if (!readFileSync(join(work, 'run.svg'), 'utf8').includes('</svg>')) fail('no picture was drawn');
  });
  await check('gpu.js is inside: rnn doctor finds gpu:cpu good', async () => {
    await run([join(plain, 'bin', 'rnn'), 'doctor', '--device', 'gpu:cpu'], { cwd: work });
  });
  await check('npx rnn, and an import, in a folder with other packages', async (folder) => {
    await npm(['init', '--yes'], { cwd: folder });
    await npm(['install', tarball], { cwd: folder });
    await use(folder, ['npx', 'rnn']);
    const program = "import { loadCheckpoint } from 'rnn'; console.log((await loadCheckpoint('run')).training.step)";
    const { stdout } = await run(['node', '--input-type=module', '--eval', program], { cwd: folder });
    if (stdout.trim() !== '150') fail(`a program that imports it read step ${stdout.trim()} where 150 were made`);
  });
  for (const program of programs) {
    const { version, path, problem } = await program;
    const what = `npx with the packed file trains and samples on Node ${version}`;
    if (problem === null) await check(what, (folder) => useWithNpx(folder, tarball, version, path));
    else skip(what, problem);
  }
  await audit();
});

async function pack(work) {
  const { stdout } = await npm(['pack', '--ignore-scripts', '--json', '--pack-destination', work], { cwd: root });
  const [{ filename, files, size }] = JSON.parse(stdout.slice(stdout.indexOf('[')));
  const paths = files.map(({ path }) => path);
  const wanted = [
    'bin/rnn.js',
    'dist/cli/start.js',
    'dist/devices/cpu/worker.js',
    'dist/devices/cpu/kernels-portable.wasm',
    'dist/devices/cpu/kernels-relaxed.wasm',
    'dist/reports/browser/page.css',
    'dist/THIRD-PARTY.md',
    'dist/index.js',
    'dist/index.d.ts',
    'docs/dependencies.md',
    'docs/train_distributed.py',
    'schema/rnn.json',
    'corpora/sonnets.txt',
    'LICENSE',
    'README.md',
  ];
  const missing = wanted.filter((path) => !paths.includes(path));
  if (missing.length > 0) fail(`missing: ${missing.join(', ')}`);
  const strangers = paths.filter(
    (path) =>
      !/^(bin|dist|docs|schema)\/|^bench\/[\w-]+\.(md|svg)$|^((checkpoints\/|corpora\/)README\.md|corpora\/sonnets\.txt|LICENSE|[A-Z]+\.md|package\.json)$/.test(
        path,
      ) || /(\.ts|^(?!docs\/pictures\/).*\.png)$/.test(path.replace(/\.d\.ts$/, '')),
  );
  if (strangers.length > 0) fail(`should not be in it: ${strangers.join(', ')}`);
  console.log(`        | ${(size / 1e6).toFixed(2)} MB, ${paths.length} files`);
  return join(work, filename);
}

/** @returns the folder of the installed package */
async function install(tarball, prefix, ...flags) {
  const { stderr } = await npm(['install', '--global', '--prefix', prefix, ...flags, tarball]);
  const complaint = stderr.split('\n').find((line) => /npm warn/i.test(line) && !line.includes('install-scripts'));
  if (complaint !== undefined) fail(complaint);
  return join(prefix, 'lib', 'node_modules', 'rnn');
}

function lookForStrangers(installed) {
  const packages = packagesIn(installed);
  const named = (name) => packages.filter((each) => each.name === name).length;
  const scripts = packages
    .filter(({ scripts: { preinstall, install: during, postinstall } = {} }) => preinstall ?? during ?? postinstall)
    .map(({ name }) => name);
  if (scripts.some((name) => !knownScripts.includes(name)))
    fail(`packages with install scripts: ${scripts.join(', ')}`);
  for (const name of ['gl', 'gpu.js', 'koffi', 'd3-scale']) if (named(name) > 0) fail(`${name} was installed`);
  if (named('webgpu') !== 1) fail(`webgpu was installed ${named('webgpu')} times`);
  const recipes = allFiles(installed).filter((path) => path.endsWith('binding.gyp'));
  if (recipes.length > 0) fail(`to be compiled: ${recipes.join(', ')}`);
}

function weigh(installed) {
  const here = process.platform === 'darwin' ? 'darwin-universal' : `${process.platform}-${process.arch}`;
  const others = (path) => /[\\/]webgpu[\\/]dist[\\/]/.test(path) && !path.includes(here);
  const bytes = (paths) => paths.reduce((sum, path) => sum + statSync(path).size, 0);
  const files = allFiles(installed);
  const counted = bytes(files.filter((path) => !others(path)));
  console.log(
    `        | ${(counted / 1e6).toFixed(1)} MB, ${(bytes(files) / 1e6).toFixed(1)} MB with other systems' binaries; ${packagesIn(installed).length} packages`,
  );
  if (counted > mostBytes) fail(`${(counted / 1e6).toFixed(1)} MB`);
}

function listOf(folder) {
  return allFiles(folder)
    .map((path) => `${path.slice(folder.length)} ${statSync(path).size}`)
    .toSorted();
}

/** @param rnn the words of a command line that start it */
async function use(cwd, rnn, options = {}) {
  await run(
    [...rnn, 'train', '-', '--out', 'run', '--validation-fraction', '0', '--max-steps', '150', '--force', '--quiet'],
    {
      ...options,
      cwd,
      input: text,
    },
  );
  const { stdout } = await run(
    [...rnn, 'sample', '--checkpoint', 'run', '--prime', 'a', '--temp', '0', '--length', '8'],
    {
      ...options,
      cwd,
    },
  );
  if (stdout.trim() !== 'abcabcabc') fail(`it wrote ${JSON.stringify(stdout)} where abcabcabc was learnt`);
}

async function useWithNpx(cwd, tarball, version, path) {
  const npx = ['npx', '--yes', '--package', tarball, '--'];
  const { stdout } = await run([...npx, 'node', '--version'], { path, cwd });
  if (stdout.trim() !== `v${version}`) fail(`it runs on ${stdout.trim()}`);
  await use(cwd, [...npx, 'rnn'], { path });
}

/**
 * A version of Node: the current one, or a version from the registry, which has Node as packages
 * without scripts, one for each system. npm is the installed npm.
 * @returns the folder of its program, or the reason why it is missing
 */
async function nodeOf(work, major) {
  if (process.versions.node.startsWith(`${major}.`))
    return { version: process.versions.node, path: dirname(process.execPath), problem: null };
  const place = join(work, `node${major}`);
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  try {
    await npm(['install', '--prefix', place, '--ignore-scripts', `${name}@${major === '20' ? '>=20.19 <21' : major}`]);
    const folder = join(place, 'node_modules', name);
    return {
      version: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version,
      path: join(folder, 'bin'),
      problem: null,
    };
  } catch (error) {
    return { version: major, path: null, problem: `${name} cannot be had: ${error.message.split('\n')[0]}` };
  }
}

/** All of it, because the bundled packages are among the development dependencies. */
async function audit() {
  const what = 'npm audit';
  const { code, stdout, stderr } = await npm(['audit'], { cwd: root, mayFail: true });
  if (code !== 0 && /audit endpoint returned an error|ENOAUDIT|ENOTFOUND|ECONN|ETIMEDOUT/.test(stderr))
    skip(what, 'the registry here does not answer it');
  else await check(what, () => (code === 0 ? null : fail(stdout)));
}

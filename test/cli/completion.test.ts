// `rnn completion`: how the scripts complete a line, in real shells.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { presets } from '../../src/options/presets.ts';
import { rnn } from './helpers.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
const scripts = Object.fromEntries(
  await Promise.all(shells.map(async (shell) => [shell, (await rnn(['completion', shell])).stdout] as const)),
);
const folder = mkdtempSync(join(tmpdir(), 'rnn-completion-'));
for (const shell of shells) writeFileSync(join(folder, `rnn.${shell}`), scripts[shell]);
// `$(…)` in a name must stay a name.
for (const file of [
  'checkpoints/hamlet/best.json',
  'checkpoints/my run/latest.json',
  'checkpoints/$(touch oops)/latest.json',
  'checkpoints/no-run/x',
  'sweeps/a/lr=1/latest.json',
  'corpora/x.txt',
]) {
  mkdirSync(join(folder, dirname(file)), { recursive: true });
  writeFileSync(join(folder, file), '');
}
afterAll(() => rmSync(folder, { recursive: true }));

const isThere = (name: string): boolean => spawnSync(name, ['--version']).error === undefined;
const runs = ['checkpoints/$(touch oops)', 'checkpoints/hamlet', 'checkpoints/my run', 'sweeps/a/lr=1'];

/**
 * The completions of the last word in bash, or nothing if readline completes files.
 */
function inBash(words: readonly string[], setup = ''): string[] {
  const script = `${setup}\nsource ./rnn.bash; COMP_WORDS=(rnn "$@"); COMP_CWORD=$#; $(complete -p rnn | sed 's/.*-F \\([^ ]*\\).*/\\1/') rnn "$\{!#}"; for each in "$\{COMPREPLY[@]}"; do printf '%s\\n' "$each"; done`;
  return execFileSync('bash', ['--norc', '--noprofile', '-c', script, 'bash', ...words], {
    cwd: folder,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((line) => line !== '');
}

/** The same in fish, without descriptions. */
function inFish(line: string): string[] {
  return execFileSync('fish', ['--no-config', '-c', `source ./rnn.fish; complete -C ${JSON.stringify(line)}`], {
    cwd: folder,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => row.split('\t')[0]);
}

it('an unknown shell is refused, with a list of the known shells', async () => {
  expect(await rnn(['completion', 'tcsh'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('the shell is tcsh: expected one of bash, zsh, fish'),
  });
});

it('all scripts have every command and every option of the help', async () => {
  const { stdout: overview } = await rnn(['--help']);
  const commands = [...overview.split('Topics of')[0].matchAll(/^ {2}(\w+)(?: [<[].*?[>\]])? {2,}\S/gm)].map(
    ([, name]) => name,
  );
  const helps = await Promise.all(
    commands.filter((name) => name !== 'help').map(async (name) => (await rnn([name, '--help'])).stdout),
  );
  const options = new Set(
    helps.flatMap((help) => [...help.matchAll(/^ {2}(?:-h, )?--([\w-]+)/gm)].map(([, name]) => name)),
  );
  expect(options.size).toBeGreaterThan(80);
  for (const shell of shells)
    expect(
      [...commands, ...options].filter((word) => !new RegExp(`[ '"(*-]${word}[ '")[|:=]`).test(scripts[shell])),
    ).toEqual([]);
});

describe.skipIf(!isThere('bash'))(`bash${isThere('bash') ? '' : ' (skipped: there is no bash)'}`, () => {
  it.each([
    ['commands', ['tr'], ['train']],
    ['an option by its beginning', ['train', 'x.txt', '--opti'], ['--optimizer']],
    ['a choice', ['train', '--cell', 'gru'], ['gru', 'gru-cho']],
    ['a choice after =, which bash takes for a word', ['train', '--cell', '=', 'gru'], ['gru', 'gru-cho']],
    ['a choice right after =', ['train', '--level', '='], ['char', 'byte']],
    ['a device after its colon, which is a word as well', ['train', '--device', 'gpu', ':', 'so'], ['software']],
    ['a device right after its colon', ['train', '--device', 'gpu', ':'], ['software', 'cpu']],
    ['a device after =', ['train', '--device', '=', 'gpu', ':', 'so'], ['software']],
    ['formats', ['export', '--format', ''], ['safetensors', 'onnx', 'rnn', 'html']],
    ['presets', ['train', '--preset', ''], Object.keys(presets)],
    ['run folders of an option', ['sample', '--checkpoint', ''], runs],
    ['run folders of an argument', ['info', 'checkpoints/h'], ['checkpoints/hamlet']],
    ['run folders to start from', ['train', '--init-from', 'sw'], ['sweeps/a/lr=1']],
    ['folders', ['runs', 'co'], ['corpora']],
    ['a built-in corpus', ['corpus', ''], ['sonnets']],
    ['axes of a sweep', ['sweep', 'x.txt', '--grid', 'hid'], ['hidden=']],
    ['options of train after the dashes of a sweep', ['sweep', 'x.txt', '--', '--opti'], ['--optimizer']],
    ['their values', ['sweep', 'x.txt', '--', '--optimizer', 'ad'], ['adam', 'adagrad']],
    ['but not before them', ['sweep', 'x.txt', '--opti'], []],
    ['shells', ['completion', ''], ['bash', 'zsh', 'fish']],
    ['commands to help with', ['help', 'sw'], ['sweep']],
    ['topics to help with', ['help', 'ce'], ['cells']],
    ['nothing for a number', ['train', '--hidden', ''], []],
    ['files, which is left to readline', ['train', 'corp'], []],
    ['no hidden options', ['sweep', '--hidd'], []],
  ] as const)('completes %s: rnn %j', (_what, words, expected) => {
    expect(inBash(words)).toEqual(expected);
  });

  it('does not use features that the bash of macOS lacks', () => {
    expect(inBash(['sample', '--checkpoint', ''], 'enable -n compopt')).toEqual(runs);
    expect(scripts.bash).not.toMatch(/mapfile|readarray|declare -A|local -A|\$\{\w+[,^]/);
  });

  const hasScript = isThere('script');
  it.skipIf(!hasScript || process.platform !== 'linux')(
    `completes words that are typed at a terminal${hasScript ? '' : ' (skipped: there is no script)'}`,
    () => {
      // Each TAB is a press of the key. A run folder with a space in its name is quoted.
      const typed = [
        'PS1=',
        'rnn() { printf "<%s>" "$@"; }',
        'source ./rnn.bash',
        'rnn tra\tcorp\tx.t\t --opti\tada\t',
        'rnn info checkpoints/my\t',
        'exit',
      ].join('\n');
      const { stdout } = spawnSync('script', ['-qec', 'bash --norc --noprofile -i', '/dev/null'], {
        cwd: folder,
        encoding: 'utf8',
        input: `${typed}\n`,
        env: { ...process.env, TERM: 'dumb' },
      });
      expect(stdout).toContain('<train><corpora/x.txt><--optimizer><ada>');
      expect(stdout).toContain('<info><checkpoints/my run');
    },
  );
});

describe.skipIf(!isThere('fish'))(`fish${isThere('fish') ? '' : ' (skipped: there is no fish)'}`, () => {
  it.each([
    ['rnn tr', ['train']],
    ['rnn train --optimizer ada', ['adagrad', 'adam']],
    ['rnn train --hidden ', []],
    ['rnn corpus ', ['sonnets']],
    ['rnn sweep x.txt -- --opti', ['--optimizer']],
    ['rnn sweep x.txt -- --optimizer ada', ['adagrad', 'adam']],
    ['rnn train --device gpu:so', ['gpu:software']],
    ['rnn train --cell=gru', ['--cell=gru', '--cell=gru-cho']],
    ['rnn train cor', ['corpora/']],
    ['rnn help sw', ['sweep']],
    ['rnn help sched', ['schedules']],
  ])('completes %j', (line, expected) => {
    expect(inFish(line)).toEqual(expected);
  });

  it('completes run folders, among files', () => {
    // With the slash of a folder, so that each is offered once.
    expect(inFish('rnn sample --checkpoint ')).toEqual(expect.arrayContaining(runs.map((run) => `${run}/`)));
    expect(inFish('rnn sample --checkpoint ')).not.toContain('checkpoints/no-run/');
    expect(inFish('rnn sample --checkpoint checkpoints/ham')).toEqual(['checkpoints/hamlet/']);
  });
});

describe.skipIf(!isThere('zsh'))(`zsh${isThere('zsh') ? '' : ' (skipped: there is no zsh)'}`, () => {
  it('reads it without complaint', () => {
    expect(spawnSync('zsh', ['-n', 'rnn.zsh'], { cwd: folder, encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
    const registered = spawnSync(
      'zsh',
      ['-f', '-c', 'autoload -U compinit; compinit -D; source ./rnn.zsh; print $_comps[rnn]'],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    );
    expect(registered).toMatchObject({ status: 0, stdout: '_rnn\n', stderr: '' });
  });

  const hasScript = isThere('script');
  it.skipIf(!hasScript || process.platform !== 'linux')(
    `completes words that are typed at a terminal${hasScript ? '' : ' (skipped: there is no script)'}`,
    () => {
      const typed = [
        "PS1=''",
        'rnn() { printf "<%s>" "$@"; }',
        'autoload -U compinit; compinit -D; source ./rnn.zsh',
        'rnn tra\tcorp\tx.t\t --opti\trmsp\t',
        'rnn train --optimizer=rmsp\t',
        'rnn train --device=gpu:so\t',
        'rnn info --js\tcheckpoints/my\t',
        'rnn train --init-from=checkpoints/my\t',
        'rnn sweep x.txt --grid hidd\t64 -- --hidd\t2',
        'exit',
      ].join('\n');
      const { stdout } = spawnSync('script', ['-qec', 'zsh -f -i', '/dev/null'], {
        cwd: folder,
        encoding: 'utf8',
        input: `${typed}\n`,
        env: { ...process.env, TERM: 'dumb' },
      });
      expect(stdout).toContain('<train><corpora/x.txt><--optimizer=rmsprop>');
      expect(stdout).toContain('<train><--optimizer=rmsprop>');
      expect(stdout).toContain('<train><--device=gpu:software>');
      expect(stdout).toContain('<info><--json><checkpoints/my run>');
      expect(stdout).toContain('<train><--init-from=checkpoints/my run>');
      expect(stdout).toContain('<sweep><x.txt><--grid><hidden=64><--><--hidden=2>');
    },
  );
});

it('the name of a folder is never executed', () => {
  expect(spawnSync('ls', [folder], { encoding: 'utf8' }).stdout).not.toContain('oops');
});

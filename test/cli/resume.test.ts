// `rnn train --resume` and `--init-from` for users: the real program, in this process, on small
// texts.
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeProcess, rnn } from './helpers.ts';

let folder: string;
let text: string;
let out: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rnn-resume-'));
  text = join(folder, 'text.txt');
  out = join(folder, 'run');
  writeFileSync(text, 'the quick brown fox jumps over the lazy dog\n'.repeat(60));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sizes = '--hidden 8 --batch-size 4 --sequence-length 8 --threads 1 --device cpu'.split(' ');
const train = (...args: string[]) => rnn(['train', text, '--out', out, ...args]);
const started = async (...args: string[]): Promise<void> => {
  expect((await train(...sizes, '--max-steps', '6', ...args)).code).toBe(0);
};

describe('rnn train --resume', () => {
  it('starts a new run if there is no run to resume', async () => {
    const { code, stderr } = await train(...sizes, '--max-steps', '4', '--resume');
    expect(code).toBe(0);
    expect(stderr).not.toContain('the run continues');
    expect(stderr).toContain(`run not found: ${out}, so rnn starts a new run\n`);
    expect(readdirSync(out).toSorted()).toEqual(['best.json', 'latest.json', 'log.jsonl']);
  });

  it('leaves the run to another process that began one while it read the text', async () => {
    const io = new FakeProcess();
    const words = (async function* () {
      await started();
      yield readFileSync(text);
    })();
    Object.defineProperty(io, 'stdin', { value: words });
    const { code, stderr } = await rnn(['train', '-', '--out', out, ...sizes, '--max-steps', '6', '--resume'], {}, io);
    expect(code).toBe(7);
    expect(stderr).toContain(
      `error: cannot start a run in ${out}: another process has just started one\nhint: run the same command again`,
    );
  });

  it('names runs of similar names where it starts a new one', async () => {
    await started();
    const elsewhere = (name: string) =>
      rnn(['train', text, '--out', join(folder, name), ...sizes, '--max-steps', '1', '--resume']).then(
        ({ stderr }) => stderr,
      );
    expect(await elsewhere('Runn')).toContain(`so rnn starts a new run. Did you mean ${out}?\n`);
    expect(await elsewhere('sonnets')).toContain('so rnn starts a new run\n');
    expect(await elsewhere('.')).toContain(`so rnn starts a new run. Did you mean `);
  });

  it('resumes with the options of the run, and says from which step', async () => {
    await started('--dropout', '0.25', '--sample-every', '3');
    const { code, stderr } = await train('--resume', '--max-steps', '9');
    expect(code).toBe(0);
    expect(stderr).toContain('--max-steps is now 9 (it was 6)\n');
    expect(stderr).toContain(`resuming ${out} at step 6\n`);
    expect(stderr).toContain('mlstm, 1 × 8');
    expect(stderr).toContain('all update steps are done: step 9 after');
    const lines = readFileSync(join(out, 'log.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; options: object });
    expect(lines.findLast(({ event }) => event === 'start')!.options).toMatchObject({
      dropout: 0.25,
      sampleEvery: 3,
      hidden: 8,
    });
  });

  it('says that a run is finished, and ends with 0', async () => {
    await started();
    const before = readFileSync(join(out, 'latest.json'));
    for (const args of [[], ['--max-steps', '6'], ['--max-time', '50m']]) {
      const { code, stderr } = await train('--resume', ...args);
      expect(code).toBe(0);
      expect(stderr).toContain('the run was already finished: step 6');
    }
    expect(await train('--resume', '--quiet')).toEqual({ code: 0, stdout: '', stderr: '' });
    const { stdout } = await train('--resume', '--json');
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([{ event: 'end', reason: 'finished', step: 6, checkpoint: join(out, 'latest.json') }]);
    expect(readFileSync(join(out, 'latest.json'))).toEqual(before);
    expect(existsSync(join(out, 'lock.json'))).toBe(false);
  });

  it('names the options without effect on a finished run, and how to make them take effect', async () => {
    await started();
    const { code, stderr } = await train(
      '--resume',
      '--learning-rate',
      '0.5',
      '--batch-size',
      '2',
      '--hidden',
      '8',
      '--accept-new-corpus',
    );
    expect(code).toBe(0);
    expect(stderr).toContain(
      'the run is over, so these flags have no effect: --batch-size, --learning-rate, --accept-new-corpus (a higher --max-steps continues it)\n',
    );
    expect((await train('--resume', '--max-steps', '6', '--batch-size', '4')).stderr).not.toContain('not used');
    expect((await train('--resume', '--learning-rate', '0.5', '--quiet')).stderr).toBe('');
  });

  it('falls back to previous.json with a warning, even with --quiet', async () => {
    await started('--checkpoint-every', '3', '--validation-fraction', '0');
    writeFileSync(join(out, 'latest.json'), readFileSync(join(out, 'latest.json'), 'utf8').slice(0, 500));
    const { code, stderr } = await train('--resume', '--quiet');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: .*latest\.json is damaged: .*, so the run resumes from .*previous\.json\n$/);
    expect((await rnn(['info', join(out, 'latest.json')])).stdout).toContain('6 update steps');
  });

  it('resumes from the best checkpoint if no other can be read, with a warning that says why', async () => {
    await started('--checkpoint-every', '3', '--evaluate-every', '2');
    for (const file of ['latest.json', 'previous.json']) truncateSync(join(out, file), 500);
    const { code, stderr } = await train('--resume', '--quiet');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: .*latest\.json is damaged: .*, so the run resumes from .*best\.json\n$/);
    expect((await rnn(['info', join(out, 'latest.json')])).stdout).toContain('6 update steps');
    for (const file of ['latest.json', 'previous.json']) rmSync(join(out, file), { force: true });
    expect(await train('--resume', '--quiet')).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/latest\.json is missing, so the run resumes from .*best\.json\n$/),
    });
  });

  it('resumes a run in a folder that is also its text', async () => {
    const run = (...args: string[]) => rnn(['train', folder, '--out', out, ...sizes, '--resume', ...args]);
    expect((await run('--max-steps', '4', '--checkpoint-every', '2')).code).toBe(0);
    expect(await run('--max-steps', '6')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`resuming ${out} at step 4`),
    });
    // Named by a pattern, and through a link, too.
    symlinkSync(folder, join(folder, 'here'));
    expect(
      await rnn(['train', join(folder, 'here', '**'), '--out', out, '--resume', '--max-steps', '8']),
    ).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`resuming ${out} at step 6`),
    });
  });

  it('accepts another text only with --accept-new-corpus, and never unknown characters', async () => {
    await started();
    writeFileSync(text, 'the lazy dog jumps over the quick brown fox\n'.repeat(70));
    expect(await train('--resume', '--max-steps', '9')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(
        /the text is not the text that this run was trained on: it has 3,080 characters instead of 2,640\nhint: .*--accept-new-corpus/,
      ),
    });
    const { code, stderr } = await train('--resume', '--accept-new-corpus', '--max-steps', '9');
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('the text is not the text') });
    writeFileSync(text, 'the fox: 1, 2, 3\n'.repeat(70));
    expect(await train('--resume', '--accept-new-corpus', '--max-steps', '12')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/never seen: .*1.*\nhint: .*--init-from/),
    });
  });

  it('reads a shorter validation text in fewer parallel chunks', async () => {
    await started('--streams', '16');
    const short = join(folder, 'short.txt');
    writeFileSync(short, 'the fox');
    const { code, stderr } = await train(
      '--resume',
      '--validation-file',
      short,
      '--accept-new-corpus',
      '--max-steps',
      '9',
    );
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('--evaluation-streams is now 6: the text to validate on is too short for 16\n'),
    });
    expect(stderr).toContain('the text to validate on is not the text');
    expect(readFileSync(join(out, 'latest.json'), 'utf8')).toMatch(/"evaluationStreams": ?6\b/);
  });

  it('refuses a batch or sequence length that the text is too short for, and names sizes that fit', async () => {
    await started();
    expect(await train('--resume', '--max-steps', '9', '--batch-size', '5000')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(
        /error: the text to train on has 2,376 characters: expected at least .* for --batch-size 5000 with --sequence-length 8\nhint: use .* sizes that fit/,
      ),
    });
    expect((await train('--resume', '--max-steps', '9', '--batch-size', '9')).code).toBe(0);
  });

  it('names the command that resumes, after a signal and after --max-time', async () => {
    const io = new FakeProcess();
    const ended = rnn(['train', text, '--out', out, ...sizes, '--max-steps', '100000'], {}, io);
    while (!io.listensForSignals || !io.stderr.text.includes('device  ')) await new Promise(setImmediate);
    io.send('SIGTERM');
    const { code, stderr } = await ended;
    expect(code).toBe(143);
    expect(stderr).toContain(`to resume:\n  rnn train ${text} --resume --out ${out}\n`);
    expect((await train('--resume', '--max-time', '0.1s')).stderr).toContain(
      `to resume:\n  rnn train ${text} --resume --out ${out}\n`,
    );
  });
});

describe('rnn train --init-from', () => {
  it('starts a new run from the weights of another, on a text with new characters', async () => {
    await started();
    const other = join(folder, 'other.txt');
    writeFileSync(other, 'The fox: 1, 2, 3 and the dog!\n'.repeat(60));
    const next = join(folder, 'next');
    const { code, stderr } = await rnn([
      'train',
      other,
      '--init-from',
      out,
      '--out',
      next,
      '--max-steps',
      '5',
      '--threads',
      '1',
      '--device',
      'cpu',
    ]);
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`starting from the weights of ${join(out, 'best.json')} at step 6\n`),
    });
    expect(stderr).toContain('mlstm, 1 × 8');
    expect(
      (await rnn(['sample', '--checkpoint', next, '--prime', 'The quick: 1', '--length', '5', '--seed', '1'])).code,
    ).toBe(0);
  });

  it('with --resume resumes such a run from its own checkpoint', async () => {
    await started();
    const given = [
      'train',
      text,
      '--init-from',
      out,
      '--out',
      join(folder, 'next'),
      '--resume',
      '--threads',
      '1',
      '--device',
      'cpu',
    ];
    expect((await rnn([...given, '--max-steps', '4'])).stderr).toContain('starting from the weights of');
    const again = await rnn([...given, '--max-steps', '6']);
    expect(again.stderr).toContain(`${join(folder, 'next')} at step 4`);
    expect(again.stderr).not.toContain('starting from the weights of');
    expect(again.stderr).toContain('--init-from has no effect because this run resumes');
    expect((await rnn([...given, '--max-steps', '6'])).stderr).toContain(
      '--init-from has no effect because this run resumes',
    );
  });
});

it('--keep keeps that many checkpoints, each usable for sampling', async () => {
  await started('--checkpoint-every', '1', '--keep', '2');
  expect(readdirSync(out).filter((file) => file.startsWith('step-'))).toEqual([
    'step-000000005.json',
    'step-000000006.json',
  ]);
  copyFileSync(join(out, 'step-000000005.json'), join(folder, 'copy.json'));
  expect((await rnn(['sample', '--checkpoint', join(folder, 'copy.json'), '--length', '5', '--seed', '1'])).code).toBe(
    0,
  );
});

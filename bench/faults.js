// What a run does when the machine fails it, for real: `node bench/faults.js` after `npm run build`. A disk that is full (a small tmpfs),
// one that becomes read-only, a folder that is removed, two trainers in one folder, a trainer that is stopped and goes on, one that is
// stopped for so long that another takes its place, signals, a cron job. Prints a line for each, and fails (exit code 1) if one is not as
// it should be. What needs root and Linux (tmpfs) is skipped elsewhere, and said. About two minutes.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readCheckpoint } from '../dist/checkpoint/store.js';
import { inFolder, killAll, linesOf, logged, start, timeless, wait } from './survival/trainer.js';

const sizes = '--hidden 48 --batch-size 16 --seq-length 16 --dropout 0.1 --sample-every 0 --streams 64 --threads 2'.split(' ');
const brief = [...sizes, ...'--max-steps 400 --checkpoint-every 20 --eval-every 100'.split(' ')];
/** Ends only when it is told to. */
const endless = [...sizes, ...'--max-steps 100000000 --lr-schedule constant --checkpoint-every 20 --eval-every 0'.split(' ')];
const MOST_SECONDS_TO_END = 5;
const STOPS = 50;
const TRIES = 300;

let faults = 0;
const expect = (holds, what) => {
  if (!holds) throw new Error(what);
};

await inFolder(async (folder) => {
  const whole = await start(folder, [...brief, '--out', 'whole']).ended;
  expect(whole.code === 0, `the run to compare with ended with ${whole.code}: ${whole.stderr}`);
  const expected = await timeless(join(folder, 'whole/latest.json'));
  const isExpected = async (out) => {
    expect((await timeless(join(folder, out, 'latest.json'))) === expected, 'the weights are others than those of an undisturbed run');
    expect(
      logged(join(folder, out, 'log.jsonl')) === logged(join(folder, 'whole/log.jsonl')),
      'the log has other losses than that of an undisturbed run',
    );
  };

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ]) {
    await check(`${signal}: ends with ${code} within ${MOST_SECONDS_TO_END} s, saved, and goes on to the same weights`, async () => {
      const out = signal.toLowerCase();
      const trainer = start(folder, [...brief, '--out', out]);
      await trainer.said('step 100 ');
      trainer.child.kill(signal);
      const from = performance.now();
      const ended = await trainer.ended;
      expect(ended.code === code, `it ended with ${ended.code ?? ended.signal}`);
      expect(performance.now() - from < 1000 * MOST_SECONDS_TO_END, 'it took too long');
      expect(
        ended.stderr.includes(`rnn train corpora/sonnets.txt --resume --out ${out}`),
        `it does not say how to continue: ${ended.stderr}`,
      );
      const again = await start(folder, ['--out', out, '--resume']).ended;
      expect(again.code === 0, `going on ended with ${again.code}: ${again.stderr}`);
      await isExpected(out);
    });
  }

  await check('a second INT ends it at once, with whole checkpoints and nothing left in the way', async () => {
    const trainer = start(folder, [...endless, '--out', 'twice']);
    await trainer.said('step 100 ');
    trainer.child.kill('SIGINT');
    trainer.child.kill('SIGINT');
    const { code } = await trainer.ended;
    expect(code === 130, `it ended with ${code}`);
    for (const file of readdirSync(join(folder, 'twice')).filter((name) => /^(latest|previous)\.json$/.test(name)))
      await timeless(join(folder, 'twice', file));
    const again = await start(folder, ['--out', 'twice', '--resume', '--max-time', '1s']).ended;
    expect(again.code === 0, `going on ended with ${again.code}: ${again.stderr}`);
    expect(!readdirSync(join(folder, 'twice')).some((name) => name.endsWith('.tmp') || name === 'lock.json'), 'files are left over');
  });

  await check('two trainers in one folder: the second ends with 7 and names the first, which is not disturbed', async () => {
    const first = start(folder, [...brief, '--out', 'shared']);
    await first.said('step 40 ');
    first.child.kill('SIGSTOP'); // so that it is still there, however quick this machine is
    for (const how of ['--resume', '--force', '--quiet']) {
      const second = await start(folder, [...brief, '--out', 'shared', how]).ended;
      expect(second.code === 7, `with ${how} the second ended with ${second.code}: ${second.stderr}`);
      expect(
        second.stderr.includes(`(number ${first.child.pid} on `),
        `with ${how} it does not say who holds the folder: ${second.stderr}`,
      );
    }
    first.child.kill('SIGCONT');
    expect((await first.ended).code === 0, 'the first was disturbed');
    await isExpected('shared');
  });

  await check('two trainers at the same moment: one trains, the other ends with 7', async () => {
    const both = [start(folder, [...brief, '--out', 'race']), start(folder, [...brief, '--out', 'race'])];
    const codes = (await Promise.all(both.map(({ ended }) => ended))).map(({ code }) => code);
    expect(codes.toSorted().join() === '0,7', `they ended with ${codes.join(' and ')}`);
    await isExpected('race');
  });

  await check(`stopped and continued ${STOPS} times, it comes to the same weights`, async () => {
    const trainer = start(folder, [...brief, '--out', 'stopped']);
    let stops = 0;
    for (; stops < STOPS && trainer.child.exitCode === null; stops++) {
      trainer.child.kill('SIGSTOP');
      await wait(20);
      trainer.child.kill('SIGCONT');
      await wait(20);
    }
    expect(stops === STOPS, `it was over after ${stops}`);
    expect((await trainer.ended).code === 0, 'it did not end well');
    await isExpected('stopped');
  });

  await check('stopped for three seconds, it has not spent them of its --budget', async () => {
    const trainer = start(folder, [...sizes, '--budget', '2s', '--json', '--out', 'budget']);
    await trainer.said('"report"');
    trainer.child.kill('SIGSTOP');
    await wait(3000);
    trainer.child.kill('SIGCONT');
    const { stdout } = await trainer.ended;
    const reports = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === 'report');
    expect(
      reports.length >= 2 && reports[0].progress < 0.9 && reports.at(-1).progress === 1,
      `its reports were of ${reports.map(({ progress }) => progress.toFixed(2)).join(', ')}`,
    );
  });

  await check('stopped for so long that another took over, it ends with 7 and writes nothing more', async () => {
    const first = start(folder, [...brief, '--out', 'taken']);
    await first.said('step 60 ');
    first.child.kill('SIGSTOP');
    // As if it had not renewed its lock for an hour.
    const anHourAgo = Date.now() / 1000 - 3600;
    utimesSync(join(folder, 'taken/lock.json'), anHourAgo, anHourAgo);
    const second = await start(folder, ['--out', 'taken', '--resume']).ended;
    expect(second.code === 0, `the second ended with ${second.code}: ${second.stderr}`);
    await isExpected('taken');
    first.child.kill('SIGCONT');
    const { code, stderr } = await first.ended;
    expect(code === 7 && stderr.includes('has taken over'), `the first ended with ${code}: ${stderr}`);
    await isExpected('taken');
  });

  await check('a worker thread that dies is noticed within a second: the end is 1, with the steps so far saved', async () => {
    // Loaded before the program: ends one of its threads two seconds after they were started, and tells when.
    const killer = `import workerThreads from 'node:worker_threads';import{syncBuiltinESMExports}from'node:module';
      if(workerThreads.isMainThread){const{Worker}=workerThreads;let last;workerThreads.Worker=class extends Worker{constructor(...given){super(...given);last=this;}};
      syncBuiltinESMExports();setTimeout(()=>{console.error('killed');last.terminate();},2000).unref();}`;
    const trainer = start(folder, [...endless, '--out', 'dead'], {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(killer)}`,
    });
    await trainer.said('killed');
    const from = performance.now();
    const { code, stderr } = await trainer.ended;
    expect(performance.now() - from < 1000, `it took ${Math.round(performance.now() - from)} ms`);
    expect(code === 1 && stderr.includes('error: a worker thread died'), `it ended with ${code}: ${stderr}`);
    // What is saved are the weights of a run that was told to end there; what the model remembered of the text is lost, and the run says
    // so.
    const saved = await readCheckpoint(join(folder, 'dead/latest.json'));
    const { step } = saved.training;
    const told = await start(folder, [
      ...sizes,
      '--lr-schedule',
      'constant',
      '--checkpoint-every',
      0,
      '--eval-every',
      0,
      '--max-steps',
      step,
      '--out',
      'alive',
    ]).ended;
    expect(told.code === 0, `the run to compare with ended with ${told.code}: ${told.stderr}`);
    const alive = await readCheckpoint(join(folder, 'alive/latest.json'));
    for (const part of ['tensors', 'optimizer'])
      expect(isDeepStrictEqual(saved[part], alive[part]), `its ${part} of step ${step} are others than those of an undisturbed run`);
    expect(isDeepStrictEqual(saved.training.position, alive.training.position), 'it stands elsewhere in the text');
    expect(
      isDeepStrictEqual(saved.state, alive.state) || (saved.state.length === 0 && stderr.includes('the hidden state was lost')),
      'its hidden state is another, and it does not say so',
    );
    const again = await start(folder, ['--out', 'dead', '--resume', '--max-time', '1s']).ended;
    expect(again.code === 0, `going on ended with ${again.code}: ${again.stderr}`);
    const log = linesOf(join(folder, 'dead/log.jsonl'));
    expect(
      log.some((line) => line.event === 'start' && line.step === step),
      `it did not go on at step ${step}`,
    );
  });

  await check('a run folder that is removed is made again, and the run is saved', async () => {
    const trainer = start(folder, [...brief, '--out', 'gone']);
    await trainer.said('step 40 ');
    trainer.child.kill('SIGSTOP'); // so that it writes nothing into what is being removed
    rmSync(join(folder, 'gone'), { recursive: true });
    trainer.child.kill('SIGCONT');
    const { code, stderr } = await trainer.ended;
    expect(code === 0, `it ended with ${code}: ${stderr}`);
    expect((await timeless(join(folder, 'gone/latest.json'))) === expected, 'the weights are others');
  });

  await check('as a cron job (no terminal, no environment, little time) it starts, goes on, and is over, in silence', async () => {
    let runs = 0;
    for (let last = ''; !last.includes('"finished":"max-steps"'); runs++) {
      expect(runs < 50, 'it is never over');
      const job = await start(folder, [...brief, '--out', 'cron', '--resume', '--max-time', '0.3s', '--quiet'], minimal()).ended;
      expect(job.code === 0 && job.stderr === '' && job.stdout === '', `it ended with ${job.code} and said ${job.stderr}${job.stdout}`);
      last = await timeless(join(folder, 'cron/latest.json'));
    }
    const over = await start(folder, ['--out', 'cron', '--resume']).ended;
    expect(over.code === 0 && over.stderr.includes('already finished'), `when it is over it says ${over.stderr}`);
    await isExpected('cron');
  });

  await onSmallDisk(folder, 3_000_000, async (disk) => {
    await check('a disk that is full: training goes on and says so; the end is 1, and what was saved is whole', async () => {
      writeFileSync(join(disk, 'filler'), Buffer.alloc(1_300_000));
      const { code, stderr } = await start(folder, [...brief, '--out', join(disk, 'run'), '--keep', '9']).ended;
      expect(code === 1, `it ended with ${code}: ${stderr}`);
      expect(
        /could not be written: the disk is full; training goes on/.test(stderr) &&
          /the last state, of step 400, could not be saved/.test(stderr),
        stderr,
      );
      for (const file of readdirSync(join(disk, 'run')).filter((name) => name.endsWith('.json'))) await timeless(join(disk, 'run', file));
      rmSync(join(disk, 'filler'));
      for (const file of readdirSync(join(disk, 'run')).filter((name) => name.startsWith('step-'))) rmSync(join(disk, 'run', file));
      const again = await start(folder, ['--out', join(disk, 'run'), '--resume', '--keep', '0']).ended;
      expect(again.code === 0, `with room again it ended with ${again.code}: ${again.stderr}`);
      expect(
        (await timeless(join(disk, 'run/latest.json'))).replace('"keep":0', '"keep":9') === expected.replace('"keep":0', '"keep":9'),
        'the weights are others',
      );
      isInOrder(join(disk, 'run/log.jsonl'), join(folder, 'whole/log.jsonl'));
      rmSync(join(disk, 'run'), { recursive: true });
    });

    await check('a disk that has room again in time: nothing is lost', async () => {
      writeFileSync(join(disk, 'filler'), Buffer.alloc(2_900_000));
      const trainer = start(folder, [...brief, '--out', join(disk, 'run')]);
      await trainer.said('the disk is full; training goes on');
      rmSync(join(disk, 'filler'));
      const { code, stderr } = await trainer.ended;
      expect(code === 0, `it ended with ${code}: ${stderr}`);
      expect((await timeless(join(disk, 'run/latest.json'))) === expected, 'the weights are others');
      isInOrder(join(disk, 'run/log.jsonl'), join(folder, 'whole/log.jsonl'));
      expect(
        stderr.split('\n').filter((line) => /latest\.json could not be written/.test(line)).length <= 1,
        `it says more than once that the disk is full: ${stderr}`,
      );
      rmSync(join(disk, 'run'), { recursive: true });
    });

    await check('a disk that becomes read-only: the end is 1, and with a disk that can be written the run goes on', async () => {
      const trainer = start(folder, [...endless, '--out', join(disk, 'run')]);
      await trainer.said('step 60 ');
      await between(() => execFileSync('mount', ['-o', 'remount,ro', disk], { stdio: 'pipe' }));
      try {
        await trainer.said('read-only; training goes on');
        trainer.child.kill('SIGTERM');
        const { code, stderr } = await trainer.ended;
        expect(code === 1 && stderr.includes('could not be saved'), `it ended with ${code}: ${stderr}`);
        const refused = await start(folder, ['--out', join(disk, 'run'), '--resume']).ended;
        expect(
          refused.code === 1 && refused.stderr.includes('the disk is read-only'),
          `going on ended with ${refused.code}: ${refused.stderr}`,
        );
      } finally {
        execFileSync('mount', ['-o', 'remount,rw', disk]);
      }
      const again = await start(folder, ['--out', join(disk, 'run'), '--resume', '--max-time', '1s']).ended;
      expect(again.code === 0, `going on ended with ${again.code}: ${again.stderr}`);
    });
  });
});
process.exitCode = faults === 0 ? 0 : 1;

async function check(name, act) {
  try {
    await act();
    console.log(`ok       ${name}`);
  } catch (error) {
    faults++;
    console.log(`FAILED   ${name}: ${error.message}`);
  } finally {
    killAll();
  }
}

/** A disk is busy as long as a trainer has a file open for writing: tries until it has none. */
async function between(act) {
  for (let tries = 1; ; tries++) {
    try {
      return act();
    } catch (error) {
      if (tries === TRIES) throw error;
      await wait(10);
    }
  }
}

/** A log that a full disk has left: lines may be missing, and those that are there are whole, in order, and those of an undisturbed run. */
function isInOrder(path, undisturbed) {
  const told = ({ event }) => event === 'evaluation' || event === 'sample';
  const lines = linesOf(path);
  const steps = lines.map(({ step }) => step);
  expect(
    steps.every((step, index) => index === 0 || step >= steps[index - 1]),
    'the log has steps twice',
  );
  const known = new Set(
    linesOf(undisturbed)
      .filter(told)
      .map((line) => JSON.stringify(line)),
  );
  for (const line of lines.filter(told))
    expect(known.has(JSON.stringify(line)), `the log has another ${line.event} of step ${line.step} than that of an undisturbed run`);
  expect(lines.at(-1).event === 'end', 'the log does not tell of the end');
}

/** What cron gives a job, and what decides how a BLAS computes. */
function minimal() {
  const others = Object.keys(process.env).filter((name) => !name.startsWith('OPENBLAS_'));
  return { ...Object.fromEntries(others.map((name) => [name, undefined])), PATH: '/usr/bin:/bin', SHELL: '/bin/sh' };
}

async function onSmallDisk(folder, bytes, use) {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', disk], { stdio: 'pipe' });
  } catch (error) {
    console.log(
      `skipped  what a full disk and a read-only one do: no small tmpfs can be mounted here (${String(error.stderr ?? error.message).trim()})`,
    );
    return;
  }
  try {
    await use(disk);
  } finally {
    await between(() => execFileSync('umount', [disk], { stdio: 'pipe' }));
    if (existsSync(disk)) rmSync(disk, { recursive: true, force: true });
  }
}

// Faults of the machine, for real: `node bench/faults.js` after `npm run build`. Tries a full disk
// (a small tmpfs), a disk that becomes read-only, a removed folder, two trainers in one folder, and
// a trainer that is stopped and continues. Another is stopped so long that a second trainer takes
// its place, and six trainers take over one lock. Then follow signals, a cron job, and files that
// are both read and written. Prints a line for each check, and fails (exit code 1) if one fails. No
// check depends on the speed of the machine: a run that must be interrupted in the middle of its
// work stops itself there. Checks that need root and Linux (tmpfs) are skipped elsewhere, with a
// message. Takes about two minutes.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readCheckpoint } from '../dist/runs/store.js';
import {
  inFolder,
  killAll,
  linesOf,
  logged,
  preloading,
  start,
  startAny,
  stoppingAt,
  timeless,
  wait,
} from './survival/trainer.js';

const sizes =
  '--cell lstm --layers 1 --hidden 48 --batch-size 16 --sequence-length 16 --dropout 0.1 --weight-decay 0 --sample-every 0 --streams 64 --threads 2'.split(
    ' ',
  );
const brief = [...sizes, ...'--max-steps 400 --checkpoint-every 20 --evaluate-every 100'.split(' ')];
/** The same, saved only at its end unless time demands more. */
const rarelySaved = brief.map((word, index) => (brief[index - 1] === '--checkpoint-every' ? '1000000' : word));
/** Ends only at a signal. */
const endless = [
  ...sizes,
  ...'--max-steps 100000000 --schedule constant --checkpoint-every 20 --evaluate-every 0'.split(' '),
];
const TRIES = 300;
const HANGS_AFTER_MS = 120_000;

let faults = 0;
const expect = (holds, what) => {
  if (!holds) throw new Error(what);
};

await inFolder(async (folder) => {
  const whole = await start(folder, [...brief, '--out', 'whole']).ended;
  expect(whole.code === 0, `the run to compare with ended with ${whole.code}: ${whole.stderr}`);
  const expected = await timeless(join(folder, 'whole/latest.json'));
  const isExpected = async (out) => {
    expect(
      (await timeless(join(folder, out, 'latest.json'))) === expected,
      'the weights differ from an undisturbed run',
    );
    expect(
      logged(join(folder, out, 'log.jsonl')) === logged(join(folder, 'whole/log.jsonl')),
      'the losses in the log differ from an undisturbed run',
    );
  };

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ]) {
    await check(
      `${signal}: ends with ${code} after the current step, saves, and resumes to the same weights`,
      async () => {
        const out = signal.toLowerCase();
        const trainer = start(folder, [...brief, '--out', out], stoppingAt('step 100 '));
        await trainer.stopped();
        trainer.child.kill(signal);
        trainer.child.kill('SIGCONT');
        const ended = await trainer.ended;
        expect(ended.code === code, `it ended with ${ended.code ?? ended.signal}`);
        const { step } = (await readCheckpoint(join(folder, out, 'latest.json'))).training;
        expect(step >= 100 && step < 120, `it ended at step ${step}`);
        expect(
          ended.stderr.includes(`rnn train corpora/sonnets.txt --resume --out ${out}`),
          `it does not say how to continue: ${ended.stderr}`,
        );
        const again = await start(folder, ['--out', out, '--resume']).ended;
        expect(again.code === 0, `resuming ended with ${again.code}: ${again.stderr}`);
        await isExpected(out);
      },
    );
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
    expect(again.code === 0, `resuming ended with ${again.code}: ${again.stderr}`);
    expect(
      !readdirSync(join(folder, 'twice')).some((name) => name.endsWith('.tmp') || name === 'lock.json'),
      'files are left over',
    );
  });

  await check(
    'two trainers in one folder: the second ends with 7 and names the first, which is not disturbed',
    async () => {
      const first = start(folder, [...brief, '--out', 'shared'], stoppingAt('step 40 '));
      await first.stopped();
      for (const how of ['--resume', '--force', '--quiet']) {
        renewLock(join(folder, 'shared'));
        const second = await start(folder, [...brief, '--out', 'shared', how]).ended;
        expect(second.code === 7, `with ${how} the second ended with ${second.code}: ${second.stderr}`);
        expect(
          second.stderr.includes(`(PID ${first.child.pid} on `),
          `with ${how} it does not say who holds the folder: ${second.stderr}`,
        );
      }
      first.child.kill('SIGCONT');
      expect((await first.ended).code === 0, 'the first was disturbed');
      await isExpected('shared');
    },
  );

  await check('two trainers at the same moment: one trains, the other ends with 7', async () => {
    await race('race', 2, [...brief, '--out', 'race']);
    await isExpected('race');
  });

  await check('six trainers find the lock of a killed trainer: one continues, and the rest end with 7', async () => {
    const killed = start(folder, [...brief, '--out', 'left'], stoppingAt('step 60 '));
    await killed.stopped();
    killed.child.kill('SIGKILL');
    await killed.ended;
    await race('left', 6, ['--out', 'left', '--resume'], 1);
    await isExpected('left');
  });

  await check('stopped and continued at each checkpoint and in between, a run gives the same weights', async () => {
    const trainer = start(folder, [...brief, '--out', 'stopped'], stoppingAt('saved ', { everyTime: true }));
    let stops = 0;
    for (; await trainer.stopped(); stops++) {
      trainer.child.kill('SIGCONT');
      await wait(stops);
      trainer.child.kill('SIGSTOP');
      await wait(5);
      trainer.child.kill('SIGCONT');
    }
    const { code, stderr } = await trainer.ended;
    expect(code === 0, `it ended with ${code}: ${stderr}`);
    expect(stops > 0, 'it was never stopped');
    await isExpected('stopped');
  });

  await check(
    'saves by the clock where no step is due, and after kill -9 resumes from there to the same weights',
    async () => {
      // A clock that advances by five seconds each time that the program reads it, however fast the
      // machine.
      const clock = preloading('let now = 0; performance.now = () => (now += 5000);');
      const stop = stoppingAt('latest.json');
      const NODE_OPTIONS = `${clock.NODE_OPTIONS} ${stop.NODE_OPTIONS}`;
      const trainer = start(folder, [...rarelySaved, '--out', 'clock'], { NODE_OPTIONS });
      await trainer.stopped();
      trainer.child.kill('SIGKILL');
      await trainer.ended;
      const { step } = (await readCheckpoint(join(folder, 'clock/latest.json'))).training;
      expect(step > 0 && step < 100, `it was first saved at step ${step}`);
      const again = await start(folder, ['--out', 'clock', '--resume', '--checkpoint-every', '20']).ended;
      expect(again.code === 0, `resuming ended with ${again.code}: ${again.stderr}`);
      await isExpected('clock');
    },
  );

  await check('stopped for longer than its --budget, it has spent nothing of it', async () => {
    const STOPPED_MS = 10_000;
    const trainer = start(
      folder,
      [...sizes, '--budget', '2s', '--json', '--out', 'budget'],
      stoppingAt('"event":"start"'),
    );
    await trainer.stopped();
    await wait(STOPPED_MS);
    const from = performance.now();
    trainer.child.kill('SIGCONT');
    const { stdout } = await trainer.ended;
    const workedMs = performance.now() - from;
    const { elapsedMs } = JSON.parse(stdout.trim().split('\n').at(-1));
    // This process measured the delay after the stop, so the run had done less by the time of the
    // stop.
    expect(
      elapsedMs < workedMs + STOPPED_MS / 2,
      `of ${Math.round(workedMs)} ms after the stop it counted ${Math.round(elapsedMs)}`,
    );
  });

  await check('stopped for so long that another took over, it ends with 7 and writes nothing more', async () => {
    const first = start(folder, [...brief, '--out', 'taken'], stoppingAt('step 60 '));
    await first.stopped();
    // As if it had not renewed its lock for an hour.
    const anHourAgo = Date.now() / 1000 - 3600;
    utimesSync(join(folder, 'taken/lock.json'), anHourAgo, anHourAgo);
    const second = await start(folder, ['--out', 'taken', '--resume']).ended;
    expect(second.code === 0, `the second ended with ${second.code}: ${second.stderr}`);
    await isExpected('taken');
    first.child.kill('SIGCONT');
    const { code, stderr } = await first.ended;
    expect(code === 7 && stderr.includes('took it over'), `the first ended with ${code}: ${stderr}`);
    await isExpected('taken');
  });

  await check('a worker thread that dies is noticed: the end is 1, with the steps so far saved', async () => {
    // Ends one of the program's threads when its second checkpoint is there.
    const killer = `import workerThreads from 'node:worker_threads';import{syncBuiltinESMExports}from'node:module';
      if(workerThreads.isMainThread){const{Worker}=workerThreads;let last;workerThreads.Worker=class extends Worker{constructor(...given){super(...given);last=this;}};
      syncBuiltinESMExports();const{write}=process.stderr;process.stderr.write=function(text,...more){
      if(String(text).includes('step 40 '))last.terminate();return write.call(this,text,...more);};}`;
    const trainer = start(folder, [...endless, '--out', 'dead'], preloading(killer));
    await trainer.said('step 40 ');
    const hangs = new Promise((resolve) => void setTimeout(resolve, HANGS_AFTER_MS).unref());
    const ended = await Promise.race([trainer.ended, hangs]);
    expect(ended !== undefined, 'it does not end');
    const { code, stderr } = ended;
    expect(
      code === 1 && stderr.includes('error: cannot continue: a worker thread died'),
      `it ended with ${code}: ${stderr}`,
    );
    // The checkpoint has the weights of a run that was asked to end there. The hidden state is
    // lost, and the run reports that.
    const saved = await readCheckpoint(join(folder, 'dead/latest.json'));
    const { step } = saved.training;
    const told = await start(folder, [
      ...sizes,
      '--schedule',
      'constant',
      '--checkpoint-every',
      0,
      '--evaluate-every',
      0,
      '--max-steps',
      step,
      '--out',
      'alive',
    ]).ended;
    expect(told.code === 0, `the run to compare with ended with ${told.code}: ${told.stderr}`);
    const alive = await readCheckpoint(join(folder, 'alive/latest.json'));
    for (const part of ['tensors', 'optimizer'])
      expect(isDeepStrictEqual(saved[part], alive[part]), `its ${part} of step ${step} differ from an undisturbed run`);
    expect(isDeepStrictEqual(saved.training.position, alive.training.position), 'its position in the text differs');
    expect(
      isDeepStrictEqual(saved.state, alive.state) ||
        (saved.state.length === 0 && stderr.includes('the hidden state is lost')),
      'its hidden state is another, and it does not say so',
    );
    const again = await start(folder, ['--out', 'dead', '--resume', '--max-time', '1s']).ended;
    expect(again.code === 0, `resuming ended with ${again.code}: ${again.stderr}`);
    const log = linesOf(join(folder, 'dead/log.jsonl'));
    expect(
      log.some((line) => line.event === 'start' && line.step === step),
      `it did not resume at step ${step}`,
    );
  });

  await check('a run folder that is removed is made again, and the run is saved', async () => {
    const trainer = start(folder, [...brief, '--out', 'gone'], stoppingAt('step 40 '));
    await trainer.stopped(); // so that it writes nothing into the folder that is being removed
    rmSync(join(folder, 'gone'), { recursive: true });
    trainer.child.kill('SIGCONT');
    const { code, stderr } = await trainer.ended;
    expect(code === 0, `it ended with ${code}: ${stderr}`);
    expect((await timeless(join(folder, 'gone/latest.json'))) === expected, 'the weights are others');
  });

  await check(
    'as a cron job (no terminal, no environment, little time) it starts, continues and ends in silence',
    async () => {
      for (let step = -1, isOver = false; !isOver;) {
        const job = await start(
          folder,
          [...brief, '--out', 'cron', '--resume', '--max-time', '0.3s', '--quiet'],
          minimal(),
        ).ended;
        expect(
          job.code === 0 && job.stderr === '' && job.stdout === '',
          `it ended with ${job.code} and said ${job.stderr}${job.stdout}`,
        );
        const { training } = await readCheckpoint(join(folder, 'cron/latest.json'));
        isOver = training.loop.finished === 'max-steps';
        expect(isOver || training.step > step, `at step ${step} it does not get any further`);
        step = training.step;
      }
      const over = await start(folder, ['--out', 'cron', '--resume']).ended;
      expect(over.code === 0 && over.stderr.includes('already finished'), `when it is over it says ${over.stderr}`);
      await isExpected('cron');
    },
  );

  await onSmallDisk(folder, 3_000_000, async (disk) => {
    await check('a full disk: training continues with a warning, ends with 1, and saved files are whole', async () => {
      writeFileSync(join(disk, 'filler'), Buffer.alloc(1_300_000));
      const { code, stderr } = await start(folder, [...brief, '--out', join(disk, 'run'), '--keep', '9']).ended;
      expect(code === 1, `it ended with ${code}: ${stderr}`);
      expect(
        /cannot write .*: the disk is full\. Training continues/.test(stderr) &&
          /cannot save the last state, of step 400/.test(stderr),
        stderr,
      );
      for (const file of readdirSync(join(disk, 'run')).filter((name) => name.endsWith('.json')))
        await timeless(join(disk, 'run', file));
      rmSync(join(disk, 'filler'));
      for (const file of readdirSync(join(disk, 'run')).filter((name) => name.startsWith('step-')))
        rmSync(join(disk, 'run', file));
      const again = await start(folder, ['--out', join(disk, 'run'), '--resume', '--keep', '0']).ended;
      expect(again.code === 0, `with room again it ended with ${again.code}: ${again.stderr}`);
      expect(
        (await timeless(join(disk, 'run/latest.json'))).replace('"keep":0', '"keep":9') ===
          expected.replace('"keep":0', '"keep":9'),
        'the weights are others',
      );
      isInOrder(join(disk, 'run/log.jsonl'), join(folder, 'whole/log.jsonl'));
      rmSync(join(disk, 'run'), { recursive: true });
    });

    await check('a disk that has room again in time: nothing is lost', async () => {
      writeFileSync(join(disk, 'filler'), Buffer.alloc(2_900_000));
      const trainer = start(
        folder,
        [...brief, '--out', join(disk, 'run')],
        stoppingAt('the disk is full. Training continues'),
      );
      await trainer.stopped();
      rmSync(join(disk, 'filler'));
      trainer.child.kill('SIGCONT');
      const { code, stderr } = await trainer.ended;
      expect(code === 0, `it ended with ${code}: ${stderr}`);
      expect((await timeless(join(disk, 'run/latest.json'))) === expected, 'the weights are others');
      isInOrder(join(disk, 'run/log.jsonl'), join(folder, 'whole/log.jsonl'));
      expect(
        stderr.split('\n').filter((line) => /cannot write .*latest\.json/.test(line)).length <= 1,
        `it says more than once that the disk is full: ${stderr}`,
      );
      rmSync(join(disk, 'run'), { recursive: true });
    });

    await check('a disk that becomes read-only: the run ends with 1, and continues on a writable disk', async () => {
      const trainer = start(folder, [...endless, '--out', join(disk, 'run')]);
      await trainer.said('step 60 ');
      await between(() => execFileSync('mount', ['-o', 'remount,ro', disk], { stdio: 'pipe' }));
      try {
        await trainer.said('read-only. Training continues');
        trainer.child.kill('SIGTERM');
        const { code, stderr } = await trainer.ended;
        expect(code === 1 && stderr.includes('cannot save'), `it ended with ${code}: ${stderr}`);
        const refused = await start(folder, ['--out', join(disk, 'run'), '--resume']).ended;
        expect(
          refused.code === 1 && refused.stderr.includes('the disk is read-only'),
          `resuming ended with ${refused.code}: ${refused.stderr}`,
        );
      } finally {
        execFileSync('mount', ['-o', 'remount,rw', disk]);
      }
      const again = await start(folder, ['--out', join(disk, 'run'), '--resume', '--max-time', '1s']).ended;
      expect(again.code === 0, `resuming ended with ${again.code}: ${again.stderr}`);
    });
  });

  await check('no command overwrites a file that it reads, not even with --force', async () => {
    writeFileSync(join(folder, 'book.txt'), readFileSync(join(folder, 'corpora/sonnets.txt')));
    const log = 'whole/log.jsonl';
    for (const [source, line] of [
      ['book.txt', 'eval book.txt --checkpoint whole --html book.txt'],
      ['book.txt', 'inspect book.txt --checkpoint whole --html book.txt'],
      ['whole/best.json', 'inspect book.txt --checkpoint whole --html whole/best.json'],
      [log, `inspect ${log} --checkpoint whole --record ${log}`],
      ['book.txt', 'gradients book.txt --checkpoint whole --html book.txt'],
      ['book.txt', 'gradients book.txt --checkpoint whole --svg book.txt'],
      [log, `plot whole --html ${log}`],
      [log, `plot whole --svg ${log}`],
      [log, `story whole --html ${log}`],
      ['whole/best.json', 'export whole --format onnx --out whole/best.json'],
      [log, `train ${log} --out whole`],
      ['whole/best.json', 'train book.txt --init-from whole --out whole'],
      ['whole/best.json', 'import book.safetensors --like whole --out whole'],
    ]) {
      const before = readFileSync(join(folder, source));
      const { code, stderr } = await startAny(folder, [...line.split(' '), '--force']).ended;
      expect(code === 2 && stderr.includes('this command reads'), `rnn ${line} ended with ${code}: ${stderr}`);
      expect(before.equals(readFileSync(join(folder, source))), `rnn ${line} wrote over ${source}`);
    }
  });

  /**
   * Starts trainers that all try to take the lock of a folder at one moment. One gets it, and the
   * rest are refused.
   * @param links the links that each trainer has made by the time that it waits: 0, or 1 if the old
   * lock is in the way
   */
  async function race(out, count, args, links = 0) {
    // Each waits at the moment before it makes or replaces the lock, until all are there. The
    // trainer with the lock waits again with its first checkpoint.
    const barrier = `import fs from 'node:fs';import{syncBuiltinESMExports}from'node:module';import{isMainThread}from'node:worker_threads';
      let links=0,hasWaited=!isMainThread;const waiting=(call)=>(...given)=>{
      if(!hasWaited&&links++>=${links}){hasWaited=true;process.kill(process.pid,'SIGSTOP');}return call(...given);};
      fs.linkSync=waiting(fs.linkSync);fs.renameSync=waiting(fs.renameSync);syncBuiltinESMExports();
      const{write}=process.stderr;let isSaved=!isMainThread;process.stderr.write=function(text,...more){const result=write.call(this,text,...more);
      if(!isSaved&&String(text).includes('saved ')){isSaved=true;process.kill(process.pid,'SIGSTOP');}return result;};`;
    const trainers = Array.from({ length: count }, () => start(folder, args, preloading(barrier)));
    for (const trainer of trainers) expect(await trainer.stopped(), 'one ended before it took a lock');
    for (const { child } of trainers) child.kill('SIGCONT');
    const refused = [];
    for (const trainer of trainers) {
      const decided = trainer.said('saved ');
      while ((await Promise.race([decided, wait(1000)])) === undefined) renewLock(join(folder, out));
      if (!(await decided)) refused.push(await trainer.ended);
    }
    const texts = refused.map(({ code, stderr }) => `${code}: ${stderr}`);
    expect(
      refused.length === count - 1,
      `${count - refused.length} of them train, and the rest print: ${texts.join(' | ')}`,
    );
    for (const { code, stderr } of refused)
      expect(code === 7 && stderr.includes('is training there'), `one ended with ${code}: ${stderr}`);
    const [holder] = trainers.filter(({ child }) => child.exitCode === null);
    await holder.stopped();
    holder.child.kill('SIGCONT');
    const { code, stderr } = await holder.ended;
    expect(code === 0, `the trainer with the lock ended with ${code}: ${stderr}`);
  }
});
process.exitCode = faults === 0 ? 0 : 1;

/** Like the process that holds the lock and is stopped meanwhile. */
function renewLock(folder) {
  const now = new Date();
  if (existsSync(join(folder, 'lock.json'))) utimesSync(join(folder, 'lock.json'), now, now);
}

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

/** A disk is busy while a trainer has a file open for writing: tries until the file is closed. */
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

/**
 * The log after a full disk: lines may be missing. The lines that exist are whole, in order, and
 * equal to the log of an undisturbed run.
 */
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
    expect(
      known.has(JSON.stringify(line)),
      `the event ${line.event} of step ${line.step} differs from the log of an undisturbed run`,
    );
  expect(lines.at(-1).event === 'end', 'the log lacks the end');
}

/** The environment of a cron job. */
function minimal() {
  const others = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]));
  return { ...others, PATH: '/usr/bin:/bin', SHELL: '/bin/sh' };
}

async function onSmallDisk(folder, bytes, use) {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', disk], { stdio: 'pipe' });
  } catch (error) {
    console.log(
      `skipped  a full disk and a read-only disk: cannot mount a small tmpfs (${String(error.stderr ?? error.message).trim()})`,
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

// Uses a file that may be a checkpoint: reads it in both ways, and if that succeeds, does
// everything that a command would do with it. Every exception must be an RnnError with a message.
// Anything else is a Fault. The program under test is a parameter.
import { Writable } from 'node:stream';
import { pick } from './random.js';

/** An outcome that no file may cause, whatever is in it. */
export class Fault extends Error {}

const MAX_CHARACTERS = 1500;
const kinds = new Set(['machine', 'usage', 'corpus', 'checkpoint', 'diverged', 'device']);
const checkpointCode = 4;

/**
 * @param program the modules of rnn, as bench/mutations/program.js gathers them
 * @param surroundings `corpus`: a text as `readCorpus` gives it for a vocabulary, `device`, opened,
 * and `folder`, for runs
 * @returns whether it was loaded, why it was refused, and where it can be resumed
 * @throws Fault
 */
export async function use(path, program) {
  const whole = await attempt(program, 'reading it', () => program.readCheckpoint(path));
  const light = await attempt(program, 'reading its weights', () =>
    program.readCheckpoint(path, { weightsOnly: true }),
  );
  for (const { error } of [whole, light])
    if (error && error.kind !== 'checkpoint') throw new Fault(`it was refused as ${error.kind}: ${error.message}`);
  if (whole.value && light.error) throw new Fault(`it can be read, but not its weights: ${light.error.message}`);
  if (Object.keys(Object.prototype).length > 0 || {}.a !== undefined || {}.polluted !== undefined)
    throw new Fault('it reached the prototype of objects');
  if (light.value) useWeights(light.value, program);
  if (!whole.value) return { loaded: false, refusal: whole.error.message, settings: null, checkpoint: null };
  return { loaded: true, refusal: null, checkpoint: whole.value, settings: goOn(whole.value, program) };
}

/** Calls a function and returns its outcome. Any error but a clear one is a fault. */
async function attempt(program, what, action) {
  try {
    return { value: await action() };
  } catch (error) {
    return { error: clear(program, what, error) };
  }
}

function attemptNow(program, what, action) {
  try {
    return { value: action() };
  } catch (error) {
    return { error: clear(program, what, error) };
  }
}

function clear({ RnnError }, what, error) {
  if (error instanceof Fault) throw error;
  if (!(error instanceof RnnError))
    throw new Fault(`${what} threw ${error instanceof Error ? error.stack : String(error)}`);
  const { kind, message, hint } = error;
  if (!kinds.has(kind) || message.trim() === '' || hint?.trim() === '' || (kind === 'checkpoint' && hint === undefined))
    throw new Fault(`${what} gave an error that says too little: ${kind}: ${message} (${hint})`);
  if (message.length > MAX_CHARACTERS || hint?.length > MAX_CHARACTERS)
    throw new Fault(`${what} gave an error of ${message.length} characters: ${message.slice(0, 200)}`);
  return error;
}

/** Samples from it, and starts another run from it. */
function useWeights(model, program) {
  const { Vocabulary, parameterVector, transferParameters, withSizesOf } = program;
  for (const { name, shape, data } of model.tensors) {
    if (data.length !== shape.reduce((product, length) => product * length, 1) || !data.every(Number.isFinite))
      throw new Fault(`tensor ${name} has a length other than its shape`);
  }
  const vocabulary = new Vocabulary(model.vocabulary);
  const text = vocabulary.decode(Array.from({ length: vocabulary.size }, (_, id) => id));
  if (typeof text !== 'string') throw new Fault('its vocabulary does not decode');
  attemptNow(program, 'encoding', () => vocabulary.encode('the dog'));
  const vector = attemptNow(program, 'laying out its weights', () => parameterVector(model));
  withSizesOf(model, {});
  if (!vector.value) return;
  const moved = transferParameters(model, model.model, vocabulary, new Float32Array(vector.value.length));
  if (!moved.every((value, i) => value === vector.value[i]))
    throw new Fault('its weights are others when they are carried over');
}

/**
 * The part of resuming that comes before the text and the device. Returns the settings, or null if
 * it is refused.
 */
function goOn(checkpoint, program) {
  const {
    continueRun,
    endReasonOf,
    recordedLoop,
    recordedCorpus,
    optimizerStateIn,
    statesIn,
    positionIn,
    nearestPosition,
    Streams,
    createRunState,
    runRecord,
    learningRateAt,
    workOf,
  } = program;
  const { training, optimizer, state } = checkpoint;
  const continued = attemptNow(program, 'continuing it', () =>
    continueRun(checkpoint, { options: {}, reading: {}, machine: {} }),
  );
  const loop = attemptNow(program, 'reading its position', () => recordedLoop(training));
  attemptNow(program, 'reading which text it had', () => recordedCorpus(training));
  for (const slots of [['m', 'v'], ['v'], []])
    attemptNow(program, 'reading its optimizer', () =>
      optimizerStateIn(
        optimizer,
        { name: optimizer?.name ?? 'adam', ownSlots: slots, windows: optimizer?.scalars.windows ?? 1 },
        optimizer?.tensors[0]?.data.length ?? 0,
      ),
    );
  attemptNow(program, 'reading its state', () =>
    statesIn(
      state,
      state.map(({ name }) => name),
      state[0]?.data.length ?? 0,
    ),
  );
  const streams = new Streams(new Uint8Array(100), 2, 5);
  attemptNow(program, 'finding its place', () => streams.seek(positionIn(training.position, streams.windowsPerEpoch)));
  if (loop.value) runRecord(createRunState(training, Math.log(256)), 0, null);
  if (!continued.value) return null;
  streams.seek(nearestPosition(training.epoch, streams.windowsPerEpoch));
  const { options, reading, machine } = continued.value;
  attemptNow(program, 'asking whether it is over', () => endReasonOf(checkpoint, options));
  const rate = learningRateAt(options, {
    step: training.step,
    epoch: training.epoch,
    fraction: 0.5,
    drops: loop.value?.drops ?? 0,
  });
  if (!(rate >= 0 && rate <= 1000)) throw new Fault(`its learning rate is ${rate}`);
  workOf(options, { length: 1000, symbols: checkpoint.model.vocabulary });
  for (const [part, members] of Object.entries({ reading: [reading, 16], machine: [machine, 3] }))
    if (Object.keys(members[0]).length !== members[1]) throw new Fault(`training.${part} has more to say than it may`);
  return { options, reading, machine };
}

/** `rnn info`, and its output. */
export async function describe(path, { run }, { loaded }, random) {
  let output = '';
  const stream = () =>
    new Writable({
      decodeStrings: false,
      write(chunk, _, done) {
        output += chunk;
        done();
      },
    });
  const io = {
    stdin: null,
    stdout: stream(),
    stderr: stream(),
    env: {},
    onSignal: () => () => {},
    onContinue: () => () => {},
    exit: () => {},
    randomSeed: () => 1,
  };
  const code = await run(['info', path, ...pick(random, [[], ['--json']])], io);
  if (output.includes('unexpected:') || (code !== 0 && code !== checkpointCode) || (loaded && code !== 0))
    throw new Fault(`rnn info ended with ${code}: ${output.slice(0, 500)}`);
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\u000b-\u001f]/.test(output)) throw new Fault('rnn info wrote control characters');
}

/**
 * Continues the run for a step or two, and reads the saved checkpoint. A refusal is not a fault,
 * and neither is a run that diverges.
 */
export async function train({ checkpoint, settings }, program, { text, folder, device }) {
  const { Vocabulary, readCorpus, compareCorpus, continueRun, prepareTraining, RunFolder, readCheckpoint } = program;
  // The files that it names may be missing, or should not be read for hours.
  if (settings.reading.validationFile !== null || settings.reading.testFile != null) return;
  await attempt(program, 'resuming', async () => {
    const end = {
      maxSteps: checkpoint.training.step + 2,
      sampleEvery: 0,
      evaluateEvery: 0,
      checkpointEvery: 0,
      maxRecoveries: 1,
      keep: 1,
    };
    const { options, reading, machine } = continueRun(checkpoint, { options: end, reading: {}, machine: {} });
    const corpus = await readCorpus({ sources: [text], ...reading, vocabulary: new Vocabulary(checkpoint.vocabulary) });
    compareCorpus(checkpoint, corpus, { accepted: true });
    const run = await prepareTraining({ options, reading, machine, corpus, device, resumedFrom: checkpoint });
    const runFolder = await RunFolder.create(folder, { force: true });
    try {
      let saved = false;
      for await (const event of run.train(runFolder)) saved ||= event.event === 'checkpoint';
      if (saved) continueRun(await readCheckpoint(runFolder.latestPath), { options: {}, reading: {}, machine: {} });
    } finally {
      runFolder.close();
      await run.close();
    }
  });
}

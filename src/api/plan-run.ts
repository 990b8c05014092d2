// Plans a new run: reads its text and chooses every option. A real run and a dry run share these
// checks and steps. Writes nothing.
import { count } from '../count.ts';
import { isDeepStrictEqual } from 'node:util';
import { type Corpus, Vocabulary, listHint, listWarning, readCorpus } from '../corpus/read.ts';
import { isGivenText } from '../corpus/sources.ts';
import type { Device } from '../devices/device.ts';
import { type OpenOptions, openDevice } from '../devices/open.ts';
import { RnnError, usageError, corpusError } from '../errors.ts';
import { tokenName } from '../options/choices.ts';
import { RunFolder, type TrainedModel, findCheckpoint } from '../runs/store.ts';
import { shellWord } from '../shell-word.ts';
import type { RunSettings } from '../training/continue.ts';
import { type RunEstimate, estimateRun } from '../training/estimate.ts';
import type { TrainingOptions } from '../options/training.ts';
import { refuseTooLargeSizes, checkOptions } from '../training/impossible-options.ts';
import { defaultOf } from '../options/option.ts';
import { type MachineOptions, type ReadingOptions, readingNames, readingOptions } from '../options/run.ts';
import { wordsOf } from '../options/words.ts';
import { type NewRunOptions, resolveOptions } from '../training/resolve.ts';
import { withSizesOf } from '../training/transfer.ts';
import { workOf } from '../training/work.ts';
import { readModel } from './trained.ts';
import { type RunInvocation, type RunRequest, readingOptionsOf, isReadText } from './run-request.ts';
import { flagOf } from '../options/flags.ts';

/** A new run before any resource is created for it. */
export interface PlannedRun extends NewRunOptions {
  readonly corpus: Corpus;
  readonly reading: ReadingOptions;
  /** The model of `--init-from`. */
  readonly initialModel: TrainedModel | null;
}

/** Can refuse the options of a run before its text is read. */
type BeforeReading = (options: Partial<TrainingOptions>, reading: ReadingOptions) => Promise<void> | void;

/**
 * @param beforeReading a check. By default it refuses options that are impossible for any text
 * @throws RnnError as `openRun` does, up to the choice of options
 */
export async function planRun(
  invocation: RunInvocation,
  beforeReading: BeforeReading = refuseWrongOptions,
): Promise<PlannedRun> {
  const { folder, initFrom, options, text } = invocation.request;
  const initialModel = initFrom === null ? null : await readInitial(initFrom, invocation);
  const { unit = initialModel?.vocabulary.unit } = invocation.request.reading;
  const reading = isReadText(text) ? text.reading : readingOptionsOf({ ...invocation.request.reading, unit });
  const given = initialModel === null ? options : withSizesOf(initialModel, options);
  await beforeReading(given, reading);
  const corpus = await readTextOf(invocation, reading, {
    runFolder: folder ?? undefined,
    known: initialModel?.vocabulary,
  });
  const planned = { ...resolveOptions(given, corpus), corpus, reading, initialModel };
  // If the user names a separate validation text, any difference is the user's choice.
  const isSplitAtEnd = reading.validationFraction > 0 && corpus.records === null;
  const warning = isSplitAtEnd ? listWarning(corpus.train, corpus.vocabulary) : null;
  const mayDivide =
    warning === null && corpus.records === null && initialModel === null && corpus.vocabulary.unit === 'char';
  const hint = mayDivide ? listHint(corpus.train, corpus.vocabulary) : null;
  if (warning !== null) invocation.listener.warn(warning);
  if (hint !== null) invocation.listener.note(`hint: ${hint}`);
  return planned;
}

/** The result of a dry run. */
export interface DryRun extends PlannedRun {
  /** Null if the device cannot be used. `unmeasured` is then the reason. */
  readonly estimate: RunEstimate | null;
  readonly unmeasured: string | null;
}

/**
 * A dry run: the options of a new run, how long it would take, and the checks that could refuse it.
 *
 * @throws RnnError as `openRun` does, except for a device that cannot be used, whose reason is in
 * the result
 */
export async function dryRun(invocation: RunInvocation): Promise<DryRun> {
  const { request, listener, clock } = invocation;
  if (request.folder !== null) await refuseTakenFolder(request, request.folder);
  const planned = await planRun(invocation, refuseHopelessRun);
  try {
    const machine = machineOf(request);
    // The estimate names the device, so a note would repeat it.
    const device = await openDeviceFor(
      { ...invocation, listener: { ...listener, note() {} } },
      { ...planned, machine },
    );
    try {
      const estimate = await estimateRun({ ...planned, device, machine, clock, onActivity: listener.activity });
      return { ...planned, estimate, unmeasured: null };
    } finally {
      await device.close();
    }
  } catch (error) {
    if (!(error instanceof RnnError) || error.kind !== 'device') throw error;
    return { ...planned, estimate: null, unmeasured: error.message };
  }
}

/** Whether a run with these reading options has a validation part, if the text is long enough. */
const validatesBy = ({ validationFile, validationFraction }: ReadingOptions): boolean =>
  validationFile !== null || validationFraction > 0;

function refuseWrongOptions(options: Partial<TrainingOptions>, reading: ReadingOptions): void {
  checkOptions(options, { isValidated: validatesBy(reading) });
}

/**
 * Refuses options that are impossible for any text, and sizes that are too large for any device.
 *
 * @throws RnnError `usage`
 */
export function refuseHopelessRun(options: Partial<TrainingOptions>, reading: ReadingOptions): void {
  refuseWrongOptions(options, reading);
  refuseTooLargeSizes(options, { isValidated: validatesBy(reading) });
}

/**
 * Refuses a folder that is taken or holds a source. Writes nothing.
 *
 * @throws RnnError as RunFolder.refuseSources and RunFolder.refuseIfTaken do
 */
export async function refuseTakenFolder(request: RunRequest, folder: string): Promise<void> {
  const { initFrom, force } = request;
  // Reading the model later gives the reason.
  const initial = typeof initFrom === 'string' ? await findCheckpoint(initFrom).catch(() => null) : null;
  await RunFolder.refuseSources(folder, [...filesRead(request), ...(initial === null ? [] : [initial])]);
  await RunFolder.refuseIfTaken(folder, { force });
}

/** The files that the request names. Patterns never find files in the run's own folder. */
export function filesRead({ text, reading, alsoReads = [] }: RunRequest): string[] {
  const namedSources = [...(isReadText(text) ? [] : text), reading.validationFile, reading.testFile];
  return [...namedSources.filter((source) => typeof source === 'string'), ...alsoReads];
}

/** The machine options of a new run. */
export const machineOf = ({
  machine: { device = null, threads = null, kernels = null },
}: RunRequest): MachineOptions => ({
  device,
  threads,
  kernels,
});

/**
 * The machine options for opening a device. Options that are null are omitted, so that the device
 * chooses.
 */
export const openOptionsOf = ({ threads, kernels }: MachineOptions): OpenOptions => ({
  ...(threads !== null && { threads }),
  ...(kernels !== null && { kernels }),
});

/** Opens the device of a run, and notes why it was chosen. */
export async function openDeviceFor(
  { request: { deviceOrigin }, listener }: RunInvocation,
  { options, machine, corpus }: Pick<RunSettings, 'options' | 'machine'> & { readonly corpus: Corpus },
): Promise<Device> {
  const work = workOf(options, { length: corpus.train.length, symbols: corpus.vocabulary.size });
  const name = machine.device ?? 'auto';
  const device = await openDevice(name, { work, ...openOptionsOf(machine) });
  const why = device.reason ?? (deviceOrigin === undefined ? null : `${name}: ${deviceOrigin}`);
  if (why !== null) listener.note(`device ${why}`);
  return device;
}

async function readInitial(
  initFrom: string | TrainedModel,
  { request, listener }: RunInvocation,
): Promise<TrainedModel> {
  const { path, trained } =
    typeof initFrom === 'string' ? await readModel(initFrom) : { path: 'the model', trained: initFrom };
  const { unit } = trained.vocabulary;
  const { unit: requestedUnit } = request.reading;
  if (requestedUnit !== undefined && requestedUnit !== unit) {
    const message = `cannot use ${flagOf('unit')} ${requestedUnit} with ${flagOf('initFrom')}: ${path} is a ${tokenName(unit)}-level model`;
    throw usageError(message, 'omit one of them');
  }
  listener.note(`starting from the weights of ${path} at step ${count(trained.training.step)}`);
  return trained;
}

/** How the run affects the reading of a text. */
interface KnownSymbols {
  readonly runFolder?: string | undefined;
  /** Exactly this vocabulary. */
  readonly vocabulary?: Vocabulary['data'];
  /** This vocabulary, extended by the characters of the text. */
  readonly known?: Vocabulary['data'] | undefined;
  readonly plainValidation?: boolean;
  readonly plainTest?: boolean;
  /** The command that trains a model with more characters, for a hint. */
  readonly toAddCharacters?: string | undefined;
}

/**
 * Reads the text of a run, or checks a text that was read before.
 *
 * @throws RnnError `corpus` if the text cannot be read, or was read with another vocabulary than
 * the run needs
 */
export async function readTextOf(
  { request, listener }: RunInvocation,
  reading: ReadingOptions,
  symbols: KnownSymbols,
): Promise<Corpus> {
  const { text, stdin } = request;
  if (isReadText(text)) {
    refuseOtherSymbols(text.corpus, symbols);
    return text.corpus;
  }
  const { vocabulary, known, ...rest } = symbols;
  const corpus = await readCorpus({
    sources: text,
    ...reading,
    ...rest,
    onActivity: listener.activity,
    vocabulary: vocabulary && new Vocabulary(vocabulary),
    known: known && new Vocabulary(known),
    stdin,
  });
  for (const note of corpus.notes) listener.note(note);
  return corpus;
}

/**
 * A hint with the command that starts a new run which knows more characters of these texts.
 * Undefined if the texts are not files.
 */
export function hintToAddCharacters({ text }: RunRequest, reading: ReadingOptions, folder: string): string | undefined {
  if (isReadText(text) || text.some(isGivenText)) return undefined;
  const folderName = folder.replace(/[/\\]+$/, '');
  const isOther = (name: keyof ReadingOptions): boolean =>
    !isDeepStrictEqual(reading[name], defaultOf(readingOptions[name]));
  const otherOptions = readingNames.filter((name) => isOther(name) && reading[name] !== 0);
  const args = [
    ...(text as readonly string[]),
    flagOf('initFrom'),
    folderName,
    flagOf('out'),
    `${folderName}-2`,
    ...otherOptions.flatMap((name) => wordsOf(name, readingOptions[name], reading[name])),
  ];
  return `run rnn train ${args.map(shellWord).join(' ')} to start from the weights of this run and learn them`;
}

function refuseOtherSymbols({ vocabulary: { data } }: Corpus, { vocabulary, known }: KnownSymbols): void {
  const needed = vocabulary ?? known;
  if (needed === undefined) return;
  const has = new Set(data.symbols);
  const fits =
    vocabulary === undefined
      ? needed.unit === data.unit && needed.symbols.every((symbol) => has.has(symbol))
      : isDeepStrictEqual(needed, data);
  if (fits) return;
  const textTokens = data.symbols.length;
  const option = vocabulary === undefined ? 'known' : 'vocabulary';
  throw corpusError(
    `cannot train on the text: its vocabulary of ${textTokens} tokens differs from the model's ${needed.symbols.length}`,
    `read it with { ${option}: checkpoint.vocabulary }, or pass its files instead`,
  );
}

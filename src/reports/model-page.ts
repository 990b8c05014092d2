// The page of `rnn export --format html`: a model that runs in the page. `rnn serve` shows the same
// page with a model that runs on the server.
import { count } from '../count.ts';
import type { VocabularyData } from '../corpus/vocabulary.ts';
import { type StandaloneLayout, type StandaloneModules, standaloneProgram } from '../devices/cpu/standalone.ts';
import { usageError } from '../errors.ts';
import { bytesOfNumbers, halvesOf } from '../formats/floats.ts';
import type { ExportFormat, ExportOptions } from '../formats/trained.ts';
import { mapValues } from '../group.ts';
import { networkProgram } from '../model/network.ts';
import { parameterShapes } from '../model/parameters.ts';
import { bitsUnit } from '../options/choices.ts';
import { flagOf } from '../options/flags.ts';
import { type TrainedModel, isObject, parameterCountOf, parameterVector, startSymbolOf } from '../runs/store.ts';
import { section } from './html.ts';
import { page, pageScript, styleSheet } from './page.ts';
import { shadedText, shadesStyle } from './shaded-text.ts';

/** The data for the program in the page. */
export interface ModelPageData {
  readonly vocabulary: VocabularyData;
  /** The token that a zero state reads before a text, or null. */
  readonly startSymbol: number | null;
  /** Null if the model is on the server of the page. */
  readonly model: LocalModelData | null;
}

/** Everything that the page needs to run a network. Bytes are in base64. */
export interface LocalModelData {
  readonly layout: StandaloneLayout;
  readonly modules: Readonly<Record<'relaxed' | 'portable', Readonly<Record<keyof StandaloneModules, string>>>>;
  /** All parameters. */
  readonly weights: string;
  readonly format: 'F32' | 'F16';
}

/** The model of a page, and the rules of the server that may have the model. */
interface PageUse extends Pick<ModelPageData, 'model'> {
  /** The token that the server requires. */
  readonly token?: string;
  /** Characters of a text, at most. */
  readonly maxLength: number;
}

/** The longest weights in base64: a page is one string, and browsers limit strings to 2^29. */
const MAX_WEIGHTS = 2 ** 28;

export const html: ExportFormat = {
  name: 'html',
  summary: 'a page in which the model writes, for any browser, without a server',
  extension: '.html',
  write: (trained, options) => Buffer.from(modelPage(trained, options)),
};

/**
 * The page of a model.
 *
 * @throws RnnError `usage` for a model that is too large for a page, or for float16, `checkpoint`
 * for weights that do not match the model
 */
function modelPage(trained: TrainedModel, options: ExportOptions = {}): string {
  const { precision = 'float32' } = options;
  const { model } = trained;
  const weights = parameterVector(trained);
  const bytes = (precision === 'float16' ? 2 : 4) * weights.length;
  if ((4 / 3) * bytes > MAX_WEIGHTS)
    throw usageError(
      `the model has ${count(Math.round(bytes / 1e6))} MB of weights: expected at most ${count(Math.round(MAX_WEIGHTS * 0.75e-6))} MB for a page`,
      precision === 'float32' ? `use ${flagOf('precision')} float16, or a smaller model` : 'use a smaller model',
    );
  const { layout, modules } = standaloneProgram(parameterShapes(model), {
    name: 'sample',
    steps: 1,
    batch: 1,
    build: (rows) => networkProgram(model, { steps: 1, rows }, { outputs: 'logits' }),
  });
  const data = {
    layout,
    modules: mapValues(modules, (each) => mapValues({ ...each }, base64)),
    weights: base64(bytesOfNumbers(precision === 'float16' ? halvesOfWeights(weights) : weights)),
    format: precision === 'float16' ? 'F16' : 'F32',
  } as const;
  return pageOf(trained, options, { model: data, maxLength: 100_000 });
}

/** The page of a model that the server of the page samples. */
export const servedPage = (trained: TrainedModel, title: string, server: Omit<PageUse, 'model'>): string =>
  pageOf(trained, { title }, { ...server, model: null });

function halvesOfWeights(weights: Float32Array): Uint16Array {
  const halves = halvesOf(weights);
  const infinite = halves.findIndex((half) => (half & 0x7c00) === 0x7c00);
  if (infinite < 0) return halves;
  throw usageError(
    `cannot write the weights as float16: weight ${infinite} is ${weights[infinite]}`,
    `omit ${flagOf('precision')}: float16 holds numbers up to 65,504`,
  );
}

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

function pageOf(trained: TrainedModel, options: ExportOptions, use: PageUse): string {
  const { model } = use;
  const corpus = corpusName(trained);
  const { title = corpus === null ? 'A language model' : `A model of ${corpus}` } = options;
  const data: ModelPageData = { vocabulary: trained.vocabulary, startSymbol: startSymbolOf(trained), model };
  return page({
    title,
    summary: summaryOf(trained, options),
    style: `${['text', 'surprise', 'model'].map(styleSheet).join('')}${shadesStyle}`,
    body: `${controlsOf(use)}
${section('reader', 'Text', reader)}
${model === null ? forPrograms : ''}`,
    script: pageScript('model'),
    data,
    permission: model === null ? 'server' : 'webassembly',
  });
}

const corpusName = ({ training: { corpus } }: TrainedModel): string | null =>
  isObject(corpus) && typeof corpus['name'] === 'string' ? corpus['name'] : null;

/** `lstm, 2 × 256, trained on hamlet.txt, 1.98 bpc on validation text, 812,353 parameters, 3.2 MB`. */
function summaryOf(trained: TrainedModel, { precision = 'float32' }: ExportOptions): string {
  const { model, vocabulary, training } = trained;
  const loss = training.bestValidationLossNats;
  const corpus = corpusName(trained);
  const parameters = parameterCountOf(trained);
  const kilobytes = ((precision === 'float16' ? 2 : 4) * parameters) / 1000;
  const size = kilobytes < 1000 ? `${Math.round(kilobytes)}\u00a0kB` : `${(kilobytes / 1000).toFixed(1)}\u00a0MB`;
  return [
    `${model.cell}, ${model.layers} × ${model.hidden}`,
    ...(corpus === null ? [] : [`trained on ${corpus}`]),
    ...(loss === null ? [] : [`${(loss / Math.LN2).toFixed(3)} ${bitsUnit(vocabulary.unit)} on validation text`]),
    `${count(parameters)} parameters`,
    `${size} in ${precision}`,
  ].join(', ');
}

const number = (id: string, label: string, attributes: string): string =>
  `<label>${label} <input id="${id}" type="number" ${attributes}></label>`;

const controlsOf = ({ model, token, maxLength }: PageUse): string => `<form id="controls" class="controls">
${token === undefined ? '' : '<label class="wide">Token of the server <input id="token" type="password" autocomplete="off" required></label>'}
<label class="wide">Prompt <textarea id="prompt" rows="2" spellcheck="false" autocapitalize="off"></textarea></label>
${number('temperature', 'Temperature', 'min="0" max="100" step="any" value="1" required')}
${number('top-p', 'Top-p', 'min="0.0001" max="1" step="any" value="1" required')}
${number('length', 'Length', `min="1" max="${maxLength}" value="${Math.min(500, maxLength)}" required`)}
${number('seed', 'Seed', 'min="0" max="9007199254740991" placeholder="random"')}
<label>Stop at <input id="stop" type="text" spellcheck="false" autocapitalize="off" placeholder="\\n\\n"></label>
<label>Shade <select id="shading"><option value="none">nothing</option><option value="surprisal">surprisal</option>${model === null ? '' : '<optgroup id="units" label="a unit: layer.state.number"></optgroup>'}</select></label>
<div class="buttons wide">
<button id="generate" disabled>Generate</button>
<button id="stop-sampling" type="button" disabled aria-keyshortcuts="Escape">Stop</button>
<button id="continue" type="button" disabled>Continue</button>
<button id="copy" type="button" disabled>Copy</button>
</div>
</form>
<p id="status" class="hint" role="status">Loading …</p>
<p id="spoken" class="unseen" aria-live="polite"></p>
<noscript><p>A script runs the model, but your browser does not run it.</p></noscript>`;

const reader = `<p class="hint" id="keys">Point at a character, or move with <kbd>←</kbd> <kbd>→</kbd> <kbd>↑</kbd> <kbd>↓</kbd>, to see its predictions. Click it, or press <kbd>Enter</kbd>, to continue from there.</p>
<div class="beside">
${shadedText([])}
<aside id="panel" class="card" aria-label="Predictions"></aside>
</div>`;

const forPrograms = `<p class="hint">Programs can use this model too: send requests in the form of the OpenAI API to
<code>v1/completions</code> at this address.</p>`;

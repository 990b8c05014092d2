// The drawings of docs/how-it-works.md. build/pictures.js writes them.
import { lstmCell } from './drawings/lstm-cell.js';
import { temperature } from './drawings/temperature.js';
import { unrolled } from './drawings/unrolled.js';

/** Each drawing by the name of its file. */
export const drawings = { 'unrolled.svg': unrolled, 'lstm-cell.svg': lstmCell, 'temperature.svg': temperature };

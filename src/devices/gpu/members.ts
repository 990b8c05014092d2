// The statements of the threads of each step, with operands at the places of the layout.
import { isSquare } from '../../program/in-place.ts';
import type { Layout } from '../../program/layout.ts';
import type { ParallelStep, TurnFusion } from '../../program/parallel.ts';
import type { Location } from '../../program/placement.ts';
import { type Value, isView, viewStart } from '../../program/value.ts';
import { dropoutThreshold } from '../../random.ts';
import { Body, COLUMN, type Index, type Place, ROW, type Term, plus } from './body.ts';
import { expression } from './elementwise.ts';

/** Where the buffers of a program are that stay between calls or come with them. */
export interface FixedPlaces {
  parameter(name: string): number;
  /** Elements from a parameter to its gradient. */
  readonly gradients: number;
  /** Token ids and targets, in the space `call`. */
  readonly ids: number;
  readonly targets: number;
  /** Positions sorted by their id, and for each id the first of them. */
  readonly sortedPositions: number;
  readonly firstPositions: number;
  state(name: string): number;
  /** The halves of the seed of a mask, 16 bits each. */
  seed(site: number): number;
  /** Where the three values per row of a crossEntropy are in the arena. */
  statistics(value: Value): number;
}

/** The body of a step. Bodies with the same `together` compute rows in turn. */
export interface TimedBody extends Pick<TurnFusion, 'turn' | 'together'> {
  readonly time: number;
  readonly body: Body;
}

/** The bodies of a step, in the order in which they run. */
export class StepWriter {
  readonly #layout: Layout<ParallelStep>;
  readonly #fixed: FixedPlaces;

  constructor(layout: Layout<ParallelStep>, fixed: FixedPlaces) {
    this.#layout = layout;
    this.#fixed = fixed;
  }

  /** By time. */
  bodiesOf(step: ParallelStep): TimedBody[] {
    const at = (time: number, body: Body): TimedBody => ({ time, turn: 0, together: null, body });
    if (step.kind === 'fusion') return [{ ...step, body: this.#fusion(step) }];
    const { value, time } = step;
    if (step.kind === 'copy')
      return [
        at(
          time,
          this.#stored(value, [this.placeOf(step.to)], (body) => this.#read(body, value, ROW, COLUMN)),
        ),
      ];
    if (value.kind === 'crossEntropy')
      return [at(time - 1, this.#statistics(value)), ...this.#lossGradient(value).map((body) => at(time, body))];
    if (value.kind === 'storeState')
      return [
        at(
          time,
          this.#stored(value, [this.#state(value)], (body) => this.#read(body, value.inputs[0], ROW, COLUMN)),
        ),
      ];
    const places = this.#layout.storesOf(value).map((location) => this.placeOf(location));
    if (places.length === 0) return [];
    if (value.kind === 'scatter') return [at(time, this.#scatter(value, places))];
    return [
      at(
        time,
        this.#stored(value, places, (body) =>
          value.kind === 'loadState'
            ? body.read(this.#state(value), ROW, COLUMN, value.rows * value.columns)
            : this.#readLeaf(body, value, ROW, COLUMN),
        ),
      ),
    ];
  }

  placeOf({ buffer, row, column }: Location): Place {
    const stride = buffer.columns;
    const within = (row + buffer.before) * stride + column;
    switch (buffer.space) {
      case 'arena':
        return { space: 'arena', offset: this.#layout.offsetOf(buffer) + within, stride };
      case 'parameter':
        return { space: 'vectors', offset: this.#fixed.parameter(buffer.name) + within, stride };
      case 'gradient':
        return {
          space: 'vectors',
          offset: this.#fixed.parameter(buffer.name) + this.#fixed.gradients + within,
          stride,
        };
      case 'input':
        return {
          space: 'call',
          offset: (buffer.name === 'ids' ? this.#fixed.ids : this.#fixed.targets) + within,
          stride,
        };
      default:
        return buffer.space satisfies never;
    }
  }

  /** Where a value is that has been stored. */
  placeOfValue(value: Value): Place {
    return this.placeOf(this.#layout.locationOf(value));
  }

  /** Where the losses of the rows are. */
  rowLosses(value: Value<'crossEntropy'>): Place {
    return { space: 'arena', offset: this.#fixed.statistics(value) + 2, stride: 3 };
  }

  #fusion({ rows, columns, values }: Extract<ParallelStep, { kind: 'fusion' }>): Body {
    const body = new Body(rows, columns);
    const known = new Map<Value, string>();
    const textOf = (value: Value): string =>
      value.kind === 'elementwise'
        ? expression(value.apply, value.inputs.map(operand), value.constant)
        : this.#sumText(body, value, absorbed, operand);
    const operand = (value: Value): string => {
      const isComputed = (value.kind === 'elementwise' || value.kind === 'rowSums') && !this.#layout.isStored(value);
      const read = (): string => this.#read(body, value, value.rows === 1 ? 0 : ROW, value.columns === 1 ? 0 : COLUMN);
      const name = known.get(value) ?? body.define(isComputed ? textOf(value) : read());
      known.set(value, name);
      return name;
    };
    const isAbsorbed = (value: Value): boolean => {
      const [reader, ...others] = values.filter(({ inputs }) => inputs.includes(value));
      return (
        value.kind === 'matmul' &&
        others.length === 0 &&
        reader?.kind === 'matmul' &&
        this.#layout.storesOf(value).length === 0
      );
    };
    const absorbed = new Set(values.filter(isAbsorbed));
    for (const value of values) {
      if (absorbed.has(value)) continue;
      known.set(value, body.define(textOf(value)));
      for (const location of this.#layout.storesOf(value)) body.store(this.placeOf(location), known.get(value)!);
    }
    return body;
  }

  /** The text of a sum, together with the sums that it alone adds to. */
  #sumText(body: Body, value: Value, absorbed: ReadonlySet<Value>, operand: (value: Value) => string): string {
    const terms: Term[] = [];
    const addends: Value[] = [];
    const collect = (sum: Value): void => {
      terms.push(this.#termOf(body, sum));
      for (const addend of sum.kind === 'matmul' ? sum.inputs.slice(2) : [])
        if (absorbed.has(addend)) collect(addend);
        else addends.push(addend);
    };
    collect(value);
    return [body.sum(terms), ...addends.map(operand)].join(' + ');
  }

  #termOf(body: Body, value: Value): Term {
    const factor = (of: Value, transposed: boolean) =>
      body.factor(this.placeOfValue(of), transposed, of.rows * of.columns);
    const [a, b] = value.inputs;
    if (value.kind === 'rowSums') {
      const squared = isSquare(a) && !this.#layout.isStored(a);
      return { count: a.columns, left: factor(squared ? a.inputs[0] : a, false), right: null, squared };
    }
    if (value.kind !== 'matmul') return { count: a.rows, left: null, right: factor(a, false) };
    return {
      count: value.transposeA ? a.rows : a.columns,
      left: factor(a, value.transposeA),
      right: factor(b, value.transposeB),
    };
  }

  #stored({ rows, columns }: Value, places: readonly Place[], textOf: (body: Body) => string): Body {
    const body = new Body(rows, columns);
    const name = body.define(textOf(body));
    for (const place of places) body.store(place, name);
    return body;
  }

  #state(value: Value<'loadState'> | Value<'storeState'>): Place {
    return { space: 'call', offset: this.#fixed.state(value.name), stride: value.columns };
  }

  /** The text of an element of a value. */
  #read(body: Body, value: Value, row: Index, column: Index): string {
    const leaf = this.#leafOf(value);
    if (leaf)
      return this.#readLeaf(
        body,
        leaf.value,
        plus(row, leaf.row === 0 ? 0 : body.integer(leaf.row)),
        plus(column, leaf.column),
      );
    return body.read(this.placeOfValue(value), row, column, value.rows * value.columns);
  }

  /** The value that is not stored and contains a view, and where the view begins in it. */
  #leafOf(value: Value): { value: Value; row: number; column: number } | null {
    if (isView(value)) {
      const inner = this.#leafOf(value.inputs[0]);
      const start = viewStart(value);
      return inner && { ...inner, row: inner.row + start.row, column: inner.column + start.column };
    }
    const isLeaf = value.kind === 'gather' || value.kind === 'dropoutMask' || value.kind === 'zeros';
    return isLeaf && !this.#layout.isStored(value) ? { value, row: 0, column: 0 } : null;
  }

  #readLeaf(body: Body, leaf: Value, row: Index, column: Index): string {
    switch (leaf.kind) {
      case 'zeros':
        return '0';
      case 'gather': {
        const [table, ids, bias] = leaf.inputs;
        const id = body.define(`(${this.#read(body, ids, row, 0)} | 0)`);
        const element = this.#read(body, table, id, column);
        return bias ? `(${element} + ${this.#read(body, bias, 0, column)})` : element;
      }
      case 'dropoutMask': {
        const seed = { space: 'call', offset: this.#fixed.seed(leaf.site), stride: 2 } as const;
        const half = (index: number): string => `(${body.read(seed, 0, index, 2)} | 0)`;
        const index = `(${row}) * ${leaf.columns} + ${column}`;
        const drawn = `hashLast(hashMiddle(hashFirst((${index}) ^ (${half(0)} * 65536 + ${half(1)}))))`;
        return `(${drawn} >= ${dropoutThreshold(leaf.rate) / 2} ? ${1 / (1 - leaf.rate)} : 0)`;
      }
      default:
        throw new Error(`${leaf.kind} is read before it is stored`);
    }
  }

  /** Sums x over the positions of each id, which the host has sorted by their ids. */
  #scatter(value: Value<'scatter'>, places: readonly Place[]): Body {
    const [x, ids] = value.inputs;
    if (ids.kind !== 'input') throw new Error('a GPU sums only over all ids');
    const body = new Body(value.rows, value.columns);
    const first = { space: 'call', offset: this.#fixed.firstPositions, stride: value.rows + 1 } as const;
    const sorted = { space: 'call', offset: this.#fixed.sortedPositions, stride: x.rows } as const;
    const start = body.define(`(${body.read(first, 0, ROW, value.rows)} | 0)`);
    const count = body.define(`(${body.read(first, 0, `${ROW} + 1`, value.rows)} | 0) - ${start}`);
    body.line('let sum = 0;');
    const position = `(${body.read(sorted, 0, `${start} + k`, x.rows)} | 0)`;
    body.line(`for (let k = 0; k < ${count}; k++) { sum += ${this.#read(body, x, position, COLUMN)}; }`);
    for (const place of places) body.store(place, 'sum');
    return body;
  }

  /**
   * For each row: the highest logit, the sum of the exponentials relative to it, and the loss in
   * nats.
   */
  #statistics(value: Value<'crossEntropy'>): Body {
    const [logits, targets] = value.inputs;
    const body = new Body(value.rows, 1);
    const logit = (k: Index): string => this.#read(body, logits, ROW, k);
    const target = body.define(`(${this.#read(body, targets, ROW, 0)} | 0)`);
    body.line(`let most = ${logit(0)};`);
    body.line(`for (let k = 1; k < ${value.columns}; k++) { most = Math.max(most, ${logit('k')}); }`);
    body.line('let total = 0;');
    body.line(`for (let k = 0; k < ${value.columns}; k++) { total += Math.exp(${logit('k')} - most); }`);
    const loss = body.define(`${target} < 0 ? 0 : Math.log(total) + (most - ${logit(`Math.max(${target}, 0)`)})`);
    const place = (index: number): Place => ({
      space: 'arena',
      offset: this.#fixed.statistics(value) + index,
      stride: 3,
    });
    for (const [index, name] of ['most', 'total', loss].entries()) body.store(place(index), name);
    return body;
  }

  #lossGradient(value: Value<'crossEntropy'>): Body[] {
    const places = this.#layout.storesOf(value).map((location) => this.placeOf(location));
    if (places.length === 0) return [];
    const [logits, targets] = value.inputs;
    const { rows, columns: V, smoothing, scale } = value;
    const body = new Body(rows, V);
    const statistics = { space: 'arena', offset: this.#fixed.statistics(value), stride: 3 } as const;
    const statistic = (index: number): string => body.read(statistics, ROW, index, rows);
    const target = body.define(`(${this.#read(body, targets, ROW, 0)} | 0)`);
    const p = body.define(`Math.exp(${this.#read(body, logits, ROW, COLUMN)} - ${statistic(0)}) / ${statistic(1)}`);
    const wanted = body.define(`${target} === ${COLUMN} ? ${1 - smoothing + smoothing / V} : ${smoothing / V}`);
    const gradient = body.define(`${target} < 0 ? 0 : (${p} - ${wanted}) * ${scale}`);
    for (const place of places) body.store(place, gradient);
    return [body];
  }
}

// Orders the operations of a program into steps, for a device on which each thread computes one
// element. A step is a fusion of sums (matrix products) and of the elementwise operations that read
// them. Its time is after the times of the steps that it reads. Steps with the same time run at the
// same time, so that layers run side by side, one time step apart.
//
// Sums of rows and the operations that read them have the same time as the steps before them, if they
// read only the same rows of these steps. Threads then compute each row alone, in several turns.
import { appendTo } from '../group.ts';
import { findReadInPlace, isReadAtPosition } from './in-place.ts';
import type { Placement } from './placement.ts';
import { type Region, intersection, wholeRegion } from './region.ts';
import type { ExecutionStep, Fusion, Work } from './schedule.ts';
import { type Program, Uses, type Value, isView, sameShape, viewStart } from './value.ts';

/** A step of a parallel device. */
export type ParallelStep = ExecutionStep<TurnFusion | Exclude<Work, { kind: 'chain' | 'fusion' }>>;

/** A fusion, and when it is computed among the steps of its time. */
export interface TurnFusion extends Fusion {
  readonly turn: number;
  /** The fusions whose rows the same threads compute in turn, or null if all turns are 0. */
  readonly together: readonly Fusion[] | null;
}

/** Sums of rows, and other sums, such as matrix products, which no fusion mixes. */
type Sums = 'rows' | 'others';

/** A fusion that may still grow. */
interface GrowingFusion extends TurnFusion {
  readonly time: number;
  readonly values: Value[];
  sums: Sums | null;
  together: GrowingFusion[];
}

/** An operand that a fusion reads from memory. */
interface Operand {
  readonly input: Value;
  /** When it is in memory. */
  readonly time: number;
  readonly isAtPosition: boolean;
}

/**
 * The steps of a program in the order of their times and turns.
 * @param placement where joins are, and the copies that complete them
 */
export function scheduleInParallel(program: Program, { copies }: Placement): ParallelStep[] {
  const uses = new Uses(program);
  const inPlace = findReadInPlace(program, uses);
  const steps: ParallelStep[] = [];
  const fusions: GrowingFusion[] = [];
  /** When a value has been computed. Leaves have been at 0. */
  const times = new Map<Value, number>();
  const copyTimes = new Map<Value, number>();
  const fusionOf = new Map<Value, GrowingFusion>();
  /** Fusions by the values that they read and by their times. */
  const readers = new Map<string, GrowingFusion[]>();

  /** When a region of a value is in memory. */
  const readyAt = (value: Value, region: Region = wholeRegion(value)): number => {
    if (isView(value)) {
      const { row, column } = viewStart(value);
      return readyAt(value.inputs[0], { ...region, row: region.row + row, column: region.column + column });
    }
    if (value.kind === 'join')
      return value.inputs.reduce(
        (time, piece, index) => {
          const { row, column } = value.positions[index];
          const part = intersection(region, { row, column, rows: piece.rows, columns: piece.columns });
          return part
            ? Math.max(time, readyAt(piece, { ...part, row: part.row - row, column: part.column - column }))
            : time;
        },
        copyTimes.get(value) ?? 0,
      );
    if (inPlace.has(value)) return Math.max(0, ...value.inputs.map((input) => readyAt(input)));
    return times.get(value) ?? 0;
  };

  const addStep = (step: ParallelStep): void => {
    steps.push(step);
    if (step.kind === 'single') times.set(step.value, step.time);
  };

  /** The sums that an operation needs for itself, or for operands that are read in place. */
  const sumsOf = (value: Value): Sums | null => {
    if (value.kind !== 'elementwise') return value.kind === 'rowSums' ? 'rows' : 'others';
    return value.inputs.some((input) => inPlace.has(input) && sumsOf(input) === 'rows') ? 'rows' : null;
  };

  /**
   * The fusions that make a value at a time, if row r of the value needs only row r of each. Otherwise
   * null.
   */
  const rowMakersOf = (value: Value, rows: number, time: number): GrowingFusion[] | null => {
    if (readyAt(value) < time) return [];
    if (value.rows !== rows || (copyTimes.get(value) ?? 0) >= time) return null;
    const fusion = fusionOf.get(value);
    if (fusion) return fusion.sums === 'others' || fusion.time > time ? null : [fusion];
    const { kind } = value;
    if (kind !== 'columns' && kind !== 'join' && kind !== 'rowSums' && kind !== 'elementwise') return null;
    const makers = value.inputs.map((input) => rowMakersOf(input, rows, time));
    return makers.includes(null) ? null : makers.flatMap((each) => each!);
  };

  /** Sums that only one operation reads are computed along with it. */
  const isPostponed = (value: Value): boolean => {
    const users = uses.usersOf(value);
    const [user] = users;
    if (
      value.kind !== 'matmul' ||
      value.transposeA ||
      users.length !== 1 ||
      uses.isReadByCaller(value) ||
      !sameShape(value, user)
    )
      return false;
    return (
      (user.kind === 'elementwise' && !inPlace.has(user) && sumsOf(user) === null) ||
      (user.kind === 'matmul' &&
        user.plus &&
        user.inputs.at(-1) === value &&
        user.inputs.indexOf(value) === user.inputs.length - 1)
    );
  };

  /** A value after the postponed sums that it reads. */
  const withPostponed = (value: Value): Value[] => [
    ...value.inputs.flatMap((input) => (isPostponed(input) && !fusionOf.has(input) ? withPostponed(input) : [])),
    value,
  ];

  /** The fusion of a value whose operands have been made by the threads that compute the same rows. */
  const fusionInTurn = (
    value: Value,
    operands: readonly Operand[],
    makers: readonly (readonly GrowingFusion[])[],
  ): GrowingFusion => {
    const lists = makers.flat().map((maker) => maker.together);
    const together = lists.reduce(unite);
    const turns = operands.flatMap(({ input, isAtPosition }, index) => {
      const isInRegister = isAtPosition && fusionOf.has(input) && sameShape(input, value);
      return makers[index].map(({ turn }) => (isInRegister ? turn : turn + 1));
    });
    const turn = Math.max(...turns);
    const fusion =
      together.find((each) => each.turn === turn && sameShape(each, value)) ??
      openFusion(value, together[0].time, turn, together);
    for (const each of together) each.sums = 'rows';
    return fusion;
  };

  const fuse = (value: Value): void => {
    const cluster = withPostponed(value);
    const within = new Set(cluster);
    const operands = cluster.flatMap((each) =>
      each.inputs.flatMap((input, index): Operand[] => {
        const time = readyAt(isLongSum(each) ? baseOf(input) : input);
        return within.has(input) ? [] : [{ input, time, isAtPosition: isReadAtPosition(each, index) }];
      }),
    );
    const sums = cluster.map(sumsOf).find((kind) => kind !== null) ?? null;
    const last = Math.max(0, ...operands.map(({ time }) => time));
    const makers = operands.map(({ input }) =>
      sums === 'others' || last === 0 ? null : rowMakersOf(input, value.rows, last),
    );
    const isInTurn =
      !makers.includes(null) &&
      (sums === 'rows' || makers.some((each) => each!.some((maker) => maker.sums === 'rows')));
    const fusion = isInTurn
      ? fusionInTurn(value, operands, makers as GrowingFusion[][])
      : (fusionThatAccepts(value, cluster, operands, last + 1, sums) ?? openFusion(value, last + 1));
    fusion.sums ??= sums;
    for (const each of cluster) {
      fusion.values.push(each);
      fusionOf.set(each, fusion);
      times.set(each, fusion.time);
    }
    for (const read of new Set(operands.map(({ input }) => baseOf(input))))
      appendTo(readers, `${read.id} ${fusion.time}`, fusion);
  };

  /** A fusion that can compute a cluster of values too, by a time. */
  const fusionThatAccepts = (
    value: Value,
    cluster: readonly Value[],
    operands: readonly Operand[],
    latest: number,
    sums: Sums | null,
  ): GrowingFusion | undefined => {
    const accepts = (fusion: GrowingFusion): boolean =>
      fusion.values.length > 0 &&
      sameShape(fusion, value) &&
      fusion.time <= latest &&
      (sums === null || fusion.sums === null || fusion.sums === sums) &&
      operands.every(
        ({ input, time, isAtPosition }) => (isAtPosition && fusionOf.get(input) === fusion) || time < fusion.time,
      );
    const makers = operands.flatMap(({ input, isAtPosition }) => (isAtPosition ? (fusionOf.get(input) ?? []) : []));
    // Products with the same weight, such as the products of all gates of a cell. Without products,
    // operations that read the same value.
    const weights = weightsOf(cluster);
    const shared = cluster.some(isLongSum)
      ? []
      : weights.length > 0
        ? weights
        : operands.map(({ input }) => baseOf(input));
    const alike = shared.flatMap((read) => readers.get(`${read.id} ${latest}`) ?? []);
    return [...makers, ...alike].find(accepts);
  };

  const openFusion = (
    { rows, columns }: Value,
    time: number,
    turn = 0,
    together: GrowingFusion[] = [],
  ): GrowingFusion => {
    const fusion: GrowingFusion = { kind: 'fusion', rows, columns, values: [], time, turn, together, sums: null };
    together.push(fusion);
    fusions.push(fusion);
    return fusion;
  };

  /** Lets the same threads compute two lists of fusions. Fusions of one shape and turn become one. */
  const unite = (one: GrowingFusion[], other: GrowingFusion[]): GrowingFusion[] => {
    if (one === other) return one;
    for (const fusion of other) {
      const same = one.find((each) => each.turn === fusion.turn && sameShape(each, fusion));
      if (same) {
        for (const value of fusion.values) fusionOf.set(value, same);
        same.values.push(...fusion.values.splice(0));
        same.values.sort((a, b) => a.id - b.id);
      } else {
        one.push(fusion);
        fusion.together = one;
      }
    }
    return one;
  };

  const stored: Value[] = [];
  for (const value of program.values) {
    if (value.kind === 'parameter' || value.kind === 'input' || isView(value)) continue;
    switch (value.kind) {
      case 'join': {
        for (const copy of copies.get(value) ?? []) {
          const time = 1 + readyAt(copy.value);
          addStep({ ...copy, time });
          copyTimes.set(value, Math.max(copyTimes.get(value) ?? 0, time));
        }
        break;
      }
      case 'matmul':
      case 'elementwise':
      case 'columnSums':
      case 'rowSums':
        if (!inPlace.has(value) && !isPostponed(value)) fuse(value);
        break;
      case 'storeState':
        stored.push(value);
        break;
      case 'loadState':
        addStep({ kind: 'single', value, time: 1 });
        break;
      // The statistics of each row come before the gradient.
      case 'crossEntropy':
        addStep({ kind: 'single', value, time: 2 + Math.max(...value.inputs.map((input) => readyAt(input))) });
        break;
      default:
        if (!inPlace.has(value))
          addStep({ kind: 'single', value, time: 1 + Math.max(0, ...value.inputs.map((input) => readyAt(input))) });
    }
  }
  for (const copy of copies.get(null) ?? []) addStep({ ...copy, time: 1 + readyAt(copy.value) });
  // All together, and after the states of the last call have been read.
  const storeTime = Math.max(2, ...stored.map((value) => 1 + readyAt(value.inputs[0])));
  for (const value of stored) addStep({ kind: 'single', value, time: storeTime });
  for (const fusion of fusions)
    if (fusion.values.length > 0) steps.push(fusion.sums === 'rows' ? fusion : { ...fusion, together: null });
  return steps.toSorted((a, b) => a.time - b.time || turnOf(a) - turnOf(b));
}

const turnOf = (step: ParallelStep): number => (step.kind === 'fusion' ? step.turn : 0);

/** The matrices whose blocks are the right factors of products. */
function weightsOf(values: readonly Value[]): Value[] {
  return values.flatMap((value) => (value.kind === 'matmul' ? [baseOf(value.inputs[1])] : []));
}

/** Whether an operation sums over rows: its parts wait until all of them can be computed. */
function isLongSum(value: Value): boolean {
  return value.kind === 'columnSums' || (value.kind === 'matmul' && value.transposeA);
}

/** The value that a view, or a view of a view, is a part of. */
export function baseOf(value: Value): Value {
  return isView(value) ? baseOf(value.inputs[0]) : value;
}

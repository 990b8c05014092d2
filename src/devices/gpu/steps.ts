// The steps of a program on a GPU: what one thread computes for one element is one step, a fusion
// of sums (matrix products) and of the elementwise operations that read them. A step has a time,
// one after all that it reads; steps with the same time run at the same time, so that layers run
// side by side, one time step apart.
import { appendTo } from '../../group.ts';
import type { Placement } from '../../program/placement.ts';
import { type Region, intersection, wholeRegion } from '../../program/region.ts';
import type { ExecutionStep, Fusion, Work } from '../../program/schedule.ts';
import { type Program, Uses, type Value, isView, sameShape, viewStart } from '../../program/value.ts';

/** A step of a GPU. */
export type GpuStep = ExecutionStep<Exclude<Work, { kind: 'chain' }>>;

/** A fusion that may still grow. */
interface GrowingFusion extends Fusion {
  readonly time: number;
  readonly values: Value[];
}

/**
 * The steps of a program in the order of their times.
 * @param placement where joins are, and the copies that complete them
 */
export function scheduleForGpu(program: Program, { copies }: Placement): GpuStep[] {
  const uses = new Uses(program);
  const steps: GpuStep[] = [];
  /** When a value has been computed. Leaves have been at 0. */
  const times = new Map<Value, number>();
  const copyTimes = new Map<Value, number>();
  const fusionOf = new Map<Value, GrowingFusion>();
  /** By what they read and their times. */
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
    if (isReadInPlace(value, uses)) return Math.max(0, ...value.inputs.map((input) => readyAt(input)));
    return times.get(value) ?? 0;
  };

  const addStep = (work: GpuStep): void => {
    steps.push(work);
    if (work.kind === 'single') times.set(work.value, work.time);
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
      user.kind === 'elementwise' ||
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

  const fuse = (value: Value): void => {
    const cluster = withPostponed(value);
    const within = new Set(cluster);
    const operands = cluster.flatMap((each) =>
      each.inputs.flatMap((input, index) =>
        within.has(input)
          ? []
          : [
              {
                input,
                time: readyAt(isLongSum(each) ? baseOf(input) : input),
                atPosition: isReadAtPosition(each, index),
              },
            ],
      ),
    );
    const earliest = 1 + Math.max(0, ...operands.map(({ time }) => time));
    const accepts = (fusion: GrowingFusion): boolean =>
      sameShape(fusion, value) &&
      fusion.time <= earliest &&
      operands.every(
        ({ input, time, atPosition }) => (atPosition && fusionOf.get(input) === fusion) || time < fusion.time,
      );
    const makers = operands.flatMap(({ input, atPosition }) => (atPosition ? (fusionOf.get(input) ?? []) : []));
    // Products with the same weight, such as those of the gates of a cell, or without any, what reads the same.
    const weights = weightsOf(cluster);
    const shared = cluster.some(isLongSum)
      ? []
      : weights.length > 0
        ? weights
        : operands.map(({ input }) => baseOf(input));
    const alike = shared.flatMap((read) => readers.get(`${read.id} ${earliest}`) ?? []);
    const fusion = [...makers, ...alike].find(accepts) ?? openFusion(value, earliest);
    for (const each of cluster) {
      fusion.values.push(each);
      fusionOf.set(each, fusion);
      times.set(each, fusion.time);
    }
    for (const read of new Set(operands.map(({ input }) => baseOf(input))))
      appendTo(readers, `${read.id} ${fusion.time}`, fusion);
  };

  const openFusion = ({ rows, columns }: Value, time: number): GrowingFusion => {
    const fusion: GrowingFusion = { kind: 'fusion', rows, columns, values: [], time };
    steps.push(fusion);
    return fusion;
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
        if (!isPostponed(value)) fuse(value);
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
        if (!isReadInPlace(value, uses))
          addStep({ kind: 'single', value, time: 1 + Math.max(0, ...value.inputs.map((input) => readyAt(input))) });
    }
  }
  for (const copy of copies.get(null) ?? []) addStep({ ...copy, time: 1 + readyAt(copy.value) });
  // All together, and after the states of the last call have been read.
  const storeTime = Math.max(2, ...stored.map((value) => 1 + readyAt(value.inputs[0])));
  for (const value of stored) addStep({ kind: 'single', value, time: storeTime });
  return steps.toSorted((a, b) => a.time - b.time);
}

/**
 * Whether a value is computed wherever it is read, instead of being stored: it is cheap, and no
 * sum reads it again and again.
 */
export function isReadInPlace(value: Value, uses: Uses): boolean {
  if (value.kind !== 'gather' && value.kind !== 'dropoutMask' && value.kind !== 'zeros') return false;
  const readers = (of: Value): boolean =>
    !uses.isReadByCaller(of) &&
    uses
      .usersOf(of)
      .every((user) =>
        isView(user)
          ? readers(user)
          : user.inputs.every((input, index) => input !== of || isReadAtPosition(user, index)),
      );
  return readers(value);
}

/**
 * Whether an operation reads an input only at the position of its result, or a row or a number that
 * is the same for several positions.
 */
function isReadAtPosition(user: Value, index: number): boolean {
  if (user.kind === 'matmul') return index >= 2;
  return user.kind === 'elementwise' || (user.kind === 'gather' && index !== 1);
}

/** The matrices whose blocks are the right factors of products. */
function weightsOf(values: readonly Value[]): Value[] {
  return values.flatMap((value) => (value.kind === 'matmul' ? [baseOf(value.inputs[1])] : []));
}

/** Whether an operation sums over rows: its parts wait until all of them can be computed. */
function isLongSum(value: Value): boolean {
  return value.kind === 'columnSums' || (value.kind === 'matmul' && value.transposeA);
}

/** What a view, or a view of a view, is a part of. */
export function baseOf(value: Value): Value {
  return isView(value) ? baseOf(value.inputs[0]) : value;
}

// Values that a device computes wherever it reads them, instead of storing them: they are cheap, and
// no sum reads them again and again.
import { type Program, type Uses, type Value, isView } from './value.ts';

/**
 * Lookups, masks and zeros that are read element by element. Numbers for each row, such as a mean,
 * that only elementwise operations on whole rows read. Squares of which only sums of rows are read.
 */
export function findReadInPlace(program: Program, uses: Uses): ReadonlySet<Value> {
  const found = new Set<Value>();
  /** @param allows whether an operation may read the value as this input */
  const isReadOnlyBy = (value: Value, allows: (user: Value, index: number) => boolean): boolean =>
    !uses.isReadByCaller(value) &&
    uses.usersOf(value).every((user) => user.inputs.every((input, index) => input !== value || allows(user, index)));
  const isReadByElement = (value: Value): boolean =>
    isReadOnlyBy(value, (user, index) =>
      isView(user) ? isReadByElement(user) : isReadAtPosition(user, index) && !(isSquare(user) && found.has(user)),
    );
  const isReadInRows = (value: Value): boolean =>
    isReadOnlyBy(
      value,
      (user) => user.kind === 'elementwise' && user.rows === value.rows && (user.columns > 1 || found.has(user)),
    );
  // Backwards, because it depends on the operations that read a value.
  for (const value of program.values.toReversed()) {
    const isFound =
      value.kind === 'gather' || value.kind === 'dropoutMask' || value.kind === 'zeros'
        ? isReadByElement(value)
        : value.columns === 1
          ? (value.kind === 'rowSums' || value.kind === 'elementwise') && isReadInRows(value)
          : isSquare(value) && isReadOnlyBy(value, ({ kind }) => kind === 'rowSums');
    if (isFound) found.add(value);
  }
  return found;
}

/** Whether a value is x·x of each element of x. */
export function isSquare(value: Value): boolean {
  return value.kind === 'elementwise' && value.apply === 'multiply' && value.inputs[0] === value.inputs[1];
}

/**
 * Whether an operation reads an input only at the position of its result, or a row, a column or a
 * number that is the same for several positions.
 */
export function isReadAtPosition(user: Value, index: number): boolean {
  if (user.kind === 'matmul') return index >= 2;
  return user.kind === 'elementwise' || (user.kind === 'gather' && index !== 1);
}

// Loops with a fixed number of iterations.
import type { Assembler } from './assembler.ts';
import { Label, type Memory, RAX } from './operands.ts';

/**
 * Writes a loop that runs `body` `count` times, at least once.
 *
 * @param counter a register that the body keeps, or a place in memory, with which the loop changes
 * RAX
 * @param alignment the alignment of the start of the body, in bytes
 */
export function writeLoop(
  code: Assembler,
  counter: number | Memory,
  count: number,
  body: () => void,
  alignment = 1,
): void {
  code.moveImmediate(typeof counter === 'number' ? counter : RAX, count);
  if (typeof counter !== 'number') code.storeGeneral(counter, RAX);
  code.align(alignment);
  const again = new Label();
  code.put(again);
  body();
  code.decrement(counter);
  code.jumpIf('notZero', again);
}

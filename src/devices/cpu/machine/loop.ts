// Loops with a fixed number of iterations.
import type { Assembler } from './assembler.ts';
import { Label, type Memory, RAX } from './operands.ts';

/**
 * Writes a loop that runs the code written by `body` `count` times. `count` must be at least 1.
 *
 * @param counter a register that the body does not change, or a memory operand. With a memory
 * operand, the code before the loop overwrites RAX
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

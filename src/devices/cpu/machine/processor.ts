// The instruction sets that the processor and the system support, according to the processor
// (Intel's manual, volume 2, CPUID, and volume 1, 13.3).
import { addressOfShared } from '../foreign.ts';
import { Assembler } from './assembler.ts';
import { Label, RAX, RBX, RCX, RDI, type InstructionSet } from './operands.ts';
import { functionAt, loadCode } from './code.ts';

const bit = (word: number, position: number): boolean => ((word >>> position) & 1) === 1;
/**
 * Bits for the registers that the system saves: vectors of 128 and 256 bits, and masks and vectors
 * of 512 bits.
 */
const SAVES_256 = 0x06;
const SAVES_512 = 0xe6;

/**
 * The instruction sets that can be used on this machine, the widest first.
 * @throws an Error if machine code cannot be run
 */
export function supportedInstructionSets(): InstructionSet[] {
  const { features, extended } = runAndRead(writeFeatures);
  if (!bit(features, 27)) return []; // the system does not save vector registers
  const { saved } = runAndRead(writeSaved);
  const has256 = (saved & SAVES_256) === SAVES_256 && bit(features, 12) && bit(features, 28) && bit(extended, 5);
  const has512 = has256 && (saved & SAVES_512) === SAVES_512 && bit(extended, 16);
  return [...(has512 ? (['avx512'] as const) : []), ...(has256 ? (['avx2'] as const) : [])];
}

/** Runs code and returns the words that it writes to the address that it gets. */
function runAndRead(write: (code: Assembler) => void): { features: number; extended: number; saved: number } {
  const words = new Uint32Array(new SharedArrayBuffer(4 * 4));
  const code = new Assembler('avx2');
  write(code);
  const loaded = loadCode(code.finish());
  try {
    functionAt(loaded.address, 1)(addressOfShared(words.buffer));
  } finally {
    loaded.free();
  }
  const [features, extended, saved] = words;
  return { features, extended, saved };
}

/** Writes the third register of leaf 1, and the second register of leaf 7 if it exists. */
function writeFeatures(code: Assembler): void {
  const leaf = (number: number): void => {
    code.moveImmediate(RAX, number);
    code.moveImmediate(RCX, 0);
    code.cpuid();
  };
  code.push(RBX);
  leaf(1);
  code.storeGeneral32({ base: RDI }, RCX);
  leaf(0);
  code.arithmeticImmediate('cmp', RAX, 7);
  const end = new Label();
  code.jumpIf('below', end);
  leaf(7);
  code.storeGeneral32({ base: RDI, displacement: 4 }, RBX);
  code.put(end);
  code.pop(RBX);
  code.return();
}

function writeSaved(code: Assembler): void {
  code.moveImmediate(RCX, 0);
  code.xgetbv();
  code.storeGeneral32({ base: RDI, displacement: 8 }, RAX);
  code.return();
}

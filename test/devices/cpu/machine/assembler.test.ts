// The bytes of every instruction, compared with the bytes that GNU `as` writes.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Assembler } from '../../../../src/devices/cpu/machine/assembler.ts';
import { Label, RAX } from '../../../../src/devices/cpu/machine/operands.ts';
import { Random } from '../../../../src/random.ts';
import { type Instruction, Program, forms } from './instructions.ts';

const INSTRUCTIONS = 10_000;
const SEED = 1;

const env = { ...process.env, LC_ALL: 'C' };
const version = (name: string): string => spawnSync(name, ['--version'], { env, encoding: 'utf8' }).stdout ?? '';
const hasBinutils = /GNU assembler[^]*target of `(x86_64|i[3-6]86)/.test(version('as')) && version('objcopy') !== '';
const missing = hasBinutils ? '' : ' (skipped: GNU as for x86-64 and objcopy are not installed)';

/** The bytes that `as` assembles from the source. */
function assemble(lines: readonly string[]): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-assembler-'));
  try {
    const input = `${lines.join('\n')}\n`;
    const run = (command: string, ...options: string[]): void => {
      const { status, stderr } = spawnSync(command, options, { cwd: folder, env, input, encoding: 'utf8' });
      // `as` names lines by their numbers.
      const message = stderr.replace(/:(\d+): .*/g, (found, line: string) => `${found}: ${lines[Number(line) - 1]}`);
      if (status !== 0) throw new Error(`${command} fails:\n${message.split('\n').slice(0, 20).join('\n')}`);
    };
    run('as', '--64', '-o', 'code.o');
    run('objcopy', '-O', 'binary', '--only-section=.text', 'code.o', 'code.bin');
    return readFileSync(join(folder, 'code.bin'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function randomPrograms(): Program[] {
  const random = new Random(SEED);
  const programs = { avx512: new Program('avx512', random), avx2: new Program('avx2', random) };
  for (let i = 0; i < INSTRUCTIONS; i++) {
    const { width, name, write } = forms[i % forms.length];
    programs[width].write(name, write);
  }
  for (const program of Object.values(programs)) program.putPendingLabels();
  return Object.values(programs);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Instructions whose bytes differ. */
function differences(instructions: readonly Instruction[], ours: Uint8Array, reference: Uint8Array): string[] {
  return instructions
    .map(({ text, start, end }) => [text, hex(ours.subarray(start, end)), hex(reference.subarray(start, end))])
    .filter(([, bytes, expected]) => bytes !== expected)
    .map(([text, bytes, expected]) => `${text}: ${bytes}, expected ${expected}`);
}

describe('instructions', () => {
  const programs = randomPrograms();

  it.skipIf(!hasBinutils)(`${INSTRUCTIONS} random instructions of all forms match GNU as${missing}`, () => {
    const sources = programs.map(({ code, lines }) => [`${code.width}:`, ...lines]);
    const reference = assemble(['.intel_syntax noprefix', ...sources.flat()]);
    let start = 0;
    for (const { code, instructions } of programs) {
      const part = reference.subarray(start, (start += code.length));
      expect(differences(instructions, code.finish(), part).slice(0, 20)).toEqual([]);
    }
    expect(reference).toHaveLength(start);
  });

  it('the random instructions cover every register, mask, displacement and immediate in every position', () => {
    expect(programs.flatMap((program) => program.valuesNotCovered())).toEqual([]);
    expect(programs.reduce((sum, { instructions }) => sum + instructions.length, 0)).toBe(INSTRUCTIONS);
  });
});

describe('code', () => {
  it('finish throws if a label was not put anywhere, and succeeds after the label is put', () => {
    const uses: ((code: Assembler, label: Label) => void)[] = [
      (code, label) => code.jump(label),
      (code, label) => code.jumpIf('zero', label),
      (code, label) => code.call(label),
      (code, label) => code.address(RAX, { label }),
      (code, label) => code.load(0, { label }),
    ];
    for (const use of uses) {
      const [code, label] = [new Assembler('avx2'), new Label()];
      use(code, label);
      expect(() => code.finish()).toThrow('label');
      code.put(label);
      // The label is put right after the instruction, so its displacement is 0.
      expect([...code.finish().subarray(-4)]).toEqual([0, 0, 0, 0]);
    }
  });

  it('finish returns a copy of `length` bytes', () => {
    const code = new Assembler('avx512');
    const lengths = Array.from({ length: 1200 }, () => {
      const both = [code.length, code.finish().length];
      code.return();
      return both;
    });
    expect(lengths).toEqual(lengths.map((_, bytes) => [bytes, bytes]));
    code.finish().fill(0);
    expect(code.finish()).toEqual(new Uint8Array(1200).fill(0xc3));
  });

  it.each([1, 2, 16, 64])('align pads to a multiple of %i bytes with NOP', (multiple) => {
    for (let before = 0; before <= 130; before++) {
      const code = new Assembler('avx2');
      code.data(new Uint8Array(before));
      code.align(multiple);
      const padding = Math.ceil(before / multiple) * multiple - before;
      expect([...code.finish()]).toEqual([...Array(before).fill(0), ...Array(padding).fill(0x90)]);
    }
  });

  it.each([1000, 1020, 1021, 1022, 1023, 1024, 1025, 5000])(
    'the buffer grows beyond %i bytes without changing code, data or jump distances',
    (length) => {
      const random = new Random(length);
      const before = Uint8Array.from({ length }, () => random.uint32());
      const after = Uint8Array.from({ length: 9000 }, () => random.uint32());
      const [code, start, end] = [new Assembler('avx2'), new Label(), new Label()];
      code.put(start);
      code.data(before);
      code.jump(end);
      code.moveImmediate(RAX, 0x1122334455667788n);
      code.data(after);
      code.jump(start);
      code.put(end);
      const bytes = code.finish();
      const view = new DataView(bytes.buffer);
      const total = length + 5 + 10 + 9000 + 5;
      expect(bytes).toHaveLength(total);
      expect(hex(bytes.subarray(0, length))).toBe(hex(before));
      expect(bytes[length]).toBe(0xe9);
      expect(view.getInt32(length + 1, true)).toBe(total - (length + 5));
      expect(hex(bytes.subarray(length + 5, length + 15))).toBe('48b88877665544332211');
      expect(hex(bytes.subarray(length + 15, length + 9015))).toBe(hex(after));
      expect(bytes[total - 5]).toBe(0xe9);
      expect(view.getInt32(total - 4, true)).toBe(-total);
    },
  );

  it('the widths differ in vector bytes and registers', () => {
    expect(new Assembler('avx512')).toMatchObject({ width: 'avx512', vectorBytes: 64, registers: 32 });
    expect(new Assembler('avx2')).toMatchObject({ width: 'avx2', vectorBytes: 32, registers: 16 });
  });
});

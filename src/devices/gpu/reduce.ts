// Sums by all threads of a workgroup, for few results of many terms.
import type { Factor, Term } from './body.ts';
import { type NamedBody, WORKGROUP_THREADS } from './source.ts';

/** The memory that the threads of a workgroup share. */
export const workgroupMemory = `var<workgroup> shared_sums : array<f32, ${WORKGROUP_THREADS}>;`;

/**
 * The function of one workgroup: it computes the sums of one element, or of elements of a row that
 * have the same sums, and finishes each element.
 */
export function sumsByWorkgroup({ body, prefix }: NamedBody, across: number): string {
  const { sums } = body;
  const lines = sums.flatMap((terms, i) => [
    `var s${i} = 0.0;`,
    ...terms.map(
      (term) =>
        `for (var k = me; k < ${term.count}; k += ${WORKGROUP_THREADS}) { s${i} += ${termText(term, prefix)}; }`,
    ),
    `shared_sums[me] = s${i};`,
    'workgroupBarrier();',
    `for (var half = ${WORKGROUP_THREADS / 2}; half > 0; half = half / 2) {`,
    'if (me < half) { shared_sums[me] += shared_sums[me + half]; }',
    'workgroupBarrier();',
    '}',
    `sums[${i}] = shared_sums[0];`,
    'workgroupBarrier();',
  ]);
  return [
    `fn ${prefix}_sum() {`,
    ...lines,
    `for (var i = me; i < ${across}; i += ${WORKGROUP_THREADS}) {`,
    `threadGid = vec3<u32>(u32(group.x * ${across} + i), u32(group.y), 0u);`,
    `${prefix}_finish();`,
    '}',
    '}',
  ].join('\n');
}

function termText({ left, right, squared }: Term, prefix: string): string {
  const element = ({ operand, transposed }: Factor, row: string, column: string): string =>
    `${prefix}_x${operand}(${transposed ? `${column}, ${row}` : `${row}, ${column}`})`;
  const factors = [
    ...(left ? [element(left, 'group.y', 'k')] : []),
    ...(right ? [element(right, 'k', 'group.x')] : []),
  ];
  return (squared ? [...factors, ...factors] : factors).join(' * ');
}

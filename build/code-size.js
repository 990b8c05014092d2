// The size of the code in `src` and `test/parity`, in characters without comments and white space,
// and of `src` in bytes: `node build/code-size.js [REVISION]`, of the working tree if you name no
// revision.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseSync } from 'rolldown/utils';

const [revision] = process.argv.slice(2);
const git = (...args) => execFileSync('git', args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
const folders = ['src', 'test/parity'];
const list =
  revision === undefined ? git('ls-files', ...folders) : git('ls-tree', '-r', '--name-only', revision, ...folders);

const sizes = new Map();
let bytes = 0;
for (const file of list.split('\n').filter(Boolean)) {
  const text = revision === undefined ? readFileSync(file, 'utf8') : git('show', `${revision}:${file}`);
  if (file.startsWith('src/')) bytes += Buffer.byteLength(text);
  const folder = file.split('/').slice(0, 2).join('/');
  if (/\.[jt]s$/.test(file)) sizes.set(folder, (sizes.get(folder) ?? 0) + codeSize(file, text));
}
const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
for (const [name, size] of [...sizes].toSorted()) console.log(`${String(size).padStart(9)} ${name}`);
console.log(`${String(total).padStart(9)} characters of code\n${String(bytes).padStart(9)} bytes of src`);

/**
 * Without the decorators of AssemblyScript, because no parser of TypeScript accepts them on
 * functions.
 */
function codeSize(file, withDecorators) {
  const text = withDecorators.replaceAll(/^@\w+$/gm, '');
  const { comments, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`cannot parse ${file}: ${errors[0].message}`);
  let code = '';
  let from = 0;
  for (const { start, end } of comments) {
    code += text.slice(from, start);
    from = end;
  }
  return (code + text.slice(from)).replaceAll(/\s/g, '').length;
}

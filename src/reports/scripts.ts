// The programs that run in pages, as the build left them: src/reports/browser/NAME.ts with all that it imports, as one script.
import { readFileSync } from 'node:fs';

/** For `scripts` of a page. Compiled, this file is beside them; under vitest it runs from src/, and the build is in dist/. */
export function pageScript(name: string): string {
  const fromSource = import.meta.url.endsWith('.ts');
  return readFileSync(new URL(`${fromSource ? '../../dist/reports/' : './'}browser/${name}.js`, import.meta.url), 'utf8');
}

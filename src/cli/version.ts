// The version of this program, as package.json has it.
import { readFileSync } from 'node:fs';

export function readVersion(): string {
  const path = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
  return version;
}

// Writes schema/rnn.json, the JSON Schema of configuration files, from the options of the
// built program (npm run build:schema).
import { writeFileSync } from 'node:fs';
import { configSchema } from '../dist/cli/config-schema.js';

writeFileSync(new URL('rnn.json', import.meta.url), `${JSON.stringify(configSchema(), null, 2)}\n`);

#!/usr/bin/env node
// Hands over to dist/cli; the only place that sets the exit code of the process.
import { start } from '../dist/cli/start.js';

await start();

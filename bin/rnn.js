#!/usr/bin/env node
// Hands over to the command line, which is in dist/ once it is built.
import { start } from '../dist/cli/start.js';

await start();

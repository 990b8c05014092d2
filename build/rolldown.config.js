// The bundles, made after tsc has compiled src/: libraries that users of the package then need not
// install, the program of worker threads, and the programs of pages, which cannot load files.
// dist/THIRD-PARTY.md gets the licence of everything in a bundle (licences.js).
import { cpSync } from 'node:fs';
import { resolve } from 'node:path';
import { collectLicences } from './licences.js';

const root = resolve(import.meta.dirname, '..');
const licences = collectLicences({ file: resolve(root, 'dist/THIRD-PARTY.md'), built: resolve(root, 'dist') });

/**
 * Files of src/ that import one library each. Their bundles replace the output of tsc, so that
 * source and build run the same code. They are not minified, because gpu.js reads the text of
 * functions, and stack traces should be readable.
 */
const libraries = ['devices/gpu/gpu-js', 'reports/scales'];
/** In addition, package.json replaces `gl` by an empty package. */
const external = ['webgpu'];

const browser = 'reports/browser';
cpSync(resolve(root, 'src', browser), resolve(root, 'dist', browser), {
  recursive: true,
  filter: (path) => !/\.(?:ts|json)$/.test(path),
});

/** Each runs in a page, as a classic script. */
const pages = ['cells', 'charts', 'curves', 'model', 'surprise'];
const notice = '/*! with d3-scale 4.0.3 (https://github.com/d3/d3-scale), © Mike Bostock, ISC licence */';

/**
 * Replaces options/flags.ts in pages, which have no command line. The tables of all options would
 * double the size of a page.
 */
const namesOfFlags = {
  name: 'names-of-flags',
  resolveId: (path) => (path.endsWith('/options/flags.ts') ? '\0flags' : null),
  load: (id) => (id === '\0flags' ? 'export const flagOf = (name) => name;' : null),
};

export default [
  ...libraries.map((name) => ({
    input: resolve(root, `src/${name}.ts`),
    platform: 'node',
    external,
    plugins: [licences],
    output: {
      file: resolve(root, `dist/${name}.js`),
      format: 'esm',
      postBanner: '/*! Bundled libraries: their licences are in THIRD-PARTY.md, at the top of dist/. */',
    },
  })),
  // A thread that loads one file instead of 46 starts with two thirds of the processor time: 55 ms
  // instead of 85 ms.
  {
    input: resolve(root, 'src/devices/cpu/worker.ts'),
    platform: 'node',
    output: { file: resolve(root, 'dist/devices/cpu/worker.js'), format: 'esm' },
  },
  ...pages.map((name) => ({
    input: resolve(root, `src/reports/browser/${name}.ts`),
    plugins: [licences, namesOfFlags],
    output: {
      file: resolve(root, `dist/reports/browser/${name}.js`),
      format: 'iife',
      minify: true,
      postBanner: ({ moduleIds }) => (moduleIds.some((id) => /[\\/]d3-scale[\\/]/.test(id)) ? notice : ''),
    },
  })),
];

// Each of these programs runs in a page, where it may load nothing: it becomes one file with all that it imports.
import { resolve } from 'node:path';

const programs = ['cells', 'charts', 'curves', 'story', 'surprise'];
const built = resolve(import.meta.dirname, '../../../dist/reports/browser');
const notice = '/*! with uPlot 1.6.32 (https://github.com/leeoniya/uPlot), © Leon Sorokin, MIT licence */';

export default programs.map((name) => ({
  input: resolve(import.meta.dirname, `${name}.ts`),
  moduleTypes: { '.css': 'text' },
  output: { file: resolve(built, `${name}.js`), format: 'iife', minify: true, postBanner: ({ moduleIds }) => (moduleIds.some((id) => /[\\/]uplot[\\/].*js$/.test(id)) ? notice : '') },
}));

// The pages whose commands are run, and their requirements: files that a reader is supposed to
// have, and commands that a test cannot run, each with its reason. Add a page with one line.

export interface Page {
  readonly name: string;
  /**
   * Shell that makes the files that the page's commands expect. `rnn` is the program, kept short.
   */
  readonly before?: string;
  /**
   * Shell that succeeds where the page's commands can run. Otherwise the page is skipped, and the
   * words name the missing software.
   */
  readonly needs?: { readonly test: string; readonly what: string };
  readonly env?: Readonly<Record<string, string>>;
  /**
   * The page runs many commands, or trains in PyTorch, and other tests use the same options. It
   * runs only with RNN_TEST=all.
   */
  readonly isLong?: boolean;
}

/** About 8,000 characters of names and words, so that every page finds something to train on. */
const text = (file: string): string =>
  `for i in $(seq 150); do echo "The $i quick brown foxes jump over (some) lazy dogs, and run."; done >${file}`;
/**
 * Made once, in a folder that the pages know as `$SHARED`: a corpus, and a very short run on it, of
 * a model that PyTorch has.
 */
export const shared =
  'rnn corpus sonnets 2>/dev/null; rnn train corpora/sonnets.txt --cell lstm --skip none --out run --sample-every 2 --quiet';
const sonnets = 'cp -R "$SHARED/corpora" .';
/** A tenth of the sonnets, for pages that examine every character. */
const fewSonnets = 'mkdir corpora; head -c 9000 "$SHARED/corpora/sonnets.txt" >corpora/sonnets.txt';
/** The run under a name of the page. */
const run = (name: string): string => `mkdir -p "$(dirname ${name})"; cp -R "$SHARED/run" ${name}`;

/** A file as PyTorch would return it. */
const exported = (name: string): string => `rnn export ${name} --out trained.safetensors`;

export const pages: readonly Page[] = [
  { name: 'README.md', before: [sonnets, text('letters.txt')].join('\n') },
  { name: 'CONTRIBUTING.md' },
  { name: 'docs/README.md' },
  { name: 'docs/contributing/pictures.md' },
  { name: 'corpora/README.md' },
  { name: 'checkpoints/README.md' },
  {
    name: 'docs/guide.md',
    isLong: true,
    before: [
      text('novel.txt'),
      text('more.txt'),
      'mkdir src notes',
      'cp novel.txt src/main.c',
      'cp more.txt src/main.h',
      'cp more.txt notes/one.md',
    ].join('\n'),
  },
  {
    name: 'docs/troubleshooting.md',
    isLong: true,
    before: [
      text('novel.txt'),
      'mkdir empty',
      'printf "caf\\351 au lait\\n" >latin1.txt',
      'printf "MZ\\000\\001\\002" >tool.bin',
    ].join('\n'),
  },
  { name: 'docs/choosing.md', isLong: true, before: `${text('long.txt')}; head -c 1200 long.txt >corpus.txt` },
  {
    name: 'docs/records.md',
    before: [
      'for i in $(seq 60); do echo "name$i"; done >names.txt',
      String.raw`for i in $(seq 60); do printf 'Abbott%s\tEnglish\n' $i; done >languages.tsv`,
    ].join('\n'),
  },
  {
    name: 'docs/scoring.md',
    before: [
      'for i in $(seq 80); do echo "GET /page/$i 200"; done >yesterday.log',
      'for i in $(seq 40); do echo "GET /page/$i 200"; done >today.log',
      'echo "PUT /zzz 555" >>today.log',
      'for i in $(seq 60); do echo "the line $i"; done >en.txt',
      'for i in $(seq 60); do echo "la ligne $i"; done >fr.txt',
      'cat en.txt fr.txt >lines.txt',
    ].join('\n'),
  },
  { name: 'docs/cron.md', isLong: true, before: text('corpus.txt'), env: { JOB_COMPLETION_INDEX: '2' } },
  {
    name: 'docs/insight.md',
    isLong: true,
    before: [fewSonnets, ...['sweeps/first/one', 'checkpoints/large', 'checkpoints/small'].map(run)].join('\n'),
  },
  {
    name: 'docs/configuration.md',
    isLong: true,
    before: [
      sonnets,
      text('corpus.txt'),
      'echo \'{ "layers": 1, "batch-size": 4, "sequence-length": 8 }\' >rnn.json',
    ].join('\n'),
  },
  {
    name: 'docs/pytorch.md',
    before: [sonnets, run('checkpoints/sonnets'), exported('checkpoints/sonnets')].join('\n'),
  },
  {
    name: 'docs/distributed.md',
    isLong: true,
    before: [sonnets, run('earlier'), exported('earlier')].join('\n'),
  },
  { name: 'docs/serving.md' },
  { name: 'docs/onnx.md' },
  { name: 'docs/sharing.md', before: [sonnets, run('checkpoints/sonnets')].join('\n') },
  { name: 'docs/reference/cli.md' },
  { name: 'docs/cells.md' },
  { name: 'docs/glossary.md' },
  { name: 'docs/gpu.md' },
  { name: 'docs/how-it-works.md' },
  { name: 'docs/json.md' },
  { name: 'docs/lectures.md', isLong: true },
  { name: 'docs/library.md' },
  { name: 'docs/dependencies.md' },
  { name: 'docs/comparison.md' },
  { name: 'docs/architecture.md' },
  { name: 'docs/contributing/cells.md' },
  { name: 'docs/contributing/operations.md' },
  { name: 'docs/contributing/devices.md' },
  { name: 'docs/contributing/options.md' },
  { name: 'docs/contributing/commands.md' },
  { name: 'docs/contributing/formats.md' },
  { name: 'docs/contributing/tests.md' },
  { name: 'docs/contributing/measuring.md' },
  { name: 'docs/checkpoint-format.md' },
];

/** Commands on any page that are shown and not run, each with its reason. */
export const notRun: Readonly<Record<string, string>> = {
  'rnn serve checkpoints/hamlet': 'it serves until it gets a signal, and test/serve has such servers',
  'RNN_TOKEN=... rnn serve --host 0.0.0.0': 'it serves until it gets a signal, and test/serve has such servers',
  [`curl -s http://127.0.0.1:8080/v1/completions -d '{"prompt": "To be", "max_tokens": 100, "seed": 1}'`]:
    'no server listens there',
  'npm install && npm start': 'CI does both, in its own order',
  'npm test': 'this is one of them',
  'npm install': 'CI does',
  'npm run check': 'runs these tests, too',
  'npm run pictures': 'it trains, records a terminal and replaces files of the repository',
  'node build/pictures.js stages speed': 'it trains, and replaces files of the repository',
  'npm pack': 'CI does, and looks into the package',
  'npm install -g ./rnn-0.1.0.tgz': 'no test changes installed programs',
  'npx --yes --package ./rnn-0.1.0.tgz -- rnn --help': 'installation/install.js does, and more',
  'rnn train corpora/sonnets.txt --preset quick --dry-run --json | jq .config >rnn.json':
    'jq is not always installed, and a test of the command line reads such a file',
  'systemctl --user daemon-reload': 'no test changes the units of a user',
  'systemctl --user enable --now rnn-corpus.timer': 'no test changes the units of a user',
  'journalctl --user -u rnn-corpus': 'there is no such unit',
  'rnn sweep corpus.txt --out sweeps/random --random 20 --sample learning-rate=log:1e-3..2e-2 --sample dropout=0..0.5 -- --layers 2 --budget 5m':
    'twenty runs take long, however short each is, and sweep.test.ts has some',
};

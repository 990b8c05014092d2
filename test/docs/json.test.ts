// docs/json.md lists the objects of --json. The commands print them, and each of their fields must
// be on the page with its type. Fields that the commands here do not print are found in the types.
import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Printed, printedByCommands } from './json-events.ts';

interface Field {
  readonly type: readonly string[];
  readonly isOptional: boolean;
}

/** The section of an event: its fields by their paths, such as `cells[].unit`, and its example. */
interface Section {
  readonly fields: ReadonlyMap<string, Field>;
  readonly example: string;
}

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/json.md'), 'utf8');

/** The sections of the page, by command and event: `rnn train: start`. */
function sectionsOf(text: string): Map<string, Section> {
  const parts = text.split(/^### /m).slice(1);
  return new Map(
    parts.flatMap((part) => {
      const [, command, event] = /^(?:`(rnn [^`]+)`: )?`(\w+)`\n/.exec(part) ?? [];
      if (event === undefined) return [];
      const rows = [...part.matchAll(/^\| `([^`]+)` \| ([^|]+) \|/gm)];
      const fields = rows.map(([, name, type]): [string, Field] => {
        const [types, ...others] = type.trim().split(', ');
        return [name, { type: types.split(' or '), isOptional: others.includes('optional') }];
      });
      const example = /```\n(.*)\n```/.exec(part)?.[1] ?? '';
      return [[command === undefined ? event : `${command}: ${event}`, { fields: new Map(fields), example }]];
    }),
  );
}

/** Commands that print the objects of another command. */
const sameAs: Readonly<Record<string, string>> = { 'rnn watch': 'rnn train', 'rnn sweep: run': 'rnn runs: run' };

function sectionName(command: string, event: unknown): string {
  const name = `${sameAs[command] ?? command}: ${String(event)}`;
  return event === 'error' ? 'error' : (sameAs[name] ?? name);
}

const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
const isObject = (value: unknown): value is Printed => typeOf(value) === 'object';

/** The paths of an object that differ from its section. Adds the paths that it has to `seen`. */
function differences({ fields }: Pick<Section, 'fields'>, object: Printed, seen: Set<string>): string[] {
  const names = [...fields.keys()];
  const within = (value: Printed, prefix: string): string[] => {
    const members = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    const isRequired = (member: string): boolean => {
      const name = /^\w+/.exec(member)![0];
      return fields.get(`${prefix}${name}`)?.isOptional !== true;
    };
    const missing = members.filter((member) => isRequired(member) && !(/^\w+/.exec(member)![0] in value));
    const found = Object.entries(value).flatMap(([key, child]) => {
      const path = `${prefix}${key}`;
      const field = fields.get(path);
      const hasMembers = names.some((name) => name.startsWith(`${path}.`) || name.startsWith(`${path}[].`));
      if (field === undefined && !hasMembers) return [`${path} is not on the page`];
      seen.add(path);
      if (field !== undefined && !field.type.includes(typeOf(child))) return [`${path} is ${typeOf(child)}`];
      if (!hasMembers) return [];
      return Array.isArray(child)
        ? child.filter(isObject).flatMap((each) => within(each, `${path}[].`))
        : isObject(child)
          ? within(child, `${path}.`)
          : [];
    });
    return [...missing.map((member) => `${prefix}${member} is missing`), ...found];
  };
  const { event: _, ...members } = object;
  return within(members, '');
}

/** Events and fields that the commands of this test do not print. Types of the source have them. */
const unprinted = [
  'error: cases',
  'rnn train: interim',
  'rnn train: recovery',
  'rnn train: evaluation: characters',
  'rnn doctor: check: facts',
];

describe('docs/json.md', () => {
  const sections = sectionsOf(page);
  let printed: Map<string, Printed[]>;
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rnn-json-'));
    printed = await printedByCommands(folder).finally(() => rm(folder, { recursive: true, force: true }));
  }, 600_000);

  it('has every field that commands print, with its type', () => {
    const found = [...printed].flatMap(([command, objects]) =>
      objects.flatMap((object) => {
        const name = sectionName(command, object.event);
        const section = sections.get(name);
        if (section === undefined) return [`${name} is not on the page`];
        return differences(section, object, new Set()).map((difference) => `${name}: ${difference}`);
      }),
    );
    expect([...new Set(found)]).toEqual([]);
  });

  it('has no event and no field that commands do not print', () => {
    const seen = new Map([...sections.keys()].map((name) => [name, new Set<string>()]));
    for (const [command, objects] of printed)
      for (const object of objects) {
        const name = sectionName(command, object.event);
        differences(sections.get(name)!, object, seen.get(name)!);
      }
    const isKnown = (name: string): boolean => unprinted.some((each) => name === each || name.startsWith(`${each}: `));
    const unseen = [...sections].flatMap(([name, { fields }]) =>
      [...fields.keys()]
        .filter((field) => !seen.get(name)!.has(field.replaceAll('[]', '')) && !seen.get(name)!.has(field))
        .map((field) => `${name}: ${field}`),
    );
    expect(unseen.filter((name) => !isKnown(name))).toEqual([]);
  });

  it('has an example of each event, with the fields of its table', () => {
    const found = [...sections].flatMap(([name, section]) => {
      const example = JSON.parse(section.example.replaceAll(/,?…(?=[\]}])/g, '')) as Printed;
      const event = name.split(': ').at(-1);
      const isWhole = !section.example.includes('{…}');
      const different = isWhole ? differences(section, example, new Set()) : [];
      return [...(example.event === event ? [] : [`the event is ${String(example.event)}`]), ...different].map(
        (difference) => `${name}: ${difference}`,
      );
    });
    expect(found).toEqual([]);
  });

  it.each([
    ['src/training/events.ts', 'StartEvent', 'rnn train: start'],
    ['src/training/events.ts', 'ReportEvent', 'rnn train: report'],
    ['src/training/events.ts', 'EvaluationEvent', 'rnn train: evaluation'],
    ['src/training/events.ts', 'InterimEvent', 'rnn train: interim'],
    ['src/training/events.ts', 'SampleEvent', 'rnn train: sample'],
    ['src/training/events.ts', 'CheckpointEvent', 'rnn train: checkpoint'],
    ['src/training/events.ts', 'RecoveryEvent', 'rnn train: recovery'],
    ['src/training/events.ts', 'EndEvent', 'rnn train: end'],
    ['src/training/runs.ts', 'RunSummary', 'rnn runs: run'],
    ['src/api/runs.ts', 'CheckpointInfo', 'rnn info: info'],
    ['src/api/line-scores.ts', 'LineScore', 'rnn score: line'],
    ['src/diagnosis/check.ts', 'Check', 'rnn doctor: check'],
    ['src/diagnosis/bench.ts', 'BenchResult', 'rnn bench: bench'],
    ['src/serve/server.ts', 'RequestLog', 'rnn serve: request'],
  ])('has every field of the type in %s: %s', (file, type, name) => {
    const source = readFileSync(join(root, file), 'utf8');
    const [, body] = new RegExp(String.raw`^export interface ${type} \{\n(.*?)^\}`, 'ms').exec(source)!;
    const declared = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, field]) => field);
    const fields = [...sections.get(name)!.fields.keys()].map((field) => /^\w+/.exec(field)![0]);
    expect(declared.length).toBeGreaterThan(0);
    expect(declared.filter((field) => field !== 'event' && !fields.includes(field))).toEqual([]);
  });

  it('has every event that the source names', () => {
    const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /^(cli|training|api).*\.ts$/.test(name),
    );
    const events = files.flatMap((name) =>
      [...readFileSync(join(root, 'src', name), 'utf8').matchAll(/\bevent: '(\w+)'/g)].map(([, event]) => event),
    );
    // Programs that use the library get these two. The command line prints them on stderr.
    const onPage = new Set(['note', 'warning', ...[...sections.keys()].map((name) => name.split(': ').at(-1)!)]);
    expect(new Set(events).size).toBeGreaterThan(20);
    expect(events.filter((event) => !onPage.has(event))).toEqual([]);
  });
});

describe('the check of the page', () => {
  const fields = sectionsOf(
    '### `rnn x`: `y`\n| `a` | number or null |  |\n| `b[].c` | string |  |\n| `d` | array, optional |  |\n',
  ).get('rnn x: y')!;
  it.each([
    [{ a: 1, b: [{ c: 'text' }] }, []],
    [{ a: null, b: [], d: [] }, []],
    [{ a: 'text', b: [] }, ['a is string']],
    [{ b: [] }, ['a is missing']],
    [{ a: 1, b: [{}] }, ['b[].c is missing']],
    [{ a: 1, b: [{ c: 'text', e: 1 }] }, ['b[].e is not on the page']],
  ])('compares %j with the fields of its section', (object, expected) => {
    expect(differences(fields, object, new Set())).toEqual(expected);
  });
});

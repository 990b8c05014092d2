// An option is a row of a table. The row defines its flag, its line in the help, its environment
// variable, its key in configuration files, its JSON Schema, its completion and every check of its
// values.
import { mapValues } from '../group.ts';
import type { Kind, ValueOf } from './kind.ts';

/** Another option that decides whether this one has an effect. */
export interface Condition {
  readonly option: string;
  readonly holds: (value: never) => boolean;
  /** Why the option has no effect otherwise. Default: `--OPTION is VALUE`. */
  readonly noEffectReason?: string;
  /** If given, the unmet condition is an error with this hint. */
  readonly errorHint?: string;
}

/** One option, with values of type `Value`. */
export interface Option<Value = unknown> {
  readonly kind: Kind<Value>;
  /**
   * The text of the help. It begins with an imperative phrase, which is all that the short help
   * shows. Further sentences give advice on the value. The last has no full stop.
   */
  readonly help: string;
  /** The short help (-h) shows the option. */
  readonly isCommon?: true;
  /**
   * The flag without its dashes, if it differs from the name in kebab-case: `budget` of `budgetMs`,
   * `level` of `unit` (the name in checkpoints). If the key of a switch is its name with `no-` in
   * front, the switch is on unless the user gives the flag.
   */
  readonly key?: string;
  /**
   * `<n>`, which follows the flag in the help. The default depends on the kind. A switch has no
   * placeholder.
   */
  readonly placeholder?: string;
  /** Keys of earlier versions, and other spellings. They work but are not in the help. */
  readonly aliases?: readonly string[];
  /** The value of an omitted option, unless it depends on the text. */
  readonly default?: Value;
  /**
   * How the value of an omitted option is chosen from the text or from other options, in a few
   * words for the help. Empty if the help of another option explains it.
   */
  readonly defaultInWords?: string;
  /** The value for a checkpoint that is older than the option and does not record it. */
  readonly legacyValue?: Value;
  /**
   * Why the option cannot change when a run is resumed: `weights` if it determines the shape or
   * meaning of the weights, `start` if it affects their initialisation, `run` for any other reason.
   * A new run from the weights of another run keeps only options of the first kind.
   */
  readonly fixedFor?: 'weights' | 'start' | 'run';
  /** The option changes how a run is watched and saved, but not its training. */
  readonly affectsOnlyMonitoring?: true;
  /** The option has no effect unless all these conditions hold. */
  readonly needs?: readonly Condition[];
  /** Giving the option without this other option is an error. */
  readonly requires?: Requirement;
  /** The option is not allowed in configuration files. */
  readonly isExcludedFromConfig?: true;
  /** Its environment variable applies to every command with the option, not only to `rnn train`. */
  readonly variableAppliesToAllCommands?: true;
}

/** Another option that must be given as well, and the hint of the error if it is not. */
export interface Requirement {
  readonly option: string;
  readonly hint: string;
}

/** Options of which at most one can be given. */
export interface ExclusiveOptions {
  readonly options: readonly string[];
  readonly hint: string;
}

/** A table of options by their names in code. */
export type Options = Readonly<Record<string, Option>>;

/** Tables of options by the headings of a command's help. */
export type OptionGroups = Readonly<Record<string, Options>>;

/** The values of a table of options, by their names. */
export type ValuesOf<Table extends Options> = { readonly [Name in keyof Table]: ValueOf<Table[Name]['kind']> };

type Having<Column extends string, Table extends Options> = keyof {
  [Name in keyof Table as Table[Name] extends Readonly<Record<Column, unknown>> ? Name : never]: Name;
};

type Intersection<Union> = (Union extends unknown ? (each: Union) => void : never) extends (each: infer All) => void
  ? All
  : never;

/** All options under the headings, as one table. */
export type TableOf<Groups extends OptionGroups> =
  Intersection<Groups[keyof Groups]> extends infer Table extends Options ? Table : never;

/** The options that a command receives. Options with a default always have a value. */
export type CommandOptionValues<Groups extends OptionGroups, Table extends Options = TableOf<Groups>> = ValuesOf<
  Pick<Table, Having<'default', Table>>
> &
  Partial<ValuesOf<Omit<Table, Having<'default', Table>>>>;

/** Joins the tables of all headings. */
export const tableOf = <const Groups extends OptionGroups>(groups: Groups): TableOf<Groups> =>
  Object.assign({}, ...Object.values(groups)) as TableOf<Groups>;

/** The kinds of a table of options, by their names. */
export const kindsOf = <Table extends Options>(table: Table) =>
  mapValues(table, ({ kind }) => kind) as { readonly [Name in keyof Table]: Table[Name]['kind'] };

/** The values in a column of a table, by the names of the rows that have one. */
export const columnOf = <Table extends Options, Column extends 'default' | 'legacyValue'>(
  table: Table,
  column: Column,
): ValuesOf<Pick<Table, Having<Column, Table>>> =>
  omitUndefined(mapValues(table, (row) => row[column])) as ValuesOf<Pick<Table, Having<Column, Table>>>;

/** The defaults of omitted options, except options whose value depends on the text. */
export const defaultValues = <Table extends Options>(table: Table): Partial<ValuesOf<Table>> =>
  omitUndefined(mapValues(table, defaultOf)) as Partial<ValuesOf<Table>>;

/** The members that are not undefined. An undefined member counts as omitted. */
export const omitUndefined = <Whole extends object>(whole: Whole): Whole =>
  Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined)) as Whole;

/** An object with the named members that are given. */
export function pick<Whole extends object, Name extends keyof Whole>(
  all: Whole,
  names: readonly Name[],
): Partial<Pick<Whole, Name>> {
  const members = names.map((name) => [name, all[name]]);
  return omitUndefined(Object.fromEntries(members) as Partial<Pick<Whole, Name>>);
}

/**
 * The key of an option, such as `learning-rate` of `learningRate`. It is the flag without the
 * dashes, and the name in configuration files.
 */
export const keyOf = (name: string, row: Option): string => row.key ?? kebabCase(name);

/** `learning-rate` of learningRate. */
export const kebabCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** `RNN_LEARNING_RATE` of `learning-rate`. */
export const variableOf = (key: string): string => `RNN_${key.toUpperCase().replaceAll('-', '_')}`;

/**
 * The default of an option: `default`, else `legacyValue`, else null if the kind allows it.
 * Undefined if the value depends on the text.
 */
export function defaultOf({ defaultInWords, default: value, legacyValue, kind }: Option): unknown {
  if (defaultInWords !== undefined) return undefined;
  return value ?? legacyValue ?? (kind.holds(null) ? null : undefined);
}

// The completion of fish: a line for each option. The only command-specific rule is that options of
// train follow the -- of a sweep.
import type { CommandModel, OptionModel, Values } from './model.ts';

const script = (lines: readonly string[]): string => `
# fish completion for rnn, written by: rnn completion fish

# Whether the argument is the command of the line, its first word that is not an option.
function __rnn_is
    for token in (commandline -opc)[2..-1]
        if not string match -q -- '-*' $token
            test $token = $argv[1]
            return
        end
    end
    test -z $argv[1]
end

function __rnn_is_after_dashes
    contains -- -- (commandline -opc)
end

function __rnn_follows
    test (commandline -opc)[-1] = $argv[1]
end

function __rnn_runs
    for folder in checkpoints/*/ sweeps/*/*/
        if test -e $folder/latest.json -o -e $folder/best.json
            echo $folder
        end
    end
end

complete -c rnn -f

${lines.join('\n')}
`;

export function fishScript([rnn, ...commands]: readonly CommandModel[]): string {
  const train = commands.find(({ name }) => name === 'train')!;
  const lines = [
    ...commands.map(({ name, summary }) => lineOf('__rnn_is ""', `-a ${name}`, summary)),
    ...rnn.options.map((option) => optionLine(rnn, option)),
    ...commands.flatMap((command) => [
      lineOf(`__rnn_is ${command.name}`, valuesIn(command.argument)),
      ...command.options.map((option) => optionLine(command, option)),
    ]),
    // fish does not complete options after --, so these are plain words.
    ...train.options.flatMap(({ name, summary, values }) => [
      lineOf('__rnn_is sweep; and __rnn_is_after_dashes', `-a '${name}'`, summary),
      ...(values?.kind === 'words'
        ? [lineOf(`__rnn_is sweep; and __rnn_is_after_dashes; and __rnn_follows ${name}`, valuesIn(values))]
        : []),
    ]),
  ];
  return script(lines).trimStart();
}

const lineOf = (condition: string, offered: string, summary = ''): string =>
  `complete -c rnn -n '${condition}' ${offered}${summary === '' ? '' : ` -d ${quote(summary)}`}`;

function optionLine(command: CommandModel, { name, summary, values }: OptionModel): string {
  return lineOf(
    `__rnn_is ${command.name || '""'}`,
    `-l ${name.slice(2)}${values === null ? '' : ` -r ${valuesIn(values)}`}`,
    summary,
  );
}

/** `complete -f` above disables file names, and -F enables them again. */
function valuesIn({ kind, words }: Values): string {
  const listed = `-f -a ${quote(words.join(' '))}`;
  return {
    words: listed,
    settings: listed,
    runs: "-F -a '(__rnn_runs)'",
    files: '-F',
    folders: "-f -a '(__fish_complete_directories)'",
    nothing: '-f',
  }[kind];
}

const quote = (text: string): string => `'${text.replace(/[\\']/g, String.raw`\$&`)}'`;

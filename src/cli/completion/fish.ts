// The completion of fish: a line for each option. Knows nothing of what commands there are.
import type { CommandModel, OptionModel, Values } from './model.ts';

const helpers = `
# Whether this is the command of the line: its first word that is no option.
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

complete -c rnn -f`.trim();

export function fishScript(commands: readonly CommandModel[]): string {
  const global = [
    ['help', 'print the help'],
    ['version', 'print the version'],
    ['debug', 'print the stack of an error'],
    ['no-color', 'no colours'],
  ];
  const lines = [
    ...commands.map(({ name, summary }) => `complete -c rnn -n '__rnn_is ""' -a ${name} -d ${quoted(summary)}`),
    ...global.map(([name, summary]) => `complete -c rnn -n '__rnn_is ""' -l ${name} -d ${quoted(summary)}`),
    ...commands.flatMap(linesOf),
    ...commands.flatMap((command) => linesAfterDashes(command, commands)),
  ];
  return `${['# fish completion for rnn, written by: rnn completion fish', helpers, lines.join('\n')].join('\n\n')}\n`;
}

function linesOf({ name, options, argument }: CommandModel): string[] {
  const start = `complete -c rnn -n '__rnn_is ${name}'`;
  const own = valuesIn(argument);
  return [...(own === '' ? [] : [`${start} ${own}`]), ...options.map((option) => `${start} ${optionIn(option)}`)];
}

/** fish completes no options after dashes, so these are words to it. */
function linesAfterDashes({ name, afterDashes }: CommandModel, commands: readonly CommandModel[]): string[] {
  const options = commands.find((command) => command.name === afterDashes)?.options ?? [];
  const start = `complete -c rnn -n '__rnn_is ${name}; and __rnn_is_after_dashes`;
  return options.flatMap((option) => [
    `${start}' -a '${option.name}' -d ${quoted(option.summary)}`,
    ...(option.values?.kind === 'words' ? [`${start}; and __rnn_follows ${option.name}' ${valuesIn(option.values)}`] : []),
  ]);
}

function optionIn({ name, summary, values }: OptionModel): string {
  const parts = [`-l ${name.slice(2)}`, ...(values === null ? [] : ['-r', valuesIn(values) || '-f']), `-d ${quoted(summary)}`];
  return parts.filter((part) => part !== '').join(' ');
}

/** `complete -f` above has taken all files away: -F gives them back. */
function valuesIn(values: Values): string {
  switch (values.kind) {
    case 'words':
    case 'settings':
      return `-f -a ${quoted(values.words.join(' '))}`;
    case 'runs':
      return `-F -a '(__rnn_runs)'`;
    case 'files':
      return '-F';
    case 'folders':
      return `-f -a '(__fish_complete_directories)'`;
    case 'none':
      return '';
  }
}

const quoted = (text: string): string => `'${text.replace(/[\\']/g, String.raw`\$&`)}'`;

// The completion of zsh, by its own _arguments, which shows what each option is for. Knows nothing of what commands
// there are.
import type { CommandModel, OptionModel, Values } from './model.ts';

const helpers = `
_rnn_runs() {
  local -a runs
  runs=(checkpoints/*/(best|latest).json(N:h) sweeps/*/*/(best|latest).json(N:h))
  (( \${#runs} )) && compadd -f -- \${(u)runs} || _files
}
`.trim();

export function zshScript(commands: readonly CommandModel[]): string {
  const summaries = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  const cases = commands.map(({ name }) => `        ${name}) _rnn_of_${name} ;;`);
  const main = `
_rnn() {
  local curcontext=$curcontext state line
  local -a commands
  commands=(
${summaries.join('\n')}
  )
  _arguments -C '(-)--help[print the help]' '(-)--version[print the version]' '--debug[print the stack of an error]' '--no-color[no colours]' \\
    '1: :->command' '*:: :->rest'
  case $state in
    command) _describe command commands ;;
    rest)
      case $line[1] in
${cases.join('\n')}
      esac ;;
  esac
}

# Read by source, it registers itself; as a file in $fpath, it is called.
if [[ $funcstack[1] == _rnn ]]; then _rnn "$@"; else compdef _rnn rnn; fi`.trim();
  return `${['#compdef rnn', '# zsh completion for rnn, written by: rnn completion zsh', helpers, ...commands.map(functionOf), main].join('\n\n')}\n`;
}

function functionOf({ name, options, argument, afterDashes }: CommandModel): string {
  const action = actionOf(argument);
  const specs = [...options.map(specOf), ...(action === null ? [] : [quoted(`*: :${action}`)])];
  // What follows the dashes is a line of the other command.
  const other =
    afterDashes === null
      ? []
      : [
          `  local at=\${words[(I)--]}`,
          `  if (( at > 1 && at < CURRENT )); then`,
          `    words=(${afterDashes} "\${(@)words[at+1,-1]}")`,
          `    (( CURRENT -= at - 1 ))`,
          `    _rnn_of_${afterDashes}`,
          `    return`,
          `  fi`,
        ];
  return [`_rnn_of_${name}() {`, ...other, `  _arguments ${specs.join(' \\\n    ')}`, '}'].join('\n');
}

function specOf({ name, summary, values }: OptionModel): string {
  // With its value in the next word, or after = in the same.
  const what = `${name}${values === null ? '' : '='}[${summary.replace(/[\\[\]]/g, String.raw`\$&`)}]`;
  // Given twice, an option is not offered again but for lists; asking for that is left out, as no harm is done.
  return quoted(values === null ? what : `*${what}: :${actionOf(values) ?? ' '}`);
}

function actionOf(values: Values): string | null {
  switch (values.kind) {
    case 'words':
      return `(${values.words.map((word) => word.replaceAll(':', String.raw`\:`)).join(' ')})`;
    case 'settings':
      return `compadd -S "" -- ${values.words.join(' ')}`;
    case 'runs':
      return '_rnn_runs';
    case 'files':
      return '_files';
    case 'folders':
      return '_files -/';
    case 'none':
      return null;
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

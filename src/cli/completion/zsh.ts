// The completion of zsh with _arguments, which shows a summary of each option. The only
// command-specific rule is that options of train follow the -- of a sweep.
import type { CommandModel, OptionModel, Values } from './model.ts';

const script = (commands: readonly string[], options: readonly string[], cases: readonly string[]): string => `
#compdef rnn

# zsh completion for rnn, written by: rnn completion zsh

_rnn_runs() {
  local -a runs
  runs=(checkpoints/*/(best|latest).json(N:h) sweeps/*/*/(best|latest).json(N:h))
  (( \${#runs} )) && compadd -f -- \${(u)runs} || _files
}

_rnn() {
  local curcontext=$curcontext state line at
  local -a commands
  commands=(
    ${commands.join('\n    ')}
  )
  _arguments -C ${options.join(' ')} '1: :->command' '*:: :->rest'
  case $state in
    command) _describe command commands ;;
    rest)
      # Options of train follow the -- of a sweep.
      at=\${words[(I)--]}
      if [[ $words[1] == sweep ]] && (( at > 1 && at < CURRENT )); then
        words=(train "\${(@)words[at+1,-1]}")
        (( CURRENT -= at - 1 ))
      fi
      case $words[1] in
        ${cases.join('\n        ')}
      esac ;;
  esac
}

# If sourced, the script registers itself. As a file in $fpath, it is called.
if [[ $funcstack[1] == _rnn ]]; then _rnn "$@"; else compdef _rnn rnn; fi
`;

export function zshScript([rnn, ...commands]: readonly CommandModel[]): string {
  const summaries = commands.map(({ name, summary }) => quote(`${name}:${summary}`));
  const cases = commands.map(({ name, options, argument }) => {
    const operand = argument.kind === 'nothing' ? [] : [quote(`*: :${actionOf(argument)}`)];
    return `${name}) _arguments ${[...options.map(specOf), ...operand].join(' ')} ;;`;
  });
  return script(summaries, rnn.options.map(specOf), cases).trimStart();
}

function specOf({ name, summary, values }: OptionModel): string {
  // The value is the next word, or follows = in the same word.
  const spec = `${name}${values === null ? '' : '='}[${summary.replace(/[\\[\]]/g, String.raw`\$&`)}]`;
  // An option with a value can be a list, so it is offered again.
  return quote(values === null ? spec : `*${spec}: :${actionOf(values)}`);
}

function actionOf({ kind, words }: Values): string {
  return {
    words: `(${words.join(' ').replaceAll(':', String.raw`\:`)})`,
    settings: `compadd -S "" -- ${words.join(' ')}`,
    runs: '_rnn_runs',
    files: '_files',
    folders: '_files -/',
    nothing: ' ',
  }[kind];
}

const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

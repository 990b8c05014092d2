// The completion of bash 3.2 (the version of macOS) and newer: a function that reads the words of
// the line, without other packages. The only command-specific rule is that options of train follow
// the -- of a sweep.
import { groupBy } from '../../group.ts';
import type { CommandModel, Values } from './model.ts';

/**
 * Finds the command of the line and the word before the cursor, which may be an option with a
 * value. Each TAB searches for run folders. File names are only assigned to COMPREPLY, because
 * `compgen -W` would execute commands in them.
 */
const script = (values: readonly string[], others: readonly string[]): string => `
# bash completion for rnn, written by: rnn completion bash

_rnn_words() {
  local IFS=$' \\t\\n'
  COMPREPLY=( $(compgen -W "$1" -- "$before$cur") )
  [[ -z $before ]] || COMPREPLY=( "\${COMPREPLY[@]#"$before"}" )
  compopt +o default 2>/dev/null
}

_rnn_settings() {
  _rnn_words "$1"
  compopt -o nospace 2>/dev/null
}

_rnn_runs() {
  local folder
  for folder in checkpoints/*/ sweeps/*/*/; do
    [[ -e \${folder}latest.json || -e \${folder}best.json ]] || continue
    folder=\${folder%/}
    [[ $folder == "$cur"* ]] && COMPREPLY+=("$folder")
  done
  compopt -o filenames 2>/dev/null
}

_rnn_folders() {
  local folder
  while IFS= read -r folder; do COMPREPLY+=("$folder"); done < <(compgen -d -- "$cur")
  compopt -o filenames 2>/dev/null
}

# If COMPREPLY is empty, readline completes file names.
_rnn_files() { :; }

_rnn_nothing() { compopt +o default 2>/dev/null; }

_rnn() {
  local cur=\${COMP_WORDS[COMP_CWORD]} before= prev= command= i at=$COMP_CWORD
  # bash splits gpu:software into three words, and completes the last word.
  if (( at > 1 )) && [[ $cur == : ]]; then
    before=\${COMP_WORDS[at-1]}: cur= at=$(( at - 1 ))
  elif (( at > 2 )) && [[ \${COMP_WORDS[at-1]} == : ]]; then
    before=\${COMP_WORDS[at-2]}: at=$(( at - 2 ))
  fi
  (( at > 0 )) && prev=\${COMP_WORDS[at-1]}
  # bash also splits --cell=gru.
  if [[ $cur == = ]]; then
    cur=
  elif (( at > 1 )) && [[ $prev == = ]]; then
    prev=\${COMP_WORDS[at-2]}
  fi
  for (( i = 1; i < COMP_CWORD; i++ )); do
    case \${COMP_WORDS[i]} in
      --) [[ $command == sweep ]] && command=train ;;
      -*) ;;
      *) [[ -z $command ]] && command=\${COMP_WORDS[i]} ;;
    esac
  done
  COMPREPLY=()
  case "$command $prev" in
${values.join('\n')}
    *)
      case "$command $cur" in
${others.join('\n')}
      esac ;;
  esac
}

complete -o bashdefault -o default -F _rnn rnn
`;

export function bashScript(commands: readonly CommandModel[]): string {
  const withValues = commands.flatMap(({ name, options }) =>
    options.flatMap((option) =>
      option.values === null ? [] : [{ pattern: `'${name} ${option.name}'`, call: callOf(option.values) }],
    ),
  );
  const values = [...groupBy(withValues, ({ call }) => call)].map(
    ([call, of]) => `    ${of.map(({ pattern }) => pattern).join('|')}) ${call} ;;`,
  );
  const others = commands.flatMap(({ name, options, argument }) => [
    `        '${name} -'*) ${callOf({ kind: 'words', words: options.map((option) => option.name) })} ;;`,
    `        '${name} '*) ${callOf(argument)} ;;`,
  ]);
  return script(values, others).trimStart();
}

const callOf = ({ kind, words }: Values): string => `_rnn_${kind} "${words.join(' ')}"`;

// The completion of bash, from 3.2 on, which macOS has: a function that looks at the words of the line, with no other
// packages. Knows nothing of what commands there are.
import { groupBy } from '../../group.ts';
import type { CommandModel, Values } from './model.ts';

/**
 * Folders of runs are asked for as they are at that moment. File names reach COMPREPLY by assignment alone:
 * `compgen -W` would run what is in them.
 */
const helpers = `
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
  COMPREPLY=()
  for folder in checkpoints/*/ sweeps/*/*/; do
    [[ -e \${folder}latest.json || -e \${folder}best.json ]] || continue
    folder=\${folder%/}
    [[ $folder == "$cur"* ]] && COMPREPLY+=("$folder")
  done
  compopt -o filenames 2>/dev/null
}

_rnn_folders() {
  local folder
  COMPREPLY=()
  while IFS= read -r folder; do COMPREPLY+=("$folder"); done < <(compgen -d -- "$cur")
  compopt -o filenames 2>/dev/null
}

# With nothing in COMPREPLY, readline completes names of files.
_rnn_files() { COMPREPLY=(); }

_rnn_nothing() {
  COMPREPLY=()
  compopt +o default 2>/dev/null
}
`.trim();

/** Finds the command of the line, and of the word before the cursor whether it is an option that takes a value. */
const main = `
_rnn() {
  local cur=\${COMP_WORDS[COMP_CWORD]} before= prev= command= isAfterDashes= i at=$COMP_CWORD
  # bash takes gpu:software for three words, and completes the last of them.
  if (( at > 1 )) && [[ $cur == : ]]; then
    before=\${COMP_WORDS[at-1]}: cur= at=$(( at - 1 ))
  elif (( at > 2 )) && [[ \${COMP_WORDS[at-1]} == : ]]; then
    before=\${COMP_WORDS[at-2]}: at=$(( at - 2 ))
  fi
  (( at > 0 )) && prev=\${COMP_WORDS[at-1]}
  # So it does with --cell=gru.
  if [[ $cur == = ]]; then
    cur=
  elif (( at > 1 )) && [[ $prev == = ]]; then
    prev=\${COMP_WORDS[at-2]}
  fi
  for (( i = 1; i < COMP_CWORD; i++ )); do
    case \${COMP_WORDS[i]} in
      --) isAfterDashes=yes ;;
      -*) ;;
      *) [[ -z $command ]] && command=\${COMP_WORDS[i]} ;;
    esac
  done
  COMPREPLY=()
  case $command$isAfterDashes in
    '') _rnn_words "@commands@" ;;
@cases@
  esac
}

complete -o bashdefault -o default -F _rnn rnn
`.trim();

export function bashScript(commands: readonly CommandModel[]): string {
  const names = [...commands.map(({ name }) => name), '--help', '--version', '--debug', '--no-color'].join(' ');
  const cases = commands.map((command) => `    ${patternOf(command, commands)}) _rnn_of_${command.name} ;;`);
  const parts = [
    '# bash completion for rnn, written by: rnn completion bash',
    helpers,
    ...commands.map(functionOf),
    main.replace('@commands@', names).replace('@cases@', () => cases.join('\n')),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** `train|sweepyes`: what follows the dashes of a sweep is completed as after train. */
function patternOf({ name, afterDashes }: CommandModel, commands: readonly CommandModel[]): string {
  const own = afterDashes === null ? [name, `${name}yes`] : [name];
  return [...own, ...commands.filter((other) => other.afterDashes === name).map((other) => `${other.name}yes`)].join('|');
}

/** What the word before the cursor decides, and if it decides nothing, options or what stands beside them. */
function functionOf({ name, options, argument }: CommandModel): string {
  const byValues = groupBy(
    options.filter(({ values }) => values !== null),
    ({ values }) => callOf(values!),
  );
  const cases = [...byValues].map(([call, of]) => `    ${of.map((option) => option.name).join('|')}) ${call}; return ;;`);
  const names = options.map((option) => option.name).join(' ');
  return [
    `_rnn_of_${name}() {`,
    ...(cases.length === 0 ? [] : ['  case $prev in', ...cases, '  esac']),
    `  if [[ $cur == -* ]]; then _rnn_words "${names}"; else ${callOf(argument)}; fi`,
    '}',
  ].join('\n');
}

function callOf(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `_rnn_words "${values.words.join(' ')}"`;
    case 'settings':
      return `_rnn_settings "${values.words.join(' ')}"`;
    case 'runs':
      return '_rnn_runs';
    case 'files':
      return '_rnn_files';
    case 'folders':
      return '_rnn_folders';
    case 'none':
      return '_rnn_nothing';
  }
}

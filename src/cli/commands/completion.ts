// `rnn completion`: prints a script with which a shell completes the words after `rnn`.
// completion/model.ts knows which words can follow, and one file for each shell writes its script.
import { Argument, type Command } from 'commander';
import { bashScript } from '../completion/bash.ts';
import { fishScript } from '../completion/fish.ts';
import { type CommandModel, modelOf } from '../completion/model.ts';
import { zshScript } from '../completion/zsh.ts';
import type { Context } from '../context.ts';
import { commonOptions } from '../../options/common.ts';
import { addGroups } from '../flags.ts';
import { addParts } from '../help/parts.ts';
import { parseChoice } from '../../options/values.ts';

const shells: Readonly<Record<string, (commands: readonly CommandModel[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

const notes = [
  "To install it, run one of these once:\n  bash   echo 'source <(rnn completion bash)' >>~/.bashrc\n  zsh    echo 'source <(rnn completion zsh)' >>~/.zshrc\n  fish   rnn completion fish >~/.config/fish/completions/rnn.fish",
  'In ~/.zshrc, put the line below the call of compinit. Without such a call, add\n  autoload -U compinit && compinit',
  'If you have never used fish at a prompt, make its folder first:\n  mkdir -p ~/.config/fish/completions',
  'The bash of macOS is too old for <(…). Use this instead:\n  rnn completion bash >~/.rnn-completion; source ~/.rnn-completion',
];

export function define(command: Command, context: Context, takes: string): void {
  const names = Object.keys(shells);
  // The choices are for the completion of this command itself. The parser replaces the error of
  // Commander, which has no hint.
  const shell = new Argument(takes, 'Your shell')
    .choices(names)
    .argParser((text: string) => parseChoice('the shell', text, names));
  command
    .description('Print a script with which a shell completes commands, options, their values, run folders and files.')
    .addArgument(shell);
  addParts(command, { notes });
  addGroups(command, { 'Options:': commonOptions });
  command.action(async (name: string) => {
    const { builtinCorpora } = await import('../../corpus/builtin.ts');
    const corpora = builtinCorpora.map((corpus) => corpus.name);
    await context.stdout.write(shells[name](modelOf(command.parent!, corpora)));
  });
}

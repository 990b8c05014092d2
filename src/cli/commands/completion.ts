// `rnn completion`: prints a script that has a shell complete the words after `rnn`.
// completion/model.ts knows what can follow what, and a file for each shell writes its script.
import { Argument, type Command } from 'commander';
import { bashScript } from '../completion/bash.ts';
import { fishScript } from '../completion/fish.ts';
import { type CommandModel, modelOf } from '../completion/model.ts';
import { zshScript } from '../completion/zsh.ts';
import type { Context } from '../context.ts';
import { commonOptions } from '../../options/common.ts';
import { addGroups } from '../flags.ts';
import { parseChoice } from '../../options/values.ts';

const shells: Readonly<Record<string, (commands: readonly CommandModel[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

const installing = `
To install it, once:
  bash   echo 'source <(rnn completion bash)' >>~/.bashrc
  zsh    echo 'source <(rnn completion zsh)' >>~/.zshrc
  fish   rnn completion fish >~/.config/fish/completions/rnn.fish

In ~/.zshrc it belongs below the line that calls compinit; if there is none, add
  autoload -U compinit; compinit

Before fish was first used at a prompt, its folder is made by
  mkdir -p ~/.config/fish/completions

The bash of macOS is too old for <(…) there; it takes
  rnn completion bash >~/.rnn-completion; source ~/.rnn-completion`;

export function define(command: Command, context: Context, takes: string): void {
  const names = Object.keys(shells);
  // Listed for the completion of this very command; Commander's own refusal of other values has no
  // hint.
  const shell = new Argument(takes, 'the one that you use')
    .choices(names)
    .argParser((text: string) => parseChoice('the shell', text, names));
  command
    .description('Prints a script that has a shell complete commands, options, their values, run folders and files.')
    .addArgument(shell)
    .addHelpText('after', installing);
  addGroups(command, { 'Options:': commonOptions });
  command.action(async (name: string) => {
    const { builtinCorpora } = await import('../../corpus/builtin.ts');
    const corpora = builtinCorpora.map((corpus) => corpus.name);
    await context.stdout.write(shells[name](modelOf(command.parent!, corpora)));
  });
}

import { type Command, InvalidArgumentError } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion-scripts.ts';
import { EXIT } from '../exit-codes.ts';
import type { Bind } from '../session.ts';

export function addCompletion(program: Command, bind: Bind): void {
  program
    .command('completion')
    .argument('<shell>', SHELLS.join(', '), shellArgument)
    .description('a script that completes routectl’s commands and options in a shell')
    .addHelpText(
      'after',
      `
Examples:
  source <(routectl completion bash)                              in ~/.bashrc
  source <(routectl completion zsh)                               in ~/.zshrc, after compinit
  routectl completion fish > ~/.config/fish/completions/routectl.fish`,
    )
    .action(
      bind(async ({ output }, shell: Shell) => {
        output.write(completionScript(shell, program));
        return EXIT.ok;
      }),
    );
}

function shellArgument(text: string): Shell {
  const shell = SHELLS.find((known) => known === text);
  if (shell !== undefined) return shell;
  throw new InvalidArgumentError(`expected one of ${SHELLS.join(', ')}.`);
}

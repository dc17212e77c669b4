import { Argument, type Command } from 'commander';
import { bashCompletion } from '../completion/bash.js';
import { commandTree } from '../completion/command-tree.js';
import { fishCompletion } from '../completion/fish.js';
import { zshCompletion } from '../completion/zsh.js';
import { runLocally } from '../service/local-command.js';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** `completion`: what a shell needs to complete commands and options. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .summary('print what a shell needs to complete commands and options')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SHELLS)))
    .action((shell: keyof typeof SHELLS) =>
      runLocally((terminal) => terminal.write(SHELLS[shell](commandTree(program)))),
    );
}

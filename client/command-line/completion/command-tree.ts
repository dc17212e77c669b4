import type { Command, Option } from 'commander';

/** A command as a shell completes it. */
export interface CommandNode {
  /** The words that lead to it, without the program's name; none for the program. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly options: readonly OptionNode[];
  /** The names that may follow, each with what it is. */
  readonly children: readonly { readonly name: string; readonly summary: string }[];
}

/** An option as a shell completes it. */
export interface OptionNode {
  readonly long: string;
  readonly short: string | undefined;
  readonly summary: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

/** The program and all commands below it. */
export function commandTree(command: Command, path: readonly string[] = []): readonly CommandNode[] {
  const node: CommandNode = {
    path,
    summary: command.summary(),
    options: command.options.filter(({ hidden }) => !hidden).map(optionNode),
    children: command.commands.map((child) => ({ name: child.name(), summary: child.summary() })),
  };
  return [node, ...command.commands.flatMap((child) => commandTree(child, [...path, child.name()]))];
}

function optionNode({ long, short, description, required, optional, argChoices }: Option): OptionNode {
  return {
    long: long ?? '',
    short,
    summary: description,
    takesValue: required || optional,
    choices: argChoices ?? [],
  };
}

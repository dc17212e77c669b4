import type { CommandNode } from './command-tree.js';

/** For `~/.config/fish/completions/client-control.fish`. */
export function fishCompletion(tree: readonly CommandNode[]): string {
  const lines = tree.flatMap(({ path, options, children }) => {
    const [first, second] = path;
    const when =
      first === undefined
        ? '__fish_use_subcommand'
        : second === undefined
          ? `__fish_seen_subcommand_from ${first}`
          : `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`;
    const begin = `complete -c client-control -n ${quote(when)}`;
    return [
      ...children.map(({ name, summary }) => `${begin} -f -a ${quote(name)} -d ${quote(summary)}`),
      ...options.map(({ long, short, summary, takesValue, choices }) =>
        [
          begin,
          `-l ${long.slice(2)}`,
          ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
          ...(choices.length > 0 ? [`-x -a ${quote(choices.join(' '))}`] : takesValue ? ['-r'] : []),
          `-d ${quote(summary)}`,
        ].join(' '),
      ),
    ];
  });
  return `# fish completion of client-control\n${lines.join('\n')}\n`;
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

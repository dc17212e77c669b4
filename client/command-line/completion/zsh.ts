import type { CommandNode, OptionNode } from './command-tree.js';

/** For a folder of `$fpath`, as `_client-control`; or `source <(client-control completion zsh)`. */
export function zshCompletion(tree: readonly CommandNode[]): string {
  const cases = tree.map(({ path, options, children }) => {
    const names = children.map(({ name, summary }) => quote(`${name}:${summary.replaceAll(':', '\\:')}`));
    const list =
      names.length > 0 ? `local -a commands=(${names.join(' ')}); _describe command commands; ` : '';
    return `    (${quote(path.join(' '))}) ${list}_arguments ${options.flatMap(specs).join(' ')} ${quote('--help[help]')} ${quote('*: :_files')} ;;`;
  });
  const commands = tree.filter(({ path }) => path.length > 0).map(({ path }) => quote(path.join(' ')));
  return `#compdef client-control
# zsh completion of client-control
_client_control() {
  local command='' next word
  for word in "\${words[@]:1:$((CURRENT - 2))}"; do
    next="\${command:+$command }$word"
    case "$next" in
    (${commands.join('|')}) command="$next" ;;
    esac
  done
  case "$command" in
${cases.join('\n')}
  esac
}
compdef _client_control client-control
`;
}

/** What `_arguments` is told of an option, by its long name and by its short one. */
function specs({ long, short, summary, takesValue, choices }: OptionNode): readonly string[] {
  const what = summary.replace(/[[\]\\:]/g, '\\$&');
  const value =
    choices.length > 0
      ? `(${choices.join(' ')})`
      : long === '--token-file' || long === '--left'
        ? '_files'
        : ' ';
  const names = short === undefined ? [long] : [long, short];
  return names.map((name) => quote(`${name}[${what}]${takesValue ? `:value:${value}` : ''}`));
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

import type { CommandNode } from './command-tree.js';

/** For `~/.bashrc`: `source <(client-control completion bash)`. */
export function bashCompletion(tree: readonly CommandNode[]): string {
  const words = tree.map(({ path, options, children }) => {
    const all = [...children.map(({ name }) => name), ...options.map(({ long }) => long), '--help'];
    return `    '${path.join(' ')}') words='${all.join(' ')}' ;;`;
  });
  const choices = new Map(
    tree.flatMap(({ options }) =>
      options.flatMap((option) => (option.choices.length > 0 ? [[option.long, option] as const] : [])),
    ),
  );
  const values = [...choices.values()].map(
    ({ long, short, choices: some }) =>
      `    ${[long, short].filter(Boolean).join('|')}) words='${some.join(' ')}' ;;`,
  );
  const commands = tree.filter(({ path }) => path.length > 0).map(({ path }) => `'${path.join(' ')}'`);
  return `# bash completion of client-control
_client_control() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command='' next words='' at
  for ((at = 1; at < COMP_CWORD; at++)); do
    next="\${command:+$command }\${COMP_WORDS[at]}"
    case "$next" in
    ${commands.join('|')}) command="$next" ;;
    esac
  done
  case "$previous" in
${values.join('\n')}
    --token-file|--left) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
  esac
  if [[ -z "$words" ]]; then
    case "$command" in
${words.join('\n')}
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _client_control client-control
`;
}

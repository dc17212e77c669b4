import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const PROGRAM = resolve('client/bin/client-control.mjs');

/** A zsh on a terminal of its own: types each line and a tab, and prints what the line is then. */
const TYPE_IN_ZSH = String.raw`
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1= ; autoload -Uz compinit; compinit -u -D; source ./zsh
  show() { print -r -- "$BUFFER" > ./shown; zle kill-whole-line }
  zle -N show; bindkey "^I" complete-word "^T" show; print ready > ./shown'
for line in "$@"; do
  until [[ -s shown ]]; do sleep 0.02; done
  rm shown
  zpty -w -n shell "client-control $line"$'\t\x14'
  until [[ -s shown ]]; do sleep 0.02; done
  cat shown
done
zpty -d shell
`;

describe('the command line is completed', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'completion-'));
    for (const shell of ['bash', 'zsh', 'fish'])
      writeFileSync(join(folder, shell), execFileSync(process.execPath, [PROGRAM, 'completion', shell]));
    writeFileSync(join(folder, 'type'), TYPE_IN_ZSH);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (shell: string, ...words: readonly string[]): string[] =>
    execFileSync(shell, words, {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, TERM: 'dumb' },
      encoding: 'utf8',
      timeout: 20_000,
    })
      .trimEnd()
      .split('\n');

  it('by bash', () => {
    const complete = (...words: readonly string[]): string[] =>
      run(
        'bash',
        '-c',
        `source ./bash; COMP_WORDS=(client-control "$@"); COMP_CWORD=$#; _client_control; printf '%s\\n' "\${COMPREPLY[@]}"`,
        'bash',
        ...words,
      );
    expect(complete('ki')).toEqual(['kick']);
    expect(complete('standing', 's')).toEqual(['show', 'set']);
    expect(complete('find', '-o', '')).toEqual(['table', 'json', 'ndjson', 'csv']);
    expect(complete('kick', 'a', '--per')).toEqual(['--per-second']);
  });

  it('by zsh', () => {
    const lines = ['ki', 'standing se', 'find -o nd', 'find --output nd', 'kick a --per'];
    expect(run('zsh', '-f', 'type', ...lines).map((line) => line.trimEnd())).toEqual([
      'client-control kick',
      'client-control standing set',
      'client-control find -o ndjson',
      'client-control find --output ndjson',
      'client-control kick a --per-second',
    ]);
  });

  it('by fish', () => {
    const complete = (line: string): (string | undefined)[] =>
      run('fish', '-N', '-c', 'source ./fish; complete -C "client-control $argv"', line).map(
        (found) => found.split('\t')[0],
      );
    expect(complete('ki')).toEqual(['kick']);
    expect(complete('standing s')).toEqual(['set', 'show']);
    expect(complete('find -o ')).toEqual(['csv', 'json', 'ndjson', 'table']);
    expect(complete('kick a --per')).toEqual(['--per-second']);
  });
});

import { Option, type Command } from 'commander';
import type { Selection } from '../../src/index.js';
import { UsageError } from '../exit-code.js';

/** Which clients, as options. */
export interface SelectionOptions {
  readonly clientid?: string;
  readonly username?: string;
  readonly address?: string;
  readonly connected?: boolean;
  readonly protocolVersion?: 'v3.1' | 'v3.1.1' | 'v5';
  readonly connectedBefore?: string;
  readonly connectedAfter?: string;
}

/** Gives a command the filters of the API. */
export function withSelectionOptions(command: Command): Command {
  return command
    .option(
      '--clientid <pattern>',
      'clients whose id matches: * any characters, ? one, \\ before a literal one',
    )
    .option('--username <pattern>', 'clients whose user name matches; <anonymous> for those without one')
    .option('--address <range>', 'clients of an address, or of a network such as 10.0.0.0/8')
    .addOption(
      new Option('--connected <yes|no>', 'only those that are connected, or are not').argParser(parseYesOrNo),
    )
    .addOption(
      new Option('--protocol-version <version>', 'only those that speak it').choices([
        'v3.1',
        'v3.1.1',
        'v5',
      ]),
    )
    .option('--connected-before <time>', 'only those that are connected since before (RFC 3339 or epoch ms)')
    .option('--connected-after <time>', 'only those that are connected since after');
}

/** The filter that options stand for; undefined where there is none. */
export function selectionOf(options: SelectionOptions): Selection | undefined {
  const { clientid, username, address, connected, protocolVersion, connectedBefore, connectedAfter } =
    options;
  const selection: Selection = {
    ...(clientid !== undefined && { clientid }),
    ...(username !== undefined && { username }),
    ...(address !== undefined && { address }),
    ...(connected !== undefined && { connected }),
    ...(protocolVersion !== undefined && { protocolVersion }),
    ...(connectedBefore !== undefined && { connectedBefore: timeOf(connectedBefore) }),
    ...(connectedAfter !== undefined && { connectedAfter: timeOf(connectedAfter) }),
  };
  return Object.keys(selection).length === 0 ? undefined : selection;
}

function timeOf(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text;
}

function parseYesOrNo(text: string): boolean {
  if (/^(yes|true)$/.test(text)) return true;
  if (/^(no|false)$/.test(text)) return false;
  throw new UsageError(`--connected takes yes or no, not "${text}"`);
}

/** A pattern that stands for one text literally. */
export function literalPattern(text: string): string {
  return text.replace(/[\\*?]/g, '\\$&');
}

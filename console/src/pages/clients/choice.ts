import type { FoundClientInfo } from '@mqtt-client-control/client';
import { keyOf } from './client-rows.js';

/** Whom something is to be done to: ticked rows, or whoever matches the filters. */
export type Choice =
  | { readonly kind: 'rows'; readonly rows: ReadonlyMap<string, FoundClientInfo> }
  | { readonly kind: 'matching'; readonly count: number };

export const NOBODY: Choice = { kind: 'rows', rows: new Map() };

export function countOf(choice: Choice): number {
  return choice.kind === 'rows' ? choice.rows.size : choice.count;
}

export function isChosen(choice: Choice, row: FoundClientInfo): boolean {
  return choice.kind === 'matching' ? row.control !== true : choice.rows.has(keyOf(row));
}

/** Ticks or unticks a row; a row unticked of all that match leaves the others ticked, one by one. */
export function withRow(
  choice: Choice,
  row: FoundClientInfo,
  isOn: boolean,
  listed: readonly FoundClientInfo[],
): Choice {
  const before =
    choice.kind === 'rows'
      ? choice.rows
      : new Map(listed.filter(({ control }) => control !== true).map((each) => [keyOf(each), each]));
  const rows = new Map(before);
  if (isOn) rows.set(keyOf(row), row);
  else rows.delete(keyOf(row));
  return { kind: 'rows', rows };
}

import type { ItemOutcome } from '../../src/index.js';
import type { Column } from '../output/cell.js';

/** How an operation ended, for people. */
export const ITEM_COLUMNS: readonly Column<ItemOutcome>[] = [
  { title: 'INDEX', of: ({ index }) => index },
  { title: 'BROKER', of: ({ broker }) => broker },
  { title: 'CLIENT ID', of: ({ clientid }) => clientid },
  { title: 'ACTION', of: ({ action }) => action },
  { title: 'OUTCOME', of: ({ outcome }) => outcome },
  { title: 'CODE', of: ({ error }) => error?.code },
  {
    title: 'WHY',
    of: ({ error, absent }) => error?.message ?? (absent === true ? 'was not subscribed' : undefined),
  },
];

import type { ControlAction } from '../../access/actions.js';
import { disconnect } from './disconnect.operation.js';
import type { Operation } from './operation.js';
import { subscribe } from './subscribe.operation.js';
import { unsubscribe } from './unsubscribe.operation.js';

/** The operation of every action. Does not compile while one is missing. */
export const OPERATIONS: Readonly<Record<ControlAction, Operation>> = {
  disconnect,
  subscribe,
  unsubscribe,
};

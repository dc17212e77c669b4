import { CONTROL_ACTIONS, type ControlAction } from '../../access/actions.js';
import type { BrokerRef } from '../../broker-gateway/broker-ref.js';
import { GatewayError } from '../../broker-gateway/gateway-error.js';
import { AppError, type ErrorBody } from '../../errors/app-error.js';
import { ERROR_CODES } from '../../errors/error-codes.js';
import { toAppError } from '../../http/to-app-error.js';
import type { JsonObject } from '../../json/json.js';
import type { Operation, OperationBody } from '../operations/operation.js';

/** How an item ended. `not-sent` is a guarantee: it never reached a broker and never will. */
export type ItemOutcome = 'done' | 'failed' | 'not-sent' | 'unknown';

/** How one operation ended. */
export type Ending =
  | {
      readonly outcome: 'done';
      readonly status: number;
      /** What the success has to add. */
      readonly fields?: JsonObject | undefined;
    }
  | { readonly outcome: Exclude<ItemOutcome, 'done'>; readonly status: number; readonly error: ErrorBody };

/** What is known of an item, whatever becomes of it. */
export interface ItemHead {
  readonly index: number;
  readonly broker: string | undefined;
  readonly clientid: string | undefined;
  readonly action: string | undefined;
}

/** An item, and what hangs on it. */
interface ChainedItem extends ItemHead {
  /** What is to be done to the same client next, if this succeeds. */
  readonly next?: BulkItem | undefined;
}

/** An item that can be carried out. */
export interface ReadyItem extends ChainedItem {
  readonly kind: 'ready';
  readonly clientid: string;
  readonly action: ControlAction;
  readonly operation: Operation;
  readonly body: OperationBody;
  /** Where; several when the item says "wherever the client is". */
  readonly brokers: readonly BrokerRef[];
}

/** An item that is refused before anything is sent. */
export interface RefusedItem extends ChainedItem {
  readonly kind: 'refused';
  readonly topic?: string | undefined;
  readonly ending: Ending;
}

export type BulkItem = ReadyItem | RefusedItem;

/** How many items ended how. */
export class Summary {
  done = 0;
  failed = 0;
  notSent = 0;
  unknown = 0;

  count(outcome: ItemOutcome): void {
    switch (outcome) {
      case 'done':
        this.done += 1;
        return;
      case 'failed':
        this.failed += 1;
        return;
      case 'not-sent':
        this.notSent += 1;
        return;
      case 'unknown':
        this.unknown += 1;
        return;
      default:
        outcome satisfies never;
    }
  }

  toJSON(): Readonly<Record<'total' | 'done' | 'failed' | 'notSent' | 'unknown', number>> {
    const { done, failed, notSent, unknown } = this;
    return { total: done + failed + notSent + unknown, done, failed, notSent, unknown };
  }
}

/** How an operation ended that threw. Knows what a single call would answer. */
export function failedWith(error: unknown, requestId: string): Extract<Ending, { error: ErrorBody }> {
  const body = bodyOf(error, requestId);
  return { outcome: outcomeOf(body), status: body.status, error: body };
}

/** Makes an ending out of a code, for what is refused here. */
export function refused(
  error: AppError,
  outcome?: 'failed' | 'not-sent',
): Extract<Ending, { error: ErrorBody }> {
  const body = error.toBody();
  return { outcome: outcome ?? outcomeOf(body), status: body.status, error: body };
}

/** No stack is taken of what brokers answer by the thousand. */
function bodyOf(error: unknown, requestId: string): ErrorBody {
  if (!(error instanceof GatewayError)) return toAppError(error, requestId).toBody();
  const { code, message, info } = error;
  const { status } = ERROR_CODES[code];
  return info === undefined ? { message, code, status } : { message, code, status, info };
}

function outcomeOf({ code, info }: ErrorBody): 'failed' | 'not-sent' | 'unknown' {
  if (info?.outcome === 'not-sent' || info?.outcome === 'unknown') return info.outcome;
  // Nothing was sent, and the same may well succeed later.
  return code === 'BROKER_BUSY' || code === 'SHUTTING_DOWN' ? 'not-sent' : 'failed';
}

/** Encodes items' entries as JSON, in pieces: to join those of many at once costs less than to make a text of each. */
export class ItemEncoder {
  #broker: string | undefined;
  #brokerMember = '';

  /** Adds the pieces of an entry to `pieces`. */
  add(pieces: (string | number)[], { index, broker, clientid, action }: ItemHead, ending: Ending): void {
    if (broker !== this.#broker) {
      this.#broker = broker;
      this.#brokerMember = broker === undefined ? '' : `,"broker":${JSON.stringify(broker)}`;
    }
    pieces.push('{"index":', index, this.#brokerMember);
    if (clientid !== undefined) pieces.push(',"clientid":', JSON.stringify(clientid));
    pieces.push(action === undefined ? '' : actionMember(action), tailOf(ending));
  }
}

/** One item's entry as JSON. */
export function encodeItem(item: ItemHead, ending: Ending): string {
  const pieces: (string | number)[] = [];
  new ItemEncoder().add(pieces, item, ending);
  return pieces.join('');
}

const ACTION_MEMBERS: ReadonlyMap<string, string> = new Map(
  CONTROL_ACTIONS.map((action) => [action, `,"action":"${action}"`]),
);

function actionMember(action: string): string {
  return ACTION_MEMBERS.get(action) ?? `,"action":${JSON.stringify(action)}`;
}

function tailOf(ending: Ending): string {
  const isPlain = ending.outcome === 'done' && ending.fields === undefined;
  // Most items end so.
  if (isPlain && ending.status === 204) return DONE_204;
  return `,"outcome":"${ending.outcome}","status":${ending.status}${restOf(ending)}`;
}

const DONE_204 = ',"outcome":"done","status":204}';

function restOf(ending: Ending): string {
  if (ending.outcome !== 'done') return `,"error":${JSON.stringify(ending.error)}}`;
  return ending.fields === undefined ? '}' : `,${JSON.stringify(ending.fields).slice(1)}`;
}

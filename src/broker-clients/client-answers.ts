import { isJsonObject } from '../json/json.js';
import type { CommandData } from '../broker-gateway/protocol/control-protocol.js';
import { invalidAnswer } from '../broker-gateway/gateway-error.js';

/** A client as its broker describes it. Any field may be missing; none is added or changed. */
export type ClientFields = Readonly<Record<string, unknown>>;

/** A part of a broker's list of clients. */
export interface ClientPage {
  readonly clients: readonly ClientFields[];
  /** How many clients there are in all; undefined if the broker does not tell. */
  readonly totalCount: number | undefined;
}

/**
 * Reads the answer to `listClients`.
 *
 * @throws {GatewayError} `BROKER_ERROR` when it holds no list of clients
 */
export function readClientPage({ clients, totalCount }: CommandData): ClientPage {
  if (!Array.isArray(clients) || !clients.every(isJsonObject)) {
    throw invalidAnswer('the answer holds no list of clients');
  }
  const isCount = typeof totalCount === 'number' && Number.isSafeInteger(totalCount) && totalCount >= 0;
  return { clients, totalCount: isCount ? totalCount : undefined };
}

/**
 * Reads the answer to `getClient`.
 *
 * @throws {GatewayError} `BROKER_ERROR` when it describes no client
 */
export function readClient(data: CommandData): ClientFields {
  if (Object.keys(data).length === 0) throw invalidAnswer('the answer describes no client');
  return data;
}

/** A part of the list that our own endpoint walks through, and where to go on; null at the end. */
export interface CursorPage extends ClientPage {
  readonly next: string | null;
}

/**
 * Reads the answer of our own endpoint to `listClients`.
 *
 * @throws {GatewayError} `BROKER_ERROR` when it holds no list of clients
 */
export function readCursorPage(data: CommandData): CursorPage {
  const { cursor } = data;
  return { ...readClientPage(data), next: typeof cursor === 'string' && cursor !== '' ? cursor : null };
}

import { Injectable } from '@nestjs/common';
import { isAllowed, type Caller } from '../access/caller.js';
import { BrokerClients, type ClientQuery } from '../broker-clients/broker-clients.js';
import type { ClientFields, ClientPage } from '../broker-clients/client-answers.js';
import type { BrokerRef } from '../broker-gateway/broker-ref.js';
import { GatewayError } from '../broker-gateway/gateway-error.js';
import { viewOf } from './client-views.js';
import { EncodedList } from './encoded-list.js';

/** Which clients of the list a caller wants. */
export interface ListRequest extends ClientQuery {
  readonly offset: number;
  /** -1 means all. */
  readonly count: number;
}

/** A list, and how many clients there are in all (with a filter: how many match), where that is known. */
export interface List {
  readonly clients: EncodedList;
  readonly totalCount: number | undefined;
}

/**
 * Reads what a broker knows of its clients.
 *
 * Without a filter the broker does the paging, and `offset` and `count` count all clients of its list, also those that the
 * caller is not shown; with one they count the clients that match. All methods throw what {@link BrokerClients} throws.
 */
@Injectable()
export class ClientInspectService {
  readonly #clients: BrokerClients;

  constructor(clients: BrokerClients) {
    this.#clients = clients;
  }

  /** @param isWanted asked between two pages; when it says no, the rest is not asked for */
  async list(
    caller: Caller,
    broker: BrokerRef,
    request: ListRequest,
    isWanted: () => boolean,
  ): Promise<List> {
    const { skip, take } = cutOf(request);
    const clients = await EncodedList.begin(this.#pages(caller, broker, request), skip, take, isWanted);
    return { clients, totalCount: isPlain(request) ? clients.totalCount : clients.matchCount };
  }

  /** The clients of a list, in pages. */
  async *stream(
    caller: Caller,
    broker: BrokerRef,
    request: ListRequest,
  ): AsyncGenerator<readonly ClientFields[], void> {
    const { skip, take } = cutOf(request);
    let toSkip = skip;
    let toTake = take === -1 ? Number.POSITIVE_INFINITY : take;
    for await (const { clients } of this.#pages(caller, broker, request)) {
      const wanted = clients.slice(toSkip, toSkip + toTake);
      toSkip = Math.max(0, toSkip - clients.length);
      toTake -= wanted.length;
      yield wanted;
      if (toTake === 0) return;
    }
  }

  /**
   * Describes one client.
   *
   * @throws {GatewayError} `CLIENT_NOT_FOUND`, also for a control connection that the caller may not see
   */
  async get(caller: Caller, broker: BrokerRef, clientid: string): Promise<ClientFields> {
    const client = await this.#clients.get(broker, clientid);
    if (this.#clients.isControl(broker, { ...client, clientid }) && !mayControl(caller, broker)) {
      throw new GatewayError('CLIENT_NOT_FOUND', 'The broker knows no client with this id', { clientid });
    }
    return client;
  }

  async *#pages(
    caller: Caller,
    broker: BrokerRef,
    { offset, count, ...query }: ListRequest,
  ): AsyncGenerator<ClientPage, void> {
    const view = viewOf(this.#clients, broker, query, mayControl(caller, broker));
    if (!isPlain(query)) {
      for await (const { clients } of this.#clients.walk(broker, view.query)) {
        yield { clients: view.show(clients), totalCount: undefined };
      }
    } else {
      for await (const page of this.#clients.pages(broker, offset, count)) {
        yield { ...page, clients: view.show(page.clients) };
      }
    }
  }
}

/** Whether the broker's own paging says it all. */
function isPlain({ filter, fields }: ClientQuery): boolean {
  return filter === undefined && fields === undefined;
}

/** Which of the clients that are found to list; -1 means all. The broker's own paging has left out the others already. */
function cutOf({ offset, count, ...query }: ListRequest): { readonly skip: number; readonly take: number } {
  return isPlain(query) ? { skip: 0, take: -1 } : { skip: offset, take: count };
}

function mayControl(caller: Caller, { projectId, brokerId }: BrokerRef): boolean {
  return isAllowed(caller, { role: 'editor', project: projectId, broker: brokerId });
}

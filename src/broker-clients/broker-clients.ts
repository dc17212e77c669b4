import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import type { BrokerRef } from '../broker-gateway/broker-ref.js';
import { GatewayError, invalidAnswer } from '../broker-gateway/gateway-error.js';
import type { RequestOptions } from '../broker-gateway/requests/control-request.js';
import { compileClientFilter, type ClientFilter } from '../mqtt-strings/client-filter.js';
import {
  readClient,
  readClientPage,
  readCursorPage,
  type ClientFields,
  type ClientPage,
} from './client-answers.js';
import { needFull, pick } from './client-fields.js';
import { clientPages, MAX_PAGES, PAGE_SIZE, type RequestPage } from './pro-pages.js';

/** Which clients of a broker, and how much of each. */
export interface ClientQuery {
  /** All clients without one. */
  readonly filter?: ClientFilter | undefined;
  /** Names of fields; all that a list has without. The client id is always there. */
  readonly fields?: readonly string[] | undefined;
}

/** Where to begin, and how to ask. */
export interface WalkOptions extends RequestOptions {
  /** {@link WalkedPage.next} of an earlier page; from the beginning without. */
  readonly from?: string | undefined;
  /** Most clients that one page may hold, up to 1,000. */
  readonly pageSize?: number;
}

/** A part of what a walk finds. */
export interface WalkedPage {
  readonly clients: readonly ClientFields[];
  /** Where to go on; null when the walk is over. */
  readonly next: string | null;
}

/**
 * Asks a broker which clients it has. Filters are applied by the broker where it has our own endpoint; there a client that
 * stays is neither skipped nor repeated, however many come and go. Of other brokers all clients are read and the filter is
 * applied here; clients that come and go meanwhile may then be missing.
 *
 * All throw what {@link BrokerGateway.request} throws.
 */
@Injectable()
export class BrokerClients {
  readonly #gateway: BrokerGateway;

  constructor(gateway: BrokerGateway) {
    this.#gateway = gateway;
  }

  /**
   * The broker's own paging, without a filter: `count` clients of its list from `offset` on, or as many as there are.
   *
   * @param count -1 means all
   */
  pages(broker: BrokerRef, offset: number, count: number): AsyncGenerator<ClientPage, void> {
    return clientPages(this.#proPage(broker), offset, count === -1 ? undefined : count);
  }

  /**
   * Describes one client in full.
   *
   * @throws {GatewayError} `CLIENT_NOT_FOUND`
   */
  async get(broker: BrokerRef, clientid: string): Promise<ClientFields> {
    const api = (await this.#canWalk(broker)) ? 'extension' : 'clientInspect';
    return readClient(await this.#gateway.request(broker, api, { command: 'getClient', clientid }));
  }

  /** Whether the client is a connection that may itself command the broker; such clients are left alone and not shown to all. */
  isControl(broker: BrokerRef, { clientid, control }: ClientFields): boolean {
    return control === true || (typeof clientid === 'string' && this.#gateway.isOwn(broker, clientid));
  }

  /**
   * Walks through the clients that match, in bounded pages; others have their turn between two of them. A page may hold fewer
   * than it may, even none: the walk is over where `next` is null, and only there.
   */
  async *walk(
    broker: BrokerRef,
    query: ClientQuery,
    options: WalkOptions = {},
  ): AsyncGenerator<WalkedPage, void> {
    const { from } = options;
    const isOurs = from === undefined ? await this.#canWalk(broker) : from.startsWith('c');
    yield* isOurs ? this.#walkExtension(broker, query, options) : this.#walkPro(broker, query, options);
  }

  async #canWalk(broker: BrokerRef): Promise<boolean> {
    return (await this.#gateway.capabilitiesKnown(broker)).extension?.features.inspect === true;
  }

  async *#walkExtension(
    broker: BrokerRef,
    { filter, fields }: ClientQuery,
    { from, pageSize = PAGE_SIZE, ...options }: WalkOptions,
  ): AsyncGenerator<WalkedPage, void> {
    let cursor = from?.slice(1);
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const { clients, next } = readCursorPage(
        await this.#gateway.request(
          broker,
          'extension',
          {
            command: 'listClients',
            limit: pageSize,
            ...(filter !== undefined && { filter }),
            ...(fields !== undefined && { fields, ...(needFull(fields) && { verbose: true }) }),
            ...(cursor !== undefined && { cursor }),
          },
          options,
        ),
      );
      if (next === cursor) throw invalidAnswer('the list of clients does not go on');
      yield { clients, next: next === null ? null : `c${next}` };
      if (next === null) return;
      cursor = next;
      await nextTurn();
    }
    throw invalidAnswer('the list of clients does not end');
  }

  async *#walkPro(
    broker: BrokerRef,
    { filter, fields }: ClientQuery,
    { from, pageSize = PAGE_SIZE, ...options }: WalkOptions,
  ): AsyncGenerator<WalkedPage, void> {
    const compiled = filter === undefined ? undefined : compileClientFilter(filter);
    const show = (client: ClientFields): ClientFields =>
      fields === undefined ? client : pick(client, fields);
    if (compiled?.onlyClientId !== undefined) {
      const found = await this.#find(broker, compiled.onlyClientId, options);
      yield { clients: found !== undefined && compiled.matches(found) ? [show(found)] : [], next: null };
      return;
    }
    let offset = from === undefined ? 0 : Number(from.slice(1));
    for await (const { clients, isLast } of clientPages(this.#proPage(broker, options), offset)) {
      // A page of the broker holds some that match; those are handed on in pages of the size asked for.
      let matching: ClientFields[] = [];
      for (const client of clients) {
        offset += 1;
        if (compiled === undefined || compiled.matches(client)) matching.push(show(client));
        if (matching.length === pageSize) {
          yield { clients: matching, next: `o${offset}` };
          matching = [];
        }
      }
      yield { clients: matching, next: isLast ? null : `o${offset}` };
    }
  }

  async #find(
    broker: BrokerRef,
    clientid: string,
    options: RequestOptions,
  ): Promise<ClientFields | undefined> {
    try {
      const command = { command: 'getClient', clientid };
      return readClient(await this.#gateway.request(broker, 'clientInspect', command, options));
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'CLIENT_NOT_FOUND') return undefined;
      throw error;
    }
  }

  #proPage(broker: BrokerRef, options?: RequestOptions): RequestPage {
    return async (offset, count) =>
      readClientPage(
        await this.#gateway.request(
          broker,
          'clientInspect',
          { command: 'listClients', verbose: true, count, offset },
          options,
        ),
      );
  }
}

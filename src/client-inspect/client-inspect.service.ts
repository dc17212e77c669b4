import { Injectable } from '@nestjs/common';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import { type BrokerRef } from '../broker-gateway/broker-ref.js';
import { readClient, readClientPage, type ClientFields } from './client-answers.js';
import { toClientTest, type ClientFilter } from './client-filter.js';
import { EncodedClients } from './encoded-clients.js';
import { clientPages, PAGE_SIZE, type RequestPage } from './client-pages.js';

/** Which clients of the list a caller wants. */
export interface ListRequest extends ClientFilter {
  readonly offset: number;
  /** -1 means all. */
  readonly count: number;
}

/**
 * Reads what a broker knows of its clients, over its inspect API.
 *
 * Without a filter the broker does the paging. The inspect API has no filters: those are applied here, and `offset` and
 * `count` then count the clients that match. Both methods throw what {@link BrokerGateway.request} throws.
 */
@Injectable()
export class ClientInspectService {
  readonly #gateway: BrokerGateway;

  constructor(gateway: BrokerGateway) {
    this.#gateway = gateway;
  }

  /**
   * Lists clients. Asks the broker for at most {@link PAGE_SIZE} at once.
   *
   * @param isWanted asked between two pages; when it says no, the rest is not asked for
   */
  async list(
    broker: BrokerRef,
    { offset, count, ...filter }: ListRequest,
    isWanted: () => boolean,
  ): Promise<EncodedClients> {
    const request: RequestPage = async (from, limit) =>
      readClientPage(
        await this.#gateway.request(broker, 'clientInspect', {
          command: 'listClients',
          verbose: true,
          count: limit,
          offset: from,
        }),
      );
    const test = toClientTest(filter);
    if (test === undefined && count !== -1 && count <= PAGE_SIZE) {
      const { clients, totalCount } = await request(offset, count);
      return new EncodedClients(0, -1).add(clients).withTotal(totalCount);
    }
    // With a filter, what the caller skips must be looked at too.
    const list = new EncodedClients(test === undefined ? 0 : offset, count);
    for await (const { clients, totalCount } of clientPages(request, test === undefined ? offset : 0)) {
      list.add(test === undefined ? clients : clients.filter(test));
      if (test === undefined) list.withTotal(totalCount);
      if (list.isFull || !isWanted()) return list;
    }
    return test === undefined ? list : list.withTotal(list.offered);
  }

  /**
   * Describes one client.
   *
   * @throws {GatewayError} `CLIENT_NOT_FOUND`
   */
  async get(broker: BrokerRef, clientid: string): Promise<ClientFields> {
    return readClient(
      await this.#gateway.request(broker, 'clientInspect', { command: 'getClient', clientid }),
    );
  }
}

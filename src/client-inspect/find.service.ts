import { Injectable } from '@nestjs/common';
import { isAllowed, type Caller } from '../access/caller.js';
import { BrokerClients, type ClientQuery } from '../broker-clients/broker-clients.js';
import type { ClientFields } from '../broker-clients/client-answers.js';
import { PAGE_SIZE } from '../broker-clients/pro-pages.js';
import { brokerKey, type BrokerRef } from '../broker-gateway/broker-ref.js';
import { invalid } from '../errors/issue.js';
import { toAppError } from '../http/to-app-error.js';
import { ProjectRegistry } from '../registry/project-registry.js';
import { BrokerSearch } from './broker-search.js';
import { viewOf } from './client-views.js';
import { decodeCursor, encodeCursor } from './find-cursor.js';

/** Brokers that are asked at the same time. */
const SIDE_BY_SIDE = 16;

/** A client, and where it is. */
export type FoundClient = ClientFields & { readonly project: string; readonly broker: string };

/** A broker whose clients are not in the answer, and why. */
export interface NotAnswered {
  readonly project: string;
  readonly broker: string;
  readonly code: string;
  readonly message: string;
}

/** What a search found. */
export interface Found {
  readonly clients: readonly FoundClient[];
  readonly notAnswered: readonly NotAnswered[];
  /** Where to go on; undefined when that is all. */
  readonly cursor: string | undefined;
}

/** A part of a streamed search: some clients, or a broker that fell out. */
export type FoundPart = { readonly clients: readonly FoundClient[] } | { readonly notAnswered: NotAnswered };

/** Looks for clients on several brokers side by side; one that is down, slow or cannot list never hides what the others have. */
@Injectable()
export class FindService {
  readonly #clients: BrokerClients;
  readonly #registry: ProjectRegistry;

  constructor(clients: BrokerClients, registry: ProjectRegistry) {
    this.#clients = clients;
    this.#registry = registry;
  }

  /** The brokers that the caller may see, of a project or of all, in the order of the configuration. */
  brokers(caller: Caller, project?: string): BrokerRef[] {
    return this.#registry.projects
      .filter(({ id }) => project === undefined || id === project)
      .flatMap(({ id: projectId, brokers }) => brokers.map(({ id: brokerId }) => ({ projectId, brokerId })))
      .filter(({ projectId, brokerId }) =>
        isAllowed(caller, { role: 'viewer', project: projectId, broker: brokerId }),
      );
  }

  /**
   * The first `limit` clients that match, broker after broker. The brokers are asked side by side, each for one page of what
   * matches; for more when it is known that there is room for it.
   *
   * @param isWanted asked between two pages; when it says no, the rest is not asked for
   * @param cursor of the answer before
   * @throws {AppError} `INVALID` for a cursor that is none, or whose broker is gone
   */
  async find(
    caller: Caller,
    brokers: readonly BrokerRef[],
    query: ClientQuery,
    limit: number,
    isWanted: () => boolean,
    cursor?: string,
  ): Promise<Found> {
    const start = cursor === undefined ? undefined : decodeCursor(cursor);
    const first = start === undefined ? 0 : brokers.findIndex((broker) => brokerKey(broker) === start.broker);
    if (first === -1) throw invalid([{ path: 'cursor', message: 'names a broker that is no longer there' }]);
    const left = brokers.slice(first);
    const clients: FoundClient[] = [];
    const notAnswered: NotAnswered[] = [];
    const found = (next?: string): Found => ({ clients, notAnswered, cursor: next });
    let isOpen = true;
    const isNeeded = (): boolean => isOpen && isWanted();
    try {
      for (let index = 0; index < left.length; index += SIDE_BY_SIDE) {
        const round = left.slice(index, index + SIDE_BY_SIDE).map((broker, at) => {
          const search = this.#search(caller, broker, query, index + at === 0 ? start?.from : undefined);
          return { broker, search, begun: search.readTo(Math.min(PAGE_SIZE, limit), isNeeded) };
        });
        for (const { broker, search, begun } of round) {
          await begun;
          await search.readTo(limit - clients.length, isNeeded);
          if (search.failure !== undefined) {
            notAnswered.push(notAnsweredBy(broker, search.failure));
            continue;
          }
          clients.push(...search.clients.map((client) => located(broker, client)));
          if (search.next !== null)
            return found(encodeCursor({ broker: brokerKey(broker), from: search.next }));
        }
      }
      return found();
    } finally {
      isOpen = false;
    }
  }

  /** Every client that matches, as the brokers tell them. */
  async *stream(
    caller: Caller,
    brokers: readonly BrokerRef[],
    query: ClientQuery,
  ): AsyncGenerator<FoundPart, void> {
    const waiting = [...brokers];
    const walks = new Map<AsyncGenerator<FoundPart, void>, Promise<Step>>();
    const advance = (walk: AsyncGenerator<FoundPart, void>): void => {
      walks.set(
        walk,
        walk.next().then(({ done, value }) => ({ walk, part: done === true ? undefined : value })),
      );
    };
    try {
      for (;;) {
        while (walks.size < SIDE_BY_SIDE) {
          const broker = waiting.shift();
          if (broker === undefined) break;
          advance(this.#walk(caller, broker, query));
        }
        if (walks.size === 0) return;
        const { walk, part } = await Promise.race(walks.values());
        if (part === undefined) walks.delete(walk);
        else {
          yield part;
          advance(walk);
        }
      }
    } finally {
      for (const walk of walks.keys()) void walk.return();
    }
  }

  async *#walk(caller: Caller, broker: BrokerRef, query: ClientQuery): AsyncGenerator<FoundPart, void> {
    const view = this.#view(caller, broker, query);
    try {
      for await (const { clients } of this.#clients.walk(broker, view.query, { lane: 'bulk' })) {
        yield { clients: view.show(clients).map((client) => located(broker, client)) };
      }
    } catch (error) {
      yield { notAnswered: notAnsweredBy(broker, error) };
    }
  }

  #search(caller: Caller, broker: BrokerRef, query: ClientQuery, start: string | undefined): BrokerSearch {
    const view = this.#view(caller, broker, query);
    return new BrokerSearch(async (from, pageSize) => {
      const walk = this.#clients.walk(broker, view.query, { from, pageSize });
      const { value } = await walk.next();
      await walk.return();
      return { clients: view.show(value?.clients ?? []), next: value?.next ?? null };
    }, start);
  }

  #view(caller: Caller, broker: BrokerRef, query: ClientQuery): ReturnType<typeof viewOf> {
    const { projectId: project, brokerId } = broker;
    const maySeeControl = isAllowed(caller, { role: 'editor', project, broker: brokerId });
    return viewOf(this.#clients, broker, query, maySeeControl);
  }
}

interface Step {
  readonly walk: AsyncGenerator<FoundPart, void>;
  readonly part: FoundPart | undefined;
}

function located({ projectId, brokerId }: BrokerRef, client: ClientFields): FoundClient {
  return { project: projectId, broker: brokerId, ...client };
}

/** What is said of a broker that did not answer. */
function notAnsweredBy({ projectId, brokerId }: BrokerRef, error: unknown): NotAnswered {
  const { code, message } = toAppError(error, '');
  return { project: projectId, broker: brokerId, code, message };
}

import { CutOffError } from '../errors/api-error.js';
import type { FindClientsData, FoundClientInfo, NotAnsweredBroker } from '../generated/types.gen.js';
import { NDJSON, readLines } from '../http/read-lines.js';
import { queryString, targetPath, type Transport } from '../http/transport.js';

/** Which clients; several must all hold. `limit`: at most so many; without it, all. */
export type ClientQuery = Omit<NonNullable<FindClientsData['query']>, 'cursor'>;

/** What to know of a list as a whole. */
export interface ListEnd {
  /** How many clients it had. */
  readonly clients: number;
  /** Brokers that did not tell; theirs are missing. */
  readonly notAnswered: readonly NotAnsweredBroker[];
  /** `true`: there are more than `limit`. */
  readonly truncated?: boolean;
}

/** Where to look: everywhere, in a project, or on one broker. */
export type Whereabouts =
  | { readonly projectId?: string | undefined; readonly brokerId?: undefined }
  | { readonly projectId: string; readonly brokerId: string };

/**
 * Clients, one by one as they come in: any number in flat memory. Reads no faster than it is read. To be read once.
 *
 * @example for await (const client of list) console.log(client.clientid);
 */
export class ClientList implements AsyncIterable<FoundClientInfo> {
  readonly #transport: Transport;
  readonly #where: Whereabouts;
  readonly #query: ClientQuery;
  readonly #signal: AbortSignal | undefined;
  #end: ListEnd | undefined;

  constructor(transport: Transport, where: Whereabouts, query: ClientQuery, signal?: AbortSignal) {
    this.#transport = transport;
    this.#where = where;
    this.#query = query;
    this.#signal = signal;
  }

  /** What to know of the whole; undefined until it was read to its end. */
  get end(): ListEnd | undefined {
    return this.#end;
  }

  /**
   * @throws {ApiError} when the service refuses
   * @throws {CutOffError} when the connection breaks, or a broker fails halfway
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<FoundClientInfo, void> {
    for await (const clients of this.pages()) yield* clients;
  }

  /** The same in groups, as they come in: cheaper where there are very many. */
  async *pages(): AsyncGenerator<readonly FoundClientInfo[], void> {
    const response = await this.#transport.open(this.#path(), {
      headers: { Accept: NDJSON },
      ...(this.#signal && { signal: this.#signal }),
    });
    for await (const lines of readLines(response, this.#signal)) {
      const last = lines.at(-1);
      const isLast = isEnd(last);
      const clients = (isLast
        ? lines.slice(0, -1)
        : lines) as readonly unknown[] as readonly FoundClientInfo[];
      if (clients.length > 0) yield this.#named(clients);
      if (isLast) this.#end = last;
    }
    if (this.#end === undefined) throw new CutOffError();
  }

  #path(): string {
    const { projectId, brokerId } = this.#where;
    const { limit, ...query } = this.#query;
    if (projectId === undefined) return `clients${queryString({ ...query, limit })}`;
    if (brokerId === undefined)
      return `${targetPath({ projectId })}/clients${queryString({ ...query, limit })}`;
    return `${targetPath({ projectId, brokerId })}/client-inspect${queryString({ ...query, count: limit })}`;
  }

  /** A broker's own list does not say whose it is. */
  #named(clients: readonly FoundClientInfo[]): readonly FoundClientInfo[] {
    const { projectId: project, brokerId: broker } = this.#where;
    if (project === undefined || broker === undefined) return clients;
    return clients.map((client) => ({ ...client, project, broker }));
  }
}

function isEnd(line: unknown): line is ListEnd {
  return typeof line === 'object' && line !== null && 'end' in line && line.end === true;
}

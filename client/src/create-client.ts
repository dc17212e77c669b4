import { BulkCall, type BulkOptions, type Work } from './bulk/bulk-call.js';
import type { SelectionWork } from './bulk/operation.js';
import { ClientList, type ClientQuery, type Whereabouts } from './clients/client-list.js';
import { ApiError, UnexpectedAnswerError } from './errors/api-error.js';
import { errorOfAnswer, errorOfFetch } from './errors/read-error.js';
import { listen, type ListenOptions } from './events/event-stream.js';
import type { ServiceEvent } from './events/service-event.js';
import { createClient as createHttpClient, createConfig, type Client } from './generated/client/index.js';
import { Operations } from './generated/sdk.gen.js';
import type { DryRunAnswer } from './generated/types.gen.js';
import { Transport, type ClientOptions, type Target } from './http/transport.js';

/**
 * The service, as a program sees it: each operation of the API as a method, and those that are streams as iterators.
 *
 * Methods resolve with `{ data, response }` when it was done, `response` being that of `fetch`.
 *
 * @throws {ApiError} from all of them, when the service refuses or fails
 * @throws {ConnectionError} when it is not reached
 */
export class ControlClient extends Operations {
  readonly #transport: Transport;

  /** @throws {TypeError} when `url` is no address of a service */
  constructor(options: ClientOptions) {
    const transport = new Transport(options);
    super({ client: httpClient(transport) });
    this.#transport = transport;
  }

  /** Clients one by one, any number of them: everywhere, in a project, or on one broker. */
  clients(where: Whereabouts = {}, query: ClientQuery = {}, signal?: AbortSignal): ClientList {
    return new ClientList(this.#transport, where, query, signal);
  }

  /** Whom a selection would concern; does nothing. Its `selection` given to {@link bulk}, the call does it to exactly those. */
  async preview(
    target: Target,
    { select, actions }: SelectionWork,
    signal?: AbortSignal,
  ): Promise<DryRunAnswer> {
    const { projectId, brokerId } = target;
    const more = {
      body: { select, actions: [...actions], dryRun: true },
      ...(signal && { signal }),
    };
    const { data } =
      brokerId === undefined
        ? await this.bulkOnProject({ path: { projectId }, ...more })
        : await this.bulkOnBroker({ path: { projectId, brokerId }, ...more });
    return data as DryRunAnswer;
  }

  /** Operations on many clients, on one broker or over a project. Nothing happens before it is iterated over. */
  bulk(target: Target, work: Work, options: BulkOptions = {}): BulkCall {
    return new BulkCall(this.#transport, target, work, options);
  }

  /** What happens on a broker or in a project, as it happens, until one stops listening. */
  events(target: Target, options?: ListenOptions): AsyncGenerator<ServiceEvent, void> {
    return listen(this.#transport, target, options);
  }
}

/**
 * Makes a client. It holds no connection and needs no closing.
 *
 * @example
 * const client = createClient({ url: 'http://127.0.0.1:3000', token: 'demo-token' });
 * await client.disconnectClient({ path: { projectId: 'demo', brokerId: 'embedded' }, body: { clientid: 'sensor-1' } });
 */
export function createClient(options: ClientOptions): ControlClient {
  return new ControlClient(options);
}

/** The generated client, made to throw our errors. */
function httpClient(transport: Transport): Client {
  const client = createHttpClient(
    createConfig({
      baseUrl: transport.url,
      auth: () => transport.token(),
      fetch: transport.fetch,
      redirect: 'error',
      throwOnError: true,
    }),
  );
  client.interceptors.response.use((response) => {
    const type = response.headers.get('Content-Type') ?? '';
    if (response.ok && response.status !== 204 && !/^(application\/json|text\/plain)\b/.test(type))
      throw new UnexpectedAnswerError(
        'The answer is not one of this service: is the address right?',
        response.status,
      );
    return response;
  });
  client.interceptors.error.use((error, response) =>
    // Absent when there was none.
    (response as Response | undefined) === undefined ? errorOfFetch(error) : errorOfAnswer(response, error),
  );
  return {
    ...client,
    get: guarded(client.get),
    put: guarded(client.put),
    post: guarded(client.post),
    delete: guarded(client.delete),
  };
}

/** A connection that breaks, or text that is no JSON, while a good answer is read. */
function guarded(method: Client['get']): Client['get'] {
  return (async (options) => {
    try {
      return await method(options);
    } catch (error) {
      throw error instanceof ApiError ? error : errorOfFetch(error);
    }
  }) as Client['get'];
}

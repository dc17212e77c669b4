import { Injectable } from '@nestjs/common';
import { isAllowed, type Caller } from '../access/caller.js';
import { Authenticator } from '../auth/authenticator.js';
import type { BrokerRef } from '../broker-gateway/broker-ref.js';
import { AppError } from '../errors/app-error.js';
import { Drain } from '../http/drain.js';
import { ProjectRegistry } from '../registry/project-registry.js';
import { EventHub } from './event-hub.js';
import { EventStream } from './event-stream.js';
import { viewOf, type Wanted } from './event-view.js';

/** Who listens to what. */
export interface ListenRequest extends Wanted {
  readonly caller: Caller;
  /** The `Authorization` header, which is looked at again while the stream goes on. */
  readonly authorization: string | undefined;
  readonly lastEventId: string | undefined;
}

/** How often a stream looks whether its credential and its brokers are still the same. */
const LOOK_AGAIN_MS = 15_000;
/** Streams in one process. */
const MAX_LISTENERS = 5000;
const RETRY_AFTER_S = 15;

/** Opens streams of events, and ends them when their time has come. */
@Injectable()
export class EventsService {
  readonly #hub: EventHub;
  readonly #registry: ProjectRegistry;
  readonly #authenticator: Authenticator;
  readonly #drain: Drain;

  constructor(hub: EventHub, registry: ProjectRegistry, authenticator: Authenticator, drain: Drain) {
    this.#hub = hub;
    this.#registry = registry;
    this.#authenticator = authenticator;
    this.#drain = drain;
  }

  /**
   * Opens a stream. It ends when its reader goes, when the service begins to drain, and at most a quarter of a minute after
   * its credential is no longer accepted or no longer covers what it listens to.
   *
   * @throws {AppError} `TOO_MANY_REQUESTS` when there are too many streams already
   */
  listen(request: ListenRequest): EventStream {
    if (this.#hub.listeners >= MAX_LISTENERS) {
      throw new AppError(
        'TOO_MANY_REQUESTS',
        `There are ${MAX_LISTENERS} streams of events open already`,
        { retryAfterSeconds: RETRY_AFTER_S },
        { 'Retry-After': String(RETRY_AFTER_S) },
      );
    }
    const brokers = this.#brokers(request.caller, request);
    const watches = new Map(brokers.map((ref) => [ref.brokerId, this.#hub.watch(ref)]));
    const head = brokers.map((ref) => `event: broker\ndata: ${this.#hub.stateOf(ref)}\n\n`).join('');
    const view = viewOf(request, request.caller);
    const stream = new EventStream(this.#hub, view, `retry: 1000\n\n${head}`, request.lastEventId);
    const leave = this.#hub.enter();
    const timer = setInterval(() => {
      void this.#lookAgain(request, watches).then((known) => {
        if (known === undefined) stream.end();
        else if (known !== request.caller) stream.view = viewOf(request, known);
      });
    }, LOOK_AGAIN_MS).unref();
    const stop = (): void => stream.end();
    const { signal } = this.#drain;
    // It may have begun while the caller was authenticated.
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    stream.once('close', () => {
      clearInterval(timer);
      signal.removeEventListener('abort', stop);
      leave();
      for (const unwatch of watches.values()) unwatch();
    });
    return stream;
  }

  #brokers(caller: Caller, { project, broker }: Pick<ListenRequest, 'project' | 'broker'>): BrokerRef[] {
    if (!this.#registry.has(project, broker)) return [];
    return this.#registry
      .project(project)
      .brokers.filter(
        ({ id }) =>
          (broker === undefined || id === broker) &&
          isAllowed(caller, { role: 'viewer', project, broker: id }),
      )
      .map(({ id }) => ({ projectId: project, brokerId: id }));
  }

  /** @returns the caller as the credential is now; undefined when it no longer opens this stream */
  async #lookAgain(
    { authorization, project, broker }: ListenRequest,
    watches: Map<string, () => void>,
  ): Promise<Caller | undefined> {
    try {
      const caller = await this.#authenticator.authenticate(authorization);
      if (!isAllowed(caller, { role: 'viewer', project, broker }) || !this.#registry.has(project, broker))
        return undefined;
      for (const ref of this.#brokers(caller, { project, broker }))
        if (!watches.has(ref.brokerId)) watches.set(ref.brokerId, this.#hub.watch(ref));
      return caller;
    } catch {
      return undefined;
    }
  }
}

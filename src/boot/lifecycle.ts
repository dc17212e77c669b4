import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import { Drain } from '../http/drain.js';

/** What is in flight gets this long to finish; with the closing after it well under the 10 s after which orchestrators lose patience. */
const GRACE_MS = 6000;
/** The answers to what then failed get this long to leave, audit trail included. */
const ANSWER_GRACE_MS = 500;

/** Opens the gateway when the application is there, and shuts down in order: refuse new work, finish what is in flight, close MQTT, close HTTP. */
@Injectable()
export class Lifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #gateway: BrokerGateway;
  readonly #drain: Drain;
  readonly #adapterHost: HttpAdapterHost<FastifyAdapter>;

  constructor(gateway: BrokerGateway, drain: Drain, adapterHost: HttpAdapterHost<FastifyAdapter>) {
    this.#gateway = gateway;
    this.#drain = drain;
    this.#adapterHost = adapterHost;
  }

  onApplicationBootstrap(): void {
    this.#gateway.open();
  }

  /** HTTP still listens here, so that new requests get a 503 they can read. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#drain.start(GRACE_MS);
    // Commands that still wait for their broker fail now, while their callers can be told.
    await this.#gateway.close(0);
    await this.#drain.start(ANSWER_GRACE_MS);
    // What is left are idle connections and requests that never arrived completely.
    this.#adapterHost.httpAdapter.getHttpServer().closeAllConnections();
  }
}

import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { BrokerGateway } from './broker-gateway/broker-gateway.js';
import { Drain } from './http/drain.js';

/** Together well under the 10 s after which orchestrators lose patience. */
const HTTP_GRACE_MS = 7000;
const GATEWAY_GRACE_MS = 1000;

/** Opens the gateway when the application is there, and shuts down in order: refuse new work, finish what is in flight, close HTTP, close MQTT. */
@Injectable()
export class Lifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
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
    await this.#drain.start(HTTP_GRACE_MS);
    // What is left are idle connections and requests that never arrived completely.
    this.#adapterHost.httpAdapter.getHttpServer().closeAllConnections();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#gateway.close(GATEWAY_GRACE_MS);
  }
}

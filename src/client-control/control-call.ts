import type { FastifyRequest } from 'fastify';
import type { Caller } from '../access/caller.js';
import { unauthorized } from '../auth/unauthorized.js';
import type { BrokerRef } from '../broker-gateway/broker-ref.js';
import type { RequestRecord } from '../http/request-record.js';

/**
 * One control request: which broker, on whose behalf, the record that the logs are written from, and the way back.
 *
 * Made of `@Req()` in a handler: a parameter decorator of our own would send it through the pipe that validates bodies.
 */
export class ControlCall {
  readonly broker: BrokerRef;
  readonly caller: Caller;
  readonly record: RequestRecord;
  readonly #request: FastifyRequest;

  constructor(request: FastifyRequest) {
    const { record, params } = request;
    if (record.caller === undefined) throw unauthorized('missing');
    this.broker = params as BrokerRef;
    this.caller = record.caller;
    this.record = record;
    this.#request = request;
  }

  /** Whether the caller still waits for the answer. */
  isWanted(): boolean {
    return !this.#request.raw.socket.destroyed;
  }

  setHeaders(headers: Readonly<Record<string, string>>): void {
    void this.#request.exchange.reply.headers(headers);
  }
}

import { Injectable } from '@nestjs/common';
import { AuditTrail } from '../audit/audit-trail.js';
import { isAllowed } from '../access/caller.js';
import { notAllowed } from '../access/not-allowed.js';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import type { ControlCall } from './control-call.js';
import type { Operation, OperationBody } from './operations/operation.js';

/** Runs the operations on a broker's clients. */
@Injectable()
export class ClientControlService {
  readonly #gateway: BrokerGateway;
  readonly #audit: AuditTrail;

  constructor(gateway: BrokerGateway, audit: AuditTrail) {
    this.#gateway = gateway;
    this.#audit = audit;
  }

  /**
   * Runs an operation; resolves when the broker confirmed that it was done.
   *
   * @returns the body of the answer; undefined where it has none
   * @throws {AppError} `NOT_ALLOWED` when the operation needs a role that the caller has not, `SELF_DISCONNECT` for this
   *   service's own connections, `INTERNAL_ERROR` when the audit trail is required and cannot be written, and what
   *   {@link BrokerGateway.request} throws
   */
  async run<Body extends OperationBody>(
    { broker, caller, record }: ControlCall,
    operation: Operation<Body>,
    body: Body,
  ): Promise<object | undefined> {
    record.clientId = body.clientid;
    if (body.topic !== undefined) record.topic = body.topic;
    const role = operation.requiredRole?.(body) ?? 'editor';
    const required = { role, project: broker.projectId, broker: broker.brokerId };
    if (!isAllowed(caller, required)) throw notAllowed(required);
    // Its subscriptions are as vital to the service as its connection, so every operation leaves it alone.
    this.#gateway.guardOwn(broker, body.clientid);
    if (this.#audit.isRequired) await this.#audit.announce(record);
    await this.#gateway.request(broker, 'clientControl', operation.command(body));
    return operation.success.status === 200 ? {} : undefined;
  }
}

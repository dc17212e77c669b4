import { Injectable } from '@nestjs/common';
import { AuditTrail } from '../audit/audit-trail.js';
import { isAllowed } from '../access/caller.js';
import { notAllowed } from '../access/not-allowed.js';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import { GatewayError } from '../broker-gateway/gateway-error.js';
import { Drain } from '../http/drain.js';
import { planCommand } from './command-plan.js';
import type { ControlCall } from './control-call.js';
import type { ClientSight } from './operations/client-sight.js';
import type { Operation, OperationBody } from './operations/operation.js';

/** Runs the operations on a broker's clients. */
@Injectable()
export class ClientControlService {
  readonly #gateway: BrokerGateway;
  readonly #audit: AuditTrail;
  readonly #drain: Drain;

  constructor(gateway: BrokerGateway, audit: AuditTrail, drain: Drain) {
    this.#gateway = gateway;
    this.#audit = audit;
    this.#drain = drain;
  }

  /**
   * Runs an operation; resolves when the broker confirmed that it was done.
   *
   * @returns the body of the answer; undefined where it has none
   * @throws {AppError} `NOT_ALLOWED` when the operation needs a role that the caller has not, `INTERNAL_ERROR` when the
   *   audit trail is required and cannot be written
   * @throws {GatewayError} `SELF_DISCONNECT` for control connections, `NOT_SUPPORTED_BY_BROKER`, both before anything is
   *   sent, and what {@link BrokerGateway.request} throws
   */
  async run<Body extends OperationBody>(
    call: ControlCall,
    operation: Operation<Body>,
    body: Body,
  ): Promise<object | undefined> {
    const { broker, caller, record } = call;
    record.clientId = body.clientid;
    if (body.topic !== undefined) record.topic = body.topic;
    const role = operation.requiredRole?.(body) ?? 'editor';
    const required = { role, project: broker.projectId, broker: broker.brokerId };
    if (!isAllowed(caller, required)) throw notAllowed(required);
    // Its subscriptions are as vital to the service as its connection, so every operation leaves it alone.
    this.#gateway.guardOwn(broker, body.clientid);
    if (this.#audit.isRequired) await this.#audit.announce(record);
    const known = this.#gateway.capabilities(broker);
    // What is known right after a connect may not be all: only what depends on it waits for it.
    const isUnsure =
      !known.isKnown &&
      known.extension === null &&
      (operation.isLessOverProApi?.(known) === true || operation.missing?.(body, known) !== undefined);
    const capabilities = isUnsure ? await this.#gateway.capabilitiesKnown(broker) : known;
    // A plan holds for this turn only: a broker that is not connected now may be in the next, and get what was planned for none.
    const plan = planCommand(operation, body, this.#gateway.isConnected(broker) ? capabilities : undefined);
    const data = await this.#gateway.request(broker, plan.api, plan.command);
    const remark = operation.remark?.(data);
    if (remark !== undefined) call.setHeaders(remark.headers);
    if (operation.success.status === 204) return undefined;
    return (await operation.afterwards?.(body, data, this.#sight(call, body.clientid))) ?? {};
  }

  #sight(call: ControlCall, clientid: string): ClientSight {
    const { broker } = call;
    return {
      look: async () => {
        const { extension } = await this.#gateway.capabilitiesKnown(broker);
        const api = extension?.features.inspect === true ? 'extension' : 'clientInspect';
        try {
          return await this.#gateway.request(broker, api, { command: 'getClient', clientid });
        } catch (error) {
          if (error instanceof GatewayError && error.code === 'CLIENT_NOT_FOUND') return undefined;
          throw error;
        }
      },
      onNews: (callback) =>
        this.#gateway.subscribeEvents(broker, (event) => {
          if (event.kind === 'connected' && event.clientid === clientid) callback();
        }),
      isWanted: () => call.isWanted() && !this.#drain.isDraining,
    };
  }
}

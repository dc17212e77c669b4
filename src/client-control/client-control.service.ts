import { Injectable } from '@nestjs/common';
import type { ControlAction } from '../audit/audit-record.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { isAllowed } from '../access/caller.js';
import { notAllowed } from '../access/not-allowed.js';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import type { ControlCommand } from '../broker-gateway/protocol/control-protocol.js';
import { isBrokerInternal } from '../mqtt-strings/topic-filter.js';
import type { ControlCall } from './control-call.js';
import { disconnectClient, subscribeClient, unsubscribeClient } from './control-commands.js';
import type { DisconnectClientDto } from './dto/disconnect-client.dto.js';
import type { SubscribeClientDto } from './dto/subscribe-client.dto.js';
import type { UnsubscribeClientDto } from './dto/unsubscribe-client.dto.js';

/**
 * The three operations on a broker's connected clients. Each resolves when the broker confirmed that it was done.
 *
 * All throw `SELF_DISCONNECT` for this service's own connections, `INTERNAL_ERROR` when the audit trail is required and
 * cannot be written, and what {@link BrokerGateway.request} throws.
 */
@Injectable()
export class ClientControlService {
  readonly #gateway: BrokerGateway;
  readonly #audit: AuditTrail;

  constructor(gateway: BrokerGateway, audit: AuditTrail) {
    this.#gateway = gateway;
    this.#audit = audit;
  }

  /** Disconnects the client. */
  disconnect(call: ControlCall, body: DisconnectClientDto): Promise<void> {
    return this.#run(call, 'disconnect', body, disconnectClient(body));
  }

  /**
   * Subscribes the client to a topic filter.
   *
   * @throws {AppError} `NOT_ALLOWED` for a `$`-topic when the caller is not an admin
   */
  subscribe(call: ControlCall, body: SubscribeClientDto): Promise<void> {
    return this.#run(call, 'subscribe', body, subscribeClient(body));
  }

  /** Removes the client's subscription. */
  unsubscribe(call: ControlCall, body: UnsubscribeClientDto): Promise<void> {
    return this.#run(call, 'unsubscribe', body, unsubscribeClient(body));
  }

  async #run(
    { broker, caller, record }: ControlCall,
    action: ControlAction,
    { clientid, topic }: { readonly clientid: string; readonly topic?: string },
    command: ControlCommand,
  ): Promise<void> {
    record.action = action;
    record.clientId = clientid;
    if (topic !== undefined) record.topic = topic;
    if (action === 'subscribe' && topic !== undefined && isBrokerInternal(topic)) {
      const required = { role: 'admin', project: broker.projectId, broker: broker.brokerId } as const;
      if (!isAllowed(caller, required)) throw notAllowed(required);
    }
    // Its subscriptions are as vital to the service as its connection, so all three operations leave it alone.
    this.#gateway.guardOwn(broker, clientid);
    if (this.#audit.isRequired) await this.#audit.announce(record);
    await this.#gateway.request(broker, 'clientControl', command);
  }
}

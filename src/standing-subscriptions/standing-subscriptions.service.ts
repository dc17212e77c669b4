import { Injectable } from '@nestjs/common';
import { isAllowed, type Caller } from '../access/caller.js';
import { notAllowed } from '../access/not-allowed.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import type { BrokerRef } from '../broker-gateway/broker-ref.js';
import { requestExtension } from '../broker-gateway/extension-request.js';
import { invalidAnswer } from '../broker-gateway/gateway-error.js';
import type { CommandData, ControlCommand } from '../broker-gateway/protocol/control-protocol.js';
import { ID_PATTERN } from '../config/schema/fields.js';
import { invalid } from '../errors/issue.js';
import { toCommandOptions } from '../fields/subscription-options.dto.js';
import { writeTime } from '../fields/time.js';
import type { RequestRecord } from '../http/request-record.js';
import { isJsonObject, type JsonObject } from '../json/json.js';
import { isBrokerInternal } from '../mqtt-strings/topic-filter.js';
import type { StandingSubscriptionDto } from './standing-subscription.dto.js';

const MAX_BY_CHARACTERS = 200;

/** A page of standing subscriptions, as callers see them. */
export interface StandingPage {
  readonly standingSubscriptions: readonly JsonObject[];
  readonly next: string | undefined;
}

/** A standing subscription's place: its broker and its name. */
export interface StandingRef extends BrokerRef {
  readonly name: string;
}

/**
 * Subscriptions that clients have whenever they connect: the broker makes them, and remembers them over its restart. All
 * throw `NOT_SUPPORTED_BY_BROKER` for a broker that cannot, `INVALID` for a name that is none.
 */
@Injectable()
export class StandingSubscriptionsService {
  readonly #gateway: BrokerGateway;
  readonly #audit: AuditTrail;

  constructor(gateway: BrokerGateway, audit: AuditTrail) {
    this.#gateway = gateway;
    this.#audit = audit;
  }

  /**
   * Sets one, and gives it to the clients that are there. Another topic or select than before takes the old one away.
   *
   * @throws {AppError} `NOT_ALLOWED` for a `$`-topic when the caller is not an admin
   */
  async set(
    at: StandingRef,
    caller: Caller,
    { select: { clientid, username }, topic, qos, options }: StandingSubscriptionDto,
    record: RequestRecord,
  ): Promise<object> {
    checkName(at.name);
    record.topic = topic;
    const select = {
      ...(clientid !== undefined && { clientid }),
      ...(username !== undefined && { username }),
    };
    record.details = { name: at.name, select };
    // A template that begins with ${clientid} may become one, and is taken for one.
    const role = isBrokerInternal(topic) ? 'admin' : 'editor';
    const required = { role, project: at.projectId, broker: at.brokerId } as const;
    if (!isAllowed(caller, required)) throw notAllowed(required);
    if (this.#audit.isRequired) await this.#audit.announce(record);
    const { clients, skipped, replaced } = await this.#request(at, {
      command: 'setStandingSubscription',
      name: at.name,
      select,
      topic,
      qos,
      by: caller.name.slice(0, MAX_BY_CHARACTERS).toWellFormed(),
      ...(options && { options: toCommandOptions(options) }),
    });
    return { clients, skipped, replaced };
  }

  /** @throws {GatewayError} `STANDING_SUBSCRIPTION_NOT_FOUND` */
  async get(at: StandingRef): Promise<JsonObject> {
    checkName(at.name);
    return toStanding(await this.#request(at, { command: 'getStandingSubscription', name: at.name }));
  }

  /** @throws {GatewayError} `STANDING_SUBSCRIPTION_NOT_FOUND` */
  async delete(at: StandingRef, unsubscribe: boolean, record: RequestRecord): Promise<void> {
    checkName(at.name);
    record.details = { name: at.name, unsubscribe };
    if (this.#audit.isRequired) await this.#audit.announce(record);
    await this.#request(at, { command: 'deleteStandingSubscription', name: at.name, unsubscribe });
  }

  /** A page of a broker's standing subscriptions, by name. */
  async list(broker: BrokerRef, limit: number, cursor?: string): Promise<StandingPage> {
    const { standingSubscriptions, cursor: next } = await this.#request(broker, {
      command: 'listStandingSubscriptions',
      limit,
      ...(cursor !== undefined && { cursor }),
    });
    if (!Array.isArray(standingSubscriptions) || !standingSubscriptions.every(isJsonObject))
      throw invalidAnswer('the answer holds no list of standing subscriptions');
    return {
      standingSubscriptions: standingSubscriptions.map(toStanding),
      next: typeof next === 'string' ? next : undefined,
    };
  }

  #request({ projectId, brokerId }: BrokerRef, command: ControlCommand): Promise<CommandData> {
    return requestExtension(this.#gateway, { projectId, brokerId }, 'standingSubscriptions', command);
  }
}

/** @throws {AppError} `INVALID` */
function checkName(name: string): void {
  if (!ID_PATTERN.test(name)) throw invalid([{ path: 'name', message: `must match ${ID_PATTERN.source}` }]);
}

/** Its time as RFC 3339; all else as the broker tells it. */
function toStanding({ since, ...rest }: JsonObject): JsonObject {
  return { ...rest, ...(typeof since === 'number' && { since: writeTime(since) }) };
}

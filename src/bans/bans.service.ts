import { Injectable } from '@nestjs/common';
import { isAllowed, type Caller } from '../access/caller.js';
import type { Role } from '../access/role.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import type { BrokerRef } from '../broker-gateway/broker-ref.js';
import { requestExtension } from '../broker-gateway/extension-request.js';
import { invalidAnswer } from '../broker-gateway/gateway-error.js';
import { AppError } from '../errors/app-error.js';
import { writeTime } from '../fields/time.js';
import type { RequestRecord } from '../http/request-record.js';
import { isJsonObject, type JsonObject } from '../json/json.js';
import { compileAddressRange } from '../mqtt-strings/address-range.js';
import { compileGlob } from '../mqtt-strings/glob.js';
import { ProjectRegistry } from '../registry/project-registry.js';
import type { BanKeyQuery, SetBanDto } from './dto/ban.dto.js';
import { noteAnswers, onAllBrokers, type BrokerAnswer } from './on-all-brokers.js';
import { decodeCursor, encodeCursor } from './project-bans-cursor.js';

const MAX_BY_CHARACTERS = 200;

/** Who was disconnected by a ban. */
export interface Disconnected {
  readonly disconnected: readonly string[];
  readonly disconnectedCount?: number;
}

/** A page of bans, as callers see them. */
export interface BanPage {
  readonly bans: readonly JsonObject[];
  readonly next: string | undefined;
}

/**
 * Keeps clients out. The brokers enforce bans and remember them over a restart; users that may command a broker are exempt
 * there. What this service does to a broker is done once: nothing is tried again behind the caller's back.
 */
@Injectable()
export class BansService {
  readonly #gateway: BrokerGateway;
  readonly #registry: ProjectRegistry;
  readonly #audit: AuditTrail;

  constructor(gateway: BrokerGateway, registry: ProjectRegistry, audit: AuditTrail) {
    this.#gateway = gateway;
    this.#registry = registry;
    this.#audit = audit;
  }

  /**
   * Sets a ban, or replaces the one of the same `as` and `who`.
   *
   * @throws {AppError} `BAN_TOO_WIDE` before anything is sent
   * @throws {GatewayError} `NOT_SUPPORTED_BY_BROKER`, and what {@link BrokerGateway.request} throws
   */
  async set(broker: BrokerRef, caller: Caller, ban: SetBanDto, record: RequestRecord): Promise<Disconnected> {
    checkWidth(ban);
    describe(record, ban);
    await this.#announce(record);
    const result = await this.#set(broker, caller, ban);
    record.details = { ...record.details, ...detailsOf(result) };
    return result;
  }

  /** The same on all brokers of a project that the caller may control. */
  async setOnProject(
    project: string,
    caller: Caller,
    ban: SetBanDto,
    record: RequestRecord,
  ): Promise<readonly BrokerAnswer<Disconnected>[]> {
    checkWidth(ban);
    describe(record, ban);
    const brokers = this.#brokers(project, caller, 'editor');
    return this.#onAll(brokers, record, 200, (broker) => this.#set(broker, caller, ban), detailsOf);
  }

  /** @throws {GatewayError} `BAN_NOT_FOUND` */
  async delete(broker: BrokerRef, key: BanKeyQuery, record: RequestRecord): Promise<void> {
    describe(record, key);
    await this.#announce(record);
    await this.#delete(broker, key);
  }

  /** The same on all brokers of a project that the caller may control. */
  deleteOnProject(
    project: string,
    caller: Caller,
    key: BanKeyQuery,
    record: RequestRecord,
  ): Promise<readonly BrokerAnswer<object>[]> {
    describe(record, key);
    const brokers = this.#brokers(project, caller, 'editor');
    return this.#onAll(
      brokers,
      record,
      204,
      (broker) => this.#delete(broker, key),
      () => ({}),
    );
  }

  /** A page of a broker's bans, newest first. */
  async list(broker: BrokerRef, limit: number, cursor?: string): Promise<BanPage> {
    const data = await requestExtension(this.#gateway, broker, 'bans', {
      command: 'listBans',
      limit,
      ...(cursor !== undefined && { cursor }),
    });
    const { bans, cursor: next } = data;
    if (!Array.isArray(bans) || !bans.every(isJsonObject))
      throw invalidAnswer('the answer holds no list of bans');
    return { bans: bans.map(toBan), next: typeof next === 'string' ? next : undefined };
  }

  /**
   * A page of the bans of all brokers of a project that the caller may see: of each broker at most `limit`, newest first. The
   * next one goes on with those that have more; one that does not answer is named, and left out from there on.
   *
   * @throws {AppError} `INVALID` for a cursor that is none
   */
  async listOfProject(
    project: string,
    caller: Caller,
    limit: number,
    cursor?: string,
  ): Promise<BanPage & { readonly notAnswered: readonly object[] }> {
    const from = cursor === undefined ? undefined : decodeCursor(cursor);
    const brokers = this.#brokers(project, caller, 'viewer').filter(
      ({ brokerId }) => from?.has(brokerId) ?? true,
    );
    const answers = await onAllBrokers(brokers, 200, '', (broker) =>
      this.list(broker, limit, from?.get(broker.brokerId)),
    );
    const bans: JsonObject[] = [];
    const notAnswered: object[] = [];
    const more = new Map<string, string>();
    for (const answer of answers) {
      const { broker } = answer;
      if ('error' in answer) {
        const { code, message } = answer.error;
        notAnswered.push({ project, broker, code, message });
        continue;
      }
      bans.push(...answer.bans.map((ban) => ({ broker, ...ban })));
      if (answer.next !== undefined) more.set(broker, answer.next);
    }
    bans.sort((one, other) => String(other.since).localeCompare(String(one.since)));
    return { bans, notAnswered, next: encodeCursor(more) };
  }

  async #set(
    broker: BrokerRef,
    caller: Caller,
    { as, who, until, reason, disconnect }: SetBanDto,
  ): Promise<Disconnected> {
    const data = await requestExtension(this.#gateway, broker, 'bans', {
      command: 'setBan',
      as,
      who,
      until,
      by: caller.name.slice(0, MAX_BY_CHARACTERS).toWellFormed(),
      ...(reason !== undefined && { reason }),
      ...(disconnect !== undefined && { disconnect }),
    });
    const named = Array.isArray(data.disconnected) ? data.disconnected : [];
    const disconnected = named.filter((id): id is string => typeof id === 'string');
    const { disconnectedCount: count } = data;
    return typeof count === 'number' && count > disconnected.length
      ? { disconnected, disconnectedCount: count }
      : { disconnected };
  }

  async #delete(broker: BrokerRef, { as, who }: BanKeyQuery): Promise<object> {
    await requestExtension(this.#gateway, broker, 'bans', { command: 'deleteBan', as, who });
    return {};
  }

  /** The brokers of a project on which the caller has a role. */
  #brokers(projectId: string, caller: Caller, role: Role): BrokerRef[] {
    return this.#registry
      .project(projectId)
      .brokers.filter(({ id }) => isAllowed(caller, { role, project: projectId, broker: id }))
      .map(({ id: brokerId }) => ({ projectId, brokerId }));
  }

  async #onAll<Result extends object>(
    brokers: readonly BrokerRef[],
    record: RequestRecord,
    status: number,
    act: (broker: BrokerRef) => Promise<Result>,
    tellDetails: (result: Result) => JsonObject,
  ): Promise<BrokerAnswer<Result>[]> {
    record.onBrokers = brokers.map(({ brokerId: broker }) => ({ broker }));
    const announced = this.#announce(record);
    const answers = await onAllBrokers(brokers, status, record.audited?.requestId ?? '', async (broker) => {
      await announced;
      return act(broker);
    });
    noteAnswers(record, answers, tellDetails);
    // If it could not be, that is the answer, and nothing was sent to any.
    await announced;
    return answers;
  }

  async #announce(record: RequestRecord): Promise<void> {
    if (this.#audit.isRequired) await this.#audit.announce(record);
  }
}

/** Writes into a request's record what ban it is about. */
function describe(record: RequestRecord, ban: Partial<SetBanDto> & BanKeyQuery): void {
  const { as, who, until, reason, disconnect } = ban;
  record.reason = reason;
  record.details = {
    as,
    who,
    ...(typeof until === 'number' && { until: writeTime(until) }),
    ...(disconnect !== undefined && { disconnect }),
  };
}

/** What the audit trail says of a ban that was set. */
function detailsOf({ disconnected, disconnectedCount = disconnected.length }: Disconnected): JsonObject {
  return { disconnected: disconnectedCount };
}

/** @throws {AppError} `BAN_TOO_WIDE` */
function checkWidth({ as, who }: SetBanDto): void {
  const isWide = as === 'address' ? compileAddressRange(who).isWide : compileGlob(who).isWide;
  if (isWide) throw new AppError('BAN_TOO_WIDE', 'The ban would keep everybody out');
}

/** Times as RFC 3339; what the broker leaves out is left out. */
function toBan({ as, who, until, reason, by, since }: JsonObject): JsonObject {
  return {
    as,
    who,
    until: typeof until === 'number' ? writeTime(until) : null,
    ...(typeof reason === 'string' && { reason }),
    ...(typeof by === 'string' && { by }),
    ...(typeof since === 'number' && { since: writeTime(since) }),
  };
}

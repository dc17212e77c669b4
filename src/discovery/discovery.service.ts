import { Injectable } from '@nestjs/common';
import { isAllowed, type Caller } from '../access/caller.js';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import type { ExtensionInfo } from '../broker-gateway/protocol/extension.js';
import type { BrokerConfig } from '../config/config.js';
import { ProjectRegistry } from '../registry/project-registry.js';
import type { BrokerInfo, ExtensionDescription, ProjectInfo } from './discovery.dto.js';

/** Tells a caller which projects and brokers there are, as far as the caller's grants reach. */
@Injectable()
export class DiscoveryService {
  readonly #registry: ProjectRegistry;
  readonly #gateway: BrokerGateway;

  constructor(registry: ProjectRegistry, gateway: BrokerGateway) {
    this.#registry = registry;
    this.#gateway = gateway;
  }

  listProjects(caller: Caller): ProjectInfo[] {
    return this.#registry.projects
      .filter(({ id }) => isAllowed(caller, { role: 'viewer', project: id }))
      .map(({ id, name }) => ({ id, name }));
  }

  /** @throws {AppError} `PROJECT_NOT_FOUND` */
  listBrokers(caller: Caller, projectId: string): BrokerInfo[] {
    return this.#registry
      .project(projectId)
      .brokers.filter(({ id }) => isAllowed(caller, { role: 'viewer', project: projectId, broker: id }))
      .map((broker) => this.#info(projectId, broker));
  }

  /** @throws {AppError} `PROJECT_NOT_FOUND`, `BROKER_NOT_FOUND` */
  getBroker(projectId: string, brokerId: string): BrokerInfo {
    return this.#info(projectId, this.#registry.broker(projectId, brokerId));
  }

  #info(projectId: string, { id, name, url }: BrokerConfig): BrokerInfo {
    const ref = { projectId, brokerId: id };
    const status = this.#gateway.status(ref);
    return {
      id,
      name,
      url: withoutQuery(url),
      connected: status.state === 'connected',
      ...status,
      extension: described(this.#gateway.capabilities(ref).extension),
      commandsPending: this.#gateway.pendingCount(ref),
      commandsSent: this.#gateway.stats(ref)?.commandsSent ?? 0,
    };
  }
}

/** Without the client id of this service's own connection, which is nobody's business. */
function described(info: ExtensionInfo | null): ExtensionDescription | null {
  if (info === null) return null;
  const { plugin, broker, features, warnings } = info;
  return { plugin, broker, features, warnings };
}

/** A query may hold a token. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}

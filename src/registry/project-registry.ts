import { Injectable } from '@nestjs/common';
import type { BrokerConfig, ProjectConfig } from '../config/config.js';
import { ConfigStore } from '../config/config-store.js';
import { AppError } from '../errors/app-error.js';

/** Finds projects and brokers in the configuration in force. */
@Injectable()
export class ProjectRegistry {
  readonly #config: ConfigStore;
  /** The brokers of each project by id. A reload makes new projects, so that no entry ever gets stale. */
  readonly #brokers = new WeakMap<ProjectConfig, ReadonlyMap<string, BrokerConfig>>();

  constructor(config: ConfigStore) {
    this.#config = config;
  }

  get projects(): readonly ProjectConfig[] {
    return this.#config.current.projects;
  }

  /** Whether a project, and a broker of it if one is named, is configured. */
  has(projectId: string, brokerId: string | undefined): boolean {
    const project = this.projects.find(({ id }) => id === projectId);
    return project !== undefined && (brokerId === undefined || this.#brokersOf(project).has(brokerId));
  }

  /** @throws {AppError} `PROJECT_NOT_FOUND` */
  project(projectId: string): ProjectConfig {
    const project = this.projects.find(({ id }) => id === projectId);
    if (project === undefined) {
      throw new AppError('PROJECT_NOT_FOUND', `There is no project with the id ${projectId}`, {
        project: projectId,
      });
    }
    return project;
  }

  /** @throws {AppError} `PROJECT_NOT_FOUND`, `BROKER_NOT_FOUND` */
  broker(projectId: string, brokerId: string): BrokerConfig {
    const broker = this.#brokersOf(this.project(projectId)).get(brokerId);
    if (broker === undefined) {
      throw new AppError('BROKER_NOT_FOUND', `There is no broker with the id ${brokerId} in this project`, {
        broker: brokerId,
      });
    }
    return broker;
  }

  #brokersOf(project: ProjectConfig): ReadonlyMap<string, BrokerConfig> {
    let brokers = this.#brokers.get(project);
    if (brokers === undefined) {
      brokers = new Map(project.brokers.map((broker) => [broker.id, broker]));
      this.#brokers.set(project, brokers);
    }
    return brokers;
  }
}

import { Injectable } from '@nestjs/common';
import type { BrokerConfig, ProjectConfig } from '../config/config.js';
import { ConfigStore } from '../config/config-store.js';
import { AppError } from '../errors/app-error.js';

/** Finds projects and brokers in the configuration in force. */
@Injectable()
export class Registry {
  readonly #config: ConfigStore;

  constructor(config: ConfigStore) {
    this.#config = config;
  }

  get projects(): readonly ProjectConfig[] {
    return this.#config.current.projects;
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
    const broker = this.project(projectId).brokers.find(({ id }) => id === brokerId);
    if (broker === undefined) {
      throw new AppError('BROKER_NOT_FOUND', `There is no broker with the id ${brokerId} in this project`, {
        broker: brokerId,
      });
    }
    return broker;
  }
}

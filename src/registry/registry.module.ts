import { Global, Module } from '@nestjs/common';
import { Registry } from './project-registry.js';
import { RegistryController } from '../discovery/discovery.controller.js';
import { RegistryService } from '../discovery/discovery.service.js';

/** Projects and brokers: finding them, and showing them to callers. */
@Global()
@Module({ controllers: [RegistryController], providers: [Registry, RegistryService], exports: [Registry] })
export class RegistryModule {}

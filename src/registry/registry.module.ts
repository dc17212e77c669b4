import { Global, Module } from '@nestjs/common';
import { Registry } from './registry.js';
import { RegistryController } from './registry.controller.js';
import { RegistryService } from './registry.service.js';

/** Projects and brokers: finding them, and showing them to callers. */
@Global()
@Module({ controllers: [RegistryController], providers: [Registry, RegistryService], exports: [Registry] })
export class RegistryModule {}

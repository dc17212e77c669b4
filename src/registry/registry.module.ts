import { Module } from '@nestjs/common';
import { ProjectRegistry } from './project-registry.js';

/** The configured projects and brokers. */
@Module({ providers: [ProjectRegistry], exports: [ProjectRegistry] })
export class RegistryModule {}

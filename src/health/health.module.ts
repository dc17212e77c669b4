import { Module } from '@nestjs/common';
import { BrokerGatewayModule } from '../broker-gateway/broker-gateway.module.js';
import { HttpModule } from '../http/http.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { HealthController } from './health.controller.js';

/** Liveness and readiness probes. */
@Module({ imports: [HttpModule, RegistryModule, BrokerGatewayModule], controllers: [HealthController] })
export class HealthModule {}

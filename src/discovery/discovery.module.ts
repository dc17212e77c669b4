import { Module } from '@nestjs/common';
import { BrokerGatewayModule } from '../broker-gateway/broker-gateway.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { CallerController } from './caller.controller.js';
import { DiscoveryController } from './discovery.controller.js';
import { DiscoveryService } from './discovery.service.js';

/** Shows callers which projects and brokers there are. */
@Module({
  imports: [RegistryModule, BrokerGatewayModule],
  controllers: [CallerController, DiscoveryController],
  providers: [DiscoveryService],
})
export class DiscoveryModule {}

import { Module } from '@nestjs/common';
import { BrokerGatewayModule } from '../broker-gateway/broker-gateway.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { DiscoveryController } from './discovery.controller.js';
import { DiscoveryService } from './discovery.service.js';

/** Shows callers which projects and brokers there are. */
@Module({
  imports: [RegistryModule, BrokerGatewayModule],
  controllers: [DiscoveryController],
  providers: [DiscoveryService],
})
export class DiscoveryModule {}

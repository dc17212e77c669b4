import { Module } from '@nestjs/common';
import { BrokerGatewayModule } from '../broker-gateway/broker-gateway.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { ClientInspectController } from './client-inspect.controller.js';
import { ClientInspectService } from './client-inspect.service.js';

/** Shows which clients a broker has, and what it knows of each. */
@Module({
  imports: [RegistryModule, BrokerGatewayModule],
  controllers: [ClientInspectController],
  providers: [ClientInspectService],
})
export class ClientInspectModule {}

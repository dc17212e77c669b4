import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { BrokerGatewayModule } from '../broker-gateway/broker-gateway.module.js';
import { HttpModule } from '../http/http.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { ClientControlController } from './client-control.controller.js';
import { ClientControlService } from './client-control.service.js';

/** Disconnects, subscribes and unsubscribes connected clients: the feature this service exists for. */
@Module({
  imports: [RegistryModule, BrokerGatewayModule, AuditModule, HttpModule],
  controllers: [ClientControlController],
  providers: [ClientControlService],
})
export class ClientControlModule {}
